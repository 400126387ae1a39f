"""Applies a model to the frames of a video and writes a video: `p2p sample RUN clip.mp4 --out out.mp4`.

Nothing here may decide how a model is applied: a frame gives what the same picture alone gives.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.formats.video import (
    VideoReader,
    has_av,
    open_video,
    read_mark,
    refuse_other_suffix,
    write_video,
)
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.images import Photo, hash_pixels
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.words import plural
from p2p_gan.inference.apply import seed_of, translate
from p2p_gan.inference.inputs import as_half, encode_classes, form_of, refuse_form, without_equal_channels
from p2p_gan.inference.mask_inputs import InputChanges, read_mask_colors
from p2p_gan.inference.outputs import side_by_side, to_rgb
from p2p_gan.inference.runtime_choice import ModelRequest, pass_bytes, runtime_of
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.sampling import SampleOptions
from p2p_gan.inference.seen_sizes import note_sizes
from p2p_gan.inference.shared import translator_for_threads
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.card import ModelCard

if TYPE_CHECKING:
    import torch

_MANY = 10**6  # frames, from which their number does not decide what computes them


@dataclass(frozen=True)
class VideoSummary:
    """The result of `sample_video`; `written` is false if the same video was there. `codec` is then empty.

    `snapped` pixels in `snapped_frames` had blended or inexact colours and went to the colour of a class. `cut` says
    what is missing of a video that is cut off.
    """

    dest: Path
    frames: int
    written: bool
    codec: str
    model: AnyModel
    snapped: int = 0
    snapped_frames: int = 0
    cut: str = ""

    @property
    def runtime(self) -> str:
        """What computed the frames: torch, onnxruntime or openvino."""
        return runtime_of(self.model)


def sample_video(
    model_path: Path | str,
    video: Path | str,
    dest: Path | str,
    sampling: SampleOptions | None = None,
    *,
    keep_going: bool = False,
    device: "torch.device | str | None" = None,
    runtime: str = "auto",
    report: Reporter = QUIET,
) -> VideoSummary:
    """Apply a model to each frame of a video and write DEST, an MP4 of the same size and number of frames a second.

    Sound is left out. Frames of masks are brought back to the colours of the classes, as compression blends them. The
    same call again does nothing. Raises P2PError for a video that cannot be read, has no frames, or is cut off (unless
    `keep_going`), and for frames that the model does not take; UsageError where DEST is something else.
    """
    sampling, path, dest = sampling or SampleOptions(), Path(video), Path(dest)
    refuse_other_suffix(dest)
    _refuse_options(sampling)
    reader = open_video(path)
    request = ModelRequest(Path(model_path), sampling.how, runtime, device)
    model = request.open(report)
    _refuse_deep(model.card)
    recipe = {"model": model.digest, "video": sha256_file(path), "sheet": sampling.sheet, **sampling.how.to_json()}
    mark = json.dumps(recipe, sort_keys=True)
    if dest.exists():
        if dest.is_file() and read_mark(dest) == mark:
            return VideoSummary(dest, open_video(dest).header.frames, False, "", model)
        what, to_do = "exists, and is not this video", "Choose another name, or delete it first."
        raise UsageError(dest, what, to_do, code="destination-taken")
    note_sizes(model, {str(path): reader.header.size}, sampling.how, report)
    sizes = [reader.header.size] * min(max(1, reader.header.frames), _MANY)  # a damaged one announces billions
    model = request.settle(model, sizes, report=report)
    work = _FrameWork(model, sampling, path)
    report.start("sampling", reader.header.frames)
    try:
        frames, header = work.frames(reader, report, keep_going=keep_going), reader.header
        codec = write_video(dest, frames, header.rate, mark=mark, pixel=header.pixel)
    finally:
        report.finish()
    _say(work, reader, model.card, sampling, report)
    return VideoSummary(dest, reader.read, True, codec, model, work.snapped, work.snapped_frames, reader.cut)


def _refuse_options(sampling: SampleOptions) -> None:
    if sampling.variants > 1:
        to_do = "Sample it once for each --seed."
        raise UsageError(f"variants={sampling.variants}", "is not for videos", to_do, code="unfit-setting")


def _refuse_deep(card: ModelCard) -> None:
    """Raise P2PError for a model whose output has no form in a video."""
    half = card.output
    if card.output_coding.kind == "classes" or (half.dtype == "uint8" and half.channels in (1, 3)):
        return
    what = f"gives {Form(half.channels, half.dtype)}, and a video holds colours of 8 bits"
    raise P2PError(card.direction, what, "Sample pictures instead.", code="other-channels")


class _FrameWork:
    """Frames to frames; those of masks are snapped, and counted."""

    def __init__(self, model: AnyModel, sampling: SampleOptions, path: Path) -> None:
        self._card, self._sampling, self._path = model.card, sampling, path
        self._model = model
        self.snapped = self.snapped_frames = 0
        self._translator = translator_for_threads(model, sampling.how.tile)

    def frames(self, reader: VideoReader, report: Reporter, *, keep_going: bool) -> Iterator[Photo]:
        """The output for each frame, in their order."""
        numbered = enumerate(reader.frames(keep_going=keep_going), 1)
        threads = self._threads(reader.header.size)
        for output, moved in parallel_map(lambda each: self._make(*each), numbered, threads=threads, ahead=1):
            self.snapped += moved
            self.snapped_frames += moved > 0
            yield output
            report.advance()

    def _threads(self, size: Size) -> int:
        if not isinstance(self._model, OnnxModel):
            return 2  # one reads and snaps while the other translates
        return max(1, min(cores(), budget_of() // max(1, pass_bytes(self._model, size, self._sampling.how))))

    def _make(self, number: int, frame: Photo) -> tuple[Photo, int]:
        """(the output as RGB, how many pixels of the frame were snapped)."""
        card, how, changes = self._card, self._sampling.how, InputChanges()
        pixels = self._read(number, frame, changes)
        seed = seed_of(hash_pixels(pixels), how.seed, 1) if how.dropout else None
        output = translate(self._translator, card, pixels, how, seed)
        moved = sum(changes.snapped.values())
        if self._sampling.sheet:
            return side_by_side(card, pixels, output, None), moved
        return to_rgb(output, card.coded_output), moved

    def _read(self, number: int, frame: Photo, changes: InputChanges) -> Array:
        where, card = Path(f"{self._path}, frame {number}"), self._card
        if palette := card.input_palette:
            return encode_classes(read_mask_colors(where, frame, palette, changes, exact=False), card)
        pixels = without_equal_channels(frame, form_of(card.input), where)
        refuse_form(Form(1 if pixels.ndim == 2 else 3, "uint8"), card, where)
        return as_half(pixels, card.input)


def _say(work: _FrameWork, reader: VideoReader, card: ModelCard, sampling: SampleOptions, report: Reporter) -> None:
    """Note what was left out or changed."""
    path = reader.path
    if work.snapped:
        frames = plural(work.snapped_frames, "frame has", "frames have")
        report.note(
            f"{path}: {frames} blended or inexact colours, as video has; {plural(work.snapped, 'pixel')} went to the "
            "colour of a class nearby."
        )
    if reader.header.sound is not False:
        report.note(f"{path}: its sound{'' if reader.header.sound else ', if it has any,'} is left out.")
    if reader.header.clear:
        report.note(f"{path}: its transparency is left out; what it hides is translated, too.")
    if reader.header.pixel != 1 and not has_av():
        pixel = f"{reader.header.pixel.numerator}:{reader.header.pixel.denominator}"
        report.note(f"{path}: its pixels are not square ({pixel}), which the new one says only with the package av.")
    if reader.uneven:
        report.note(f"{path}: its frames come at uneven times; they are written at {reader.header.rate:.6g} a second.")
    if card.architecture.random and sampling.how.dropout:
        report.note("Dropout differs from frame to frame; --set dropout=off gives a steady picture.")

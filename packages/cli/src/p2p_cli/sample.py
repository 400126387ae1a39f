"""`p2p sample`: its options, the call, and its result as text.

Nothing here may decide how a model is applied, or print on standard output beside a picture that goes there.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_cli.text.terminal import name_full_output
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural, shell_word

if TYPE_CHECKING:
    from p2p_gan.inference.inputs import PictureBytes
    from p2p_gan.inference.sampling import SampleOptions, SampleSummary
    from p2p_gan.inference.video import VideoSummary


_STREAM = Path("-")
_IN, _OUT = "standard input", "standard output"


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("inputs", metavar="INPUT...", type=options.PLACE, nargs=-1, required=True)
@click.option(
    "--out", "dest", type=options.PLACE, required=True, metavar="DEST", help="Folder for the pictures, NAME.mp4, or -."
)
@click.option(
    "--variants", type=options.WholeNumber(1), default=1, show_default=True, metavar="N", help="Outputs for each input."
)
@options.seed_option("Seed of dropout and noise.")
@click.option(
    "--size",
    type=options.SizeType(native=True),
    metavar="native|N|WxH",
    help="The size that the network sees; by default that of training; native keeps the picture's own.",
)
@click.option("--sheet", is_flag=True, help="Write input | output side by side (and the real one, for a pair folder).")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|mps", help="Where to compute.")
@click.option(
    "--runtime",
    type=options.WordChoice(("auto", "torch", "onnxruntime", "openvino")),
    default="auto",
    show_default=True,
    help="What computes; auto takes the fastest that is installed, on the CPU one for the model.onnx of 'p2p export'.",
)
@options.page_option
@options.keep_going_option
@options.how_option
@options.json_option
def command(
    model: Path,
    inputs: tuple[Path, ...],
    dest: Path,
    variants: int,
    seed: int,
    size: Size | str | None,
    sheet: bool,
    device: str,
    runtime: str,
    page: int | None,
    keep_going: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> int:
    """Apply a model to pictures.

    MODEL is a run folder, a model file or an ONNX file of 'p2p export', and holds all settings that it needs. INPUT is
    a picture, a folder of pictures, or a pair folder, of which the held-out pairs are used. Every output has the size
    of its input and is written to DEST/NAME.png (masks in the palette's colours, 8 or 16 bits), or DEST/NAME.tif if
    PNG cannot hold it; several variants are DEST/NAME-1.png and so on. The same input gives the same output, alone or
    among others; --seed and --variants change it if the model has dropout or noise. A picture too large for the memory
    is computed in strips, without seams (by torch alone).

    A video becomes a video: with --out NAME.mp4 its frames are translated in their order, each as that picture alone;
    sound is left out. INPUT - is a picture from standard input, --out - writes one as PNG to standard output.

    \b
    Examples:
      p2p sample run masks/7.png --out pictures
      p2p sample run/best.safetensors masks --out pictures --variants 3
      p2p sample run pairs --out compare --sheet
      p2p sample model.onnx masks --out pictures
      p2p sample run clip.mp4 --out out.mp4
      p2p sample run - --out - < mask.png > photo.png
    """
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_gan.inference.apply import ApplyOptions
    from p2p_gan.inference.sampling import SampleOptions

    how = ApplyOptions(size=size, seed=seed, **options.how(settings))
    sampling = SampleOptions(how, variants, sheet, ReadOptions(page))
    call = _Call(model, inputs, dest, sampling, keep_going, {"device": device, "runtime": runtime}, as_json)
    code = _sample_elsewhere(call)
    return _sample_files(call) if code is None else code


class _Call(NamedTuple):
    """What the command line asks for; `where` are device and runtime."""

    model: Path
    inputs: Sequence[Path]
    dest: Path
    sampling: "SampleOptions"
    keep_going: bool
    where: dict[str, Any]
    as_json: bool


def _sample_elsewhere(call: _Call) -> int | None:
    """Do what is not from files to a folder, and give the exit code; None where it is from files to a folder."""
    if _STREAM in call.inputs or call.dest == _STREAM:
        if len(call.inputs) > 1:
            what, to_do = "is one picture, and more are given", "Give one input, or a folder for --out."
            raise UsageError("-", what, to_do, code="unfit-setting")
        return _sample_to_stream(call) if call.dest == _STREAM else _sample_from_stream(call)
    from p2p_datatools.contract.pictures.formats.video import is_video

    videos = [each for each in call.inputs if is_video(each) and not each.is_dir()]
    if is_video(call.dest) and not call.dest.is_dir():
        return _sample_video(call)
    if videos:
        to_do = (
            f"Add --out {shell_word(f'{videos[0].stem}-out.mp4')}." if len(call.inputs) == 1 else "Sample it by itself."
        )
        raise UsageError(videos[0], "is a video, which becomes a video and no folder", to_do, code="wrong-file-name")
    return None


def _sample_to_stream(call: _Call) -> int:
    from p2p_gan.inference.streams import sample_bytes

    if call.as_json:
        to_do = "Leave --json out, or give a folder for --out."
        raise UsageError("--json", f"would be on {_OUT}, where the picture goes", to_do, code="unfit-setting")
    if sys.stdout.isatty():
        to_do = "Redirect it: --out - > picture.png."
        raise UsageError(_OUT, "is a terminal, which shows no picture", to_do, code="terminal")
    [place] = call.inputs
    data, name = _read(place)
    made = sample_bytes(call.model, data, call.sampling, name=name, report=render.reporter(), **call.where)
    with name_full_output():
        sys.stdout.buffer.write(made)
        sys.stdout.buffer.flush()
    return 0


def _read(place: Path) -> tuple[bytes, str]:
    """The bytes of the one picture, and what errors call it."""
    from p2p_datatools.contract.files.atomic import read_bytes

    if place == _STREAM:
        return _read_stream(), _IN
    if place.is_dir():
        to_do = "Give one picture, or a folder for --out."
        raise UsageError(place, f"is a folder, and {_OUT} takes one picture", to_do, code="unfit-setting")
    return read_bytes(place), str(place)


def _read_stream() -> bytes:
    if sys.stdin.isatty():
        to_do = "Send a picture: ... | p2p sample MODEL - --out DEST."
        raise UsageError(_IN, "is a terminal, from which no picture comes", to_do, code="terminal")
    return sys.stdin.buffer.read()


def _sample_from_stream(call: _Call) -> int:
    """A picture from standard input to a folder, as DEST/stdin.png."""
    from p2p_gan.inference.inputs import PictureBytes

    given = PictureBytes(_read_stream(), _IN)
    given.open()  # refuses an empty one by its name
    return _sample_files(call, [given])


def _sample_video(call: _Call) -> int:
    from p2p_gan.inference.video import sample_video

    if len(call.inputs) > 1:
        to_do = "Sample each by itself, or give a folder for pictures."
        raise UsageError(call.dest, "is one video, and several inputs are given", to_do, code="unfit-setting")
    [video] = call.inputs
    if not video.is_file():
        what, to_do = ("is a folder", "Give a video.") if video.is_dir() else ("does not exist", "Check the path.")
        raise P2PError(video, what, to_do, code="missing-path")
    keep_going, report = call.keep_going, render.reporter()
    made = sample_video(call.model, video, call.dest, call.sampling, keep_going=keep_going, report=report, **call.where)
    if call.as_json:
        render.say_json(_video_facts(made))
    else:
        render.say(_video_line(made))
    if made.cut:
        render.remark(f"{video}: {made.cut}.")
    return 1 if made.cut else 0


def _video_facts(made: "VideoSummary") -> dict[str, Any]:
    names = ("frames", "written", "codec", "runtime", "snapped", "snapped_frames", "cut")
    return {"dest": str(made.dest), **{name: getattr(made, name) for name in names}}


def _video_line(made: "VideoSummary") -> str:
    frames = plural(made.frames, "frame")
    if not made.written:
        return f"{made.dest} exists already: {frames}."
    by = "" if made.runtime == "torch" else f" by {made.runtime}"
    browser = "" if made.codec == "H.264" else " Browsers want H.264, which it is with the package av (av>=13)."
    return f"{made.model.card.direction}: {frames} in {made.dest}{by}, as {made.codec}.{browser}"


def _sample_files(call: _Call, given: "Sequence[PictureBytes] | None" = None) -> int:
    """Pictures in files, or the bytes that are `given`, to a folder; gives the exit code."""
    from p2p_datatools.contract.pairs.manifest import has_manifest
    from p2p_datatools.derivations.operations import Lab
    from p2p_gan.inference.sampling import sample

    inputs, report = given or call.inputs, render.reporter()
    summary = sample(
        call.model, inputs, call.dest, call.sampling, keep_going=call.keep_going, report=report, **call.where
    )
    if call.as_json:
        render.say_json(_facts(summary))
    else:
        _say(summary, call.model)
    if call.sampling.variants > 1:
        _remark_identical(summary, dropout=call.sampling.how.dropout)
    render.say_skipped(summary.skipped, call.dest)
    if not call.as_json and len(call.inputs) == 1 and given is None and has_manifest(call.inputs[0]):
        render.hint(next_command("evaluate", call.model, call.inputs[0]))
    elif not call.as_json and summary.model.card.direction == "-to-".join(Lab.folders):
        render.hint(next_command("data", "derive", "PHOTOS", "DEST", "--op", "color", "--set", f"ab={summary.dest}"))
    return 1 if summary.skipped else 0


def _facts(summary: "SampleSummary") -> dict[str, Any]:
    return {
        "dest": str(summary.dest),
        "written": summary.written,
        "kept": summary.kept,
        "skipped": [str(skip) for skip in summary.skipped],
        "snapped": list(summary.snapped),
        "runtime": summary.runtime,
    }


def _say(summary: "SampleSummary", model: Path) -> None:
    from p2p_gan.models.location import describe_choice

    total = plural(summary.written + summary.kept, "picture")
    by = f" by {summary.runtime}" if summary.written and summary.runtime != "torch" else ""
    render.say(
        f"{summary.model.card.direction}: {total} in {summary.dest}, {summary.written:,} written now{by}, "
        f"{summary.kept:,} kept."
    )
    render.say(describe_choice(model))


def _remark_identical(summary: "SampleSummary", *, dropout: bool) -> None:
    """Say why all variants of an input are the same picture, where they are."""
    if not summary.model.card.architecture.random:
        why = "the model was trained without dropout and noise ('p2p config dropout' and 'p2p config noise_channels')"
    elif not dropout:
        why = "--set dropout=off leaves nothing to chance"
    else:
        return
    render.remark(f"All variants are identical, because {why}.")

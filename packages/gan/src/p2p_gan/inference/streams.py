"""Applies a model to one picture in memory and gives the bytes of a PNG: `p2p sample RUN - --out -`.

Nothing here may open a file but the model's, or give other pixels than the same picture in a file gives.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.header import Form
from p2p_datatools.contract.pictures.images import hash_pixels, size_of
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.inference.apply import seed_of, translate, translator_of
from p2p_gan.inference.inputs import PictureBytes, read_input, refuse_file
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.outputs import encode_output, is_in_png, side_by_side
from p2p_gan.inference.preview import find_beyond, look_at_inputs
from p2p_gan.inference.runtime_choice import ModelRequest
from p2p_gan.inference.sampling import SampleOptions
from p2p_gan.inference.seen_sizes import note_sizes

if TYPE_CHECKING:
    import torch


def sample_bytes(
    model_path: Path | str,
    data: bytes,
    sampling: SampleOptions | None = None,
    *,
    name: str = "standard input",
    device: "torch.device | str | None" = None,
    runtime: str = "auto",
    report: Reporter = QUIET,
) -> bytes:
    """Apply a model to the picture whose file has these bytes, and give the bytes of a PNG: what `sample` would write.

    Errors call the picture `name`. Raises P2PError for a picture that cannot be read or that the model does not take,
    and for an output that PNG does not hold; UsageError for several variants.
    """
    sampling = sampling or SampleOptions()
    if sampling.variants > 1:
        to_do = "Give a folder, or one --seed after the other."
        raise UsageError(f"variants={sampling.variants}", "are several pictures", to_do, code="unfit-setting")
    request = ModelRequest(Path(model_path), sampling.how, runtime, device)
    model = request.open(report)
    card, changes = model.card, InputChanges()
    if not sampling.sheet and not is_in_png(card):
        what = f"gives {Form(card.output.channels, card.output.dtype)}, which PNG does not hold"
        raise P2PError(card.direction, what, "Give a folder for --out, and get a TIFF.", code="not-in-png")
    given = PictureBytes(data, name)
    file = given.open(sampling.read)
    refuse_file(file, card)
    are_several = look_at_inputs([given], card, sampling.read, keep_going=False, report=report)
    pixels = read_input(file, card, changes)
    if not are_several:
        note_sizes(model, {name: size_of(pixels)}, sampling.how, report)
    if beyond := find_beyond(pixels, card):
        changes.beyond[given.path] = beyond
    changes.say(report)
    model = request.settle(model, [size_of(pixels)])
    how = sampling.how
    seed = seed_of(hash_pixels(pixels), how.seed, 1) if how.dropout else None
    output = translate(translator_of(model, tile=how.tile, note=report.note), card, pixels, how, seed)
    if sampling.sheet:
        return b"".join(png.encode(side_by_side(card, pixels, output, None), role="sample sheet"))
    return encode_output(output, card)

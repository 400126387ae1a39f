"""`p2p export`: its options, the call, and its result as text.

Nothing here may know the file format of another program.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural, shell_word

if TYPE_CHECKING:
    from p2p_gan.evaluation.export import Difference, ModelExport

_FORMATS = ("onnx", "torchscript", "safetensors", "reference")
_PRECISIONS = ("float32", "float16", "int8")


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("dest", type=options.PLACE, required=False)
@click.option("--format", "kind", type=click.Choice(_FORMATS), required=True, help="The program that will read DEST.")
@click.option(
    "--precision",
    type=click.Choice(_PRECISIONS),
    default="float32",
    show_default=True,
    help="How weights are stored; float16 halves the file, int8 (ONNX) quarters it; what that costs is printed.",
)
@click.option(
    "--inputs",
    type=options.PLACE,
    metavar="PLACE",
    help="Inputs to compare with: a picture, a folder or a pair folder; by default the pairs of the run.",
)
@options.json_option
def command(model: Path, dest: Path | None, kind: str, precision: str, inputs: Path | None, as_json: bool) -> None:
    """Write a model in the format of another program.

    MODEL is a run folder or a model file.

    'onnx' is a graph for onnxruntime, browsers and other programs, DEST a file NAME.onnx, by default model.onnx beside
    the model, where 'p2p sample' finds it. It takes any number of pictures of any size that the network can halve;
    palette, direction, size, encodings and ranges are its metadata. Dropout, noise and padding are inputs with
    defaults, so that the same seed gives the same picture in both. It is compared with the model on random and real
    inputs, and not written if an output differs by more than 0.001.

    'torchscript' is code and weights for torch in Python or C++, DEST a file NAME.pt: module(image, dropouts, noise,
    valid), of which all but the image may be left out; module.draw(height, width) draws dropout; p2p.json in it is its
    description. It is compared in the same way. p2p does not load it again, for that would run its code.

    'safetensors' is the model file alone, for p2p, DEST a file NAME.safetensors.

    'reference' is the state dict of a generator of the reference
    PyTorch implementation (pytorch-CycleGAN-and-pix2pix), DEST a file such as latest_net_G.pth. It can hold the
    models that this program can build: those imported from it, and those trained here with its architecture. Biases
    before a batch norm go into the norm; a U-Net needs --set bias_before_norm=off in training, because its first and
    its innermost layer have no norm.

    \b
    Examples:
      p2p export run --format onnx
      p2p export run cars.onnx --format onnx --precision int8 --inputs masks
      p2p export run cars.pt --format torchscript
      p2p export run checkpoints/cars/latest_net_G.pth --format reference
    """
    from p2p_cli import render

    if kind != "onnx" and dest is None:
        raise UsageError("DEST", "is missing", "Give the file to write.", code="missing-argument")
    if kind != "reference":
        made = _export(kind, model, dest, precision, inputs)
        if as_json:
            render.say(options.to_json(made))
            return
        for line in _lines(made, model):
            render.say(line)
        return
    _refuse_precision("reference", precision)
    if inputs is not None:
        to_do = "Leave --inputs out, or choose another format."
        raise UsageError("--format reference", "has no comparison", to_do, code="unfit-setting")
    from p2p_gan.models.reference import export_reference

    assert dest is not None, "refused above"
    written = export_reference(model, dest)
    if as_json:
        render.say(options.to_json(written))
        return
    render.say(f"{dest}{'' if written.written else ' exists already'}; load it with {written.options}")
    for each in written.notes:
        render.say(f"note: {each}")


def _export(kind: str, model: Path, dest: Path | None, precision: str, inputs: Path | None) -> "ModelExport":
    from p2p_cli import render
    from p2p_gan.evaluation.export import export_onnx, export_safetensors, export_torchscript

    if kind == "onnx":
        return export_onnx(model, dest, precision=precision, inputs=inputs, report=render.reporter())
    assert dest is not None, "refused above"
    if kind == "torchscript":
        _refuse_precision(kind, precision)
        return export_torchscript(model, dest, inputs=inputs, report=render.reporter())
    return export_safetensors(model, dest, precision=precision, inputs=inputs, report=render.reporter())


def _refuse_precision(kind: str, precision: str) -> None:
    if precision != "float32":
        what, to_do = "has weights of float32 alone", "Leave --precision out, or choose onnx."
        raise UsageError(f"--format {kind}", what, to_do, code="unfit-setting")


def _lines(made: "ModelExport", model: Path) -> list[str]:
    """The result in lines."""
    there = "" if made.written else " exists already"
    lines = [f"{made.dest}{there}: {made.format} in {made.precision}, {made.bytes / 1e6:.1f} MB"]
    for kind, found in (("random", made.random), ("real", made.real)):
        if found is not None:
            inputs = plural(found.count, f"{kind} input")
            lines.append(f"compared {inputs}: largest difference {found.largest:.2g}; {_pixels(found)}")
    lines += [f"statistics {made.statistics}", f"random     {made.randomness}"] if made.statistics else []
    if made.format == "onnx":
        lines.append(f"next       p2p sample {shell_word(str(made.dest))} PICTURES --out DEST")
    return lines


def _pixels(found: "Difference") -> str:
    if found.changed:
        return f"{found.changed:.2%} of the pixels of a mask have another class"
    if not found.steps:
        return "no pixel differs"
    return f"pixels by at most {found.steps:.2g} of 255, SSIM {found.ssim:.4f}"

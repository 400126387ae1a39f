"""`p2p export`: its options, the call, and its result as text.

Nothing here may know the file format of another program.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import path_word, plural

if TYPE_CHECKING:
    from p2p_gan.evaluation.export import Difference, ModelExport
    from p2p_gan.models.reference import ExportSummary
    from p2p_gan.paint.static_site import WebExport

_FORMATS = ("onnx", "torchscript", "safetensors", "reference", "web")
_ENDINGS = {".onnx": "onnx", ".pt": "torchscript", ".safetensors": "safetensors", ".pth": "reference"}
_PRECISIONS = ("float32", "float16", "int8")


class ExportCall(NamedTuple):
    """What is to be exported and where to, beside the format."""

    model: Path
    dest: Path | None
    precision: str | None
    inputs: Path | None
    archive: Path | None


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("dest", type=options.PLACE, required=False)
@click.option(
    "--format",
    "kind",
    type=options.WordChoice(_FORMATS),
    help="The program that will read DEST. By default as DEST ends: .onnx, .pt (torchscript), .safetensors, .pth "
    "(reference).",
)
@click.option(
    "--precision",
    type=options.WordChoice(_PRECISIONS),
    help="How weights are stored: float32, or float16, which halves the file, or int8 (ONNX), which quarters it; what "
    "that costs is printed. By default float32, and for web float16 where it costs little.",
)
@click.option(
    "--inputs",
    type=options.PLACE,
    metavar="PLACE",
    help="Inputs to compare with: a picture, a folder or a pair folder; by default the pairs of the run.",
)
@click.option(
    "--archive",
    type=options.PLACE,
    metavar="FILE",
    help="web: the archive of onnxruntime-web, where this machine cannot fetch it.",
)
@options.json_option
def command(kind: str | None, as_json: bool, **given: Any) -> None:
    """Write a model in another program's format, or as a web page.

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

    'web' is DEST, a folder that any static host serves: the page of 'p2p paint', which draws masks and computes the
    photo in the browser, by WebGPU or WebAssembly. The model is compared as for 'onnx'. onnxruntime-web is fetched from
    npm once (33 MB, one pinned version whose hash is checked) and kept in the user's cache; --archive takes it from a
    file. The same command again writes what has changed.

    \b
    Examples:
      p2p export run --format onnx
      p2p export run cars.onnx --precision int8 --inputs masks
      p2p export run cars.pt
      p2p export run checkpoints/cars/latest_net_G.pth
      p2p export run site --format web
    """
    asked = ExportCall(**given)
    kind = kind or _format_of(asked.dest)
    _refuse_unfit(kind, asked)
    made, lines = _export(kind, asked)
    render.say(render.to_json(made) if as_json else "\n".join(lines))


def _format_of(dest: Path | None) -> str:
    """The format that the ending of DEST says; raises UsageError where it says none."""
    found = None if dest is None else _ENDINGS.get(dest.suffix.lower())
    if found is None:
        what = "is needed where DEST does not end in one of " + ", ".join(_ENDINGS)
        raise UsageError("--format", what, f"Choose from {', '.join(_FORMATS)}.", code="missing-option")
    return found


def _refuse_unfit(kind: str, asked: ExportCall) -> None:
    """Raise UsageError for options that do not fit the format, and where a DEST is needed and missing."""
    if asked.archive is not None and kind != "web":
        to_do = "Leave --archive out, or choose web."
        raise UsageError(f"--format {kind}", "needs no archive", to_do, code="unfit-setting")
    if kind != "onnx" and asked.dest is None:
        to_do = f"Give the {'folder' if kind == 'web' else 'file'} to write."
        raise UsageError("DEST", "is missing", to_do, code="missing-argument")
    if kind in ("torchscript", "reference") and asked.precision not in (None, "float32"):
        what, to_do = "has weights of float32 alone", "Leave --precision out, or choose onnx."
        raise UsageError(f"--format {kind}", what, to_do, code="unfit-setting")
    if kind == "reference" and asked.inputs is not None:
        to_do = "Leave --inputs out, or choose another format."
        raise UsageError("--format reference", "has no comparison", to_do, code="unfit-setting")


def _export(kind: str, asked: ExportCall) -> "tuple[ModelExport | ExportSummary | WebExport, list[str]]":
    """Write the model in the format; returns what was written, as a value and in lines."""
    from p2p_gan.evaluation.export import export_onnx, export_safetensors, export_torchscript

    model, dest, precision = asked.model, asked.dest, asked.precision or "float32"
    how: dict[str, Any] = {"inputs": asked.inputs, "report": render.reporter()}
    if kind == "onnx":
        made = export_onnx(model, dest, precision=precision, **how)
        return made, _lines(made)
    assert dest is not None, "refused before"
    if kind == "web":
        site = _export_web(dest, asked)
        return site, _web_lines(site)
    if kind == "reference":
        from p2p_gan.models.reference import export_reference

        written = export_reference(model, dest)
        return written, _reference_lines(written, dest)
    if kind == "torchscript":
        made = export_torchscript(model, dest, **how)
    else:
        made = export_safetensors(model, dest, precision=precision, **how)
    return made, _lines(made)


def _export_web(dest: Path, asked: ExportCall) -> "WebExport":
    from p2p_datatools.sources.web_runtime import fetch_web_runtime
    from p2p_gan.machine.kept import kept_folder
    from p2p_gan.paint.static_site import RuntimeFiles, export_web

    report = render.reporter()

    def bring() -> RuntimeFiles:
        found = fetch_web_runtime(kept_folder(), archive=asked.archive, report=report)
        return found.version, found.files

    how: dict[str, Any] = {"precision": asked.precision, "inputs": asked.inputs}
    return export_web(asked.model, dest, runtime=bring, report=report, **how)


def _lines(made: "ModelExport") -> list[str]:
    """The result in lines."""
    there = "" if made.written else " exists already"
    lines = [f"{made.dest}{there}: {made.format} in {made.precision}, {made.bytes / 1e6:.1f} MB"]
    lines += _difference_lines(made.random, made.real)
    lines += [f"statistics {made.statistics}", f"random     {made.randomness}"] if made.statistics else []
    if made.format == "onnx":
        lines.append(f"next       p2p sample {path_word(made.dest)} PICTURES --out DEST")
    return lines


def _reference_lines(made: "ExportSummary", dest: Path) -> list[str]:
    """The result of a state dict in lines: with which options the other program loads it, and what it lacks."""
    first = f"{dest}{'' if made.written else ' exists already'}; load it with {made.options}"
    return [first, *(f"note: {each}" for each in made.notes)]


def _difference_lines(random: "Difference | None", real: "Difference | None") -> list[str]:
    """How far the export differs from the model, in a line for each kind of input."""
    lines = []
    for kind, found in (("random", random), ("real", real)):
        if found is not None:
            inputs = plural(found.count, f"{kind} input")
            lines.append(f"compared {inputs}: largest difference {found.largest:.2g}; {_pixels(found)}")
    return lines


def _web_lines(made: "WebExport") -> list[str]:
    """The result of a page in lines: what it weighs, how to make it lighter, how to try it, and what a host needs."""
    there = "" if made.written else ", all there already"
    sizes = f"the model {made.model_bytes / 1e6:.1f} MB in {made.precision}, {made.bytes / 1e6:.0f} MB in all"
    lines = [f"{made.dest}: {plural(made.files, 'file')}{there}; {sizes}, onnxruntime-web {made.runtime}"]
    lines += _difference_lines(made.random, made.real)
    if made.smaller:
        offers = (
            f"--set generator_filters={each.filters} --set max_filters={each.max_filters} ({each.bytes / 1e6:.0f} MB)"
            for each in made.smaller
        )
        lines.append(f"smaller    such a model loads and paints faster: p2p train with {', or '.join(offers)}")
    if made.large:
        lines.append(f"note       over 25 MiB, which some hosts refuse: {', '.join(made.large)}")
    lines.append("a host     has to serve .mjs as JavaScript and .wasm, by HTTPS; it needs no headers of its own")
    folder = path_word(made.dest)
    lines.append(f"next       python -m http.server --directory {folder} 8000, then open http://localhost:8000")
    return lines


def _pixels(found: "Difference") -> str:
    if found.changed:
        return f"{found.changed:.2%} of the pixels of a mask have another class"
    if not found.steps:
        return "no pixel differs"
    return f"pixels by at most {found.steps:.2g} of 255, SSIM {found.ssim:.4f}"

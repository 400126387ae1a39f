"""Writes a folder that any static host serves: the page, a model as ONNX, and what computes it in the browser.

Nothing here may use the network, or write a model that does not give what the model gives in torch.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import holds, read_json, write_bytes, write_json
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.data.coding import Coding
from p2p_gan.evaluation.export import Difference, OnnxBytes, compared_onnx
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import read_card
from p2p_gan.models.onnx_file import optional_inputs, takes_padding, without_defaults
from p2p_gan.paint.check_means import check_means
from p2p_gan.paint.page_files import INDEX, read_page_files
from p2p_gan.paint.painters import brushless, describe_card, refusal_of

SITE, MODEL, ABOUT = "site.json", "model.onnx", "model.json"
_FORMAT, _VERSION = "p2p-web", 1
_BROWSER = "browser"  # the folder with the engine, in the package and in DEST
_REMOTE = "remote_engine.mjs"  # asks a server, which a static host is not
_AT_ROOT = "service_worker.mjs"  # answers for its own folder and what lies below
_CHARSET = b'<meta charset="utf-8">\n'
# That of the server's page, and WebAssembly: whatever went wrong, nothing of another host is loaded.
_HEAD = b"""<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'">
<script src="browser/opened_from_disk.js"></script>
"""
_START = b'import "../browser/start.mjs";\n'
_PRECISIONS = ("float32", "float16")
_MOST_PIXELS, _MOST_BYTES = 1 << 22, 1 << 26  # of a picture that is opened in the page
_HEAVY = 16 << 20  # bytes of a model, above which smaller ones are offered
_LIGHT = 4 << 20
_LARGEST_FILE = 25 << 20  # that some hosts take
_HALVINGS, _FEWEST_FILTERS = 3, 8

RuntimeFiles = tuple[str, Mapping[str, bytes]]
"""A version of onnxruntime-web, and its files by name."""


@dataclass(frozen=True)
class SmallerModel:
    """The settings of a smaller network of the same kind, and the bytes of its file."""

    filters: int
    max_filters: int
    bytes: int


@dataclass(frozen=True)
class WebExport:
    """The result of an export: `written` is false if all files were there already.

    `model_bytes` is the size of the model's file, `bytes` of all, of which a browser loads either way of computing.
    `random` and `real` are how far the model's file differs from the model in torch. `smaller` are networks that load
    faster, and `large` the files that some hosts do not take.
    """

    dest: Path
    precision: str
    runtime: str
    model_bytes: int
    bytes: int
    files: int
    written: bool
    random: Difference
    real: Difference | None
    smaller: tuple[SmallerModel, ...] = ()
    large: tuple[str, ...] = ()


def export_web(
    source: Path | str,
    dest: Path | str,
    *,
    runtime: Callable[[], RuntimeFiles],
    precision: str | None = None,
    inputs: Path | str | None = None,
    report: Reporter = QUIET,
) -> WebExport:
    """Write the folder DEST with the page, the model and what computes it; the same again writes what has changed.

    `runtime` brings onnxruntime-web, once nothing else speaks against the export. `precision` None is float16, or
    float32 where that would lose too much; `inputs` are real inputs to compare with, as for `export_onnx`. Raises
    P2PError for a model that a page cannot use or whose file would differ, UsageError for a DEST of another kind.
    """
    source, dest = Path(source), Path(dest)
    if precision not in (None, *_PRECISIONS):
        to_do = f"Choose {' or '.join(_PRECISIONS)}."
        raise UsageError(f"precision={precision}", "is not possible in a browser", to_do, code="unsupported-precision")
    _refuse_unfit(read_card(source), source)
    with Destination(dest, marker=SITE, recipe={"command": "export --format web"}) as destination:
        before = _read_list(dest) if destination.exists else {}
        made = compared_onnx(source, dest / MODEL, precision=precision, inputs=inputs, report=report)
        card = made.model.card
        names = optional_inputs(card.architecture, padded=takes_padding(card))
        model = without_defaults(made.data, names)  # the browser's runtime takes no input that has a default
        version, brought = runtime()
        folder = f"onnxruntime-web-{version}"
        files = {**_page_files(), **{f"{folder}/{name}": data for name, data in brought.items()}, MODEL: model}
        files[ABOUT] = _to_bytes(_describe(made, _name_of(source), model, folder, brought))
        written = _write(destination, files, before)
    sizes = {name: len(data) for name, data in files.items()}
    large = tuple(name for name, size in sizes.items() if size > _LARGEST_FILE)
    figures = len(model), sum(sizes.values()), len(sizes) + 1, written
    return WebExport(dest, made.precision, version, *figures, made.random, made.real, _smaller(made, len(model)), large)


def _refuse_unfit(card: ModelCard, source: Path) -> None:
    """Raise P2PError for a model that a page in a browser cannot use."""
    halves = (card.input, card.output) if card.output_coding.kind == "values" else (card.input,)
    why = refusal_of(card)
    if why is None and any(half.dtype != "uint8" for half in halves):
        why = "takes or gives more than 8 bits, which a browser's canvas does not hold"
    if why is not None:
        to_do = "Export it as onnx, or use 'p2p sample'."
        raise P2PError(source, f"cannot be used in a browser: it {why}", to_do, code="not-for-browsers")


def _name_of(source: Path) -> str:
    """What people call a model: the name of its run, or of its file."""
    return (source if source.is_dir() else source.with_suffix("")).resolve().name


def _page_files() -> dict[str, bytes]:
    """The page and the engine in the browser, by their paths in DEST."""
    page = {f"page/{name}": file.data for name, file in read_page_files().items() if name not in (INDEX, _REMOTE)}
    browser = {f"{_BROWSER}/{name}": data for name, data in _read_browser_files().items()}
    browser[_AT_ROOT] = browser.pop(f"{_BROWSER}/{_AT_ROOT}")
    index = read_page_files()[INDEX].data
    assert index.count(_CHARSET) == 1, "the page says how it is written, and before anything is loaded"
    return {INDEX: index.replace(_CHARSET, _CHARSET + _HEAD), **page, **browser, "page/start.mjs": _START}


def _read_browser_files() -> dict[str, bytes]:
    folder = resources.files("p2p_gan.paint").joinpath(_BROWSER)
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return {each.name: each.read_bytes() for each in files if PurePosixPath(each.name).suffix in (".mjs", ".js")}


def _describe(made: OnnxBytes, name: str, model: bytes, folder: str, brought: Mapping[str, bytes]) -> dict[str, Any]:
    """What the page has to know: the model as a server lists it, and what the engine in the browser needs."""
    card = made.model.card
    listed = {
        **{"id": "m0", "name": name, **describe_card(card), "unit": card.unit},
        **{"digest": made.model.digest, "runtime": "", "milliseconds": None},
        **{"why_not": brushless(card), "uploads": True},
    }
    weights = {"file": MODEL, "bytes": len(model), "sha256": hashlib.sha256(model).hexdigest()}
    return {
        "models": [listed],
        "segmenter": False,
        "limits": {"pixels": _MOST_PIXELS, "bytes": _MOST_BYTES},
        "engine": {
            "runtime": {"folder": folder, "ways": list(_ways(brought))},
            "weights": {**weights, "precision": made.precision},
            "network": _network(card),
            "check": check_means(made.model),
        },
    }


def _ways(brought: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The ways of computing in the order in which a browser tries them."""
    pairs = (
        ("webgpu", "ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
        ("wasm", "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    )
    return [{"name": name, "module": module, "wasm": wasm, "bytes": len(brought[wasm])} for name, module, wasm in pairs]


def _network(card: ModelCard) -> dict[str, Any]:
    """What the engine needs to make the inputs of the network and pictures of its output."""
    fit_size = {"width": card.size.width, "height": card.size.height} if card.size else None
    return {
        "input": _coding(card.input_coding),
        "output": _coding(card.output_coding),
        "fit": {"size": fit_size, "fit": card.fit, "unit": card.unit, "exact": card.input.exact},
        "colors": [list(each.color) for each in card.input_palette.classes] if card.input_palette else None,
        "takes_padding": takes_padding(card),
        "noise": card.architecture.noise,
        "pixel_noise": card.architecture.pixel_noise,
        "dropout": [layer._asdict() for layer in card.architecture.dropout_layers()],
    }


def _coding(coding: Coding) -> dict[str, Any]:
    return {"kind": coding.kind, "channels": coding.channels, "range": list(coding.range)}


def _write(destination: Destination, files: Mapping[str, bytes], before: Mapping[str, str]) -> bool:
    """Write all files, and delete those of `before` that are none any more; False where nothing was to be done."""
    dest = destination.dest
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    if listed == before and not destination.begun and all(holds(dest / name, data) for name, data in files.items()):
        return False
    for name in [name for name in destination.done if name not in files]:
        destination.forget(name, in_dest=False)
    for name, data in files.items():
        write_bytes(destination.path(name), data, durable=False)
        destination.record(name, {"sha256": listed[name]})

    def finish(folder: Path) -> None:
        for name in before.keys() - listed.keys():
            (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (folder / name).parent.rmdir()  # if this was its last file
        write_json(folder / SITE, {"format": _FORMAT, "version": _VERSION, "files": listed})

    destination.commit(finish)
    return True


def _read_list(dest: Path) -> dict[str, str]:
    """The files of an earlier export with their hashes; raises UsageError where its list is of another program."""
    found = read_json(dest / SITE)
    files = found.get("files") if isinstance(found, dict) and found.get("format") == _FORMAT else None
    if not isinstance(files, dict):
        what, to_do = f"its {SITE} is not that of a page of p2p", "Choose another destination."
        raise UsageError(dest, what, to_do, code="destination-taken")
    return {relative_name(str(name), dest): str(value) for name, value in files.items()}


def _to_bytes(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _smaller(made: OnnxBytes, size: int) -> tuple[SmallerModel, ...]:
    """Networks of half the filters, and of half of those, until one is light; none for a model that is."""
    found: list[SmallerModel] = []
    shape, weights = made.model.card.architecture, _weights(made.model.card)
    for halving in range(1, _HALVINGS + 1):
        if size <= _HEAVY or (found and found[-1].bytes <= _LIGHT * 2):
            break
        filters, most = shape.filters >> halving, shape.max_filters >> halving
        if filters < _FEWEST_FILTERS:
            break
        smaller = replace(made.model.card, architecture=replace(shape, filters=filters, max_filters=most))
        found.append(SmallerModel(filters, most, round(size * _weights(smaller) / weights)))
    return tuple(found)


def _weights(card: ModelCard) -> int:
    import torch

    with torch.device("meta"):
        return sum(value.numel() for value in card.architecture.build().parameters())

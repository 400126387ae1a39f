"""The folder for a static host holds all that its page needs, and a model that gives what the model gives."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.inference.runtimes.torch_runtime import torch_translator
from p2p_gan.inference.runtimes.translator import PassOptions
from p2p_gan.models.model import Model, read_model
from p2p_gan.paint import static_site
from p2p_gan.paint.check_means import check_picture
from p2p_gan.paint.static_site import RuntimeFiles, WebExport, export_web

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import WriteModel

pytest.importorskip("onnx", reason="the package onnx is not installed")
pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
NAMES = ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm", "ort.wasm.bundle.min.mjs")
FILES = {name: name.encode() for name in (*NAMES, "ort-wasm-simd-threaded.wasm", "LICENSE")}


def runtime(version: str = "9.9.9") -> RuntimeFiles:
    return version, FILES


def never() -> RuntimeFiles:
    raise AssertionError("what cannot be exported costs no download")


def draw_painter(make_model: Callable[..., Model]) -> Model:
    return make_model(MASK, PHOTO, palette=load_palette("cars"), input_as="classes")


@pytest.fixture
def painter(make_model: Callable[..., Model]) -> Model:
    """A model of its own, whose weights a test may change."""
    return draw_painter(make_model)


@pytest.fixture(scope="module")
def source(
    make_model: Callable[..., Model], tmp_path_factory: pytest.TempPathFactory, write_model: "WriteModel"
) -> Path:
    """The file of such a model; tests may read it only."""
    return write_model(draw_painter(make_model), tmp_path_factory.mktemp("source") / "car.safetensors")


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> WebExport:
    """Its site; tests may read it only."""
    return export_web(source, tmp_path_factory.mktemp("made") / "site", runtime=runtime)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_lists_all_its_files_with_their_hashes(made: WebExport) -> None:
    assert (made.written, made.precision, made.runtime) == (True, "float16", "9.9.9")
    listed = json.loads((made.dest / "site.json").read_text())["files"]
    assert files_in(made.dest) == {*listed, "site.json"}
    assert made.files == len(listed) + 1
    assert all(sha256_file(made.dest / name) == digest for name, digest in listed.items())
    assert {"index.html", "service_worker.mjs", "page/app.mjs", "browser/worker.mjs", "model.onnx"} <= listed.keys()
    assert "page/remote_engine.mjs" not in listed
    assert not made.dest.with_name("site.partial").exists()


def test_the_page_names_files_of_its_own_folder_only(made: WebExport) -> None:
    site = made.dest
    index = (site / "index.html").read_text()
    named = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', index)
    own = [name for name in named if not name.startswith("data:")]
    assert "browser/opened_from_disk.js" in own
    assert index.index("default-src 'none'") < index.index("<script")
    assert all((site / name).is_file() for name in own), own
    for script in site.glob("*/*.mjs"):
        for name in re.findall(
            r'^(?:import|export) .*?from "([^"]+)"|^import "([^"]+)"', script.read_text(), re.MULTILINE
        ):
            path = name[0] or name[1]
            assert path.startswith("."), f"{script.name} imports {path}"
            assert (script.parent / path).is_file(), f"{script.name} imports {path}"


def test_what_the_page_is_told_describes_the_model_and_its_file(source: Path, made: WebExport, painter: Model) -> None:
    site = made.dest
    about = json.loads((site / "model.json").read_text())
    [listed] = about["models"]
    assert (listed["name"], listed["why_not"], listed["stochastic"]) == ("car", None, True)
    assert listed["digest"] == sha256_file(source)
    engine = about["engine"]
    assert engine["weights"]["sha256"] == sha256_file(site / "model.onnx")
    assert engine["weights"]["bytes"] == (site / "model.onnx").stat().st_size
    assert [way["name"] for way in engine["runtime"]["ways"]] == ["webgpu", "wasm"]
    for way in engine["runtime"]["ways"]:
        assert (site / engine["runtime"]["folder"] / way["wasm"]).stat().st_size == way["bytes"]
    assert engine["network"]["dropout"] == [
        {"channels": layer.channels, "divisor": layer.divisor, "share": 0.5}
        for layer in painter.card.architecture.dropout_layers()
    ]


def test_the_means_by_which_a_browser_is_checked_are_those_of_torch(
    source: Path, made: WebExport, painter: Model
) -> None:
    check = json.loads((made.dest / "model.json").read_text())["engine"]["check"]
    assert (check["width"], check["height"], check["block"]) == (32, 32, 32)
    picture = check_picture(painter.card, Size(32, 32))
    values = torch_translator(read_model(source)).values(picture, PassOptions("picture"))
    assert check["means"] == pytest.approx(values.mean(axis=(0, 2, 3)), abs=1e-5)


def test_the_model_takes_every_input_and_gives_what_torch_gives(source: Path, made: WebExport) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(made.dest / "model.onnx")
    # The browser's runtime knows an input by its name only if it has no default.
    names = [each.name for each in session.get_inputs()]
    assert names == ["image", "valid", "dropout_0", "dropout_1", "dropout_2"]
    model = read_model(source)
    picture = np.random.default_rng(0).integers(0, 5, (32, 32), np.uint8)
    options = PassOptions("picture", (0.9, 0.8), seed=5)
    inputs = {"image": model.card.input_coding.encode(picture[None]), **graph_inputs(model.card, 32, 32, options)}
    [output] = session.run(None, inputs)
    assert np.abs(output - torch_translator(model).values(picture, options)).max() < 0.02


def test_the_same_again_writes_nothing_and_a_change_writes_what_has_changed(
    source: Path, tmp_path: Path, notes: "Notes"
) -> None:
    site = tmp_path / "site"
    export_web(source, site, runtime=runtime, report=notes)
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    assert not export_web(source, site, runtime=runtime).written
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before
    (site / "page" / "app.mjs").write_text("damaged")
    assert export_web(source, site, runtime=runtime).written
    assert (site / "page" / "app.mjs").read_text() != "damaged"
    export_web(source, site, runtime=lambda: runtime("10.0.0"))
    assert {path.name for path in site.glob("onnxruntime-web-*")} == {"onnxruntime-web-10.0.0"}


def test_a_folder_of_another_kind_is_refused_before_any_download(
    source: Path, tmp_path: Path, refused: "Refused"
) -> None:
    site = tmp_path / "site"
    (site / "notes").mkdir(parents=True)
    with refused("destination-taken", site, usage=True):
        export_web(source, site, runtime=never)
    (site / "site.json").write_text('{"format": "other"}')
    with refused("destination-taken", site, usage=True):
        export_web(source, site, runtime=never)
    (site / "site.json").write_text('{"format": "p2p-web", "files": {"../escape": "x"}}')
    with refused("path-leads-out"):
        export_web(source, site, runtime=never)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(Half("depth", "picture", 1, "uint16"), PHOTO), (PHOTO, Half("depth", "picture", 1, "float32", (0.0, 9.0)))],
)
def test_a_model_of_more_than_8_bits_is_refused_before_any_download(
    given: Half,
    wanted: Half,
    make_model: Callable[..., Model],
    tmp_path: Path,
    write_model: "WriteModel",
    refused: "Refused",
) -> None:
    place = write_model(make_model(given, wanted), tmp_path / "deep.safetensors")
    with refused("not-for-browsers", place):
        export_web(place, tmp_path / "site", runtime=never)
    assert not (tmp_path / "site").exists()


def export(model: Model, tmp_path: Path, write_model: "WriteModel", notes: "Notes", precision: str | None) -> WebExport:
    place = write_model(model, tmp_path / "large.safetensors")
    return export_web(place, tmp_path / "site", runtime=runtime, precision=precision, report=notes)


def test_a_weight_that_16_bits_do_not_hold_makes_it_a_file_of_32(
    painter: Model, tmp_path: Path, write_model: "WriteModel", notes: "Notes", refused: "Refused"
) -> None:
    with torch.no_grad():
        next(iter(painter.generator.parameters())).view(-1)[0] = 70_000.0  # the largest number of 16 bits is 65,504
    with refused("not-finite"):
        export(painter, tmp_path, write_model, notes, "float16")
    assert export(painter, tmp_path, write_model, notes, None).precision == "float32"
    assert "float16 is not enough" in notes.lines[-1]


def test_values_beyond_those_of_16_bits_do_not_overflow_because_32_are_computed_with(
    painter: Model, tmp_path: Path, write_model: "WriteModel", notes: "Notes"
) -> None:
    with torch.no_grad():
        weight = painter.generator.get_parameter("down.1.conv.weight")  # a norm brings its values back
        weight.mul_(60_000 / weight.abs().max())
    made = export(painter, tmp_path, write_model, notes, None)
    assert made.precision == "float16"
    assert made.random.ssim > 0.99


def test_smaller_networks_are_offered_for_a_heavy_model(
    painter: Model, tmp_path: Path, write_model: "WriteModel", notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export(painter, tmp_path, write_model, notes, None).smaller == ()
    monkeypatch.setattr(static_site, "_HEAVY", 1000)
    monkeypatch.setattr(static_site, "_FEWEST_FILTERS", 2)
    [smaller] = export(painter, tmp_path, write_model, notes, None).smaller
    assert (smaller.filters, smaller.max_filters) == (2, 4)
    assert smaller.bytes < 20_000

"""An export is written when it gives what the model gives, and says how far it does."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.evaluation import export
from p2p_gan.evaluation.export import export_onnx, export_safetensors, export_torchscript
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.predictor import load_model
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.models.model import Model, read_model
from p2p_gan.models.onnx_file import read_onnx_file

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import WriteModel

PHOTO = Half("photo", "photo")
PIXELS = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)


@pytest.fixture
def needs_onnx() -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")


@pytest.fixture
def model(make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel") -> Path:
    return write_model(make_model(PHOTO, PHOTO), tmp_path / "model.safetensors")


@pytest.fixture
def other(make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel") -> Path:
    """The same weights with another description."""
    return write_model(make_model(PHOTO, PHOTO, palette=load_palette("cars")), tmp_path / "other.safetensors")


@pytest.mark.usefixtures("needs_onnx")
def test_a_run_is_exported_beside_its_model_and_compared_on_its_own_pairs(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("run.json", "model.safetensors"):
        (tmp_path / "run" / name).write_bytes((run_folder / name).read_bytes())
    made = export_onnx(tmp_path / "run")
    assert (made.dest, made.written) == (tmp_path / "run" / "model.onnx", True)
    assert made.real is not None
    assert made.random is not None
    assert (made.random.count, made.real.count) == (4, 2)
    assert max(made.random.largest, made.real.largest) < 1e-4
    assert made.real.ssim > 0.999
    assert read_onnx_file(made.dest).source == sha256_file(tmp_path / "run" / "model.safetensors")
    assert not export_onnx(tmp_path / "run").written


@pytest.mark.usefixtures("needs_onnx")
@pytest.mark.parametrize("lost", ["valid", "dropout_1"])
def test_an_export_that_does_not_know_its_padding_or_its_dropout_is_refused(
    lost: str, model: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*given: Any) -> dict[str, Any]:
        return {name: value for name, value in graph_inputs(*given).items() if name != lost}

    monkeypatch.setattr("p2p_gan.inference.runtimes.onnx_runtime.graph_inputs", without)
    with refused("not-the-same", model.with_suffix(".onnx")):
        export_onnx(model)
    assert not model.with_suffix(".onnx").exists()


@pytest.mark.usefixtures("needs_onnx")
def test_the_ending_of_a_name_may_be_in_capitals(model: Path, tmp_path: Path) -> None:
    for write, name in ((export_onnx, "m.ONNX"), (export_safetensors, "m.SafeTensors")):
        assert write(model, tmp_path / name).written
        assert load_model(tmp_path / name)(PIXELS).shape == PIXELS.shape


@pytest.mark.usefixtures("needs_onnx")
def test_an_export_of_an_earlier_state_is_replaced_beside_its_model_and_nothing_else_is(
    model: Path, make_model: Callable[..., Model], write_model: "WriteModel", refused: "Refused", notes: "Notes"
) -> None:
    beside = export_onnx(model, report=notes).dest
    assert "Only random inputs are compared" in notes.lines[0]
    other = make_model(PHOTO, PHOTO)
    for value in other.generator.parameters():
        value.data.mul_(1.1)
    write_model(other, model)
    with refused("destination-taken", beside, usage=True):
        export_onnx(model, beside)
    assert export_onnx(model).written
    beside.write_text("notes of mine")
    with refused("destination-taken", beside):
        export_onnx(model)


@pytest.mark.usefixtures("needs_onnx")
def test_a_file_that_gives_something_else_is_not_written(
    model: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def other(given: Model, **options: Any) -> bytes:
        changed = deepcopy(given.generator)
        for value in changed.parameters():
            value.data.mul_(1.01)
        return bytes(onnx_bytes(replace(given, generator=changed), **options))

    from p2p_gan.models.onnx_graph import onnx_bytes

    monkeypatch.setattr(export, "onnx_bytes", other)
    with refused("not-the-same", model.with_suffix(".onnx")):
        export_onnx(model)
    assert not model.with_suffix(".onnx").exists()


@pytest.mark.usefixtures("needs_onnx")
def test_classes_are_compared_as_probabilities_on_inputs_that_are_given(
    make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel"
) -> None:
    mask = Half("mask", "mask")
    place = write_model(
        make_model(PHOTO, mask, palette=load_palette("cars"), output_as="classes"), tmp_path / "m.safetensors"
    )
    write_png(tmp_path / "in" / "x.png", np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    made = export_onnx(place, tmp_path / "x.onnx", inputs=tmp_path / "in")
    assert made.real is not None
    assert (made.real.count, made.real.steps) == (1, 0.0)
    assert made.real.largest < 1e-3


def test_a_model_file_of_16_bits_says_what_it_costs_and_can_be_applied(model: Path, tmp_path: Path) -> None:
    made = export_safetensors(model, tmp_path / "half.safetensors", precision="float16")
    assert made.random is not None
    assert 1e-6 < made.random.largest < 0.1
    assert made.random.ssim > 0.95
    assert made.bytes < 0.75 * model.stat().st_size
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    first, second = (apply_model(read_model(place), noise, ApplyOptions()) for place in (model, made.dest))
    assert 1 <= np.abs(first.astype(int) - second).max() < 20
    export_safetensors(model, tmp_path / "copy.safetensors")
    assert (tmp_path / "copy.safetensors").read_bytes() == model.read_bytes()


@pytest.mark.usefixtures("needs_onnx")
def test_8_bits_say_what_they_cost_on_random_masks_and_torchscript_differs_by_rounding_alone(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path
) -> None:
    masks = Half("mask", "mask")
    place = write_model(make_model(masks, PHOTO, palette=load_palette("cars")), tmp_path / "m.safetensors")
    small = export_onnx(place, tmp_path / "small.onnx", precision="int8")
    assert small.random is not None
    assert 1e-5 < small.random.largest < 0.2
    assert 0.95 < small.random.ssim < 1
    assert read_onnx_file(small.dest).precision == "int8"
    script = export_torchscript(place, tmp_path / "m.pt")
    assert script.random is not None
    assert script.random.largest < 1e-4
    assert script.statistics == small.statistics == "each picture's own, which the network computes"
    assert script.randomness == "dropout of 0.5 in 3 layers: inputs of the network, off by default"
    assert not export_torchscript(place, tmp_path / "m.pt").written


@pytest.mark.usefixtures("needs_onnx")
def test_an_export_in_the_way_is_called_what_it_is(
    model: Path, other: Path, tmp_path: Path, refused: "Refused"
) -> None:
    graph = tmp_path / "m.onnx"
    export_onnx(model, graph, precision="int8")
    with refused("destination-taken", graph) as error:
        export_onnx(model, graph)
    assert "of this model in int8" in error.value.what
    with refused("destination-taken", graph) as error:
        export_onnx(other, graph, precision="int8")
    assert "of another model" in error.value.what


@pytest.mark.long
def test_a_torchscript_file_in_the_way_is_called_what_it_is(
    model: Path, other: Path, tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "m.pt"
    export_torchscript(model, script)
    with refused("destination-taken", script) as error:
        export_torchscript(other, script)
    assert "of another model" in error.value.what
    monkeypatch.setattr("p2p_gan.models.torchscript._VERSION", 3)
    with refused("destination-taken", script) as error:
        export_torchscript(model, script)
    assert "by another version of p2p" in error.value.what


def test_too_much_loss_other_names_and_other_precisions_are_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    with refused("wrong-file-name", tmp_path / "x.pth", usage=True):
        export_safetensors(model, tmp_path / "x.pth")
    with refused("wrong-file-name", tmp_path / "x.pth", usage=True):
        export_torchscript(model, tmp_path / "x.pth")
    with refused("unsupported-precision", usage=True):
        export_safetensors(model, tmp_path / "x.safetensors", precision="int8")
    monkeypatch.setattr(export, "LEAST_SSIM", 1.1)
    with refused("not-the-same"):
        export_safetensors(model, tmp_path / "x.safetensors", precision="float16")
    assert not (tmp_path / "x.safetensors").exists()

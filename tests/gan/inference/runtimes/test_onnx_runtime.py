"""A model in onnxruntime gives the pictures that it gives in torch, and loads no torch for it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.runtimes import onnx_runtime
from p2p_gan.inference.runtimes.onnx_runtime import load_onnx_model
from p2p_gan.machine import memory
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import ExportModel

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
CARS = load_palette("cars")
NOISE = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad", "keep"])
@pytest.mark.parametrize("size", [None, "native", pytest.param(Size(64, 32), marks=pytest.mark.long)])
def test_the_same_seed_gives_the_same_picture_within_one_step_in_both_runtimes(
    make_model: Callable[..., Model], export_model: "ExportModel", fit: str, size: Size | str | None
) -> None:
    model = make_model(PHOTO, PHOTO, fit=fit)
    other = load_onnx_model(export_model(model))
    for how in (ApplyOptions(size=size, seed=3), ApplyOptions(size=size, dropout=False)):
        first, second = (apply_model(each, NOISE, how, variant=2) for each in (model, other))
        assert first.shape == second.shape == (50, 70, 3)
        assert np.abs(first.astype(int) - second).max() <= 1
    assert not np.array_equal(apply_model(other, NOISE, ApplyOptions(seed=4), variant=2), second)


def test_deep_values_and_classes_are_the_same_too(
    make_model: Callable[..., Model], export_model: "ExportModel"
) -> None:
    deep = Half("deep", "picture", 2, "uint16", (100.0, 900.0))
    model = make_model(deep, deep)
    pixels = np.random.default_rng(0).integers(100, 900, (40, 33, 2), dtype=np.uint16)
    first, second = (
        apply_model(each, pixels, ApplyOptions()) for each in (model, load_onnx_model(export_model(model)))
    )
    assert np.abs(first.astype(int) - second).max() <= 1
    model = make_model(PHOTO, MASK, palette=CARS, output_as="classes")
    first, second = (apply_model(each, NOISE, ApplyOptions()) for each in (model, load_onnx_model(export_model(model))))
    assert first.max() > 0
    assert (first != second).mean() < 1e-2


def test_large_pictures_take_all_cores_and_are_the_same(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    model = load_onnx_model(export_model(make_model(PHOTO, PHOTO)))
    small = apply_model(model, NOISE, ApplyOptions())
    monkeypatch.setattr(onnx_runtime, "LARGE", 1)
    assert np.abs(apply_model(model, NOISE, ApplyOptions()).astype(int) - small).max() <= 1
    monkeypatch.setitem(memory.MOST, "cpu", 1000)
    with refused("no-memory", "size=32x32"):
        apply_model(model, NOISE, ApplyOptions())
    with refused("needs-torch", usage=True):
        apply_model(model, NOISE, ApplyOptions(tile=16))


def test_an_output_that_is_no_number_is_never_a_black_picture(
    make_model: Callable[..., Model], export_model: "ExportModel", refused: "Refused"
) -> None:
    model = make_model(PHOTO, PHOTO)
    for value in model.generator.parameters():
        value.data.mul_(1e30)
    other = load_onnx_model(export_model(model))
    with refused("not-finite", "the model"):
        apply_model(other, NOISE, ApplyOptions())


def test_a_graph_that_does_not_fit_its_weights_is_one_line(
    make_model: Callable[..., Model], export_model: "ExportModel", refused: "Refused"
) -> None:
    path = export_model(make_model(PHOTO, PHOTO))
    import onnx

    model = onnx.load(str(path))
    model.graph.node[2].input[1] = "missing"
    path.write_bytes(model.SerializeToString())
    with refused("damaged-file", path):
        apply_model(load_onnx_model(path), NOISE, ApplyOptions())


def test_sampling_an_exported_model_loads_no_torch(
    make_model: Callable[..., Model], export_model: "ExportModel", tmp_path: Path
) -> None:
    path = export_model(make_model(PHOTO, PHOTO))
    write_png(tmp_path / "in" / "x.png", NOISE)
    program = (
        "import sys; from p2p_cli.app import main; "
        f"print(main(['sample', {str(path.parent)!r}, {str(tmp_path / 'in')!r}, '--out', {str(tmp_path / 'out')!r}, "
        "'--device', 'cpu'])); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0", done.stdout
    assert "1 written now by onnxruntime" in done.stdout
    assert {"onnxruntime", "numpy"} <= set(done.stderr.split())
    assert not {"torch", "onnx", "scipy", "skimage", "matplotlib"} & set(done.stderr.split())
    assert (tmp_path / "out" / "x.png").is_file()

"""A model in OpenVINO gives the pictures that it gives in torch, and is taken where it is the faster one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference import openvino_runtime, runtime_trial, runtimes
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.onnx_runtime import OnnxModel, OnnxTranslator, load_onnx_model, with_all_cores
from p2p_gan.inference.openvino_runtime import load_openvino_model
from p2p_gan.inference.runtimes import open_for_pictures, open_model, settle_runtime
from p2p_gan.inference.sampling import sample
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import DrawModel, ExportModel

PHOTO = Half("photo", "photo")
NOISE = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has been measured yet; the packages need not be there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime_trial, "_versions", lambda: {"openvino": "3"})


@pytest.fixture
def needs_openvino() -> None:
    pytest.importorskip("openvino", reason="the package openvino is not installed")


@pytest.mark.usefixtures("needs_openvino")
@pytest.mark.parametrize("fields", [{"dropout": 0.5}, {"kind": "resnet", "blocks": 1, "noise": 2}], ids=str)
def test_the_same_seed_gives_the_same_picture_within_one_step(
    draw_model: "DrawModel", export_model: "ExportModel", fields: dict[str, object]
) -> None:
    model = draw_model(**fields)
    other = load_openvino_model(export_model(model))
    for how in (ApplyOptions(seed=3), ApplyOptions(size="native", dropout=False)):  # native is padded
        first, second = (apply_model(each, NOISE, how, variant=2) for each in (model, other))
        assert np.abs(first.astype(int) - second).max() <= 1
    assert not np.array_equal(
        apply_model(other, NOISE, ApplyOptions()), apply_model(other, NOISE, ApplyOptions(seed=1))
    )


@pytest.mark.usefixtures("needs_openvino")
def test_sample_says_what_computed(
    make_model: Callable[..., Model], export_model: "ExportModel", tmp_path: Path, refused: "Refused"
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))
    write_png(tmp_path / "in" / "x.png", NOISE)
    assert sample(place.parent, tmp_path / "in", tmp_path / "out", runtime="openvino").runtime == "openvino"
    with refused("unknown-device", "device=cuda", usage=True):
        open_model(place, "openvino", device="cuda")


@pytest.mark.usefixtures("needs_openvino")
def test_a_picture_is_the_same_alone_and_beside_others(draw_model: "DrawModel", export_model: "ExportModel") -> None:
    model = load_openvino_model(export_model(draw_model()))
    alone = apply_model(model, NOISE, ApplyOptions())
    with ThreadPoolExecutor(4) as pool:  # more than there are streams
        together = list(pool.map(lambda _: apply_model(model, NOISE, ApplyOptions()), range(24)))
    assert all((each == alone).all() for each in together)
    whole = apply_model(with_all_cores(model), NOISE, ApplyOptions())
    assert np.abs(whole.astype(int) - alone).max() <= 1


@pytest.mark.usefixtures("own_cache")
def test_many_pictures_of_one_size_are_translated_by_what_was_measured_to_be_faster(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))
    loaded: list[Path] = []

    def load(path: Path) -> OnnxModel:
        loaded.append(path)
        return replace(load_onnx_model(path), runtime="openvino")

    def chosen(count: int, *others: Size, runtime: str = "auto") -> str:
        model = open_for_pictures(place, runtime, ApplyOptions())
        sizes = [Size(32, 32)] * count + list(others)
        settled = settle_runtime(model, place, runtime, sizes, ApplyOptions(), report=notes)
        assert isinstance(settled, OnnxModel)
        return settled.runtime

    seconds = iter([0.5, *[0.5, 0.3] * 3])
    monkeypatch.setattr(runtimes, "has_openvino", lambda: True)
    monkeypatch.setattr(runtimes, "load_openvino_model", load)
    monkeypatch.setattr(runtime_trial, "_seconds", lambda *_: next(seconds))
    assert chosen(99) == chosen(200, runtime="onnxruntime") == "onnxruntime"
    assert not loaded
    assert not notes.lines
    assert chosen(200) == chosen(150) == "openvino"  # and nothing is measured twice
    assert notes.lines[0].endswith("a pass takes 300 ms of a core, in onnxruntime 500.")
    assert next(seconds, None) is None


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(("other", "alike"), [(0.49, True), (0.3, False)], ids=["hardly faster", "other pictures"])
def test_openvino_is_not_taken_where_it_is_hardly_faster_or_gives_other_pictures(
    other: float,
    alike: bool,
    make_model: Callable[..., Model],
    export_model: "ExportModel",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))
    model = load_onnx_model(place)
    seconds = iter([0.5, *[0.5, other] * 3])
    monkeypatch.setattr(runtime_trial, "_seconds", lambda *_: next(seconds))
    pixels = iter([NOISE, NOISE if alike else NOISE ^ 2])
    monkeypatch.setattr(OnnxTranslator, "pixels", lambda *_: next(pixels))
    times = runtime_trial.times_for(model, lambda: load_onnx_model(place), Size(32, 32), 1000)
    assert times is not None
    assert not times.openvino_is_faster
    assert times.alike is alike


def test_auto_takes_the_faster_of_those_that_are_installed(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))

    def chosen(size: Size | str | None = None) -> str:
        model = open_model(place, size=size)
        assert isinstance(model, OnnxModel)
        return model.runtime

    there = {"onnxruntime": True, "openvino": True}
    monkeypatch.setattr(runtimes, "has_onnxruntime", lambda: there["onnxruntime"])
    monkeypatch.setattr(runtimes, "has_openvino", lambda: there["openvino"])
    monkeypatch.setattr(
        runtimes, "load_openvino_model", lambda path: replace(load_onnx_model(path), runtime="openvino")
    )
    assert chosen() == "onnxruntime"
    monkeypatch.setattr(runtimes, "_WIDE", 1)
    assert chosen() == chosen(Size(64, 64)) == "openvino"
    assert chosen("native") == "onnxruntime"  # it would be compiled for each picture
    there["openvino"] = False
    assert chosen() == "onnxruntime"
    there.update(openvino=True, onnxruntime=False)
    assert chosen("native") == "openvino"


def test_without_the_package_it_says_what_to_install(
    make_model: Callable[..., Model],
    export_model: "ExportModel",
    monkeypatch: pytest.MonkeyPatch,
    refused: "Refused",
) -> None:
    path = export_model(make_model(PHOTO, PHOTO))
    monkeypatch.setattr(openvino_runtime, "has_openvino", lambda: False)
    with refused("missing-package", path):
        load_openvino_model(path)
    with refused("missing-package"):
        open_model(path.parent, "openvino")

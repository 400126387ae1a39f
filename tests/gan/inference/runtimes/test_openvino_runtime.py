"""A model in OpenVINO gives the pictures that it gives in torch, and is taken where it is the faster one."""

import importlib.metadata
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference import runtime_choice
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.runtime_choice import ModelRequest, open_model
from p2p_gan.inference.runtimes import openvino_runtime
from p2p_gan.inference.runtimes import trial as runtime_trial
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, OnnxTranslator, load_onnx_model, with_all_cores
from p2p_gan.inference.runtimes.openvino_runtime import load_openvino_model
from p2p_gan.inference.sampling import sample
from p2p_gan.models.model import Model
from p2p_gan.models.onnx_file import IMAGE, read_onnx_file

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
@pytest.mark.parametrize(
    "fields",
    [{"dropout": 0.5}, pytest.param({"kind": "resnet", "blocks": 1, "noise": 2}, marks=pytest.mark.long)],
    ids=str,
)
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
        request = ModelRequest(place, ApplyOptions(size="native"), runtime)
        settled = request.settle(request.open(), [Size(32, 32)] * count + [*others], report=notes)
        assert isinstance(settled, OnnxModel)
        return settled.runtime

    seconds = iter([0.5, *[0.5, 0.3] * 3])
    monkeypatch.setattr(runtime_choice, "has_openvino", lambda: True)
    monkeypatch.setattr(runtime_choice, "load_openvino_model", load)
    monkeypatch.setattr(runtime_trial, "_seconds", lambda *_: next(seconds))
    assert chosen(99) == chosen(200, runtime="onnxruntime") == chosen(200, Size(64, 32)) == "onnxruntime"
    assert not loaded
    assert not notes.lines
    assert chosen(101) == chosen(101) == "onnxruntime"  # 51 s of a core
    assert chosen(200) == chosen(150) == "openvino"  # and nothing is measured twice
    assert len(loaded) == 2  # by each call once, although the first has timed it, too
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


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(("far", "alike"), [(1e-4, True), (0.1, False)])
def test_masks_are_alike_by_the_probabilities_of_their_classes_not_by_their_numbers(
    far: float,
    alike: bool,
    make_model: Callable[..., Model],
    export_model: "ExportModel",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = export_model(make_model(PHOTO, Half("mask", "mask"), palette=load_palette("cars")))
    model, logits = load_onnx_model(place), np.zeros((1, 5, 8, 8), np.float32)
    other = logits.copy()
    other[:, 4] += far  # so that the class is the last one instead of the first
    drawn = iter([logits, logits, other])
    monkeypatch.setattr(OnnxTranslator, "values", lambda *_: next(drawn))
    monkeypatch.setattr(runtime_trial, "_seconds", lambda *_: 0.5)
    times = runtime_trial.times_for(model, lambda: load_onnx_model(place), Size(32, 32), 1000)
    assert times is not None
    assert times.alike is alike


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ImportError("libopenvino.so: cannot open shared object file"), 2),  # which somebody may mend
        (MemoryError(), 2),
        (P2PError("model.onnx", "cannot be read: it is busy", "Try again.", code="unreadable-file"), 2),
        (RuntimeError("Check 'core' failed at src/core.cpp:1: std::bad_alloc"), 2),
        (RuntimeError("Check 'core' failed at src/core.cpp:1: Resource temporarily unavailable"), 2),
        (RuntimeError("Check 'false' failed: No conversion rule found for operations: Unique-17"), 1),
    ],
    ids=["not loaded", "no memory", "busy", "no memory in its words", "no thread", "not run"],
)
def test_only_a_model_that_openvino_cannot_run_is_tried_once_and_what_failed_for_another_reason_again(
    error: Exception,
    tries: int,
    make_model: Callable[..., Model],
    export_model: "ExportModel",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    place = export_model(make_model(PHOTO, PHOTO))
    model = load_onnx_model(place)

    class Core:
        def read_model(self, data: bytes) -> None:
            raise error

    def load() -> OnnxModel:
        tried.append(1)
        if not isinstance(error, RuntimeError):
            raise error
        file = read_onnx_file(place)
        return OnnxModel(file, openvino_runtime.Compiler(file, Core()), "openvino")

    monkeypatch.setattr(runtime_trial, "_seconds", lambda *_: 0.5)
    for _ in range(2):
        times = runtime_trial.times_for(model, load, Size(32, 32), 1000)
        assert times is None or not times.openvino_is_faster
    assert len(tried) == tries


@pytest.mark.usefixtures("own_cache")
def test_an_openvino_that_does_not_start_is_an_error_of_one_line(
    make_model: Callable[..., Model],
    export_model: "ExportModel",
    monkeypatch: pytest.MonkeyPatch,
    refused: "Refused",
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))
    monkeypatch.setattr(openvino_runtime, "require_openvino", lambda where: None)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with refused("broken-package", place):
        load_openvino_model(place)


def test_a_package_of_another_name_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "onnxruntime":  # what is installed is onnxruntime-gpu
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert runtime_trial._versions() == {"openvino": "1", "p2p-gan": "1"}


def test_no_two_passes_are_the_first_ones_of_a_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runtime, "_is_set_up", threading.Event())
    running: list[int] = []
    most: list[int] = []

    class Request:
        def infer(self, inputs: dict[str, object]) -> list[float]:
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()
            return [0.0]

    requests = openvino_runtime._Requests()
    for _ in range(3):
        requests.put(Request())
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: openvino_runtime._pass(requests, {}), range(3)))
        assert max(most) == 1
        list(pool.map(lambda _: openvino_runtime._pass(requests, {}), range(3)))
    assert max(most) > 1


@pytest.mark.usefixtures("needs_openvino")
def test_large_passes_of_several_sizes_are_computed_one_at_a_time(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_openvino_model(export_model(make_model(PHOTO, PHOTO)))
    running, most = [0], [0]

    def count(*_: object) -> None:
        running[0] += 1
        most[0] = max(most[0], *running)
        time.sleep(0.02)
        running[0] -= 1

    monkeypatch.setattr(openvino_runtime, "_pass", count)
    inputs = [{IMAGE: np.zeros((1, 3, 32, side), np.float32)} for side in (32, 64)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: model.sessions.run(each, large=True), inputs))
    assert most == [1]


def test_auto_takes_the_faster_of_those_that_are_installed(
    make_model: Callable[..., Model], export_model: "ExportModel", monkeypatch: pytest.MonkeyPatch
) -> None:
    place = export_model(make_model(PHOTO, PHOTO))

    def chosen(size: Size | str | None = None) -> str:
        model = open_model(place, size=size)
        assert isinstance(model, OnnxModel)
        return model.runtime

    there = {"onnxruntime": True, "openvino": True}
    monkeypatch.setattr(runtime_choice, "has_onnxruntime", lambda: there["onnxruntime"])
    monkeypatch.setattr(runtime_choice, "has_openvino", lambda: there["openvino"])
    monkeypatch.setattr(
        runtime_choice, "load_openvino_model", lambda path: replace(load_onnx_model(path), runtime="openvino")
    )
    assert chosen() == "onnxruntime"
    monkeypatch.setattr(runtime_choice, "_WIDE", 1)
    assert chosen() == chosen(Size(64, 64)) == "openvino"
    assert chosen("native") == "onnxruntime"  # it would be compiled for each picture
    there["openvino"] = False
    assert chosen() == "onnxruntime"
    there.update(openvino=True, onnxruntime=False)
    assert chosen("native") == "openvino"

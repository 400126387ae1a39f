"""Which runtime computes: the faster one where it is there and the same model, else torch, and what is said of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract import packages
from p2p_datatools.contract.files.atomic import read_lines, write_lines
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.inference import runtime_choice
from p2p_gan.inference.apply import ApplyOptions
from p2p_gan.inference.runtime_choice import ModelRequest, open_model, runtime_of
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, load_onnx_model
from p2p_gan.inference.runtimes.openvino_runtime import load_openvino_model
from p2p_gan.inference.runtimes.trial import PassTimes
from p2p_gan.inference.sampling import SampleOptions, sample
from p2p_gan.machine import memory
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import ExportModel

PHOTO = Half("photo", "photo")


@pytest.fixture
def folder(make_model: Callable[..., Model], export_model: "ExportModel") -> Path:
    """model.safetensors and model.onnx of the same model."""
    return export_model(make_model(PHOTO, PHOTO)).parent


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three of noise."""
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (40, 50 + number, 3), dtype=np.uint8)
        write_png(tmp_path / "in" / f"{number}.png", noise)
    return tmp_path / "in"


def test_auto_takes_the_exported_model_that_lies_beside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_choice, "may_have_gpu", lambda: False)
    for device in (None, "cpu", "auto"):
        assert isinstance(open_model(folder, device=device), OnnxModel)
    assert isinstance(open_model(folder / "model.safetensors"), OnnxModel)
    assert isinstance(open_model(folder / "model.onnx"), OnnxModel)
    assert isinstance(open_model(folder, "torch"), Model)
    assert open_model(folder).digest == open_model(folder, "torch").digest


@pytest.mark.parametrize("load", [load_onnx_model, load_openvino_model], ids=["onnxruntime", "openvino"])
def test_without_its_package_a_runtime_says_what_to_install(
    load: Callable[[Path], OnnxModel], folder: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(packages, "has_package", lambda name: False)
    with refused("missing-package", folder / "model.onnx"):
        load(folder / "model.onnx")
    with refused("missing-package"):
        open_model(folder, "openvino")


def test_auto_takes_torch_where_there_is_a_gpu_no_package_or_no_export(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(runtime_choice, "may_have_gpu", lambda: True)
        assert isinstance(open_model(folder, device="auto"), Model)
    with monkeypatch.context() as patch:
        patch.setattr(runtime_choice, "has_onnxruntime", lambda: False)
        patch.setattr(runtime_choice, "has_openvino", lambda: False)
        assert isinstance(open_model(folder), Model)
    (folder / "model.onnx").unlink()
    assert isinstance(open_model(folder), Model)


def test_an_export_of_another_state_is_not_taken(
    folder: Path, make_model: Callable[..., Model], write_model: Callable[..., Path], notes: "Notes", refused: "Refused"
) -> None:
    model = make_model(PHOTO, PHOTO)
    for value in model.generator.parameters():
        value.data.mul_(1.5)
    write_model(model, folder / "model.safetensors")
    assert isinstance(open_model(folder, report=notes), Model)
    assert "was exported from another state of model.safetensors" in notes.lines[0]
    with refused("stale-export", folder / "model.onnx"):
        open_model(folder, "onnxruntime")


def test_a_damaged_export_or_one_in_16_bits_is_not_taken_unasked(
    folder: Path, make_model: Callable[..., Model], export_model: "ExportModel", notes: "Notes", refused: "Refused"
) -> None:
    export_model(make_model(PHOTO, PHOTO), "float16")
    assert isinstance(open_model(folder, report=notes), Model)
    assert open_model(folder, "onnxruntime").digest.endswith(":float16")
    (folder / "model.onnx").write_bytes(b"x")
    assert isinstance(open_model(folder, report=notes), Model)
    assert len(notes.lines) == 1
    with refused("damaged-file"):
        open_model(folder, "onnxruntime")


def test_what_cannot_be_is_refused(folder: Path, refused: "Refused") -> None:
    with refused("other-format", folder / "model.onnx", usage=True):
        open_model(folder / "model.onnx", "torch")
    with refused("unknown-device", "device=cuda", usage=True):
        open_model(folder, "onnxruntime", device="cuda")
    with refused("unknown-runtime", usage=True):
        open_model(folder, "numpy")
    (folder / "model.onnx").unlink()
    with refused("missing-model"):
        open_model(folder, "onnxruntime")
    with refused("missing-model"):
        open_model(folder / "model.onnx")


def test_a_folder_is_the_same_in_both_within_one_step_and_either_continues_the_other(
    folder: Path, pictures: Path, tmp_path: Path
) -> None:
    how = SampleOptions(variants=2)
    first = sample(folder, pictures, tmp_path / "onnx", how)
    second = sample(folder, pictures, tmp_path / "torch", how, runtime="torch")
    assert (first.runtime, second.runtime) == ("onnxruntime", "torch")
    files = sorted(path.name for path in (tmp_path / "torch").glob("*.png"))
    assert len(files) == 6
    for name in files:
        one, other = (read_photo(tmp_path / each / name).astype(int) for each in ("onnx", "torch"))
        assert np.abs(one - other).max() <= 1
    again = sample(folder, pictures, tmp_path / "onnx", how, runtime="torch")
    assert (again.written, again.kept) == (0, 6)
    alone = sample(folder, pictures / "1.png", tmp_path / "alone")
    assert alone.runtime == "onnxruntime"
    assert (tmp_path / "alone" / "1.png").read_bytes() == (tmp_path / "onnx" / "1-1.png").read_bytes()


def test_strips_and_pictures_too_large_for_one_pass_are_left_to_torch(
    folder: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample(folder, pictures, tmp_path / "tiles", SampleOptions(ApplyOptions(tile=16))).runtime == "torch"
    monkeypatch.setitem(memory.MOST, "cpu", 100 * 64 * 64 - 1)  # of 100 bytes a pixel, as the export says
    assert sample(folder, pictures, tmp_path / "small").runtime == "onnxruntime"
    monkeypatch.setitem(memory.MOST, "cpu", 100 * 64 * 64 - 1)
    native = SampleOptions(ApplyOptions(size="native", tile=None))
    with monkeypatch.context() as patch:
        patch.setattr("p2p_gan.inference.runtimes.layout.layout_of", lambda *_, **__: None)
        assert sample(folder, pictures, tmp_path / "large", native).runtime == "torch"


def recorded(dest: Path) -> dict[str, str]:
    """What computed each file, as the records of a folder say."""
    return {line["file"]: line.get("runtime", "") for line in read_lines(dest / "samples.jsonl")}


def forget_runtimes(dest: Path) -> None:
    """The records as earlier versions wrote them."""
    lines = list(read_lines(dest / "samples.jsonl"))
    for line in lines:
        del line["runtime"]
    write_lines(dest / "samples.jsonl", lines)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """OpenVINO is there and the faster; for how many pictures that was asked."""
    asked: list[int] = []

    def times_for(model: OnnxModel, load: Callable[[], OnnxModel], size: Size, pictures: int) -> PassTimes:
        asked.append(pictures)
        return PassTimes(2.0, 1.0, alike=True)

    monkeypatch.setattr(runtime_choice, "has_openvino", lambda: True)
    monkeypatch.setattr(runtime_choice, "times_for", times_for)
    monkeypatch.setattr(
        runtime_choice, "load_openvino_model", lambda path: replace(load_onnx_model(path), runtime="openvino")
    )
    return asked


def test_only_what_is_left_to_make_chooses_and_a_finished_folder_loads_nothing(
    folder: Path, pictures: Path, tmp_path: Path, timed: list[int], notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    dest, how = tmp_path / "out", SampleOptions(variants=2)
    sample(folder, pictures / "0.png", dest, how)
    forget_runtimes(dest)
    timed.clear()
    assert sample(folder, pictures, dest, how, report=notes).runtime == "openvino"
    assert timed == [4]
    assert set(recorded(dest).values()) == {"", "openvino"}
    monkeypatch.setattr(runtime_choice, "load_openvino_model", None)
    assert sample(folder, pictures, dest, how, report=notes).kept == 6
    assert (timed, len(notes.lines)) == ([4], 1)


def test_a_folder_goes_on_in_the_runtime_that_began_it_and_another_one_is_noted(
    folder: Path, pictures: Path, tmp_path: Path, timed: list[int], notes: "Notes", refused: "Refused"
) -> None:
    dest, last = tmp_path / "out", pictures / "2.png"
    whole = last.read_bytes()
    last.write_bytes(whole[: len(whole) // 2])
    with refused("pictures-failed"):
        sample(folder, pictures, dest, runtime="torch")
    last.write_bytes(whole)
    assert sample(folder, pictures, dest, report=notes).runtime == "torch"  # an interrupted call
    write_png(pictures / "3.png", read_photo(last))
    assert sample(folder, pictures, dest, report=notes).runtime == "torch"  # a finished one
    assert set(recorded(dest).values()) == {"torch"}
    assert not timed
    assert not notes.lines
    write_png(pictures / "4.png", read_photo(last))
    assert sample(folder, pictures, dest, runtime="onnxruntime", report=notes).written == 1
    assert recorded(dest) == {**{f"{number}.png": "torch" for number in range(4)}, "4.png": "onnxruntime"}
    assert notes.lines[0].startswith("onnxruntime computes, but what is there was computed by torch")


def test_a_folder_that_several_runtimes_began_goes_on_in_that_of_the_most_pictures_and_says_so(
    folder: Path, pictures: Path, tmp_path: Path, timed: list[int], notes: "Notes", refused: "Refused"
) -> None:
    dest, broken = tmp_path / "out", pictures / "broken.png"
    write_png(broken, read_photo(pictures / "0.png"))
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    for runtime, names in (("onnxruntime", ["0.png"]), ("torch", ["0.png", "1.png", "2.png"])):
        with refused("pictures-failed"):
            sample(folder, [*(pictures / name for name in names), broken], dest, runtime=runtime)
    broken.write_bytes(whole)
    write_png(pictures / "3.png", read_photo(broken))
    assert sample(folder, pictures, dest, report=notes).runtime == "torch"
    assert [recorded(dest)[f"{number}.png"] for number in range(4)] == ["onnxruntime", "torch", "torch", "torch"]
    assert notes.lines == [
        "torch computes, but some of what is there was computed by onnxruntime: the same to within 1 of 255."
    ]
    assert not timed


def test_openvino_goes_on_unless_it_would_be_compiled_for_several_sizes(
    folder: Path, timed: list[int], notes: "Notes"
) -> None:
    how = ApplyOptions(size="native")

    def go_on(*sizes: Size) -> str:
        request = ModelRequest(folder, how)
        return runtime_of(request.settle(request.open(), sizes, before=["openvino"], report=notes))

    assert go_on(Size(32, 32)) == "openvino"
    assert not notes.lines
    assert go_on(Size(32, 32), Size(64, 32)) == "onnxruntime"
    assert len(notes.lines) == 1
    assert not timed

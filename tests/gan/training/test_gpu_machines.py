"""What differs from one GPU and system to the next, as far as a CPU can show it: on the pretended GPU (`gan.fake_gpu`).

That every update is replayed, waits for nothing and is resumed stands in `test_gpu_path.py`.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
from gan.fake_gpu import PLACE, FakeGpu
from torch import Tensor

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.coding import Coding
from p2p_gan.data.dataset import load_dataset
from p2p_gan.machine import device, threads
from p2p_gan.machine.device import keep_arithmetic, prepare, whole_products
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.training import trial
from p2p_gan.training.continuation import config_of_call
from p2p_gan.training.job import make_job
from p2p_gan.training.planning import plan
from p2p_gan.training.reproduction import reproduce
from p2p_gan.training.run import train
from p2p_gan.training.source import config_after, open_source
from p2p_gan.training.speed import with_threads
from p2p_gan.training.steps.stepper import Stepper, recorder_for

if TYPE_CHECKING:
    from conftest import Refused


def full_gpu(*_: object) -> str:
    return "CUDA error: out of memory"


@pytest.mark.parametrize(
    ("place", "name", "answer", "code"),
    [
        (torch.cuda, "get_device_capability", lambda device=None: (7, 5), "unsupported-precision"),
        (torch.cuda, "is_available", lambda: False, "missing-device"),
        (device, "_why_broken", full_gpu, "broken-device"),
    ],
)
@pytest.mark.usefixtures("gpu")
def test_a_run_whose_device_or_precision_is_not_here_says_how_it_goes_on(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    refused: "Refused",
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    answer: object,
    code: str,
) -> None:
    config = replace(tiny, device="auto", precision="auto", images=2)
    train(pair_folder, tmp_path / "run", config)
    monkeypatch.setattr(place, name, answer)
    again = replace(config_of_call(pair_folder, tmp_path / "run", None, []), images=4)
    for dry_run in (False, True):
        with refused(code, str(tmp_path / "run"), usage=code != "broken-device") as caught:
            if dry_run:
                plan(pair_folder, again, tmp_path / "run")
            else:
                train(pair_folder, tmp_path / "run", again)
        assert "started with precision=bfloat16" in caught.value.what or "started with device=cuda" in caught.value.what
        assert caught.value.to_do.endswith(f"p2p train PAIRS NEW --from {tmp_path / 'run'}")
        assert caught.value.to_do.startswith("End what else uses the GPU" if code == "broken-device" else "Continue it")
    if code == "broken-device":
        return
    start = open_source(tmp_path / "run")
    new = with_settings(Config(), config_after(start, None, open_pairs(pair_folder), {"images": 2}))
    assert train(pair_folder, tmp_path / "new", new, source=tmp_path / "run").images == 2


@pytest.mark.usefixtures("gpu")
def test_a_run_is_repeated_on_a_gpu_without_its_precision(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny, device="auto", precision="auto", memory_format="auto", cuda_graph="on", images=2)
    train(pair_folder, tmp_path / "run", config)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: (7, 5))
    found = reproduce(tmp_path / "run", tmp_path / "again")
    assert "the precision was bfloat16, which this device does not have" in found.named
    config = RunFolder(tmp_path / "again").config()
    assert (config.device, config.precision, config.memory_format) == ("cuda", "float32", "contiguous")


def test_the_plan_times_replays_however_long_the_first_update_takes_that_loads_libraries(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, device="cuda"))
    monkeypatch.setattr(trial, "_PATIENCE", 0.0)
    trial.time_updates(job, load_dataset(job.folder, job.task, job.config))
    assert gpu.replays == 2 + 1 + 1  # two to prove the graph, the third update, and the one that is timed


def test_pairs_come_to_a_gpu_where_the_system_lets_no_more_memory_be_pinned(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny, device="cuda")
    dataset = load_dataset(open_pairs(pair_folder), make_job(open_pairs(pair_folder), config).task, config)
    expected = dataset.batch(range(2), PLACE)

    def refuse(value: Tensor, device: Any = None) -> Tensor:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(Tensor, "pin_memory", refuse)
    found = dataset.batch(range(2), PLACE)
    assert torch.equal(found.a.cpu(), expected.a.cpu())
    assert torch.equal(found.b.cpu(), expected.b.cpu())


@pytest.mark.parametrize("images", [8, 800])  # in the run itself, and where its updates are timed before
def test_a_recording_that_costs_the_process_its_gpu_says_how_to_train_without_graphs(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    gpu: FakeGpu,
    refused: "Refused",
    monkeypatch: pytest.MonkeyPatch,
    images: int,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def record(*_: object) -> None:
        monkeypatch.setattr(torch.cuda, "synchronize", fail)
        fail()

    monkeypatch.setattr("p2p_gan.machine.graphs.CudaRecorder.record", record)
    with refused("no-cuda-graph", "cuda_graph") as caught:
        train(pair_folder, tmp_path / "run", replace(tiny, device="cuda", images=images))
    assert "illegal memory access" in caught.value.what
    assert "cuda_graph=off" in caught.value.to_do


@pytest.mark.usefixtures("gpu")
def test_float32_has_all_digits_in_a_process_that_rounds_everything_to_tf32() -> None:
    everything, cudnn = cast("Any", torch.backends), cast("Any", torch.backends.cudnn)
    if not hasattr(everything, "fp32_precision"):
        pytest.skip("this torch has no such name")
    before = everything.fp32_precision
    everything.fp32_precision = "tf32"
    try:
        with keep_arithmetic():
            prepare(PLACE, "float32", 1, 0)
            assert cudnn.conv.fp32_precision == "ieee"
        assert cudnn.conv.fp32_precision == "tf32"
        with whole_products(PLACE):
            assert cudnn.conv.fp32_precision == "ieee"
        assert cudnn.conv.fp32_precision == "tf32"
    finally:
        everything.fp32_precision = before


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "uint32", "float16", "float32", "float64"])
def test_values_of_every_type_come_to_a_gpu_and_back_as_on_the_cpu(dtype: str) -> None:
    coding = Coding("values", 2, dtype, (3.0, 200.0))
    pixels = np.random.default_rng(0).uniform(3, 200, (1, 6, 5, 2)).astype(dtype)
    there, here = coding.to_tensor(pixels, PLACE), coding.to_tensor(pixels, torch.device("cpu"))
    assert torch.equal(there.cpu(), here)
    np.testing.assert_array_equal(coding.to_array(there), coding.to_array(here))


def test_what_the_largest_batch_that_failed_held_is_given_back_before_the_run_is_planned(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, device="cuda"))
    dataset, events, update = load_dataset(job.folder, job.task, job.config), list[str](), trial._update
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: events.append("emptied"))

    def watch(*given: Any) -> None:
        events.append("update")
        update(*given)

    monkeypatch.setattr(trial, "_update", watch)
    gpu.most = 4 * 6 * 32 * 32
    assert trial.largest_batch(job, dataset) == 4
    assert events[-2:] == ["update", "emptied"]


def test_what_proved_a_graph_is_given_back(
    pair_folder: Path, tiny: Config, gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, device="cuda", cuda_graph="on"))
    dataset, found = load_dataset(job.folder, job.task, job.config), list[int]()
    stepper = Stepper(job, pytest.fail, recorder_for(job))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: found.append(gpu.replays))
    for number in range(4):
        stepper.step(dataset.batch([number], job.device, job.memory_format), 1e-3)
    assert found[-1] == 2  # after both replays that prove it, and before the first that counts


@pytest.mark.parametrize(("kind", "watched"), [("cuda", []), ("cpu", [2])])
@pytest.mark.usefixtures("gpu")
def test_threads_that_wait_are_watched_where_they_compute_and_not_beside_a_gpu(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch, kind: str, watched: list[int]
) -> None:
    job, found = make_job(open_pairs(pair_folder), replace(tiny, device=kind)), list[int]()
    monkeypatch.setattr(threads, "watch_waiting", found.append)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    assert with_threads(job, 2).config.threads == 2
    assert found == watched


@pytest.mark.parametrize(
    ("capability", "precision", "told"),
    [((7, 5), "auto", True), ((7, 5), "float32", False), ((6, 1), "auto", False), ((8, 0), "auto", False)],
)
@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_may_be_faster_in_float16_is_told_of_once(
    pair_folder: Path,
    tiny: Config,
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    precision: str,
    told: bool,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: capability)
    job = make_job(open_pairs(pair_folder), replace(tiny, device="cuda", precision=precision))
    assert any("float16" in line for line in job.notes) == told
    assert not any("float16" in line for line in make_job(open_pairs(pair_folder), job.config).notes)

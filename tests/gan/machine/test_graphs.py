"""Where there are CUDA graphs, and in which order torch is asked for one; what a GPU does with that needs a GPU."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_gan.machine.graphs import CudaRecorder, refuse_graph, why_no_graph

if TYPE_CHECKING:
    from conftest import Refused

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")
# What ends taking memory from a graph's pool is called so since torch 2.7, and until then.
ENDS = ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool")


@pytest.mark.parametrize(("device", "processes"), [(CPU, 1), (CPU, 2), (CUDA, 2)])
def test_graphs_that_are_required_are_refused_where_there_are_none(
    device: torch.device, processes: int, refused: "Refused"
) -> None:
    assert why_no_graph(device, processes) is not None
    refuse_graph("auto", device, processes)
    refuse_graph("off", device, processes)
    with refused("impossible-setting", "cuda_graph=on", usage=True):
        refuse_graph("on", device, processes)


def test_one_gpu_may_have_graphs() -> None:
    assert why_no_graph(CUDA, 1) is None
    refuse_graph("on", CUDA, 1)


class Driver:
    """What the recorder asks of torch.cuda, in order."""

    def __init__(self, patch: pytest.MonkeyPatch, *, fails: bool = False, free: int = 1000, end: str = ENDS[0]) -> None:
        self.asked: list[str] = []
        self.current = self.main = SimpleNamespace(name="main", wait_stream=lambda other: self.say("main waits"))
        side = SimpleNamespace(name="side", wait_stream=lambda other: self.say("side waits"))
        generator = SimpleNamespace(
            clone_state=lambda: "clone", graphsafe_set_state=lambda state: self.say(f"random state is {state}")
        )
        self.signature = inspect.signature(torch.cuda.graph.__init__)
        self.fails = fails
        patch.setattr(torch.cuda, "Stream", lambda device: side)
        patch.setattr(torch.cuda, "graph_pool_handle", lambda: "pool")
        patch.setattr(torch.cuda, "current_stream", lambda device: self.current)
        patch.setattr(torch.cuda, "set_stream", lambda stream: setattr(self, "current", stream))
        patch.setattr(torch.cuda, "stream", self.stream)
        patch.setattr(torch.cuda, "graph", self.graph)
        patch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=lambda: self.say("replay")))
        patch.setattr(torch.cuda, "default_generators", (generator,))
        patch.setattr(torch.cuda, "empty_cache", lambda: self.say("memory is freed"))
        patch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
        patch.setattr(torch.cuda, "max_memory_allocated", lambda device: 700)
        patch.setattr(torch.cuda, "memory_allocated", lambda device: 300)
        patch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2000))
        for name in ENDS:
            patch.delattr(torch._C, name, raising=False)
        patch.setattr(torch._C, end, self.end_pool, raising=False)

    def say(self, word: str) -> None:
        self.asked.append(word)

    def end_pool(self, device: int, pool: str) -> None:
        self.say(f"the {pool} of {device} ends")
        raise RuntimeError("endAllocatePool: not currently recording")  # torch 2.13 has ended it already

    def work(self) -> None:
        self.say(f"work on {self.current.name}")

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before

    @contextmanager
    def graph(self, *arguments: Any, **named: Any) -> Iterator[None]:
        given = self.signature.bind(self, *arguments, **named).arguments
        assert (given["pool"], given["capture_error_mode"]) == ("pool", "thread_local")
        before, self.current = self.current, given["stream"]
        try:
            yield
        finally:
            if self.fails:  # as torch does, without leaving the stream
                raise RuntimeError("operation would make the legacy stream depend on a capturing blocking stream")
        self.current = before


def test_warm_up_and_recording_use_one_stream_and_a_replay_needs_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch)
    recorder = CudaRecorder(CUDA)
    recorder.warm_up(driver.work, 2)
    assert driver.asked == ["side waits", "work on side", "work on side", "main waits"]
    replay = recorder.record(driver.work)
    replay()
    replay()
    assert driver.asked[4:] == ["memory is freed", "work on side", "replay", "replay"]
    assert driver.current is driver.main


@pytest.mark.parametrize("end", ENDS)
def test_after_a_recording_that_failed_work_goes_on_as_before(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    driver = Driver(monkeypatch, fails=True, end=end)
    with pytest.raises(RuntimeError, match="legacy stream"):
        CudaRecorder(CUDA).record(driver.work)
    assert driver.current is driver.main
    assert driver.asked[1:] == ["work on side", "the pool of 0 ends", "random state is clone", "memory is freed"]


@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_the_reason_is_what_failed_first_and_not_that_the_recording_could_not_be_ended(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    driver = Driver(monkeypatch, fails=True)

    def wait() -> None:
        raise kind("operation not permitted when stream is capturing\nmore")

    with pytest.raises(RuntimeError, match=r"^operation not permitted when stream is capturing$"):
        CudaRecorder(CUDA).record(wait)
    assert driver.current is driver.main
    try:
        raise ValueError("the loss is not finite")
    except ValueError:  # as where a run goes back to its last checkpoint
        with pytest.raises(RuntimeError, match=r"^operation not permitted when stream is capturing$"):
            CudaRecorder(CUDA).record(wait)


def test_ctrl_c_in_a_recording_ends_the_run_and_not_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch, fails=True)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CudaRecorder(CUDA).record(stop)
    assert driver.current is driver.main


def test_a_graph_is_recorded_only_where_its_memory_fits_beside_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch, free=800)
    recorder = CudaRecorder(CUDA)
    recorder.warm_up(driver.work, 1)  # takes 400
    with pytest.raises(RuntimeError, match="of memory beside an update"):
        recorder.record(driver.work)
    assert driver.asked[3:] == ["memory is freed"]

"""For tests of graphs and of a GPU: a recorder for the CPU, which repeats what was recorded, and the pretended GPU."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from gan.fake_gpu import FakeGpu, install, made_by
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from p2p_gan.machine.device import keep_arithmetic
from p2p_gan.machine.graphs import DeviceWork
from p2p_gan.training.steps import update_graph

# What waits for the device, or has a shape that depends on values; and what copies numbers of the host to the device.
HOST_READS = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2", "lift_fresh")


def host_read(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The name of an operation that cannot be part of a CUDA graph; None for others."""
    name = str(func.overloadpacket.__name__)
    indices = args[1] if name in ("index", "index_put", "index_put_", "_index_put_impl_") else ()
    masks = any(isinstance(each, Tensor) and each.dtype == torch.bool for each in indices)
    on_host = torch.device("meta") == kwargs.get("device")
    return name if masks or on_host or name in HOST_READS else None


class NoHostReads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses operations that wait for the device, and new tensors that are on the host wherever the networks are."""

    def __enter__(self) -> Any:
        # A new tensor of which nobody says where it should be is there.
        self.elsewhere = torch.device("meta")
        self.elsewhere.__enter__()
        return super().__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self.elsewhere.__exit__(*error)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = host_read(func, args, kwargs or {})
        if found is not None:
            raise RuntimeError(f"{found} is not permitted when the stream is capturing")
        return func(*args, **(kwargs or {}))


class Tape(NoHostReads):
    """The operations on tensors in the order of their calls, with the numbers of the host as they were."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = super().__torch_dispatch__(func, types, args, kwargs)
        if func.namespace == "aten":  # others are those of torch's profiler
            self.calls.append((func, args, kwargs or {}, made_by(func, found)))
        return found

    @torch.no_grad()
    def repeat(self) -> None:
        """Call the operations again on the same tensors, into the same tensors."""
        for func, args, kwargs, made in self.calls:
            again = func(*args, **kwargs)
            for old, new in zip(made, made_by(func, again), strict=True):
                old.copy_(new)


class TapeRecorder:
    """Records on the CPU. As on a GPU, numbers are recorded as they are; unlike there, recording does the work."""

    def __init__(self) -> None:
        self.tapes: list[Tape] = []
        self.replays = 0

    def warm_up(self, work: DeviceWork, times: int) -> None:
        work()  # once for any number of times: a CPU has no kernels to choose, and moments are made

    def record(self, work: DeviceWork) -> DeviceWork:
        tape = Tape()
        with tape:
            work()
        self.tapes.append(tape)

        def repeat() -> None:
            self.replays += 1
            tape.repeat()

        return repeat


@pytest.fixture
def tape_recorder() -> TapeRecorder:
    """A recorder of graphs for the CPU."""
    return TapeRecorder()


@pytest.fixture
def no_host_reads() -> Callable[[], TorchDispatchMode]:
    """A context in which operations that a CUDA graph cannot hold are refused."""
    return NoHostReads


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGpu]:
    """A GPU that is computed by the CPU."""
    found = install(monkeypatch)
    monkeypatch.setattr(update_graph, "_WARM_UP", 1)  # it chooses no kernels
    with keep_arithmetic(), found:
        torch.backends.cudnn.allow_tf32 = True  # as torch begins, whatever an earlier test has left
        yield found

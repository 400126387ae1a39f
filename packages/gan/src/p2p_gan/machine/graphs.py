"""Work of a device recorded as a graph, which is launched as a whole: CUDA graphs, without one launch for each kernel.

Nothing here may know what the work computes, or run work that its caller did not hand over.
"""

import contextlib
import gc
import sys
from collections.abc import Callable
from typing import Protocol

import torch

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import first_line
from p2p_gan.machine.memory import free_bytes

DeviceWork = Callable[[], None]
_BESIDE = 2.2  # times the work's memory that has to be free: for the graph, and for the same work beside it


class GraphRecorder(Protocol):
    """Records work that always uses the same tensors, so that it can be repeated without the code that launched it."""

    def warm_up(self, work: DeviceWork, times: int) -> None:
        """Do the work so often as it is recorded later, so that nothing is allocated, chosen or loaded then."""
        ...

    def record(self, work: DeviceWork) -> DeviceWork:
        """A function that repeats all that `work` asks of the device, with the values that the tensors then have.

        Numbers that the host computes are recorded as they are. What recording itself leaves in the tensors is not
        defined. Raises RuntimeError if the work waits for the device or cannot be recorded.
        """
        ...


class CudaRecorder:
    """Records CUDA graphs on one device.

    Its graphs share a pool of memory, since none runs beside another and none leaves anything in it for the next. Each
    draws its random numbers from the device's own generator, which torch registers with every graph: a replay begins at
    the generator's seed and offset and moves it on as the work itself does. `register_generator_state` is for others.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # The stream of warm-up and recording is the same, since libraries prepare themselves for each stream.
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()
        self._needed = 0  # bytes that the work takes and gives back

    def warm_up(self, work: DeviceWork, times: int) -> None:
        """Do the work on the stream on which it is recorded."""
        torch.cuda.reset_peak_memory_stats(self._device)
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            for _ in range(times):
                work()
        current.wait_stream(self._stream)
        peak, stays = torch.cuda.max_memory_allocated(self._device), torch.cuda.memory_allocated(self._device)
        self._needed = peak - stays

    def record(self, work: DeviceWork) -> DeviceWork:
        """A function that launches the graph; the work is recorded and not done."""
        # A reference cycle may hold an earlier backward pass, whose nodes belong to another stream.
        gc.collect()
        self._refuse_without_room()
        graph = torch.cuda.CUDAGraph()
        current, handled = torch.cuda.current_stream(self._device), sys.exception()
        try:
            # Only this thread: those that load pairs or write checkpoints may allocate meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                work()
        except Exception as error:
            self._leave_failed_recording(current)
            first = _first_of(error, handled)
            if not isinstance(first, Exception):  # Ctrl-C, and not what it left behind
                raise first from None
            raise RuntimeError(first_line(first)) from error
        return graph.replay

    def _refuse_without_room(self) -> None:
        """Raise RuntimeError if memory is short: what a recording has taken that fails is lost to the process."""
        torch.cuda.empty_cache()
        free = free_bytes(self._device)
        if free < _BESIDE * self._needed:
            needed, found = (f"{each / 2**30:.1f} GiB" for each in (_BESIDE * self._needed, free))
            raise RuntimeError(f"a graph needs {needed} of memory beside an update, and {found} are free")

    def _leave_failed_recording(self, stream: torch.cuda.Stream) -> None:
        """Return to the stream, the memory and a random state that work outside a graph can use."""
        # torch stays on the graph's stream if ending the recording fails. Before 2.13 it also goes on as if it were
        # recording: memory is not given back, and its generator refuses to draw. Graphs recorded earlier do not follow
        # the new state.
        torch.cuda.set_stream(stream)
        number = torch.cuda.current_device() if self._device.index is None else self._device.index
        for name in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):  # the second until 2.7
            with contextlib.suppress(RuntimeError, AttributeError):
                getattr(torch._C, name)(number, self._pool)
        generator = torch.cuda.default_generators[number]
        generator.graphsafe_set_state(generator.clone_state())
        torch.cuda.empty_cache()


def _first_of(error: BaseException, handled: BaseException | None) -> BaseException:
    """The error with which it began: ending a recording that has failed fails too, and says nothing of the reason.

    What was `handled` when the recording began is no part of it.
    """
    while error.__context__ is not None and error.__context__ is not handled:
        error = error.__context__
    return error


def why_no_graph(device: torch.device, processes: int) -> str | None:
    """Why updates on this device are not replayed as CUDA graphs; None if they may be."""
    if device.type != "cuda":
        return f"needs a CUDA device, but this run uses {'the CPU' if device.type == 'cpu' else device.type}"
    if processes > 1:
        return "is not possible with several devices, which average their gradients in the middle of an update"
    return None


def refuse_graph(wanted: str, device: torch.device, processes: int) -> None:
    """Raise UsageError for cuda_graph=on where there are no graphs."""
    why = why_no_graph(device, processes)
    if wanted == "on" and why is not None:
        raise UsageError("cuda_graph=on", why, "Set cuda_graph=auto.", code="impossible-setting")

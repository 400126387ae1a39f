"""A GPU that is none: tensors that say they are on `cuda:0` and that the CPU computes, and what torch.cuda says of it.

Nothing here may be more lenient than a GPU: tensors of both places never meet in an operation, and what waits for the
device is counted, and refused in a recording. Speed, memory, kernels and rounding are those of the CPU.
"""

import contextlib
import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

PLACE, CPU = torch.device("cuda", 0), torch.device("cpu")
_DRAWS = ("rand", "randn", "rand_like", "native_dropout", "bernoulli", "bernoulli_", "normal_", "uniform_")
_WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "_unique2")
_SHORT_FLOATS = (torch.bfloat16, torch.float16)
_UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)  # which CUDA copies and casts, and computes nothing with
_COPIES = ("_to_copy", "copy_", "clone", "empty_like", "detach", "view", "permute", "unsqueeze", "select", "slice")
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot")  # of cuBLAS
# What torch refuses on CUDA if it shall be deterministic, of all that we could be tempted to use.
_UNREPEATABLE = (
    *("nll_loss2d_forward", "nll_loss_forward", "reflection_pad2d_backward", "_adaptive_avg_pool2d_backward"),
    *("upsample_bilinear2d_backward", "adaptive_max_pool2d_backward", "histc", "cumsum", "grid_sampler_2d_backward"),
    *("replication_pad2d_backward", "upsample_bicubic2d_backward", "bincount", "max_unpool2d", "kthvalue"),
)
_GIB = 1 << 30
_PLAIN = {int, float, bool, type(None)}
_aten: Any = torch.ops.aten
_to: Any = torch._C.TensorBase.to
_LEAVING = threading.Lock()  # held while `Tensor.to` asks for a copy elsewhere: torch's own code knows the CPU alone


class GpuTensor(torch.Tensor):
    """A tensor on the GPU; `held` has its values."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "GpuTensor":
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        made: GpuTensor = torch.Tensor._make_wrapper_subclass(cls, held.shape, device=CPU, **layout)  # type: ignore
        return made

    def __init__(self, held: Tensor) -> None:
        self.held = held

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where it says it is."""
        return PLACE

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]
        """Whether it says it is on a GPU."""
        return True

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = self.detach().clone()
        memo[id(self)] = nn.Parameter(copied, self.requires_grad) if isinstance(self, nn.Parameter) else copied
        return memo[id(self)]

    # Torch's own, which is the faster one, as long as no function has to know where the tensor says it is.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def tolist(self) -> Any:
        """As `Tensor.tolist`, which would read the values without a copy to the host."""
        return _move(self.detach(), CPU).tolist()

    def new_tensor(self, *args: Any, **kwargs: Any) -> Tensor:
        """As `Tensor.new_tensor`, which would make it on the host."""
        return torch.tensor(*args, **{"dtype": self.dtype, **kwargs}).to(PLACE)

    @classmethod
    def __torch_dispatch__(cls, func: Any, *_: Any) -> Any:
        raise AssertionError(f"{func}: the GPU is there only within `fake_gpu`, and in its thread")


def _move(value: Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
    """`Tensor.to`, which in torch's own code asks where a tensor is without Python."""
    if args and isinstance(args[0], Tensor):
        kwargs, args = {"device": args[0].device, "dtype": args[0].dtype, **kwargs}, args[1:]
    parsed: Any = torch._C._nn._parse_to(*args, **kwargs)
    device, kind, later, order = parsed
    device = value.device if device is None else device
    named = {} if order is None else {"memory_format": order}
    if device.type != value.device.type:
        with _LEAVING:
            moved: Tensor = _aten._to_copy.default(value, dtype=kind, device=device, non_blocking=later, **named)
        return moved
    if kind is None and order is None:
        return value
    same: Tensor = _to(value, dtype=kind or value.dtype, copy=copy, **named)
    return same


def held_by(value: Any) -> Any:
    """The CPU's tensor that has the values of one on the GPU; anything else as it is."""
    return value.held if isinstance(value, GpuTensor) else value


def hold(value: Any, tensors: list[Tensor]) -> Any:
    """A value with the CPU's tensors, also in lists; `tensors` gets those that it had. It takes most time."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return held_by(value)
    if isinstance(value, (list, tuple)):
        return type(value)([each if type(each) in _PLAIN else hold(each, tensors) for each in value])
    return value


def replace_tensors(change: Callable[[Tensor], Any], value: Any) -> Any:
    """A tensor, or a list with tensors, changed; anything else as it is."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, (list, tuple)):
        return type(value)([replace_tensors(change, each) for each in value])
    return value


@cache
def _new_outputs(func: Any) -> list[int]:
    return [place for place, declared in enumerate(func._schema.returns) if not declared.alias_info]


def made_by(func: Any, found: Any) -> list[Tensor]:
    """The tensors that an operation has made; one that is a view, or was written in place, has its values already."""
    outputs = [found] if len(func._schema.returns) == 1 else found
    new = [outputs[place] for place in _new_outputs(func) if outputs[place] is not None]
    return [each for output in new for each in (output if isinstance(output, (list, tuple)) else [output])]


class FakeGpu(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Computes for the GPU.

    `waits` counts what waits for the device, `launches` all its operations, both by name. `free` are the bytes that it
    says are free; a tensor of more than `most` values does not fit; with `no_engine` only
    convolutions lack memory, and cuDNN says so in its own words.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.waits: Counter[str] = Counter()
        self.launches: Counter[str] = Counter()
        self.replays = 0
        self.free, self.most = 70 * _GIB, 1 << 62
        self.no_engine = False
        self._cublas_repeats: bool | None = None  # torch asks the environment at the first product of a process
        self.seed = self.offset = 0
        self._late: list[tuple[Tensor, Tensor]] = []  # copies to the host that nobody has waited for, and their values
        self._task = -1  # the latest backward pass with tensors on the GPU
        self._tape: list[tuple[Any, Any, Any, Any]] | None = None
        self.stream: Any = SimpleNamespace(name="default", wait_stream=lambda other: None)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and the way around torch's compiler takes longer than most operations

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name, tensors = kwargs or {}, str(func.overloadpacket.__name__), list[Tensor]()
        inner, named = hold(args, tensors), {key: hold(each, tensors) for key, each in kwargs.items()}
        there = GpuTensor in map(type, tensors)
        stays = there and name == "_to_copy" and not _LEAVING.locked()
        device = torch.device(kwargs["device"]) if kwargs.get("device") is not None and not stays else None
        # What torch's own formulas of gradients make is where the gradient is, which they believe to be the CPU.
        task = torch._C._current_graph_task_id()
        self._task = task if there else self._task
        backward = task >= 0 and task == self._task
        on_gpu = there if device is None else device.type == "cuda" or backward
        if not (there or on_gpu or kwargs.get("pin_memory")):
            return func(*args, **kwargs)
        if name in ("_to_copy", "copy_"):
            if self._watch_copy(name, args, kwargs, on_gpu):
                return self._copy_later(*args[:2])
        elif there and any(type(each) is not GpuTensor and each.dim() for each in tensors):
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, but found cuda:0 and cpu")
        elif name in _WAITS or (name.startswith(("index", "_index_put")) and _has_mask(args)):
            self._wait(name)
        self._refuse(name, tensors)
        if name == "_fused_adam_" and not _lie_alike(args[:4]):
            raise RuntimeError("params, grads, exp_avgs, and exp_avg_sqs must have same dtype, device, and layout")
        self.launches[name] += 1
        pinned = named.pop("pin_memory", False)
        if name == "_to_copy":
            named.pop("non_blocking", None)
        if "device" in named:
            named["device"] = CPU
        found = self._draw(func, inner, named)
        if self._tape is not None:
            self._tape.append((func, inner, named, made_by(func, found)))
        given = {id(held_by(each)): each for each in tensors}

        def place(value: Tensor) -> Tensor:
            if id(value) in given:
                return given[id(value)]
            if pinned:
                value.pinned = True  # type: ignore[attr-defined]
            if on_gpu and value.numel() > self.most:
                self._fail_short(func)
            return GpuTensor(value) if on_gpu else value

        return replace_tensors(place, found)

    def _refuse(self, name: str, tensors: list[Tensor]) -> None:
        """Refuse what torch or a library of CUDA refuses."""
        strict, kinds = torch.are_deterministic_algorithms_enabled(), {each.dtype for each in tensors}
        if name in _PRODUCTS and self._cublas_repeats is None:
            self._cublas_repeats = os.environ.get("CUBLAS_WORKSPACE_CONFIG") in (":4096:8", ":16:8")
        if strict and name in _PRODUCTS and not self._cublas_repeats:
            raise RuntimeError("Deterministic behavior was enabled with ... set CUBLAS_WORKSPACE_CONFIG=:4096:8")
        if strict and name.startswith("scatter_add") and max(each.dim() for each in tensors) > 1:
            self._wait("scatter_add")  # until torch 2.10 or so, to which the host sent the strides
        if name not in _COPIES and not kinds.isdisjoint(_UNSIGNED):
            raise RuntimeError(f'"{name}" not implemented for UInt16')
        if name.startswith("_fft") and not kinds.isdisjoint(_SHORT_FLOATS):
            raise RuntimeError("Unsupported dtype BFloat16, or cuFFT only supports half for powers of two")
        if strict and name in _UNREPEATABLE:
            raise RuntimeError(f"{name} does not have a deterministic implementation")

    def _fail_short(self, func: Any) -> None:
        if not self.no_engine:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total ...")
        if "convolution" in str(func):
            raise RuntimeError("FIND was unable to find an engine to execute this computation")

    def _draw(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operation; random numbers follow from the device's seed and an offset that each draw moves on."""
        if func.overloadpacket.__name__ not in _DRAWS:
            return func(*args, **kwargs)
        if kwargs.get("generator") is not None:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        before = torch.default_generator.get_state()
        digest = hashlib.sha256(f"{self.seed}:{self.offset}".encode()).digest()
        torch.default_generator.manual_seed(int.from_bytes(digest[:7], "little"))
        self.offset += 4
        found = func(*args, **kwargs)
        torch.default_generator.set_state(before)
        return found

    def _watch_copy(self, name: str, args: Any, kwargs: Any, on_gpu: bool) -> bool:
        """Count a copy that is waited for; gives whether it is one to the host that is not."""
        to_gpu = isinstance(args[0], GpuTensor) if name == "copy_" else on_gpu
        value = args[1] if name == "copy_" else args[0]
        if to_gpu == isinstance(value, GpuTensor):
            return False
        later = kwargs.get("non_blocking") or (name == "copy_" and len(args) > 2 and args[2])
        memory = value if to_gpu else args[0]  # the host's, which has to be pinned
        if not later or ((name == "copy_" or to_gpu) and not getattr(memory, "pinned", False)):
            self._wait("copy")
        elif self._tape is not None:
            self._wait("copy of the host's memory")
        return bool(later) and not to_gpu and name == "copy_" and getattr(memory, "pinned", False)

    def _copy_later(self, to: Tensor, value: Tensor) -> Tensor:
        """Copy to the host's pinned memory, which holds something else until the host waits."""
        self._late.append((to, held_by(value).clone()))
        to.view(-1).view(torch.uint8).fill_(0xA5) if to.is_contiguous() else to.fill_(-1)
        return to

    def _wait(self, why: str) -> None:
        if self._tape is not None:
            raise RuntimeError(f"CUDA error: operation not permitted when stream is capturing ({why})")
        self.waits[why] += 1
        late, self._late = self._late, []
        for to, value in late:
            to.copy_(value)

    @contextlib.contextmanager
    def record(self, graph: Any, **_: Any) -> Iterator[None]:
        """As `torch.cuda.graph`: what is computed meanwhile is what a replay of `graph` computes."""
        before, self.stream = self.stream, _.get("stream")
        offset, self._tape = self.offset, []
        tape = self._tape
        try:
            yield
        finally:
            self._tape, self.offset, self.stream = None, offset, before
        graph.replay = lambda: self._repeat(tape)

    @torch.no_grad()
    def _repeat(self, tape: list[tuple[Any, Any, Any, Any]]) -> None:
        self.replays += 1
        for func, args, kwargs, made in tape:
            for old, new in zip(made, made_by(func, self._draw(func, args, kwargs)), strict=True):
                old.copy_(new)

    def random_state(self, device: Any = None) -> Tensor:
        """The seed and the offset as a GPU gives them: 16 bytes."""
        self._refuse_in_recording("get_state")
        return torch.tensor([self.seed - (1 << 64) * (self.seed >> 63), self.offset]).view(torch.uint8)

    def set_random_state(self, state: Tensor, device: Any = None) -> None:
        """Set what `random_state` gave."""
        self._refuse_in_recording("set_state")
        self.seed, self.offset = (each & (1 << 64) - 1 for each in state.clone().view(torch.int64).tolist())

    def set_seed(self, seed: int) -> None:
        """As `torch.cuda.manual_seed`."""
        self._refuse_in_recording("set_current_seed")
        self.seed, self.offset = seed & (1 << 64) - 1, 0

    def _refuse_in_recording(self, what: str) -> None:
        if self._tape is not None:
            raise RuntimeError(f"Cannot call CUDAGeneratorImpl::{what} during CUDA graph capture")

    def watch_step(self, optimizer: torch.optim.Optimizer) -> None:
        """What torch looks at before a step: only one that is `capturable` is recorded, and no other is."""
        capturable = {group["capturable"] for group in optimizer.param_groups}
        assert capturable == {self._tape is not None}, "capturable is on in a recording alone"

    @contextlib.contextmanager
    def on_stream(self, stream: Any) -> Iterator[None]:
        """As `torch.cuda.stream`."""
        before, self.stream = self.stream, stream
        yield
        self.stream = before

    def synchronize(self, device: Any = None) -> None:
        """As `torch.cuda.synchronize`."""
        self._wait("synchronize")


class FakeNccl:
    """Exchanges as NCCL makes them, between this process and another one that has the same in its tensors.

    NCCL takes tensors of the GPU that are in one piece, and gloo, of the group `control`, those of the host. `calls`
    counts both. Gradients are not exchanged: DistributedDataParallel does that in its own code.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def check(self, name: str, value: Tensor, group: str | None) -> None:
        """Refuse what the group's library would refuse."""
        self.calls[group or "nccl"] += 1
        there = isinstance(value, GpuTensor)
        if group is None and not there:
            raise RuntimeError(f"No backend type associated with device type cpu ({name} with NCCL)")
        if group is not None and there:
            raise RuntimeError(f"{name}: gloo would wait for the GPU")
        if not value.is_contiguous():
            raise ValueError("Tensors must be contiguous")

    def all_reduce(self, value: Tensor, op: Any = torch.distributed.ReduceOp.SUM, group: str | None = None) -> None:
        """As `torch.distributed.all_reduce`."""
        self.check("all_reduce", value, group)
        if op == torch.distributed.ReduceOp.SUM:
            value.mul_(2)

    def all_gather(self, found: list[Tensor], own: Tensor, group: str | None = None) -> None:
        """As `torch.distributed.all_gather`."""
        self.check("all_gather", own, group)
        for each in found:
            each.copy_(own)

    def broadcast(self, value: Tensor, source: int, group: str | None = None) -> None:
        """As `torch.distributed.broadcast`, from this process."""
        self.check("broadcast", value, group)


class NotParallel(nn.Module):
    """As DistributedDataParallel where all processes have the same gradients."""

    def __init__(self, network: nn.Module, **_: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The network's."""
        return self.network(*args, **kwargs)

    def no_sync(self) -> contextlib.nullcontext[None]:
        """Nothing is exchanged anyway."""
        return contextlib.nullcontext()


def install_nccl(patch: pytest.MonkeyPatch) -> FakeNccl:
    """Let torch exchange so with one other process, as long as the patch lasts."""
    nccl = FakeNccl()
    for name in ("all_reduce", "all_gather", "broadcast"):
        patch.setattr(torch.distributed, name, getattr(nccl, name))
    patch.setattr(torch.distributed, "get_world_size", lambda: 2)
    return nccl


def _lie_alike(lists: Any) -> bool:
    """Whether tensors at the same places of the lists have the same strides along all sides longer than 1."""
    strides = [
        [[each.stride(side) for side in range(each.dim()) if each.shape[side] > 1] for each in values]
        for values in lists
    ]
    return all(each == strides[0] for each in strides)


def _has_mask(args: Any) -> bool:
    indices = args[1] if len(args) > 1 and isinstance(args[1], (list, tuple)) else ()
    return any(isinstance(each, Tensor) and each.dtype == torch.bool for each in indices)


def _apply(module: nn.Module, function: Callable[[Tensor], Tensor], **_: bool) -> nn.Module:
    """As `Module._apply`, but that parameters are new ones where they come to the GPU."""
    for child in module.children():
        _apply(child, function)
    for name, value in module._parameters.items():
        if value is None:
            continue
        with torch.no_grad():
            applied = function(value)
        if isinstance(value, GpuTensor) and isinstance(applied, GpuTensor):
            value.data, value.held = applied, applied.held
        else:
            module._parameters[name] = nn.Parameter(applied, value.requires_grad)
    for name, buffer in module._buffers.items():
        module._buffers[name] = None if buffer is None else function(buffer)
    return module


def install(patch: pytest.MonkeyPatch) -> FakeGpu:
    """Let torch have such a GPU, as long as the patch lasts; it computes within `with` alone."""
    gpu, real_autocast = FakeGpu(), torch.autocast
    patch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # so that it is put back whatever it was
    patch.delenv("CUBLAS_WORKSPACE_CONFIG")
    by_device = torch.optim.Optimizer._group_tensors_by_device_and_dtype

    def group(lists: Any, with_indices: bool = False) -> Any:
        tensors: list[Tensor] = []
        hold(lists, tensors)
        there = GpuTensor in map(type, tensors)
        found = by_device(lists, with_indices)
        return {(PLACE if there else key[0], *key[1:]): value for key, value in found.items()}

    def pin(value: Tensor, device: Any = None) -> Tensor:
        gpu._refuse_in_recording("pin_memory")
        pinned = value.clone()
        pinned.pinned = True  # type: ignore[attr-defined]
        return pinned

    place = SimpleNamespace(clone_state=lambda: None, graphsafe_set_state=lambda state: None)
    answers: dict[str, Any] = {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_name": lambda device=None: "No GPU",
        "get_device_capability": lambda device=None: (9, 0),
        "get_arch_list": lambda: ["sm_90"],
        "mem_get_info": lambda device=None: (gpu.free, 80 * _GIB),
        "memory_reserved": lambda device=None: 0,
        "memory_allocated": lambda device=None: 0,
        "max_memory_allocated": lambda device=None: 0,
        "max_memory_reserved": lambda device=None: 0,
        "reset_peak_memory_stats": lambda device=None: None,
        "empty_cache": lambda: None,
        "synchronize": gpu.synchronize,
        "get_rng_state": gpu.random_state,
        "set_rng_state": gpu.set_random_state,
        "get_rng_state_all": lambda: [gpu.random_state()],
        "manual_seed": gpu.set_seed,
        "manual_seed_all": gpu.set_seed,
        "Stream": lambda device=None: SimpleNamespace(name="side", wait_stream=lambda other: None),
        "current_stream": lambda device=None: gpu.stream,
        "set_stream": lambda stream: setattr(gpu, "stream", stream),
        "stream": gpu.on_stream,
        "graph_pool_handle": lambda: (0, 1),
        "graph": gpu.record,
        "CUDAGraph": SimpleNamespace,
        "default_generators": (place,),
        "_lazy_init": lambda: None,
    }
    for name, answer in answers.items():
        patch.setattr(torch.cuda, name, answer)
    patch.setattr(torch._C, "_cuda_setDevice", lambda index: None, raising=False)
    patch.setattr(torch, "autocast", lambda device, *args, **named: real_autocast("cpu", *args, **named))
    patch.setattr(torch.Tensor, "pin_memory", pin)
    patch.setattr(torch.Tensor, "to", _move)
    patch.setattr(torch.Tensor, "cpu", lambda value: _move(value, CPU))
    patch.setattr(torch.optim.Optimizer, "_group_tensors_by_device_and_dtype", staticmethod(group))
    patch.setattr(nn.Module, "_apply", _apply)
    for name in (
        "_accelerator_graph_capture_health_check",
        "_cuda_graph_capture_health_check",
    ):  # the second until 2.12
        patch.setattr(torch.optim.Optimizer, name, lambda each: gpu.watch_step(each), raising=False)
    return gpu

"""Chooses what computes a model, torch, onnxruntime or OpenVINO, and loads the model for it.

Nothing here may load torch where another computes, or take a file that is not the same model.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.destination import Destination
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command
from p2p_gan.inference.apply import ApplyOptions, padded_size_seen
from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, has_onnxruntime, load_onnx_model, require_onnxruntime
from p2p_gan.inference.runtimes.openvino_runtime import has_openvino, load_openvino_model, may_compile, require_openvino
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.runtimes.trial import times_for
from p2p_gan.machine.driver import device_name, may_have_gpu
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import is_onnx, model_file, model_fingerprint, onnx_beside

if TYPE_CHECKING:
    import torch

RUNTIMES = ("auto", "torch", "onnxruntime", "openvino")
# From so many weights on OpenVINO is a little faster than onnxruntime for one picture after the other, by all cores: of
# 64 filters (54 million) a pass took 141 against 150 ms, of 16 filters 16.4 against 12.5 (benchmarks/NOTES.md).
_WIDE = 40e6
_BYTES = {"float16": 2, "int8": 1}  # of a weight


def open_model(
    path: Path | str,
    runtime: str = "auto",
    *,
    device: "torch.device | str | None" = None,
    size: Size | str | None = None,
    report: Reporter = QUIET,
) -> AnyModel:
    """Load a model: a run folder, a model file, or an ONNX file that `p2p export` wrote.

    `auto` takes onnxruntime or OpenVINO on the CPU where one is installed and the exported model lies beside the
    model's file, and is the same model in float32; else torch. Of the two it takes the faster: OpenVINO for large
    networks whose input always has one size, for it is compiled for each; `size` is that of `ApplyOptions`. `device` is
    a device of torch, `auto` (the first GPU), or None (the CPU). Raises UsageError for an impossible choice, P2PError
    where the model or the package for it is missing.
    """
    model = _open(Path(path), runtime, device, report)
    if runtime == "auto" and isinstance(model, OnnxModel) and _is_wide(model) and _has_one_size(model.card, size):
        return _in_openvino(model)
    return model


def _open(path: Path, runtime: str, wanted: "torch.device | str | None", report: Reporter) -> AnyModel:
    """The model; with `auto` an export is in onnxruntime, where that is installed."""
    device = device_name(wanted)
    if runtime not in RUNTIMES:
        to_do = f"Choose {', '.join(RUNTIMES)}."
        raise UsageError(f"runtime={runtime}", "is not possible", to_do, code="unknown-runtime")
    if runtime in ("onnxruntime", "openvino") or is_onnx(path):
        _refuse_gpu(device)
    if is_onnx(path) and path.is_file():
        if runtime == "torch":
            to_do = "Leave --runtime out, or give the run folder that it was exported from."
            raise UsageError(path, "is an ONNX file, which torch does not compute", to_do, code="other-format")
        return _load(path, runtime)
    place = model_file(path)
    if runtime in ("onnxruntime", "openvino"):
        return _open_export(place, path, runtime)
    if runtime == "auto" and _is_on_cpu(device) and _has_either() and onnx_beside(place).is_file():
        found = _open_export_if_same(place, path, report)
        if found is not None:
            return found
    return load_for_torch(place, device)


def _has_either() -> bool:
    return has_onnxruntime() or has_openvino()


def _load(path: Path, runtime: str) -> OnnxModel:
    """An ONNX file in the runtime, or in one that is installed."""
    if runtime == "openvino" or (runtime == "auto" and has_openvino() and not has_onnxruntime()):
        return load_openvino_model(path)
    return load_onnx_model(path)


def _in_openvino(model: OnnxModel) -> OnnxModel:
    """The model in OpenVINO, if that is installed."""
    is_there = model.runtime == "onnxruntime" and has_openvino()
    return load_openvino_model(model.file.path) if is_there else model


def _is_wide(model: OnnxModel) -> bool:
    return model.file.path.stat().st_size >= _WIDE * _BYTES.get(model.file.precision, 4)


def _has_one_size(card: ModelCard, size: Size | str | None) -> bool:
    """Whether the network's input has the same size for all pictures."""
    if size is not None:
        return isinstance(size, Size)
    return card.size is not None and card.fit in ("stretch", "pad")


class _RuntimeRecord(Protocol):
    @property
    def runtime(self) -> str:
        """What computed it; empty in records of versions that did not say it."""


@dataclass(frozen=True)
class ModelRequest:
    """A model for pictures that are translated as `how` says; `runtime` and `device` are those of `open_model`.

    With a `tile`, `auto` is torch, which alone computes strips. Else `auto` is settled when the pictures are known.
    """

    path: Path
    how: ApplyOptions
    runtime: str = "auto"
    device: "torch.device | str | None" = None

    def open(self, report: Reporter = QUIET) -> AnyModel:
        """The model, as `open_model` gives it, but for what is to be settled."""
        strips = self.how.tile is not None and not is_onnx(self.path)
        return _open(self.path, "torch" if self.runtime == "auto" and strips else self.runtime, self.device, report)

    def settle(
        self, model: AnyModel, sizes: Collection[Size], before: Sequence[str] = (), report: Reporter = QUIET
    ) -> AnyModel:
        """The opened model, or with `auto` the same in what suits the pictures that are left better.

        `sizes` are those of what is still to be made, one for each output. `before` are the runtimes that made what is
        there, that of the most files first: it goes on, so that a folder is of one runtime if possible; others are
        noted.

        Else it is torch, which computes in strips, if a picture is too large for one pass, and OpenVINO for many
        pictures of one size, if it was measured to be the faster for this model on this machine, which is noted.
        """
        first = next(iter(before), None)
        if self.runtime == "auto" and isinstance(model, OnnxModel):
            seen = {padded_size_seen(model.card, size, self.how) for size in set(sizes)}
            if is_too_large(model, sizes, self.how) or first == "torch":
                model = model if is_onnx(self.path) else load_for_torch(model_file(self.path), self.device)
            elif len(seen) <= 1 and first != "onnxruntime":  # OpenVINO is compiled for each size
                model = _in_openvino(model) if first == "openvino" else _in_the_faster(model, seen, len(sizes), report)
        now = runtime_of(model)
        if others := " and ".join(sorted({*before} - {now})):
            there = "some of what is there" if now in before else "what is there"
            report.note(f"{now} computes, but {there} was computed by {others}: the same to within 1 of 255.")
        return model

    def settle_for_rest(
        self,
        model: AnyModel,
        files: Mapping[str, Size | None],
        destination: Destination,
        old: Iterable[_RuntimeRecord],
        report: Reporter,
    ) -> AnyModel:
        """`settle` for those of the files, with the sizes of their pictures, that a destination does not hold yet.

        `old` are the records of what it holds; those of a call that was interrupted are read from it. Where all is
        there, the model is left as it is.
        """
        left = [size for file, size in files.items() if not destination.holds(file)]
        if not left:
            return model
        counts = Counter(each.runtime for each in old)
        counts.update(str(each.get("runtime")) for each in destination.done.values())
        before = [name for name, _ in counts.most_common() if name in RUNTIMES]
        return self.settle(model, [size for size in left if size is not None], before, report)


def runtime_of(model: AnyModel) -> str:
    """What computes a model: torch, onnxruntime or openvino."""
    return model.runtime if isinstance(model, OnnxModel) else "torch"


def _in_the_faster(model: OnnxModel, sizes: Collection[Size], pictures: int, report: Reporter) -> OnnxModel:
    """The model in OpenVINO, if that was measured to be the faster for so many pictures of one size."""
    if not sizes or model.runtime != "onnxruntime" or not has_openvino():
        return model
    load = cache(lambda: _in_openvino(model))  # compiling takes seconds, and once is enough
    passes = times_for(model, load, next(iter(sizes)), pictures)
    if passes is None or not passes.openvino_is_faster:
        return model
    took = f"{passes.openvino:.3g} ms of a core, in onnxruntime {passes.onnxruntime:.3g}"
    report.note(f"openvino computes, as the faster for this model here: a pass takes {took}.")
    return load()


def is_too_large(model: AnyModel, sizes: Collection[Size], how: ApplyOptions) -> bool:
    """Whether a picture needs more memory than a pass may have, so that only torch translates it, in strips."""
    if not isinstance(model, OnnxModel):
        return False
    return max((pass_bytes(model, size, how) for size in set(sizes)), default=0) > budget_of()


def pass_bytes(model: OnnxModel, size: Size, how: ApplyOptions) -> int:
    """About the memory of one pass for a picture of this size."""
    return model.needs(padded_size_seen(model.card, size, how))


def open_in_fork(model: OnnxModel, report: Reporter) -> OnnxModel:
    """The model for a process that was forked, where threads that are not in it may hold what it had.

    Where OpenVINO cannot compute, onnxruntime does, if that is installed, which is noted.
    """
    if model.runtime != "openvino" or may_compile():
        return replace(model, sessions=deepcopy(model.sessions))
    if not has_onnxruntime():
        return model  # says why, when it is to compute
    report.note(f"{model.file.path}: onnxruntime computes in a process that was forked after OpenVINO computed.")
    return load_onnx_model(model.file.path)


def load_for_torch(path: Path, device: "torch.device | str | None") -> AnyModel:
    """The model in torch, on the device."""
    from p2p_gan.machine.device import resolve_device
    from p2p_gan.machine.threads import limit_threads
    from p2p_gan.models.model import read_model

    limit_threads()
    return read_model(path, None if device is None else resolve_device(device))


def _is_on_cpu(device: str | None) -> bool:
    """Whether torch would compute on the CPU, as far as it is known without torch."""
    return device in (None, "cpu") or (device == "auto" and not may_have_gpu())


def _refuse_gpu(device: str | None) -> None:
    if device not in ("auto", "cpu", None):
        to_do = "Choose cpu or auto, or --runtime torch with the run folder."
        raise UsageError(
            f"device={device}", "is not where onnxruntime and openvino compute", to_do, code="unknown-device"
        )


def _open_export(place: Path, path: Path, runtime: str) -> OnnxModel:
    """The exported model beside a model's file; raises P2PError if there is none, or if it is of another state."""
    beside = onnx_beside(place)
    require = require_openvino if runtime == "openvino" else require_onnxruntime
    require(f"{path} with --runtime {runtime}")
    if not beside.is_file():
        what, to_do = f"has no {beside.name} beside it", f"Run {_export_command(path)} first."
        raise P2PError(place, what, to_do, code="missing-model")
    model = _load(beside, runtime)
    if model.file.origin != model_fingerprint(place):
        raise _of_another_state(beside, place, path)
    return model


def _open_export_if_same(place: Path, path: Path, report: Reporter) -> OnnxModel | None:
    """The exported model beside a model's file, if nothing speaks against it; what does is noted."""
    beside = onnx_beside(place)
    try:
        model = _load(beside, "auto")
        if model.file.origin != model_fingerprint(place):
            raise _of_another_state(beside, place, path)
        if model.file.precision == "float32":
            return model
    except P2PError as error:
        report.note(f"{error} Torch is used.")
    return None


def _of_another_state(beside: Path, place: Path, path: Path) -> P2PError:
    what, to_do = f"was exported from another state of {place.name}", f"Run {_export_command(path)} again."
    return P2PError(beside, what, to_do, code="stale-export")


def _export_command(path: Path) -> str:
    return p2p_command("export --format onnx", path)

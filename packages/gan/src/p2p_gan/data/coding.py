"""Encodes the pixels of a half for the networks and decodes them: values in -1..1, or one channel for each class.

Nothing here may resize, crop or read files, or load torch for arrays; decoding returns what was encoded exactly, as far
as float32 can hold it.
"""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.rearrange import as_bytes, join_channels, split_channels

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Kind = Literal["values", "classes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_MOST_CHANNELS = 64
# These hold more digits than float32, so they are scaled to -1..1 before they become float32.
_WIDE = ("int32", "uint32", "float64")


@dataclass(frozen=True)
class Coding:
    """How a half is encoded: `channels` in the network; `dtype` and `range` (low, high) are those of its pixels.

    Values: `range` is mapped to -1..1 linearly (8-bit: x / 127.5 - 1, as in Isola et al. 2017, code). Integers of up to
    16 bits are decoded exactly, others to about 2^-22 of the range. Classes: pixels are class indices, uint8, 255 where
    ignored; in the network they are one-hot over the palette's classes, and all 0 where ignored.
    """

    kind: Kind
    channels: int
    dtype: str
    range: tuple[float, float]

    def encode(self, pixels: Array) -> NDArray[np.float32]:
        """Pixels (n, h, w[, c]) to float32 (n, channels, h, w), the same values as those of `to_tensor`."""
        if self.kind == "classes":
            classes = np.arange(self.channels, dtype=np.uint8)[:, None, None]
            return np.asarray((pixels[:, None] == classes).astype(np.float32))
        moved = pixels[:, None] if pixels.ndim == 3 else split_channels(pixels)
        if self.dtype in _WIDE:
            return (moved.astype(np.float64) / self._half - self._offset).astype(np.float32)
        values = moved.astype(np.float32)
        values /= np.float32(self._half)
        values -= np.float32(self._offset)
        return values

    def decode(self, values: NDArray[np.float32]) -> Array:
        """Float32 (n, channels, h, w) to pixels, the same as those of `to_array`."""
        if self.kind == "classes":
            return np.asarray(values.argmax(axis=1).astype(np.uint8))
        precise = np.float64 if self.dtype in _WIDE else np.float32
        scaled: NDArray[Any] = values + precise(self._offset)
        scaled *= precise(self._half)
        if self.dtype == "uint8":
            return as_bytes(scaled)[:, 0] if self.channels == 1 else join_channels(as_bytes(scaled))
        if np.dtype(self.dtype).kind != "f":
            limits = np.iinfo(self.dtype)
            scaled = np.clip(np.rint(scaled, out=scaled), limits.min, limits.max, out=scaled)
        pixels = scaled.astype(self.dtype)
        return pixels[:, 0] if self.channels == 1 else join_channels(pixels)

    def to_tensor(
        self,
        pixels: "Array | Tensor",
        device: "torch.device | None" = None,
        memory_format: "torch.memory_format | None" = None,
    ) -> "Tensor":
        """Pixels (n, h, w[, c]) to float32 (n, channels, h, w), on the device.

        In memory they lie as `memory_format` says, by default channels last, and on a GPU by channels: a convolution of
        CUDA takes the order of the weights but where the picture is channels last, of which Apple's GPUs have read
        parts wrongly (pytorch's issues 180984 and 174345).

        Values are in -1..1, classes are 0 or 1. Pixels that are on the device already have integers of up to 16 bits or
        float32.
        """
        import torch

        on_gpu = device is not None and device.type != "cpu"
        memory_format = memory_format or (torch.contiguous_format if on_gpu else torch.channels_last)
        if self.kind == "classes":
            return self._one_hot(send_pixels(pixels, device), memory_format)
        pixels = pixels[..., None] if pixels.ndim == 3 else pixels
        if self.dtype in _WIDE:
            assert isinstance(pixels, np.ndarray), "they are scaled before they are sent"
            pixels = (pixels.astype(np.float64) / self._half - self._offset).astype(np.float32)
        if isinstance(pixels, np.ndarray) and device is not None and device.type == "mps" and pixels.dtype != np.uint8:
            pixels = pixels.astype(np.float32)  # Metal has few kinds of integers
        moved = send_pixels(pixels, device).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
        if self.dtype in _WIDE:
            return moved
        return moved.to(torch.float32, copy=True).div_(self._half).sub_(self._offset)

    def to_array(self, values: "Tensor") -> Array:
        """(n, channels, h, w) to pixels (n, h, w[, c]): the nearest values, or the most likely classes (n, h, w)."""
        import torch

        if self.kind == "classes":
            return values.argmax(dim=1).to(torch.uint8).cpu().numpy()
        moved = values.detach().permute(0, 2, 3, 1)
        if self.dtype in _WIDE:
            moved = moved.cpu().double()
        pixels = _to_type(moved.to(torch.promote_types(moved.dtype, torch.float32)), self)
        return np.ascontiguousarray(pixels[..., 0] if self.channels == 1 else pixels)

    @property
    def _half(self) -> float:
        """Half the width of the range, which is mapped to 1."""
        return (self.range[1] - self.range[0]) / 2 or 1.0

    @property
    def _offset(self) -> float:
        """The middle of the range, in units of half its width."""
        return (self.range[0] + self.range[1]) / 2 / self._half

    def _one_hot(self, indices: "Tensor", memory_format: "torch.memory_format") -> "Tensor":
        import torch

        # A row for each index that a byte can hold; looking it up takes half the time of comparing with each class.
        rows = torch.zeros(256, self.channels, device=indices.device)
        rows.diagonal().fill_(1)
        found = rows.index_select(0, indices.reshape(-1).int()).view(*indices.shape, self.channels)
        return found.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)


def send_pixels(pixels: "Array | Tensor", device: "torch.device | None") -> "Tensor":
    """An array as a tensor on the device; a GPU takes it when its turn comes, and nobody waits for that.

    Where the system lets no more memory be pinned, as Windows and Linux within it may, the host waits.
    """
    import torch

    if not isinstance(pixels, np.ndarray):
        return pixels.to(device)
    tensor = torch.from_numpy(np.ascontiguousarray(pixels))
    if device is None or device.type != "cuda":
        return tensor.to(device)
    with contextlib.suppress(RuntimeError):
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def _to_type(values: "Tensor", coding: Coding) -> NDArray[np.generic]:
    """Map -1..1 to the range and type of the coding; integers are rounded and clipped to their type."""
    import torch

    scaled = values.add(coding._offset).mul(coding._half)
    if np.dtype(coding.dtype).kind == "f":
        return np.asarray(scaled.cpu().numpy().astype(coding.dtype))
    limits = np.iinfo(coding.dtype)
    whole = scaled.round().clamp(limits.min, limits.max)
    if coding.dtype == "uint8":  # a quarter of the bytes to copy from the device
        return np.asarray(whole.to(torch.uint8).cpu().numpy())
    return np.asarray(whole.cpu().numpy().astype(coding.dtype))


@dataclass(frozen=True)
class CodedHalf:
    """A half as a network sees it: what it is, how it is coded, and the palette of its classes, if it has one."""

    half: Half
    coding: Coding
    palette: Palette | None


def coding_of(half: Half, palette: Palette | None, as_: str, *, field: str = "classes") -> Coding:
    """The coding of a half, `as_` values or classes; raises UsageError for classes if the half has none.

    Raises P2PError if it has more channels than networks accept. `field` is the name of the setting in the error.
    """
    if not 1 <= half.channels <= _MOST_CHANNELS:
        what = f"has {half.channels} channels, but networks accept 1 to {_MOST_CHANNELS}"
        to_do = "Select some of the channels and pair again."
        raise P2PError(f"half {half.name}", what, to_do, code="too-many-channels")
    if as_ == "values":
        return Coding("values", half.channels, half.dtype, half.range)
    if half.kind != "mask" or half.dtype != "uint8" or half.channels not in (1, 3):
        what = f"the half {half.name} is a {half.kind}, and only masks have classes"
        raise UsageError(f"{field}={as_}", what, f"Set {field}=values.", code="unfit-setting")
    if palette is None:
        what = f"the half {half.name} has no palette, which defines the classes"
        to_do = f"Set {field}=values, or pair a mask folder, which has a palette."
        raise UsageError(f"{field}={as_}", what, to_do, code="unfit-setting")
    return Coding("classes", len(palette.classes), "uint8", (0.0, float(len(palette.classes) - 1)))


def pixels_to_tensor(
    pixels: "Array | Tensor",
    coding: Coding,
    palette: Palette | None,
    device: "torch.device | None" = None,
    memory_format: "torch.memory_format | None" = None,
) -> "Tensor":
    """Pixels (n, h, w, c) as float32 (n, channels, h, w) on the device, in memory as for `Coding.to_tensor`.

    With a `palette` the pixels are class indices (n, h, w, 1); a `coding` of values converts them to colours.
    """
    if palette is None:
        return coding.to_tensor(pixels, device, memory_format)
    indices = pixels[..., 0]
    if coding.kind == "classes":
        return coding.to_tensor(indices, device, memory_format)
    colors = palette.colors()[:, : coding.channels]
    if not isinstance(indices, np.ndarray):
        chosen = send_pixels(colors, device).index_select(0, indices.reshape(-1).int())
        return coding.to_tensor(chosen.view(*indices.shape, -1), device, memory_format)
    return coding.to_tensor(np.take(colors, indices, axis=0), device, memory_format)

"""The training pairs, decoded and kept in memory or in a temporary file, and the batches made from them.

Nothing here may know networks or losses; a batch follows from the seed and the positions of its pairs.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import or_
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import PairFolder, has_shards
from p2p_datatools.contract.palette import IGNORE, Palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.rearrange import mirror_into
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.data.buffer import BufferForm, Pixels, room_for, sizes_array
from p2p_gan.data.coding import Coding, pixels_to_tensor, send_pixels
from p2p_gan.data.order import Draw, PairOrder, crop_around_rare, crop_of, light_of, position_random, rarity
from p2p_gan.data.read import on_all_cores, read_kept
from p2p_gan.data.resident import ResidentPixels, is_movable, move_to, place_crops
from p2p_gan.data.sizing import Sizing, sizing_of
from p2p_gan.data.stream import refuse_unstreamed, stream_pairs
from p2p_gan.data.task import Task, refuse_unfit


@dataclass(frozen=True)
class Batch:
    """Pairs on the device: input `a` and target `b`, (n, channels, h, w), values in -1..1 or classes one-hot.

    `ignored` (n, 1, h, w) marks pixels that no loss uses. `classes` (n, h, w) int64 are the class indices of the mask
    half if it has a palette, -1 where a pixel has no class. `factor` multiplies the losses of a part of a batch, so
    that the mean over all parts is the loss of the whole batch. `parts` are the pieces of which gradients are computed
    one after the other, where that is not done for all pairs at once.
    """

    a: Tensor
    b: Tensor
    ignored: Tensor | None = None
    classes: Tensor | None = None
    factor: float = 1.0
    parts: tuple["Part", ...] = ()

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors that it has, by the names of their fields."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}


class Part(NamedTuple):
    """A piece of a batch: the number of its `pairs`, the factor of its losses, and the weight of each pair in norms."""

    pairs: int
    factor: float
    weight: float = 1.0


@dataclass(frozen=True)
class KeptHalf:
    """One half of all pairs: its stored pixels and their coding for the networks.

    With a `palette` the pixels are stored as class indices with any coding, a third of the bytes of colours.
    """

    pixels: Pixels
    coding: Coding
    palette: Palette | None = None

    def to_tensor(self, pixels: Array | Tensor, device: torch.device, memory_format: torch.memory_format) -> Tensor:
        """Crops (n, height, width, channels) of the half as float32 (n, channels, height, width) on the device."""
        return pixels_to_tensor(pixels, self.coding, self.palette, device, memory_format)


def _cut(pixels: Pixels, draws: Sequence[Draw], seen: tuple[int, int]) -> Array:
    """The crops of these draws, mirrored if drawn so: (n, height, width, channels)."""
    height, width = seen
    crops = np.empty((len(draws), height, width, pixels.channels), pixels.dtype)
    for crop, draw in zip(crops, draws, strict=True):
        source = pixels.crop(draw.pair, draw.top, draw.left, height, width)
        if draw.mirrored:
            mirror_into(crop, source)
        else:
            crop[...] = source
    return crops


@dataclass(frozen=True)
class PairDataset:
    """Decoded pairs from which batches are made, with the same crop and mirroring for both halves of a pair.

    `seen` (n, 2) are height and width of the networks' input for each pair. `areas` (n, classes) count the pixels of
    each class of the mask half, None without a mask with a palette; `ignores` says whether any mask ignores a pixel.
    `gaps` are 1 where a half has no data (`read_gaps`), else 0; None if all pairs have data everywhere. Code
    that makes batches faster may rely on this: the pixels of a loaded data set never change; `draw` depends on the seed
    and the position alone, and a batch on its draws.
    """

    input: KeptHalf
    output: KeptHalf
    order: PairOrder
    seen: NDArray[np.int64]
    config: Config
    areas: NDArray[np.uint32] | None = None
    ignores: bool = False
    gaps: Pixels | None = None
    _moved: dict[torch.device, list[ResidentPixels] | None] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.seen)

    def with_batch(self, batch: int) -> "PairDataset":
        """The same pairs in batches of another size."""
        return replace(
            self, order=self.order.of(batch * self.config.accumulate), config=replace(self.config, batch=batch)
        )

    def positions(self, first: int, most: int) -> range:
        """The positions of the next batch after `first` images: at most `most`, all pairs of one shape."""
        return self.order.positions(first, most)

    def batch(
        self, positions: Sequence[int], device: torch.device, memory_format: torch.memory_format = torch.channels_last
    ) -> Batch:
        """The pairs at these positions (of one shape), cropped, mirrored and colour-jittered, on the device.

        In memory they lie as `memory_format` says, which should be that of the networks.
        """
        draws = [self.draw(position) for position in positions]
        seen = self._seen_size(draws[0].pair)
        assert all(self._seen_size(draw.pair) == seen for draw in draws), "a batch is of one shape"
        a, b, gaps = self._crops(draws, seen, device)
        x = self.input.to_tensor(a, device, memory_format)
        if self.config.color_jitter:
            x = relit(x, [light_of(self.config.seed, each, self.config.color_jitter) for each in positions])
        classes = None
        if self.areas is not None:
            labels = send_pixels((b if self.output.palette else a)[..., 0], device)
            classes = torch.where(labels == IGNORE, -1, labels.long())
        where = [] if gaps is None else [gaps[..., 0] > 0]
        if self.ignores:
            where += [mask[..., 0] == IGNORE for mask, kept in ((a, self.input), (b, self.output)) if kept.palette]
        ignored = send_pixels(reduce(or_, where)[:, None], device) if where else None
        return Batch(x, self.output.to_tensor(b, device, memory_format), ignored, classes)

    def _crops(
        self, draws: Sequence[Draw], seen: tuple[int, int], device: torch.device
    ) -> tuple[Array | Tensor, Array | Tensor, Array | Tensor | None]:
        """The pixels of input, output and gaps for these draws: (n, height, width, channels) each."""
        resident = self._resident(device)
        crops: list[Array] | list[Tensor]
        if resident is None:
            self.input.pixels.prepare([draw.pair for draw in draws])
            crops = [_cut(each, draws, seen) for each in self._kept]
        else:
            places = place_crops(self.input.pixels, draws, seen, device)
            crops = [each.gather(places) for each in resident]
        return crops[0], crops[1], crops[2] if len(crops) > 2 else None

    @property
    def _kept(self) -> list[Pixels]:
        return [each for each in (self.input.pixels, self.output.pixels, self.gaps) if each is not None]

    def _resident(self, device: torch.device) -> list[ResidentPixels] | None:
        """All pixels on the device, if they are wanted there."""
        if device not in self._moved:
            self._moved[device] = None
            if is_movable(self._kept, device):
                with suppress(torch.OutOfMemoryError):
                    self._moved[device] = move_to(self._kept, device)
        return self._moved[device]

    def draw(self, position: int) -> Draw:
        """The pair, crop and mirroring at a position, the same for both halves (appendix 6.2: jitter and mirror)."""
        index = self.order.index(position)
        random = position_random(self.config.seed, position)
        kept, seen = self.input.pixels.sizes[index].tolist(), self._seen_size(index)
        top, left = crop_of(random, kept, seen)
        mirrored = self.config.mirror and bool(random.random() < 0.5)
        if self.config.rare_class_crops and random.random() < self.config.rare_class_crops:
            top, left = self._around_rare(index, random, seen) or (top, left)
        return Draw(index, top, left, mirrored)

    @cached_property
    def rarity(self) -> NDArray[np.float64]:
        """The weight of each class of the mask half when a crop is placed around a class."""
        assert self.areas is not None
        return rarity(self.areas)

    def _seen_size(self, index: int) -> tuple[int, int]:
        height, width = self.seen[index].tolist()
        return height, width

    def _around_rare(self, index: int, random: np.random.Generator, seen: tuple[int, int]) -> tuple[int, int] | None:
        assert self.areas is not None
        half = self.output if self.output.palette else self.input
        weights = np.where(self.areas[index] > 0, self.rarity, 0.0)
        return crop_around_rare(random, half.pixels[index][..., 0], weights, seen)


def relit(values: Tensor, factors: Sequence[NDArray[np.float32]]) -> Tensor:
    """Photos (n, c, h, w) in -1..1 with brightness, contrast and saturation (of colours) multiplied by `factors`.

    `factors` are arrays (3,), one for each photo. Brightness and contrast act on 0..1, contrast around the picture's
    mean, saturation around each pixel's grey (ITU-R BT.601); values outside -1..1 are clipped.
    """
    brightness, contrast, saturation = send_pixels(np.stack(factors), values.device).T[..., None, None, None]
    light = (values + 1) / 2 * brightness
    mean = light.mean(dim=(1, 2, 3), keepdim=True)
    light = (light - mean) * contrast + mean
    if light.shape[1] == 3:
        parts = send_pixels(np.array((0.299, 0.587, 0.114), np.float32), values.device).view(1, 3, 1, 1)
        grey = (light * parts).sum(dim=1, keepdim=True)
        light = (light - grey) * saturation + grey
    whole: Tensor = light.clamp(0, 1) * 2 - 1
    return whole


def load_dataset(
    folder: PairFolder, task: Task, config: Config, *, near: Path | None = None, report: Reporter = QUIET
) -> PairDataset:
    """Decode the training pairs once, verify them, and bring them to the size that they are kept at.

    They are kept in memory or, if larger than `config.cache_gib`, in a temporary file beside `near`. Raises
    P2PError for the first picture, by name, that is damaged or differs from the manifest, or if the disk has not enough
    space; UsageError for a setting that these halves do not support.
    """
    refuse_unfit(task, config)
    traits = traits_of(folder.of("train"))
    sizings, has_gaps = [sizing_of(each.size, config) for each in traits], any(each.has_nodata for each in traits)
    palettes = [task.palette_of(half) for half in (task.input, task.output)]
    forms = [
        BufferForm(1 if palette else half.channels, half.dtype)
        for half, palette in zip((task.input, task.output), palettes, strict=True)
    ]
    if has_gaps:
        forms.append(BufferForm(1, "uint8"))
    kept, counts = _decode(folder, task, config, sizings, forms, near, report)
    input_half, output_half = (
        KeptHalf(pixels, coding, palette)
        for pixels, coding, palette in zip(kept[:2], task.codings, palettes, strict=True)
    )
    seen = sizes_array([each.seen for each in sizings])
    shapes = np.unique(seen, axis=0, return_inverse=True)[1].reshape(-1)
    return PairDataset(
        input_half,
        output_half,
        PairOrder(config.seed, shapes, config.update_pairs),
        seen,
        config,
        areas=counts[:, 1 if palettes[1] else 0, :-1] if any(palettes) else None,
        ignores=any(palettes) and bool(counts[..., -1].any()),
        gaps=kept[2] if has_gaps else None,
    )


def _decode(
    folder: PairFolder,
    task: Task,
    config: Config,
    sizings: Sequence[Sizing],
    forms: Sequence[BufferForm],
    near: Path | None,
    report: Reporter,
) -> tuple[Sequence[Pixels], NDArray[np.uint32]]:
    """(the pixels of the training pairs in each form, the counts that `_fill` makes); of a tar, decoded as drawn."""
    pairs = folder.of("train")
    counts = np.zeros((len(pairs), 2, (len(task.palette.classes) if task.palette else 0) + 1), np.uint32)
    try:
        kept = room_for([each.kept for each in sizings], forms, memory=config.cache_gib, near=near)
    except P2PError as error:
        if error.code != "no-space" or not has_shards(folder.path):
            raise
        refuse_unstreamed(config)
        counts[:, :, -1] = [[pair.shard.ignored if pair.shard else 0] for pair in pairs]
        report.note(
            f"{folder.path}: neither memory nor disk holds the decoded pairs, so each is read from its shard whenever "
            "it is drawn: the same batches, at the speed of decoding."
        )
        return stream_pairs(folder, pairs, task, sizings, forms, config), counts
    _fill(folder, pairs, task, sizings, kept, counts, report)
    return kept, counts


def _fill(
    folder: PairFolder,
    pairs: Sequence[Pair],
    task: Task,
    sizings: Sequence[Sizing],
    kept: Sequence[Pixels],
    counts: NDArray[np.uint32],
    report: Reporter,
) -> None:
    """Decode each pair into the two halves that are `kept`, and where it has no data into a third one, if there is any.

    `counts` (n, 2, classes + 1) receives the pixels of each mask by class, the last those ignored.
    """
    number, has_gaps = counts.shape[2] - 1, len(kept) > 2
    masks = [task.palette_of(half) is not None for half in (task.input, task.output)]

    def one(index: int, pair: Pair) -> None:
        pictures = read_kept(folder, pair, task, sizings[index], gaps=has_gaps)
        for pixels, picture in zip(kept, pictures, strict=True):
            pixels.write(index, picture)
        for side in np.flatnonzero(masks):
            areas = np.bincount(pictures[side].ravel(), minlength=IGNORE + 1)
            counts[index, side] = (*areas[:number], areas[IGNORE])

    for _ in report.track(on_all_cores(one, pairs, folder), "reading pairs", len(pairs)):
        pass

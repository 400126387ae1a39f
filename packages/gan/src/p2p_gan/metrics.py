"""Scores of generated pictures against real ones, from pixels in 0..255.

Nothing here may make pictures or know files; a score is a number with its unit in its docstring.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from p2p_datatools.contract.images import LabelMap, Photo


def l1(first: Photo, second: Photo) -> float:
    """Mean absolute difference, in 0..1."""
    return float(np.abs(first.astype(np.int16) - second.astype(np.int16)).mean() / 255)


def ssim(first: Photo, second: Photo) -> float:
    """Structural similarity (Wang et al. 2004; 7x7 windows, mean over channels), 1 for equal pictures."""
    return float(structural_similarity(first, second, channel_axis=2, data_range=255))  # type: ignore[no-untyped-call]


def mean_picture(pictures: Iterable[Photo]) -> Photo:
    """The pixel-wise mean of pictures of one size: the best guess of who has not seen the input."""
    total: NDArray[np.int64] | None = None
    count = 0
    for picture in pictures:
        total = picture.astype(np.int64) if total is None else total + picture
        count += 1
    assert total is not None, "a mean needs at least one picture"
    return np.round(total / count).astype(np.uint8)


def class_color_errors(
    fakes: Sequence[Photo], reals: Sequence[Photo], labels: Sequence[LabelMap], names: Sequence[str]
) -> dict[str, float]:
    """For each class, how far the mean colour of its pixels lies from the real one's, in 0..1.

    The difference is the mean over channels of each picture's absolute difference of mean colours, averaged over the
    pictures that have the class; classes that no picture has are left out.
    """
    errors: dict[str, list[float]] = {}
    for fake, real, label in zip(fakes, reals, labels, strict=True):
        for index, name in enumerate(names):
            inside = label == index
            if inside.any():
                difference = fake[inside].mean(axis=0) - real[inside].mean(axis=0)
                errors.setdefault(name, []).append(float(np.abs(difference).mean() / 255))
    return {name: float(np.mean(values)) for name, values in errors.items()}

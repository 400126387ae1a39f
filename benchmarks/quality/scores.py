"""The scores of one run picture by picture, as arrays, so that they can be added up with any weights of the pictures.

Nothing here may train or judge a picture: what `p2p evaluate` recorded of each pair is added up, and KID beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.kid import Kernels, Values
from p2p_datatools.contract.files.atomic import read_lines
from p2p_gan.evaluation.packed import add_sparse

LIGHTS = "lights"
_CHANNELS = ("L", "a", "b")
_BINS = 221  # enough for each channel of Lab

# The scores with their names in tables, and whether more is better.
SCORES = {
    "l1": ("L1", False),
    "ssim": ("SSIM", True),
    "colours": ("colours", True),
    "variety": ("variety", True),
    "mean_iou": ("mean IoU", True),
    "lights_iou": ("lights' IoU", True),
    "kid": ("KID", False),
}


@dataclass(frozen=True)
class PictureScores:
    """What is known of each picture of a run, in the order of `names`, which is that of all runs on the same pairs.

    `confusions` and `real_confusions` (pictures, classes, classes) count pixels by true and by found class, `colors`
    (2, 3, pictures, bins) those of the generated and the real photo in L, a and b.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    l1: Values
    ssim: Values
    variety: Values
    confusions: Values
    real_confusions: Values
    colors: Values
    kernels: Kernels

    def weigh(self, weights: Values) -> dict[str, Values]:
        """Each score (draws,) with weights (draws, pictures), such as how many times a bootstrap drew each picture."""
        shares = weights / weights.sum(axis=1, keepdims=True)
        found = {"l1": shares @ self.l1, "ssim": shares @ self.ssim, "variety": shares @ self.variety}
        ious = _class_ious(self.confusions, weights)
        found["colours"] = _intersect(self.colors, weights)
        found["mean_iou"] = np.nanmean(ious, axis=1)
        if LIGHTS in self.classes:
            found["lights_iou"] = ious[:, self.classes.index(LIGHTS)]
        found["kid"] = self.kernels.weigh(weights, weights)
        return {name: found[name] for name in SCORES if name in found}

    def real_ious(self) -> dict[str, float]:
        """The IoU of each class that the segmenter reaches on the real photos."""
        found = _class_ious(self.real_confusions, np.ones((1, len(self.names))))[0]
        return {name: float(value) for name, value in zip(self.classes, found, strict=True) if not np.isnan(value)}


def read_scores(folder: Path, classes: tuple[str, ...], kernels: Kernels) -> PictureScores:
    """The scores that `evaluate_into` wrote; pairs are in the order of their names there."""
    records: list[dict[str, Any]] = read_lines(folder / "records.jsonl")
    lines, counts = [each["line"] for each in records], [each["counts"] for each in records]
    side = len(classes)
    return PictureScores(
        names=tuple(each["name"] for each in records),
        classes=classes,
        l1=np.array([line["l1"] for line in lines]),
        ssim=np.array([line["ssim"] for line in lines]),
        variety=np.array([line["pairwise_l1"] for line in lines]),
        confusions=_dense([each["judged"] for each in counts], (side, side)),
        real_confusions=_dense([each["judged_real"] for each in counts], (side, side)),
        colors=np.stack(
            [
                [_dense([each["colors"][which][channel] for each in counts], (_BINS,)) for channel in _CHANNELS]
                for which in (0, 1)
            ]
        ),
        kernels=kernels,
    )


def _dense(sparse: Sequence[Any], shape: tuple[int, ...]) -> Values:
    found: NDArray[np.int64] = np.zeros((len(sparse), *shape), dtype=np.int64)
    for counts, each in zip(found, sparse, strict=True):
        add_sparse(counts, each)
    return found.astype(np.float64)


def _class_ious(confusions: Values, weights: Values) -> Values:
    """The IoU (draws, classes) over the pixels of all pictures, NaN for a class that no true mask has."""
    counts = np.tensordot(weights, confusions, axes=1)
    right, true, found = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(true > 0, right / (true + found - right), np.nan))


def _intersect(colors: Values, weights: Values) -> Values:
    """The intersection (draws,) of the histograms of generated and real colours, a mean of L, a and b."""
    counts = np.einsum("dn,wcnb->wcdb", weights, colors)
    shares = counts / counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.minimum(shares[0], shares[1]).sum(axis=-1).mean(axis=0))

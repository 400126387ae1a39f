"""KID, the kernel distance of two sets of pictures by features that a network gives them (Binkowski et al. 2018).

Nothing here may know pictures or networks; which features these are, and what the distance is called, is the caller's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError

Features = NDArray[np.float32] | NDArray[np.float64]
_Values = NDArray[np.float64]
KID_BLOCK = 5_000  # pictures whose kernels are computed with each other; more are split, because time grows squared
_ROWS = 1_024  # of a block's kernel matrix at once


@dataclass(frozen=True)
class KidEstimate:
    """The unbiased estimate of the squared distance: for alike sets 0 on average, and so at times below 0.

    `std` is the standard deviation of the estimate by the jackknife, None below 3 pictures; `real` and `fake` are the
    numbers of pictures. The paper's tables often show the value times 100 or 1,000.
    """

    value: float
    std: float | None
    real: int
    fake: int


@dataclass(frozen=True)
class KidParts:
    """A distance and the part of each picture in its uncertainty: the variance is the sum of the squared `deviations`.

    `deviations` is None where there are too few pictures for it. For pairs the difference of two distances has, as its
    variance, the sum of the squared differences of their deviations.
    """

    value: float
    deviations: _Values | None


def estimate_kid(real: Features, fake: Features, *, paired: bool = False, block: int = KID_BLOCK) -> KidEstimate:
    """The unbiased MMD^2 with the kernel (x.y / dimensions + 1)^3 between features (pictures, dimensions) of two sets.

    With `paired` row i of both is of one pair, so that its pictures depend on each other: the standard deviation then
    leaves out both at once. Sets of more than `block` pictures are split into parts of that size, always alike, whose
    distances are averaged. Raises UsageError for fewer than two pictures, and for features that do not fit together.
    """
    parts = kid_parts(real, fake, paired=paired, block=block)
    deviations = parts.deviations
    std = None if deviations is None else float(np.sqrt((deviations**2).sum()))
    return KidEstimate(parts.value, std, len(real), len(fake))


def kid_parts(real: Features, fake: Features, *, paired: bool, block: int = KID_BLOCK) -> KidParts:
    """`estimate_kid` with the part that each picture has in its uncertainty; of pairs in their order."""
    _refuse_unfit_features(real, fake, paired=paired)
    number = -(-max(len(real), len(fake)) // block)
    number = min(number, len(real) // 2, len(fake) // 2)  # two pictures in each part
    order = np.random.default_rng(0).permutation
    places = order(len(real)), None if paired else order(len(fake))
    own = np.array_split(places[0], number)
    other = own if places[1] is None else np.array_split(places[1], number)
    found = [_block_parts(real[i], fake[j], paired=paired) for i, j in zip(own, other, strict=True)]
    value = float(np.mean([part.value for part in found]))
    known = [part.deviations / number for part in found if part.deviations is not None]
    if len(known) < number:
        return KidParts(value, None)
    deviations = np.concatenate(known)
    if paired:
        deviations[np.concatenate(own)] = deviations.copy()
    return KidParts(value, deviations)


def _block_parts(real: Features, fake: Features, *, paired: bool) -> KidParts:
    m, n = len(real), len(fake)
    within, within_fake = (_kernel_sums(each, each) - _self_kernels(each, each) for each in (real, fake))
    across, across_fake = _kernel_sums(real, fake), _kernel_sums(fake, real)
    reals, fakes, both = within.sum(), within_fake.sum(), across.sum()
    value = float(reals / (m * (m - 1)) + fakes / (n * (n - 1)) - 2 * both / (m * n))
    if min(m, n) < 3:
        return KidParts(value, None)
    # The distance without each picture, or without each pair.
    fewer, fewer_fake = (m - 1) * (m - 2), (n - 1) * (n - 2)
    if paired:
        rest = both - across - across_fake + _self_kernels(real, fake)
        without = (reals - 2 * within) / fewer + (fakes - 2 * within_fake) / fewer - 2 * rest / (m - 1) ** 2
        return KidParts(value, _deviations(without))
    without = (reals - 2 * within) / fewer - 2 * (both - across) / ((m - 1) * n)
    without_fake = (fakes - 2 * within_fake) / fewer_fake - 2 * (both - across_fake) / (m * (n - 1))
    return KidParts(value, np.concatenate([_deviations(without), _deviations(without_fake)]))


def _deviations(without: _Values) -> _Values:
    return np.asarray(np.sqrt((len(without) - 1) / len(without)) * (without - without.mean()))


def _kernel_sums(first: Features, second: Features) -> _Values:
    """For each row of `first` the sum of its kernels with all rows of `second`."""
    others = second.astype(np.float64).T
    sums = [
        ((first[top : top + _ROWS].astype(np.float64) @ others / first.shape[1] + 1) ** 3).sum(axis=1)
        for top in range(0, len(first), _ROWS)
    ]
    return np.concatenate(sums)


def _self_kernels(first: Features, second: Features) -> _Values:
    """The kernel of each row of `first` with the same row of `second`."""
    products = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    return np.asarray((products / first.shape[1] + 1) ** 3)


def _refuse_unfit_features(real: Features, fake: Features, *, paired: bool) -> None:
    shapes = f"{real.shape} and {fake.shape}"
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1] or (paired and len(real) != len(fake)):
        to_do = "Give (pictures, dimensions) with as many dimensions, for pairs with as many pictures."
        raise UsageError("features", f"have the shapes {shapes}, which do not fit together", to_do, code="other-shape")
    if min(len(real), len(fake)) < 2:
        what = f"have the shapes {shapes}, but a distance needs two pictures of each set"
        raise UsageError("features", what, "Give more pictures.", code="too-few-pictures")

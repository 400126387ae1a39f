"""KID (Binkowski et al. 2018) with a weight for each picture, so that it can be bootstrapped without new kernels.

Nothing here may know pictures or networks.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class Kernels:
    """The kernels (x.y / dimensions + 1)^3 of real and generated pictures; features are (pictures, dimensions)."""

    def __init__(self, real: Values, fake: Values) -> None:
        self._within = [_kernels(each, each) for each in (real, fake)]
        for kernels in self._within:
            np.fill_diagonal(kernels, 0.0)  # a picture is not compared with itself
        self._across = _kernels(real, fake)

    def kid(self) -> float:
        """The unbiased estimate of the squared MMD."""
        return float(self.weigh(*(np.ones((1, side)) for side in self._across.shape))[0])

    def weigh(self, real: Values, fake: Values) -> Values:
        """The estimate (draws,) with weights (draws, pictures), such as how many times a bootstrap drew each picture.

        A picture that was drawn twice is not compared with itself, as its own kernel would bias the estimate.
        """
        within = [
            ((weights @ kernels) * weights).sum(axis=1) / (weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1))
            for weights, kernels in zip((real, fake), self._within, strict=True)
        ]
        across = ((real @ self._across) * fake).sum(axis=1) / (real.sum(axis=1) * fake.sum(axis=1))
        return np.asarray(within[0] + within[1] - 2 * across)


def _kernels(first: Values, second: Values) -> Values:
    return np.asarray((first.astype(np.float64) @ second.astype(np.float64).T / first.shape[1] + 1) ** 3)

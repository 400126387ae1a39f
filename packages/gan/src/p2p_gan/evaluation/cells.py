"""Pictures of any size as the means of 8 x 8 cells, in which the pictures of a set can be compared with each other.

Nothing here may depend on the size of a picture, or count pixels that a score leaves out.
"""

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.arrays import Array
from p2p_gan.evaluation.metrics import PixelMask, Range, range_width

CELLS = 8  # along each side


def cell_means(picture: Array, values: Range, counted: PixelMask | None = None) -> NDArray[np.float32]:
    """The mean of each cell's pixels as a share of the range, (cells, cells, channels); NaN if no pixel counts.

    A side of fewer pixels than cells leaves some cells empty, the same for all pictures of that size.
    """
    pixels = picture.reshape(*picture.shape[:2], -1)
    means = np.full((CELLS, CELLS, pixels.shape[2]), np.nan, dtype=np.float32)
    rows, columns = (np.linspace(0, side, CELLS + 1).round().astype(int) for side in pixels.shape[:2])
    for row in range(CELLS):
        for column in range(CELLS):
            place = slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])
            inside = pixels[place].reshape(-1, pixels.shape[2]) if counted is None else pixels[place][counted[place]]
            if len(inside):
                means[row, column] = (inside.mean(axis=0, dtype=np.float64) - values[0]) / range_width(values)
    return means


def spread_over_pictures(
    number: NDArray[np.float64], total: NDArray[np.float64], squares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much pictures differ: the standard deviation of a cell, mean over cells, for each of several weightings.

    Of each cell (cells, weightings) come the weight of the pictures with it, and the weighted sums of its values and of
    their squares. The result (weightings) is NaN where no cell has a weight.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares / number - (total / number) ** 2
    known = number > 0
    deviations = np.sqrt(np.maximum(0.0, np.where(known, variance, 0.0)))
    with np.errstate(invalid="ignore"):
        return np.asarray(deviations.sum(axis=0) / known.sum(axis=0))

"""The studio: one plain ground, the same behind every car.

It may depend on the size of the picture and on nothing else.
"""

import numpy as np

from p2p_datatools.synth.canvas import View
from p2p_datatools.synth.looks import colour

_STOPS = ((0.0, "#c3c8ce"), (0.22, "#d3d7db"), (0.34, "#e6e8ea"), (0.60, "#eef0f1"), (1.0, "#dfe3e8"))


def paint_studio(view: View) -> None:
    """Cover the whole board, from floor (bottom) over the bend to the wall (top)."""
    height = view.y / (view.y[0, 0] + view.y[-1, 0])
    places = [place for place, _ in _STOPS]
    table = np.array([colour(text) for _, text in _STOPS])
    view.rgb[:] = np.stack([np.interp(height, places, table[:, band]) for band in range(3)])

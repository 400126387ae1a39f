"""A computed from B: edges, grey, holes and more, each operation a frozen value of its settings.

Nothing here may draw a random number that does not follow from the seed and a picture's name.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.derivations.build import DeriveSummary, derive
    from p2p_datatools.derivations.color import lab_to_rgb
    from p2p_datatools.derivations.operations import (
        OPERATIONS,
        Blur,
        Downscale,
        Edges,
        GeneratedColors,
        Gray,
        Holes,
        Lab,
        Operation,
        Sketch,
    )
else:
    __getattr__, __dir__ = open_door(
        __name__,
        build="DeriveSummary derive",
        color="lab_to_rgb",
        operations="OPERATIONS Blur Downscale Edges GeneratedColors Gray Holes Lab Operation Sketch",
    )

__all__ = [
    "OPERATIONS",
    "Blur",
    "DeriveSummary",
    "Downscale",
    "Edges",
    "GeneratedColors",
    "Gray",
    "Holes",
    "Lab",
    "Operation",
    "Sketch",
    "derive",
    "lab_to_rgb",
]

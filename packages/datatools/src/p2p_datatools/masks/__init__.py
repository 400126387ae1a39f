"""Labels are turned into a mask folder: mapping labels to classes, painting, snapping of colours, palettes.

Nothing here may read a label file itself or know what a pair is.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.masks.build import MaskSummary, PaintOptions, build_masks
    from p2p_datatools.masks.class_mapping import parse_mapping
    from p2p_datatools.masks.snap import SnapOptions
else:
    __getattr__, __dir__ = open_door(
        __name__,
        build="PaintOptions MaskSummary build_masks",
        class_mapping="parse_mapping",
        snap="SnapOptions",
    )

__all__ = ["MaskSummary", "PaintOptions", "SnapOptions", "build_masks", "parse_mapping"]

"""Labels are turned into a mask folder: mapping labels to classes, painting, snapping of colours, palettes.

Nothing here may read a label file itself or know what a pair is.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.masks.build import MaskSummary, PaintOptions, SnapOptions, build_masks
    from p2p_datatools.masks.class_mapping import parse_mapping
else:
    __getattr__, __dir__ = open_door(
        __name__, build="PaintOptions MaskSummary SnapOptions build_masks", class_mapping="parse_mapping"
    )

__all__ = ["MaskSummary", "PaintOptions", "SnapOptions", "build_masks", "parse_mapping"]

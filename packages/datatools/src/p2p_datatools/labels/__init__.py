"""Label files are read into values: regions of a picture, or a picture of class numbers; one module per format.

Nothing here may paint a mask or know a palette's colours.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.labels.label_files import FileForm, Format, PlaceForm
    from p2p_datatools.labels.read import FORMATS, format_names, read_labels
    from p2p_datatools.labels.values import (
        ColorLabels,
        IndexLabels,
        LabelSet,
        Polygon,
        Region,
        RegionFault,
        RegionLabels,
        Runs,
        SegmentLabels,
    )
else:
    __getattr__, __dir__ = open_door(
        __name__,
        label_files="FileForm Format PlaceForm",
        read="FORMATS format_names read_labels",
        values="ColorLabels IndexLabels LabelSet Polygon Region RegionFault RegionLabels Runs SegmentLabels",
    )

__all__ = [
    "FORMATS",
    "ColorLabels",
    "FileForm",
    "Format",
    "IndexLabels",
    "LabelSet",
    "PlaceForm",
    "Polygon",
    "Region",
    "RegionFault",
    "RegionLabels",
    "Runs",
    "SegmentLabels",
    "format_names",
    "read_labels",
]

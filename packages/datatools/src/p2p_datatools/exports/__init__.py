"""Masks and pairs are written in the formats of other tools and libraries, so that nobody is locked in.

Nothing here may change a pixel: what is written comes back as the same mask, or the same pair.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.exports.build import MaskExportSummary, export_masks
    from p2p_datatools.exports.pair_formats import PAIR_FORMATS
    from p2p_datatools.exports.pairs import PairExportSummary, export_pairs
    from p2p_datatools.exports.table import EXPORT_FORMATS, export_names
else:
    __getattr__, __dir__ = open_door(
        __name__,
        build="MaskExportSummary export_masks",
        pair_formats="PAIR_FORMATS",
        pairs="PairExportSummary export_pairs",
        table="EXPORT_FORMATS export_names",
    )

__all__ = [
    "EXPORT_FORMATS",
    "PAIR_FORMATS",
    "MaskExportSummary",
    "PairExportSummary",
    "export_masks",
    "export_names",
    "export_pairs",
]

"""Makes and checks data sets of pictures and masks for pix2pix.

It may never know what a network is, print, or load a library when it is itself imported.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.checks import check, compare
    from p2p_datatools.contract import load_palette
    from p2p_datatools.derivations import derive
    from p2p_datatools.exports import export_masks, export_pairs
    from p2p_datatools.masks import build_masks
    from p2p_datatools.pairs import merge, pair, take_apart
    from p2p_datatools.repairs import repair
    from p2p_datatools.sheets import contact_sheet
    from p2p_datatools.sources import fetch
    from p2p_datatools.splits import split
    from p2p_datatools.statistics import compute_statistics
else:
    __getattr__, __dir__ = open_door(
        __name__,
        checks="check compare",
        contract="load_palette",
        derivations="derive",
        exports="export_masks export_pairs",
        masks="build_masks",
        pairs="merge pair take_apart",
        repairs="repair",
        sheets="contact_sheet",
        sources="fetch",
        splits="split",
        statistics="compute_statistics",
    )

__all__ = [
    "build_masks",
    "check",
    "compare",
    "compute_statistics",
    "contact_sheet",
    "derive",
    "export_masks",
    "export_pairs",
    "fetch",
    "load_palette",
    "merge",
    "pair",
    "repair",
    "split",
    "take_apart",
]

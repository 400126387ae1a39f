"""Which pair goes where: exact shares drawn from a seed, groups undivided, carried out durably.

Nothing here may change a pixel, or read one except to identify pictures.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.splits.apply import SplitSummary, split
else:
    __getattr__, __dir__ = open_door(__name__, apply="SplitSummary split")

__all__ = ["SplitSummary", "split"]

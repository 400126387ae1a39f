"""Worn masks become exact ones: blends, pinholes, islands and wrong sizes are repaired, and each change is recorded.

Nothing here may change a file that is given, read a label file or guess a class from anything but the mask itself.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.repairs.build import RepairOptions, RepairSummary, repair
    from p2p_datatools.repairs.record import RepairLine
else:
    __getattr__, __dir__ = open_door(__name__, build="RepairOptions RepairSummary repair", record="RepairLine")

__all__ = ["RepairLine", "RepairOptions", "RepairSummary", "repair"]

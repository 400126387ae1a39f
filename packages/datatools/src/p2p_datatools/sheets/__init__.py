"""Contact sheets, layouts and plots: pictures for people to look at.

Nothing here may be read back as data.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.sheets.contact import SheetOptions, contact_sheet
    from p2p_datatools.sheets.plots import draw_bars, draw_curves
else:
    __getattr__, __dir__ = open_door(__name__, contact="SheetOptions contact_sheet", plots="draw_bars draw_curves")

__all__ = ["SheetOptions", "contact_sheet", "draw_bars", "draw_curves"]

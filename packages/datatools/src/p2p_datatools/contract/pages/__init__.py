"""The parts that pages are made of: text, tables, pictures, curves, their style and their script, in one file.

Nothing here may know what a page is about, or refer to a font, a script or a picture outside the page.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.pages.curves import draw_panels
    from p2p_datatools.contract.pages.elements import assemble_page
else:
    __getattr__, __dir__ = open_door(__name__, curves="draw_panels", elements="assemble_page")

__all__ = ["assemble_page", "draw_panels"]

"""Which pictures show nearly the same: copies, crops, mirror images, frames of one walk, found among many.

Nothing here may write a file that stays, or decide what becomes of pictures that are alike.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.likeness.find import Link, find_links
    from p2p_datatools.likeness.signature import PictureSignature, describe
else:
    __getattr__, __dir__ = open_door(__name__, find="Link find_links", signature="PictureSignature describe")

__all__ = ["Link", "PictureSignature", "describe", "find_links"]

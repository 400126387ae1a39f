"""Pictures of few flat colours that were blurred, resized or compressed: which colour each pixel had before.

Nothing here may write a file, or decide what a mask is for.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.pictures.worn.reading import WornMask, read_worn_mask
    from p2p_datatools.contract.pictures.worn.snap import Snapper
else:
    __getattr__, __dir__ = open_door(__name__, reading="WornMask read_worn_mask", snap="Snapper")

__all__ = ["Snapper", "WornMask", "read_worn_mask"]

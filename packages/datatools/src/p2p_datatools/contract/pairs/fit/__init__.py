"""Whether the halves of pairs belong together: each to its partner, in its place, the way round and in its colours.

Nothing here may change a pair, or refuse one: what is doubtful is told.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.pairs.fit.halves import HalvesFit, note_misfits
else:
    __getattr__, __dir__ = open_door(__name__, halves="HalvesFit note_misfits")

__all__ = ["HalvesFit", "note_misfits"]

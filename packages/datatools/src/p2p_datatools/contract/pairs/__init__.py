"""The pair folder between making and training: its manifest, its lines, and the halves of one pair.

Nothing here may choose which pictures become a pair.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.pairs.halves import StoredHalves, read_halves
    from p2p_datatools.contract.pairs.lines import Pair
    from p2p_datatools.contract.pairs.manifest import (
        SPLITS,
        UNSPLIT,
        Half,
        HalfPart,
        PairFolder,
        read_manifest,
        write_manifest,
    )
    from p2p_datatools.contract.pairs.opening import open_pairs, read_foreign
else:
    __getattr__, __dir__ = open_door(
        __name__,
        halves="StoredHalves read_halves",
        lines="Pair",
        manifest="SPLITS UNSPLIT Half HalfPart PairFolder read_manifest write_manifest",
        opening="open_pairs read_foreign",
    )

__all__ = [
    "SPLITS",
    "UNSPLIT",
    "Half",
    "HalfPart",
    "Pair",
    "PairFolder",
    "StoredHalves",
    "open_pairs",
    "read_foreign",
    "read_halves",
    "read_manifest",
    "write_manifest",
]

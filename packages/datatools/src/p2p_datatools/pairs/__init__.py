"""A and B are joined into a pair folder: matching, sizes, assembling, sharding and merging, and taking pairs apart.

Nothing here may change what a picture shows, or choose splits.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.pairs.build import PairOptions, PairSummary, pair
    from p2p_datatools.pairs.disassemble import HalvesSummary, take_apart
    from p2p_datatools.pairs.shards import MergeSummary, Shard, merge, parse_shard
else:
    __getattr__, __dir__ = open_door(
        __name__,
        build="PairSummary PairOptions pair",
        disassemble="HalvesSummary take_apart",
        shards="MergeSummary Shard merge parse_shard",
    )

__all__ = [
    "HalvesSummary",
    "MergeSummary",
    "PairOptions",
    "PairSummary",
    "Shard",
    "merge",
    "pair",
    "parse_shard",
    "take_apart",
]

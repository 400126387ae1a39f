"""What a data set consists of, in figures: classes, sizes, colours and brightness, for each split.

Nothing here may judge a picture as right or wrong, or write a file; a picture that cannot be read is left out and told.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.statistics.collect import compute_statistics
    from p2p_datatools.statistics.values import (
        Brightness,
        ChannelStatistics,
        ClassStatistics,
        DataStatistics,
        FormStatistics,
        HalfStatistics,
        NamedPicture,
        ShapeCount,
        SizeCount,
        SizeStatistics,
        SplitStatistics,
    )
else:
    __getattr__, __dir__ = open_door(
        __name__,
        collect="compute_statistics",
        values=(
            "Brightness ChannelStatistics ClassStatistics DataStatistics FormStatistics HalfStatistics NamedPicture "
            "ShapeCount SizeCount SizeStatistics SplitStatistics"
        ),
    )

__all__ = [
    "Brightness",
    "ChannelStatistics",
    "ClassStatistics",
    "DataStatistics",
    "FormStatistics",
    "HalfStatistics",
    "NamedPicture",
    "ShapeCount",
    "SizeCount",
    "SizeStatistics",
    "SplitStatistics",
    "compute_statistics",
]

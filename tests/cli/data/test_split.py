"""What `p2p data split` says of near-twins in training: of how many pictures, in a random split and now."""

import pytest

from p2p_cli.data.split import leak_line
from p2p_datatools.splits.groups import LeakCount


@pytest.mark.parametrize(
    ("leaks", "line"),
    [
        (
            LeakCount("test", 25, 25, 9, 0, 0),
            "by chance 9 of 25 pictures would have had a near-twin in training; now 0",
        ),
        (
            LeakCount("val", 0, 24, 24, 0, 0),
            "by chance 24 of 24 pictures would have had a near-twin in training; now 0 of 0",
        ),
        (LeakCount("val", 3, 3, 0, 0, 0), ""),
    ],
)
def test_near_twins_are_told_of_as_many_pictures_as_each_split_has(leaks: LeakCount, line: str) -> None:
    assert leak_line(leaks) == (f"{leaks.split}: {line}" if line else "")

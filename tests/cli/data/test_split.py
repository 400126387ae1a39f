"""What `p2p data split` says of near-twins in training, in a random split and now, and of shares for training."""

from pathlib import Path

import pytest

from p2p_cli import app
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


@pytest.mark.parametrize("words", [["--train", "0.8"], ["--train=0.7"], ["--train"], ["--val=0.2", "--train", "0.8"]])
def test_a_share_for_training_is_answered_with_the_shares_that_leave_it(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["data", "split", str(tmp_path), *words]) == 2
    assert "--val 0.1 --test 0.1 leave 0.8." in capsys.readouterr().err


def test_the_help_says_which_shares_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["data", "split", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("0<=x<1") == 2
    assert "None" not in shown

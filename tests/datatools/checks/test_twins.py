"""What links between pictures mean for a folder of pairs: leaks, a walk that was cut, or pictures of one kind."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from p2p_datatools.checks import twins
from p2p_datatools.checks.twins import PairTwins
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET
from p2p_datatools.likeness.find import Link
from p2p_datatools.likeness.pairs import NOTHING

TWINS = [Link(0, 1, "twin", 0.9)]
WALK = [Link(place, place + 1, "twin", 0.9, sequence=True) for place in range(3)]


@pytest.mark.parametrize(
    ("splits", "links", "found"),
    [
        (["train", "val"], TWINS, [("near-leak", "error")]),
        (["train", "train"], TWINS, [("near-duplicate", "hint")]),
        (["val", "train"], [Link(0, 1, "neighbour")], [("neighbour-leak", "warning")]),
        (["val", "test"], [Link(0, 1, "neighbour")], []),
        (["train", "all"], [Link(0, 1, "neighbour")], []),
        # Four pictures, each nearly the next: a walk, of which only the end is beside training pairs.
        (
            ["train", "val", "val", "val"] + ["train"] * 4,
            WALK,
            [("near-duplicate", "hint"), ("neighbour-leak", "warning")],
        ),
        (["train", "val", "train", "val"], WALK, [("alike-throughout", "warning")]),
        (["train", "val", "val"] + ["train"] * 4, WALK[:2], [("near-leak", "error"), ("near-duplicate", "hint")]),
    ],
)
def test_a_link_is_a_leak_by_its_kind_the_splits_and_how_many_hang_together(
    splits: Sequence[str], links: list[Link], found: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = tuple(
        Pair(f"p{place}", f"{split}/p{place}.png", split, Size(8, 8), "") for place, split in enumerate(splits)
    )
    folder = PairFolder(Path("pairs"), Half("mask", "mask"), Half("photo", "photo"), None, pairs)
    monkeypatch.setattr(twins, "find_links", lambda *_, **__: links)
    assert [(each.code, each.severity) for each in PairTwins(folder).findings(QUIET)] == found


def test_pairs_of_equal_pixels_are_told_of_by_another_part_of_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = tuple(Pair(split, f"{split}/a.png", split, Size(8, 8), "") for split in ("train", "val"))
    kept = PairTwins(PairFolder(Path("pairs"), Half("mask", "mask"), Half("photo", "photo"), None, pairs))
    monkeypatch.setattr(twins, "find_links", lambda *_, **__: TWINS)
    for place in range(2):
        kept.add(place, NOTHING, "the same")
    assert list(kept.findings(QUIET)) == []

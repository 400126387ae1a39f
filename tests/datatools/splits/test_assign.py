"""Shares: rounding by the digits one wrote, and groups that come as near to a share as whole groups can."""

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET
from p2p_datatools.splits.assign import assign, closest, groups_by, round_half_up

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize(("count", "share", "expected"), [(50, 0.29, 15), (15, 0.1, 2), (4, 0.1, 0), (5, 0.1, 1)])
def test_half_a_pair_rounds_up_by_the_digits_one_wrote(count: int, share: float, expected: int) -> None:
    assert round_half_up(count, share) == expected


def test_no_other_choice_of_groups_comes_nearer() -> None:
    draw = random.Random(0)
    for _ in range(300):
        sizes = [draw.randint(1, 12) for _ in range(draw.randint(1, 9))]
        need = draw.randint(1, 30)
        sums = {sum(some) for count in range(len(sizes) + 1) for some in itertools.combinations(sizes, count)}
        nearest = min(sums, key=lambda total: (abs(total - need), total))
        assert sum(sizes[index] for index in closest(sizes, need)) == nearest


def test_pairs_that_stand_alone_are_taken_in_their_order() -> None:
    assert closest([1] * 10, 3) == [0, 1, 2]
    assert closest([1] * 10, 0) == closest([1] * 10, -2) == []
    assert closest([5000, *[1] * 20_000], 9_000) == [0, *range(1, 4001)]


def test_hundreds_of_thousands_of_groups_are_divided_exactly_and_soon() -> None:
    draw = random.Random(1)
    sizes = [draw.randint(1, 30) for _ in range(60_000)]
    taken = closest(sizes, sum(sizes) // 10)
    assert sum(sizes[index] for index in taken) == sum(sizes) // 10
    assert len(set(taken)) == len(taken)


def test_a_group_that_is_far_too_large_goes_to_no_share() -> None:
    assert closest([900], 100) == []
    assert closest([150], 100) == [0]


def test_groups_that_are_too_large_do_not_keep_one_that_fits_from_being_seen() -> None:
    assert closest([5] * 4000 + [2], 2) == [4000]


def test_who_goes_to_the_test_does_not_change_when_val_does() -> None:
    pairs = [Pair(str(number), f"all/{number}.png", "all", Size(1, 1), "") for number in range(100)]
    groups = groups_by("none", [pair.name for pair in pairs], QUIET)
    chosen = [assign(pairs, groups, {"val": val, "test": 10}, 0) for val in (5, 20)]
    tests = [{name for name, split in each.items() if split == "test"} for each in chosen]
    assert tests[0] == tests[1]
    assert len(tests[0]) == 10


def test_an_optional_group_that_is_empty_stands_alone(refused: "Refused") -> None:
    assert groups_by(r"(walk\d)?", ["walk1-a", "x"], QUIET) == {"walk1-a": "walk1", "x": None}
    with refused("no-match", "group-by b", usage=True):
        groups_by("b", ["a"], QUIET)


def test_a_name_and_a_group_of_one_word_are_drawn_in_the_same_order_on_every_day() -> None:
    for number in range(20):
        names = (word := f"w{number}", f"{word}_1")
        pairs = [Pair(name, f"all/{name}.png", "all", Size(1, 1), "") for name in names]
        groups = groups_by("(.+)_1", names, QUIET)
        assert assign(pairs, groups, {"val": 0, "test": 1}, 0) == {word: "train", f"{word}_1": "test"}

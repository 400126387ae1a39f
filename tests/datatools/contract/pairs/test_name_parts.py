"""A split that divides what names call patients, slides or scenes says so, with the command that does not."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pairs.name_parts import note_divided_parts
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.splits.assign import groups_by

if TYPE_CHECKING:
    from conftest import Notes

SHARES = {"val": 0.1, "test": 0.2}
SPLITS = ("train", "train", "val", "train", "test")


def divide(names: list[str], notes: "Notes") -> str:
    """The note about pairs of these names that have the splits in turn; empty if there is none."""
    pairs = [Pair(name, f"{name}.png", SPLITS[n % len(SPLITS)], Size(8, 8), "") for n, name in enumerate(names)]
    half = Half("a", "photo", 3, "uint8", (0, 255))
    note_divided_parts(PairFolder(Path("pairs"), half, half, None, pairs, {}), SHARES, notes)
    return "".join(notes.lines)


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("patient{:03}_slice_{}", "patient000"),
        ("2M19080{}_{}", "2M190800"),
        ("Breast_MRI_{:03}-{}", "Breast_MRI_000"),
        ("p{}/T1/{}", "p0"),
        ("GOPR{:04}_07.{}", "GOPR0000"),
        ("{split}/2M19080{}_{}", "2M190800"),
        ("kaggle_3m/TCGA_CS_494{}_19960909/slice_{}", "TCGA_CS_4940"),  # LGG MRI, in the folder of its archive
    ],
)
def test_the_command_that_is_offered_groups_by_the_part_that_is_named(pattern: str, first: str, notes: "Notes") -> None:
    split = ("train", "val", "test")
    names = [pattern.format(part, n, split=split[n % 3]) for part in range(5) for n in range(6)]
    said = divide(names, notes)
    assert f"5 parts, such as {first}, and 5 of these have" in said
    words = shlex.split(said[said.index("p2p data split") :])
    assert words[3:8] == ["--again", "--test", "0.2", "--val", "0.1"]
    groups = groups_by(words[words.index("--group-by") + 1], names, notes)
    assert len(set(groups.values())) == 5
    assert groups[names[0]] == first


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:04}" for number in range(40)],
        [f"IMG_{number:04}" for number in range(40)],
        [f"{kind}/{number}" for kind in ("cat", "dog", "cow", "hen") for number in range(10)],  # classes
        [f"aachen_{number:06}_000019" for number in range(40)],
        [f"s{part}_{number}" for part in range(2) for number in range(20)],  # too few to be parted
        [f"train/p{part}_{number}" for part in range(5) for number in range(8)],
        [f"{number}_{number + 1}" for number in range(40)],
        [],
    ],
)
def test_names_that_say_no_parts_are_left_alone(names: list[str], notes: "Notes") -> None:
    assert divide(names, notes) == ""


def test_parts_that_are_whole_in_one_split_need_no_note(notes: "Notes") -> None:
    names = [f"p{number % len(SPLITS)}_{number}" for number in range(40)]
    assert divide(names, notes) == ""

"""Pairs read from the manifest's lines as they are asked for: like a list of them, in a hundredth of its memory."""

import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import OpenLines, write_lines
from p2p_datatools.contract.pairs.lines import (
    NamedPairs,
    Pair,
    PairLines,
    PairTraits,
    by_name,
    hash_pairs,
    in_order,
    pair_from_json,
    traits_of,
)
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from conftest import Refused


def pairs(count: int) -> list[Pair]:
    splits = ("train", "train", "val")
    return [
        Pair(f"{n:05}", f"all/{n:05}.png", splits[n % 3], Size(4, 4), f"{n:064}", None, {"a": f"{n}.png"})
        for n in range(count)
    ]


def write(path: Path, made: list[Pair]) -> Path:
    write_lines(path, (pair.to_json() for pair in made))
    return path


def test_lines_are_a_sequence_of_their_pairs(tmp_path: Path) -> None:
    made = pairs(10)
    lines = PairLines(write(tmp_path / "lines", made))
    assert len(lines) == 10
    assert (lines[0], lines[-1], list(lines[2:8:3])) == (made[0], made[9], made[2:8:3])
    assert (list(lines), list(reversed(lines))) == (made, made[::-1])
    assert lines == made
    assert lines != made[:9]
    assert lines != [*made[:9], made[0]]
    with pytest.raises(IndexError):
        lines[10]


def test_lines_in_any_order_are_pairs_in_the_order_of_names(tmp_path: Path) -> None:
    made = pairs(10)
    mixed = PairLines(write(tmp_path / "lines", made[5:] + made[:5]))
    assert mixed == made
    assert mixed.of("val") == made[2::3]
    assert in_order(mixed) is mixed
    assert in_order(made[::-1]) == made


def test_traits_of_lines_are_those_of_their_pairs_without_reading_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pairs(10)
    made[3], made[4] = replace(made[3], size=Size(6, 2), nodata="ab"), replace(made[4], hash="")
    mixed = PairLines(write(tmp_path / "lines", made[5:] + made[:5]))
    monkeypatch.setattr(OpenLines, "each", lambda *_, **__: pytest.fail("a line was read"))
    assert list(traits_of(mixed)) == list(traits_of(made))
    assert list(traits_of(mixed.of("val"))) == list(traits_of(made[2::3]))
    assert traits_of(mixed)[3] == PairTraits("train", Size(6, 2), is_hashed=True, has_nodata=True)
    assert not traits_of(mixed)[4].is_hashed


def test_a_split_is_those_of_its_pairs_and_an_unknown_one_is_empty(tmp_path: Path) -> None:
    made = pairs(10)
    lines = PairLines(write(tmp_path / "lines", made))
    assert lines.of("val") == made[2::3]
    assert not lines.of("test")
    assert lines.splits == ("train", "val")
    assert lines.of("val").splits == ("val",)
    assert not PairLines(write(tmp_path / "none", []))


def test_lines_stay_readable_when_their_file_is_replaced(tmp_path: Path) -> None:
    made = pairs(3)
    lines = PairLines(write(tmp_path / "lines", made))
    write(tmp_path / "lines", made[:1])
    assert lines == made


@pytest.mark.parametrize(("old", "new"), [('"val"', '"dev"'), ("[4, 4]", "[2, 4]")])
def test_a_line_that_is_changed_in_place_to_another_split_or_size_is_noticed(
    old: str, new: str, tmp_path: Path, refused: "Refused"
) -> None:
    path = write(tmp_path / "lines", pairs(3))
    lines, text = PairLines(path), path.read_text()
    path.write_text(text.replace(old, new))  # the file that is held open
    assert text != path.read_text()
    with refused("changed-in-use", path):
        hash_pairs(lines)
    with refused("changed-in-use", path):
        assert lines[2]


def test_threads_read_without_mixing_lines_up(tmp_path: Path) -> None:
    made = pairs(600)
    lines = PairLines(write(tmp_path / "lines", made))
    wrong: list[int] = []

    def read(start: int) -> None:
        wrong.extend(n for n in range(start, 600, 4) if lines[n] != made[n])

    threads = [threading.Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_pair_more_costs_few_bytes(tmp_path: Path) -> None:
    write(tmp_path / "lines", pairs(2_000))
    tracemalloc.start()
    try:
        lines = PairLines(tmp_path / "lines")
        assert sum(1 for _ in lines) == 2_000
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 100 * 2_000


def test_pairs_are_found_and_made_by_name() -> None:
    made = pairs(5)
    named = by_name(made)
    assert dict(named) == {pair.name: pair for pair in made}
    assert "00009" not in named
    assert list(NamedPairs(["00003", "00001"], named.__getitem__)) == [made[1], made[3]]
    assert list(NamedPairs(["00003", "00001"], named.__getitem__)[:1]) == [made[1]]


@pytest.mark.parametrize("file", ["/x.png", "../x.png", "all/../../x.png", ".."])
@pytest.mark.parametrize("field", ["name", "file", "split"])
def test_a_pair_outside_the_folder_is_refused(file: str, field: str, refused: "Refused") -> None:
    with refused("path-leads-out", "here"):
        pair_from_json(pairs(1)[0].to_json() | {field: file}, "here")


@pytest.mark.parametrize(
    "sources",
    [{"a_sha256": 2.5}, {"a_sha256": None}, {"a": ["x"]}, {"filled": "many"}, {"filled": f"a 1 b {'9' * 5000}"}],
)
def test_sources_that_no_pair_has_are_damage(sources: dict[str, object], refused: "Refused") -> None:
    with refused("damaged-file", "here"):
        pair_from_json(pairs(1)[0].to_json() | {"sources": sources}, "here")


def test_a_split_among_the_sources_may_not_lead_out_of_the_folder(refused: "Refused") -> None:
    good = {"filled": "a 0 b 7", "split": "train", "a_sha256": ""}
    assert pair_from_json(pairs(1)[0].to_json() | {"sources": good}).sources == good
    with refused("path-leads-out", "here"):
        pair_from_json(pairs(1)[0].to_json() | {"sources": {"split": "../train"}}, "here")

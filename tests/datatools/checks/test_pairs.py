"""What a check of a pair folder finds, with a manifest and without."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import CheckResult
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import (
    Half,
    PairFolder,
    read_manifest,
    with_pairs,
    write_manifest,
)
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.formats.png import PictureRole
from p2p_datatools.contract.pictures.images import colorize, hash_pixels, read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
FILES = ("train/a.png", "train/b.png", "val/c.png", "test/d.png")


def picture(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    mask = colorize(rng.integers(0, 5, (6, 8), dtype=np.uint8), CARS)
    return np.concatenate((mask, rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)), axis=1)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A pair folder with a manifest: masks left, photos right."""
    listed = []
    for number, file in enumerate(FILES):
        write_png(tmp_path / file, picture(number))
        digest = hash_pixels(picture(number))
        listed.append(Pair(Path(file).stem, file, file.split("/")[0], Size(8, 6), digest))
    write_manifest(PairFolder(tmp_path, Half("mask", "mask"), Half("photo", "photo"), CARS, tuple(listed)))
    return tmp_path


@pytest.fixture
def foreign(pairs: Path) -> Path:
    """The same pictures as another tool would leave them."""
    for record in ("pairs.json", "pairs.jsonl"):
        (pairs / record).unlink()
    return pairs


def found(result: CheckResult) -> list[tuple[str, str, str]]:
    return [(each.severity, each.code, Path(each.where).name) for each in result.findings]


def rehash(pairs: Path, name: str) -> None:
    """Let the manifest know the pixels as they are, so that nothing but them is wrong."""
    folder = read_manifest(pairs)
    listed = [
        replace(pair, hash=hash_pixels(read_photo(pairs / pair.file))) if pair.name == name else pair
        for pair in folder.pairs
    ]
    write_manifest(with_pairs(folder, listed))


def test_good_pairs_have_no_findings_with_a_manifest_and_without(pairs: Path) -> None:
    assert check(pairs) == CheckResult("pairs", 4, ())
    for record in ("pairs.json", "pairs.jsonl"):
        (pairs / record).unlink()
    assert check(pairs) == CheckResult("pairs", 4, ())


def test_a_picture_that_is_missing_or_unreadable(pairs: Path) -> None:
    (pairs / "train/a.png").unlink()
    (pairs / "val/c.png").write_bytes((pairs / "val/c.png").read_bytes()[:-30])
    assert found(check(pairs)) == [("error", "missing-pair", "a.png"), ("error", "damaged-file", "c.png")]


@pytest.mark.parametrize("broken", ["a", "b"])
def test_of_a_pair_in_two_files_the_one_that_is_damaged_is_named(tmp_path: Path, broken: str) -> None:
    for half in "ab":
        (tmp_path / half).mkdir()
        np.save(tmp_path / half / "car.npy", np.zeros((6, 8), np.float32))
    pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs")
    file = tmp_path / "pairs" / "all" / f"car.{broken}.tif"
    file.write_bytes(file.read_bytes()[:-30])
    assert found(check(tmp_path / "pairs")) == [("error", "damaged-file", file.name)]


def test_pixels_that_are_not_those_of_the_manifest(pairs: Path) -> None:
    write_png(pairs / "train/a.png", picture(9))
    assert found(check(pairs)) == [("error", "hash-differs", "a.png")]


def test_changed_pixels_are_looked_at_nevertheless(pairs: Path) -> None:
    pixels = picture(1)[:4]
    pixels[0, 0] = (254, 0, 0)
    write_png(pairs / "train/a.png", pixels)
    codes = [code for _, code, _ in found(check(pairs))]
    # Four rows of a picture are a part of it, too.
    assert codes == ["hash-differs", "size-differs", "palette-colour", "near-duplicate"]


def test_a_size_that_is_not_that_of_the_manifest(pairs: Path) -> None:
    write_png(pairs / "train/a.png", picture(9)[:4])
    rehash(pairs, "a")
    assert found(check(pairs)) == [("error", "size-differs", "a.png")]


def test_a_mask_half_with_a_colour_outside_the_palette(pairs: Path) -> None:
    pixels = picture(0)
    pixels[0, 0] = (254, 0, 0)
    write_png(pairs / "train/a.png", pixels)
    rehash(pairs, "a")
    result = check(pairs)
    assert found(result) == [("error", "palette-colour", "a.png")]
    assert "1 pixel of its half mask" in result.findings[0].what


def test_a_place_is_where_it_is_in_the_file_that_is_named(tmp_path: Path) -> None:
    mask = np.ones((40, 60), dtype=np.uint8)
    mask[10, 20] = 2
    both = np.hstack([np.full((40, 60, 3), 90, dtype=np.uint8), colorize(mask, CARS)])
    both[5, 60 + 30] = (200, 100, 7)
    write_png(tmp_path / "train" / "a.png", both)
    listed = [Pair("a", "train/a.png", "train", Size(60, 40), hash_pixels(both))]
    write_manifest(PairFolder(tmp_path, Half("photo", "photo"), Half("mask", "mask"), CARS, tuple(listed)))
    [strange] = [each for each in check(tmp_path).findings if each.code == "palette-colour"]
    assert strange.place == (90, 5)
    assert "at x=90, y=5" in strange.what
    both[5, 60 + 30] = both[0, 60]
    write_png(tmp_path / "train" / "a.png", both)
    [island] = [each for each in check(tmp_path).findings if each.code == "islands"]
    assert island.place
    assert tuple(both[island.place[1], island.place[0]]) == CARS.classes[2].color


def test_a_picture_that_p2p_drew_is_found_among_pairs_that_were_not_looked_at_before(
    tmp_path: Path, refused: "Refused"
) -> None:
    for number in range(20):
        role: PictureRole | None = "contact sheet" if number == 4 else None
        write_png(tmp_path / "train" / f"{number:02}.png", picture(number), durable=False, role=role)
    assert found(check(tmp_path)) == [("error", "drawn-by-p2p", "04.png")]
    with refused("pictures-failed", tmp_path) as error:
        split(tmp_path)
    assert [part.code for part in error.value.parts] == ["drawn-by-p2p"]
    assert split(tmp_path, as_pairs=True).counts


def test_the_same_picture_in_two_splits_is_a_leak_and_in_one_a_warning(pairs: Path) -> None:
    write_png(pairs / "train/b.png", picture(0))
    write_png(pairs / "test/d.png", picture(0))
    rehash(pairs, "b")
    rehash(pairs, "d")
    result = check(pairs)
    assert sorted(found(result)) == [("error", "leak", "d.png"), ("warning", "duplicate", "b.png")]
    assert not result.ok


def test_a_picture_that_the_manifest_does_not_know(pairs: Path) -> None:
    write_png(pairs / "train/z.png", picture(9))
    result = check(pairs)
    assert found(result) == [("warning", "unlisted", "z.png")]
    assert result.ok


def test_an_unfinished_split_and_a_damaged_manifest_are_findings(pairs: Path) -> None:
    (pairs / "split-plan.json").write_text("{}")
    assert found(check(pairs)) == [("error", "split-unfinished", pairs.name)]
    (pairs / "split-plan.json").unlink()
    (pairs / "pairs.json").write_text("{")
    assert [finding.code for finding in check(pairs).findings] == ["damaged-json"]


def test_foreign_pairs_of_odd_width_or_many_sizes(foreign: Path) -> None:
    write_png(foreign / "train/a.png", picture(0)[:, :-1])
    expected = [("error", "odd-width", "a.png"), ("warning", "sizes-differ", foreign.name)]
    assert found(check(foreign)) == expected


def test_foreign_pairs_that_leak_or_are_deeper_than_they_look(foreign: Path) -> None:
    write_png(foreign / "test/d.png", picture(0))
    Image.fromarray(np.full((6, 16), 40_000, dtype=np.uint16)).save(foreign / "val" / "c.png")
    assert sorted(found(check(foreign))) == [("error", "depth", "c.png"), ("error", "leak", "d.png")]


def test_a_pair_whose_halves_are_the_same_picture_is_found(foreign: Path) -> None:
    same = picture(9)[:, 8:]
    write_png(foreign / "train/a.png", np.concatenate((same, same), axis=1))
    found = [each for each in check(foreign).findings if each.code == "halves-equal"]
    assert [(each.where, each.severity) for each in found] == [(str(foreign / "train/a.png"), "warning")]
    assert "halves a and b" in found[0].what

"""What makes, splits or trains on pairs notes halves that do not fit, from the pairs that it reads."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.fit.halves import HalvesFit, note_misfits
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import Photo, write_png
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Notes
    from datatools.conftest import Scene

COUNT = 20


def write_halves(folder: Path, scene: "Scene", *, mirror: bool) -> tuple[Path, Path]:
    """COUNT scenes, and their negatives in grey, mirrored or not."""
    for number in range(COUNT):
        photo = scene(number)
        grey = np.repeat(255 - photo[..., 1:2], 3, axis=2)
        write_png(folder / "photo" / f"{number}.png", photo)
        write_png(folder / "grey" / f"{number}.png", np.fliplr(grey) if mirror else grey)
    return folder / "grey", folder / "photo"


@pytest.mark.parametrize("mirror", [True, False])
def test_pair_and_split_note_a_half_that_is_mirrored_and_no_right_one(
    tmp_path: Path, scene: "Scene", notes: "Notes", *, mirror: bool
) -> None:
    folders = write_halves(tmp_path, scene, mirror=mirror)
    pair(*folders, tmp_path / "pairs", halves=("grey", "photo"), report=notes)
    of_pair = [line for line in notes.lines if "grey fits its photo better mirrored left to right" in line]
    split(tmp_path / "pairs", report=notes)
    of_both = [line for line in notes.lines if "grey fits its photo better mirrored left to right" in line]
    assert (len(of_pair), len(of_both)) == ((1, 2) if mirror else (0, 0))


def test_pairs_that_were_made_before_are_not_looked_at_again(tmp_path: Path, scene: "Scene", notes: "Notes") -> None:
    folders = write_halves(tmp_path, scene, mirror=True)
    pair(*folders, tmp_path / "pairs")
    pair(*folders, tmp_path / "pairs", report=notes)
    assert not [line for line in notes.lines if "mirrored" in line]


@pytest.mark.parametrize("mirror", [True, False])
def test_the_pictures_of_another_tool_are_looked_at_without_a_manifest(
    tmp_path: Path, scene: "Scene", notes: "Notes", *, mirror: bool
) -> None:
    for number in range(COUNT):
        photo = scene(number)
        left = np.fliplr(photo) if mirror else photo[::1]
        write_png(tmp_path / "train" / f"{number}.png", np.concatenate((255 - left, photo), axis=1))
    write_png(tmp_path / "val" / "0.png", np.concatenate((scene(99), scene(99)), axis=1))
    (tmp_path / "train" / "3.png").write_bytes(b"")  # tells nothing here, and is refused elsewhere
    note_misfits(open_pairs(tmp_path), notes)
    assert any("fits its b better mirrored" in line for line in notes.lines) == mirror


def test_pairs_that_are_too_large_to_be_read_for_this_alone_tell_nothing(
    tmp_path: Path, scene: "Scene", notes: "Notes", monkeypatch: pytest.MonkeyPatch
) -> None:
    pair(*write_halves(tmp_path, scene, mirror=True), tmp_path / "pairs")
    monkeypatch.setattr("p2p_datatools.contract.pairs.fit.halves._MOST_PIXELS", 100)
    note_misfits(open_pairs(tmp_path / "pairs"), notes)
    assert notes.lines == []


def test_the_first_of_many_pairs_are_looked_at(scene: "Scene") -> None:
    names = [str(number) for number in range(5000)]
    fit = HalvesFit(Path("pairs"), ("a", "b"), names, most=10)
    seen = [fit.look(name, scene(0), scene(0)) for name in ("0", "9", "10", "11", "500")]
    assert [bool(each and each.edges) for each in seen] == [True, True, False, False, False]
    assert [bool(each and each.fine) for each in seen] == [True, False, False, False, True]


def test_pictures_of_which_some_have_b_on_the_left_are_noted(tmp_path: Path, scene: "Scene", notes: "Notes") -> None:
    for number in range(COUNT):
        photo = scene(number)
        halves = photo // 4, photo
        write_png(tmp_path / "train" / f"{number}.png", np.concatenate(halves[:: -1 if number % 3 else 1], axis=1))
    note_misfits(open_pairs(tmp_path), notes)
    assert [line for line in notes.lines if "looks as" in line]


@pytest.mark.parametrize("exchanged", [True, False])
def test_red_and_blue_that_are_exchanged_in_one_half_are_noted(
    scene: "Scene", notes: "Notes", *, exchanged: bool
) -> None:
    names = [str(number) for number in range(COUNT)]
    fit = HalvesFit(Path("pairs"), ("dark", "photo"), names, most=COUNT)
    for number, name in enumerate(names):
        photo = _coloured(scene(number), number)
        fit.add(
            f"{name}.png", fit.look(name, np.ascontiguousarray((photo // 3)[..., :: -1 if exchanged else 1]), photo)
        )
    fit.note(notes)
    assert [line for line in notes.lines if "dark is red where photo is blue" in line] == notes.lines
    assert bool(notes.lines) == exchanged


def test_sepia_of_photos_whose_bright_places_are_blue_is_no_exchange(scene: "Scene", notes: "Notes") -> None:
    names = [str(number) for number in range(COUNT)]
    fit = HalvesFit(Path("pairs"), ("photo", "sepia"), names, most=COUNT)
    for number, name in enumerate(names):
        grey, chroma = scene(number).mean(axis=2, keepdims=True), scene(number + COUNT) * 0.05
        photo = (grey * np.array([0.5, 0.8, 0.9]) + chroma).astype(np.uint8)
        sepia = (photo.mean(axis=2, keepdims=True) * np.array([1, 0.8, 0.6])).astype(np.uint8)
        fit.add(f"{name}.png", fit.look(name, photo, sepia))
    fit.note(notes)
    assert notes.lines == []


def _coloured(photo: Photo, number: int) -> Photo:
    """A scene with warm light that grows towards one side."""
    light = np.linspace(-40, 40, photo.shape[1])[:: -1 if number % 2 else 1]
    warm = photo // 2 + 64 + light[:, None] * np.array([1, 0, -1])
    return np.asarray(np.clip(warm, 0, 255), dtype=np.uint8)

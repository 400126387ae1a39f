"""A half of several pictures: which belong together, what its channels are, and what is refused."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.halves import as_photo, load_halves
from p2p_datatools.contract.pairs.manifest import HalfPart, read_manifest
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.arrays import read_array, write_tiff
from p2p_datatools.contract.pictures.images import colorize, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import PairOptions, pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise

CARS = load_palette("cars")


@pytest.fixture
def folders(tmp_path: Path, noise: "Noise") -> tuple[Path, Path, Path]:
    """A mask folder, grey edges and photos of a and sub/b, 24x16."""
    masks, edges, photos = (tmp_path / name for name in ("masks", "my edges", "photos"))
    for number, name in enumerate(("a", "sub/b")):
        labels = np.zeros((16, 24), np.uint8)
        labels[4:12, 4 : 12 + number] = 1
        labels[0, 0] = IGNORE
        write_mask(masks / f"{name}.png", labels, CARS)
        write_png(edges / f"{name}.png", noise(number, Size(24, 16))[..., 0])
        write_png(photos / f"{name}.png", noise(9 + number, Size(24, 16)))
    write_records(masks, CARS, [])
    return masks, edges, photos


def test_channels_of_all_folders_are_one_half_and_the_manifest_says_whose_they_are(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    masks, edges, photos = folders
    summary = pair([masks, edges], photos, tmp_path / "pairs")
    assert (summary.built, summary.halves, summary.forms) == (2, ("inputs", "photo"), ("4 x uint8", "3 x uint8"))
    folder = read_manifest(tmp_path / "pairs")
    assert folder.a.parts == (HalfPart("masks", "mask", 3, CARS), HalfPart("my_edges", "photo", 1))
    assert (folder.a.exact, folder.b.exact, folder.b.kind) == ((True, True, True, False), False, "photo")
    one = folder.pairs[0]
    assert [one.sources[key] for key in ("a", "a2", "b")] == ["a.png"] * 3
    a, b = load_halves(folder, one)
    labels = np.zeros((16, 24), np.uint8)
    labels[4:12, 4:12], labels[0, 0] = 1, IGNORE
    assert np.array_equal(a[..., :3], colorize(labels, CARS))
    assert np.array_equal(a[..., 3], read_array(edges / "a.png"))
    assert np.array_equal(b, read_array(photos / "a.png"))
    assert (pair([masks, edges], photos, tmp_path / "pairs").kept, check(tmp_path / "pairs").ok) == (2, True)
    split(tmp_path / "pairs", val=0, test=0)
    assert read_manifest(tmp_path / "pairs").a == folder.a


def test_folders_of_one_name_become_parts_of_different_names(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    masks, edges, photos = folders
    same = [tmp_path / number / "edges_2" for number in "123"]
    for each in same:
        shutil.copytree(edges, each)
    pair([*same, masks], photos, tmp_path / "pairs")
    assert [each.name for each in read_manifest(tmp_path / "pairs").a.parts] == [
        *("edges_2", "edges_2_2", "edges_2_3", "masks")
    ]


def test_a_new_size_blends_the_photo_and_never_the_mask_among_its_channels(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    masks, edges, photos = folders
    pair([edges, masks], photos, tmp_path / "pairs", size=Size(13, 9), halves=("drawing", "photo"))
    folder = read_manifest(tmp_path / "pairs")
    a, _ = load_halves(folder, folder.pairs[0])
    colors = {tuple(color) for color in a[..., 1:].reshape(-1, 3).tolist()}
    assert colors <= {(0, 0, 0), (255, 0, 0), (255, 0, 254)}
    assert len(np.unique(a[..., 0])) > len(np.unique(read_array(edges / "a.png"))) / 8
    assert folder.a.name == "drawing"
    shown = as_photo(a, folder.a).astype(int)
    assert abs(shown - (a[..., 1:].astype(int) + a[..., :1]) / 2).max() <= 0.5


def test_a_mask_of_half_the_size_is_scaled_to_the_picture_beside_it(
    folders: tuple[Path, Path, Path], tmp_path: Path, noise: "Noise"
) -> None:
    masks = folders[0]
    for name in ("a", "sub/b"):
        write_png(tmp_path / "depth" / f"{name}.png", noise(3, Size(48, 32))[..., 0])
        write_png(tmp_path / "large" / f"{name}.png", noise(4, Size(48, 32)))
    pair([masks, tmp_path / "depth"], tmp_path / "large", tmp_path / "pairs")
    assert {each.size for each in read_manifest(tmp_path / "pairs").pairs} == {Size(48, 32)}


def test_a_name_that_one_of_the_folders_lacks_is_refused_or_left_out(
    folders: tuple[Path, Path, Path], tmp_path: Path, refused: "Refused"
) -> None:
    masks, edges, photos = folders
    (edges / "a.png").unlink()
    with refused("pictures-failed"):
        pair([masks, edges], photos, tmp_path / "pairs")
    summary = pair([masks, edges], photos, tmp_path / "pairs", keep_going=True)
    assert (summary.built + summary.kept, {skip.code for skip in summary.skipped}) == (1, {"no-partner"})
    (edges / "sub" / "b.png").rename(edges / "c.png")
    with refused("no-common-name"):
        pair([masks, edges], photos, tmp_path / "other")


def test_folders_that_cannot_be_one_half_are_refused(
    folders: tuple[Path, Path, Path], tmp_path: Path, refused: "Refused", noise: "Noise"
) -> None:
    masks, edges, photos = folders
    dest = tmp_path / "pairs"
    for name in ("a", "sub/b"):
        write_tiff(tmp_path / "heights" / f"{name}.tif", np.ones((16, 24), np.float32))
        numbers = np.arange(384, dtype=np.uint8).reshape(16, 24) % 3
        write_png(tmp_path / "numbers" / f"{name}.png", numbers)
        write_png(tmp_path / "colors" / f"{name}.png", np.repeat(numbers[..., None], 3, axis=2))
        write_png(tmp_path / "more" / f"{name}.png", noise(20, Size(24, 16)))
        tinted = noise(30, Size(24, 16))
        tinted[..., 0] = numbers
        write_png(tmp_path / "tinted" / f"{name}.png", tinted)
    with refused("mixed-forms", tmp_path / "heights"):
        pair([masks, tmp_path / "heights"], photos, dest)
    with refused("class-numbers", tmp_path / "numbers"):
        pair([edges, tmp_path / "numbers"], photos, dest)
    with refused("class-numbers", tmp_path / "colors"):
        pair([tmp_path / "more", tmp_path / "colors"], photos, dest)
    assert pair([tmp_path / "more", tmp_path / "tinted"], photos, tmp_path / "fine").built == 2
    with refused("impossible-setting", usage=True):
        pair([masks, edges], photos, dest, halves=("mask", "photo"))
    (tmp_path / "list.csv").write_text("a,b\na.png,a.png\n")
    with refused("options-conflict", usage=True):
        pair([masks, edges], photos, dest, ways=PairOptions(match=str(tmp_path / "list.csv")))
    pair([masks, edges], photos, tmp_path / "two")
    with refused("other-settings", tmp_path / "two", usage=True):
        pair(masks, photos, tmp_path / "two")
    with refused("other-settings", tmp_path / "two", usage=True):
        pair([edges, masks], photos, tmp_path / "two")

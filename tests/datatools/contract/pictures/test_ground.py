"""Places on the ground: what GeoTIFFs and world files say, and that two files of one name may show two places."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
import tifffile

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.ground import compare_grounds, encode_ground, ground_of, judge_places
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.pages import AS_USUAL
from p2p_datatools.contract.progress import QUIET
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair

if TYPE_CHECKING:
    from conftest import Notes, Refused

UTM33, UTM34, POINT = (3072, 32633), (3072, 32634), (1025, 2)
PIXELS = np.random.default_rng(5).integers(0, 256, (24, 40, 3), dtype=np.uint8)
NUMBERS = np.random.default_rng(6).integers(0, 5, (24, 40), dtype=np.uint8)
SEVERAL = ((0.0, 0.0), (40.0, 0.0), (0.0, -24.0))  # places of tiles, x and y


def write_place(
    path: Path,
    x: float,
    y: float,
    *,
    step: float = 1.0,
    keys: tuple[tuple[int, int], ...] = (UTM33,),
    values: Array = PIXELS,
    down: bool = False,
) -> Path:
    """A GeoTIFF whose upper left corner lies there; `down`: its first row is the southern one."""
    directory = (1, 1, 0, len(keys), *(number for key, value in keys for number in (key, 0, 1, value)))
    matrix = (step, 0.0, 0.0, x, 0.0, step, 0.0, y, *(0.0,) * 8)
    scale: list[Any] = [(33550, 12, 3, (step, step, 0.0), True), (33922, 12, 6, (0.0, 0.0, 0.0, x, y, 0.0), True)]
    tags = [(34264, 12, 16, matrix, True)] if down else scale
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, values, extratags=[*tags, (34735, 3, len(directory), directory, True)])
    return path


def apart(one: Path, other: Path) -> float:
    """How far two pictures lie apart, in pixels of the coarser."""
    here, there = ground_of(one, AS_USUAL), ground_of(other, AS_USUAL)
    assert here is not None
    assert there is not None
    found = compare_grounds(here, there)
    assert found is not None
    return round(found.pixels, 6)


def test_the_same_ground_in_two_sizes_and_two_ways_to_count_pixels_is_one_place(tmp_path: Path) -> None:
    whole = write_place(tmp_path / "a.tif", 100.0, 50.0)
    half = write_place(tmp_path / "half.tif", 100.0, 50.0, step=2.0, values=PIXELS[::2, ::2])
    # Where the middle of the first pixel is told.
    point = write_place(tmp_path / "point.tif", 100.5, 49.5, keys=(POINT, UTM33))
    assert (apart(whole, half), apart(whole, point), apart(half, whole)) == (0.0, 0.0, 0.0)
    assert apart(whole, write_place(tmp_path / "c.tif", 103.0, 50.0)) == 3.0
    assert apart(half, write_place(tmp_path / "d.tif", 103.0, 50.0)) == 1.5


def test_a_world_file_tells_the_middle_of_the_first_pixel(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", PIXELS)
    assert ground_of(tmp_path / "a.png", AS_USUAL) is None
    (tmp_path / "a.pgw").write_text("0,5\n0\n0\n-0.5\n10.25\n19.75\n")
    found = ground_of(tmp_path / "a.png", AS_USUAL)
    assert found is not None
    assert (found.corner, found.across, found.down) == ((10.0, 20.0), (20.0, 0.0), (0.0, -12.0))
    (tmp_path / "a.pgw").write_text("no numbers")
    assert ground_of(tmp_path / "a.png", AS_USUAL) is None


WKT = """PROJCS["WGS 84 / UTM zone 33N",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32633"]]"""
WKT2 = """PROJCRS["WGS 84 / UTM zone 33N",CONVERSION["UTM zone 33N"],ID["EPSG",32633]]"""
OWN_WKT = """LOCAL_CS["our site",UNIT["metre",1]]"""


@pytest.mark.parametrize(
    ("said", "name"),
    [("EPSG:32633", "EPSG:32633"), (WKT, "EPSG:32633"), (WKT2, "EPSG:32633"), (OWN_WKT, OWN_WKT), ("", "")],
)
def test_what_gdal_writes_beside_a_picture_tells_its_place_before_a_world_file(
    said: str, name: str, tmp_path: Path
) -> None:
    write_png(tmp_path / "a.png", PIXELS)
    (tmp_path / "a.pgw").write_text("1\n0\n0\n-1\n0\n0\n")
    system = f'<SRS dataAxisToSRSAxisMapping="1,2">{escape(said)}</SRS>' if said else ""
    numbers = "  1.0e+01,  5.0e-01,  0.0,  2.0e+01,  0.0, -5.0e-01"
    (tmp_path / "a.png.aux.xml").write_text(f"<PAMDataset>{system}<GeoTransform>{numbers}</GeoTransform></PAMDataset>")
    found = ground_of(tmp_path / "a.png")
    assert found is not None
    assert (found.corner, found.across, found.down) == ((10.0, 20.0), (20.0, 0.0), (0.0, -12.0))
    assert found.system_name == name
    if name == "EPSG:32633":  # as the keys of a GeoTIFF say it
        tagged = write_place(tmp_path / "b.tif", 10.0, 20.0, step=0.5)
        assert apart(tmp_path / "a.png", tagged) == 0.0
    write_png(tmp_path / "c.png", PIXELS)
    (tmp_path / "c.png.aux.xml").write_bytes(encode_ground(found))
    assert ground_of(tmp_path / "c.png") == found


@pytest.mark.parametrize("numbers", ["", "1,2,3", "a,b,c,d,e,f", "nan,1,0,0,0,1"])
def test_statistics_and_damage_beside_a_picture_tell_no_place(numbers: str, tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", PIXELS)
    (tmp_path / "a.png.aux.xml").write_text(f"<PAMDataset><GeoTransform>{numbers}</GeoTransform></PAMDataset>")
    assert ground_of(tmp_path / "a.png") is None
    tagged = write_place(tmp_path / "b.tif", 10.0, 20.0)
    (tmp_path / "b.tif.aux.xml").write_text("<PAMDataset><PAMRasterBand band='1'/></PAMDataset>")
    assert ground_of(tagged) is not None


def test_a_system_of_a_files_own_keys_has_no_name_for_others(tmp_path: Path) -> None:
    own = ground_of(write_place(tmp_path / "a.tif", 0.0, 0.0, keys=((3072, 32767),)))
    assert own is not None
    assert own.system_name == ""
    assert b"SRS" not in encode_ground(own)


def test_places_in_two_systems_of_coordinates_are_not_compared(tmp_path: Path) -> None:
    one = ground_of(write_place(tmp_path / "a.tif", 0.0, 0.0), AS_USUAL)
    other = ground_of(write_place(tmp_path / "b.tif", 5000.0, 0.0, keys=(UTM34,)), AS_USUAL)
    assert one is not None
    assert other is not None
    assert compare_grounds(one, other) is None


def test_pairs_of_two_places_are_refused_whatever_their_names_are(tmp_path: Path, refused: "Refused") -> None:
    # One folder was counted row by row, and the other column by column.
    for number, (x, y) in enumerate(SEVERAL):
        write_place(tmp_path / "b" / f"{number}.tif", x, y)
        write_place(tmp_path / "a" / f"{number}.tif", *SEVERAL[(0, 2, 1)[number]])
    with refused("other-place") as error:
        pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs")
    assert "1.tif (and 1 more picture)" in error.value.where
    assert pair(tmp_path / "a", tmp_path / "b", tmp_path / "some", keep_going=True).built == 1


def test_a_picture_whose_first_row_is_the_southern_one_is_refused_beside_one_of_the_north(
    tmp_path: Path, refused: "Refused"
) -> None:
    for number, (x, y) in enumerate(SEVERAL):
        write_place(tmp_path / "b" / f"{number}.tif", x, y)
        write_place(tmp_path / "a" / f"{number}.tif", x, y - 24, values=PIXELS[::-1], down=True)
    with refused("other-place") as error:
        pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs")
    assert "top to bottom" in error.value.what


@pytest.mark.parametrize("moved", [0.0, 1.0])
def test_a_shift_of_a_pixel_is_no_other_place(moved: float, tmp_path: Path) -> None:
    for number, (x, y) in enumerate(SEVERAL):
        write_place(tmp_path / "b" / f"{number}.tif", x, y)
        write_place(tmp_path / "a" / f"{number}.tif", x + moved, y)
    assert pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs").built == 3


def test_a_small_shift_is_noted(tmp_path: Path, notes: "Notes") -> None:
    files = [
        (
            write_place(tmp_path / "a" / f"{number}.tif", 1.7 + number * 40, 0.0),
            write_place(tmp_path / "b" / f"{number}.tif", number * 40.0, 0.0),
        )
        for number in range(3)
    ]
    assert judge_places(files, AS_USUAL, notes)
    assert "1.7 pixels" in notes.lines[0]


def test_partners_in_another_system_of_coordinates_are_noted(tmp_path: Path, notes: "Notes") -> None:
    files = [
        (
            write_place(tmp_path / "a" / f"{number}.tif", number * 40.0, 0.0),
            write_place(tmp_path / "b" / f"{number}.tif", number * 40.0, 0.0, keys=(UTM34,)),
        )
        for number in range(3)
    ]
    judge_places(files, AS_USUAL, notes)
    assert [line for line in notes.lines if "EPSG:32633" in line and "EPSG:32634" in line]


def test_the_place_of_a_scene_in_each_of_its_tiles_says_nothing(tmp_path: Path) -> None:
    for number, (x, y) in enumerate(SEVERAL):
        write_place(tmp_path / "b" / f"{number}.tif", x, y)
        step = 1.0 + number  # tiles of several sizes have several ends
        write_place(tmp_path / "a" / f"{number}.tif", 0.0, 0.0, step=step)
    assert pair(tmp_path / "a", tmp_path / "b", tmp_path / "pairs").built == 3
    assert not judge_places([], AS_USUAL, QUIET)


def test_label_pictures_of_another_place_than_their_photos_are_refused(tmp_path: Path) -> None:
    for number, (x, y) in enumerate(SEVERAL):
        write_place(tmp_path / "photos" / f"{number}.tif", x, y)
        write_place(tmp_path / "labels" / f"{number}.tif", x + 40 * (number > 0), y, values=NUMBERS)
    done = build_masks(
        *(tmp_path / "labels", tmp_path / "masks"),
        photos=tmp_path / "photos",
        palette=load_palette("cars"),
        mapping={"ids": "palette"},
        keep_going=True,
    )
    assert [skip.code for skip in done.skipped] == ["other-place"] * 2

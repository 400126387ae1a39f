"""Where halves have no data lies beside the pair, and goes with it through every step, back to single pictures."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.halves import read_halves, read_nodata
from p2p_datatools.contract.pairs.manifest import PairFolder, read_manifest, write_manifest
from p2p_datatools.contract.palette import IGNORE_COLOR
from p2p_datatools.contract.pictures.images import read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import PairOptions, PairSummary, pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.pairs.shards import merge, parse_shard
from p2p_datatools.sheets.contact import contact_sheet
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

NAMES = ("a", "b", "d")  # of two shards
HOLE = np.s_[2:6, 3:9]


def heights(number: int, dtype: str = "float32") -> NDArray[Any]:
    return np.linspace(300 + number, 350, 16 * 24).reshape(16, 24).astype(dtype)


def write_heights(folder: Path, dtype: str = "float32", nodata: float = -9999, holed: str = "ad") -> Path:
    """A raster for each name, with GDAL's tag in all and a hole in some."""
    folder.mkdir()
    for number, name in enumerate(NAMES):
        values = heights(number, dtype)
        if name in holed:
            values[HOLE] = nodata
        tifffile.imwrite(folder / f"{name}.tif", values, extratags=[(42113, "s", 0, f"{nodata:g}", True)])
    return folder


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", *(f"{name}.png" for name in NAMES))


@pytest.fixture
def pairs(tmp_path: Path, photos: Path) -> Path:
    return join(photos, write_heights(tmp_path / "dem")).dest


def join(a: Path, b: Path, name: str = "pairs", **given: Any) -> PairSummary:
    return pair(a, b, a.parent / name, halves=("photo", "dem"), **given)


def gaps_of(folder: PairFolder) -> dict[str, list[list[int]]]:
    """The places without data in the second halves, and none in the first ones."""
    found = {}
    for each in folder.pairs:
        if planes := read_nodata(folder, each):
            assert not planes.a.any()
            found[each.name] = np.argwhere(planes.b).tolist()
    return found


WANTED = {name: [[row, column] for row in range(2, 6) for column in range(3, 9)] for name in "ad"}


def test_what_gdal_says_later_of_missing_data_is_a_change_of_the_picture(
    photos: Path, tmp_path: Path, refused: "Refused"
) -> None:
    dem = write_heights(tmp_path / "dem", nodata=301)
    for file in dem.iterdir():
        tifffile.imwrite(file, tifffile.imread(file))  # without the tag
    join(photos, dem)
    (dem / "a.tif.aux.xml").write_text("<PAMDataset/>")  # as programs leave it that only looked
    assert join(photos, dem).kept == len(NAMES)
    (dem / "a.tif.aux.xml").write_text("<NoDataValue>301</NoDataValue>")
    with refused("pictures-failed") as caught:
        join(photos, dem)
    assert [skip.code for skip in caught.value.parts] == ["source-changed"]


def test_where_data_are_missing_lies_beside_the_pairs_that_miss_some(photos: Path, pairs: Path) -> None:
    assert gaps_of(read_manifest(pairs)) == WANTED
    assert sorted(path.name for path in (pairs / "nodata" / "all").iterdir()) == ["a.png", "d.png"]
    lines = [json.loads(line) for line in (pairs / "pairs.jsonl").read_text().splitlines()]
    assert [sorted(line.keys() - lines[1].keys()) for line in lines] == [["nodata"], [], ["nodata"]]
    assert join(photos, photos.parent / "dem").kept == 3
    (pairs / "nodata" / "all" / "a.png").unlink()
    summary = join(photos, photos.parent / "dem")
    assert (summary.built, summary.kept, summary.filled) == (1, 2, (0, 48))
    assert gaps_of(read_manifest(pairs)) == WANTED
    assert check(pairs).findings == ()


def test_it_moves_with_its_pair_into_a_split(pairs: Path) -> None:
    split(pairs, val=0.3, test=0.3)
    folder = read_manifest(pairs)
    assert len(folder.splits) == 3
    assert gaps_of(folder) == WANTED
    for each in folder.pairs:
        assert all((pairs / file).is_file() for file in each.files)
    assert not (pairs / "nodata" / "all").exists()
    assert check(pairs).findings == ()


@pytest.mark.parametrize("move", [False, True])
def test_shards_bring_it_along(tmp_path: Path, photos: Path, move: bool) -> None:
    write_heights(tmp_path / "dem")
    for shard in ("1/2", "2/2"):
        join(photos, tmp_path / "dem", ways=PairOptions(shard=parse_shard(shard)))
    parts = [tmp_path / f"pairs.{number}-of-2" for number in (1, 2)]
    merge(parts, tmp_path / "whole", move=move)
    assert gaps_of(read_manifest(tmp_path / "whole")) == WANTED
    assert merge(parts, tmp_path / "whole", move=move).brought == 0
    assert [part.exists() for part in parts] == [not move] * 2


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("float32", -9999), ("float64", np.nan), ("int16", -32768), ("uint16", 0), ("int32", -1)]
)
def test_halves_taken_apart_say_it_themselves_so_that_they_are_paired_alike_again(
    tmp_path: Path, photos: Path, dtype: str, nodata: float
) -> None:
    first = join(photos, write_heights(tmp_path / "dem", dtype, nodata)).dest
    take_apart(first, tmp_path / "apart")
    again = join(tmp_path / "apart" / "photo", tmp_path / "apart" / "dem", "again").dest
    one, other = read_manifest(first), read_manifest(again)
    assert gaps_of(other) == WANTED
    assert [(each.hash, each.nodata) for each in one.pairs] == [(each.hash, each.nodata) for each in other.pairs]
    assert one.b.range == other.b.range


def test_an_orthophoto_of_8_bits_says_it_by_its_tag_alone(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "ortho").mkdir()
    for number, name in enumerate(NAMES):
        picture = np.random.default_rng(number).integers(0, 255, (16, 24, 3), dtype=np.uint8)
        picture[HOLE] = 255
        tags = [(42113, "s", 0, "255", True)] if name in "ad" else []
        tifffile.imwrite(tmp_path / "ortho" / f"{name}.tif", picture, extratags=tags)
    summary = join(photos, tmp_path / "ortho")
    assert gaps_of(read_manifest(summary.dest)) == WANTED
    assert (read_halves(read_manifest(summary.dest), read_manifest(summary.dest).pairs[0]).b[HOLE] == 255).all()
    assert [each.code for each in check(tmp_path / "ortho").findings] == ["no-data"]
    take_apart(summary.dest, tmp_path / "apart")
    again = join(tmp_path / "apart" / "photo", tmp_path / "apart" / "dem", "again")
    assert gaps_of(read_manifest(again.dest)) == WANTED
    assert [each.hash for each in read_manifest(again.dest).pairs] == [
        each.hash for each in read_manifest(summary.dest).pairs
    ]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_mask_inside_a_tiff_says_it_too(dtype: str, tmp_path: Path, photos: Path) -> None:
    (tmp_path / "heights").mkdir()
    mask = np.ones((16, 24), dtype=np.bool_)
    mask[HOLE] = False
    for number, name in enumerate(NAMES):
        with tifffile.TiffWriter(tmp_path / "heights" / f"{name}.tif") as file:
            file.write(heights(number // 2, dtype))
            file.write(mask, subfiletype=4, photometric="mask")
    folder = read_manifest(join(photos, tmp_path / "heights").dest)
    for each in folder.pairs:
        planes = read_nodata(folder, each)
        assert planes is not None
        assert (planes.b == ~mask).all()


def test_the_mask_of_gdal_beside_photos_says_it_too(tmp_path: Path, photos: Path) -> None:
    mask = np.ones((16, 24), dtype=np.uint8)
    mask[HOLE] = 0
    other = tmp_path / "other"
    other.mkdir()
    for name in NAMES:
        write_png(other / f"{name}.png", read_photo(photos / f"{name}.png"))
        tifffile.imwrite(other / f"{name}.png.msk", mask)
    folder = read_manifest(join(photos, other).dest)
    for each in folder.pairs:
        planes = read_nodata(folder, each)
        assert planes is not None
        assert (planes.b == (mask == 0)).all()


def test_pixels_that_scaling_mixes_with_missing_ones_have_no_data_either(tmp_path: Path, photos: Path) -> None:
    summary = join(photos, write_heights(tmp_path / "dem"), size=Size(12, 8))
    folder = read_manifest(summary.dest)
    assert summary.filled == (0, 2 * 8)
    assert set(map(tuple, gaps_of(folder)["a"])) == {(row, column) for row in (1, 2) for column in (1, 2, 3, 4)}
    assert np.isin(read_halves(folder, folder.pairs[0]).b[1:3, 1:5], 300).any()


def test_a_check_finds_where_the_record_of_missing_data_disagrees(pairs: Path) -> None:
    place = pairs / "nodata" / "all" / "a.png"
    for picture, code in ((np.zeros((16, 40)), "nodata-size"), (np.zeros((16, 48)), "hash-differs")):
        write_png(place, picture.astype(np.uint8))
        assert [(each.code, each.where) for each in check(pairs).findings] == [(code, str(place))]
    place.unlink()
    assert [(each.code, each.where) for each in check(pairs).findings] == [("missing-pair", str(place))]


def test_pairs_that_an_older_version_filled_are_read_as_they_were_and_named(pairs: Path) -> None:
    folder = read_manifest(pairs)
    old = [replace(each, nodata=None) for each in folder.pairs]
    for file in (pairs / "nodata" / "all").iterdir():
        file.unlink()
    write_manifest(replace(folder, pairs=old))
    assert gaps_of(read_manifest(pairs)) == {}
    assert [each.code for each in check(pairs).findings] == ["nodata-unrecorded"]


def test_a_sheet_shows_where_data_are_missing(pairs: Path) -> None:
    assert (contact_sheet(pairs) == np.array(IGNORE_COLOR)).all(axis=2).any()


def test_a_pair_with_all_data_costs_no_opening_more(photos: Path, pairs: Path, opens: Counter[str]) -> None:
    opens.clear()
    check(pairs)
    read = {Path(path) for path in opens if Path(path).is_relative_to(pairs) and ".json" not in path}
    assert {path.name: opens[str(path)] for path in read} == {
        # Once more, since of two halves that are photos some pairs tell which has more to be compared.
        **{f"{name}.{half}.tif": 2 for name in NAMES for half in "ab"},
        **{f"{name}.png": 1 for name in "ad"},
    }

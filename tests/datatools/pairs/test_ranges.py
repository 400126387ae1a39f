"""The range of a half: without what is no data, by the bits in use, the same for all pairs; classes are no photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.pairs.halves import read_halves
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.nodata import Nodata
from p2p_datatools.pairs.build import PairOptions, PairSummary, pair
from p2p_datatools.pairs.shards import merge, parse_shard

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

NAMES = ("a", "b", "c")


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", *(f"{name}.png" for name in NAMES))


def write(folder: Path, *arrays: NDArray[Any], said: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, array in zip(NAMES, arrays, strict=True):
        tags = [(42113, "s", 0, said, True)] if said else []
        tifffile.imwrite(folder / f"{name}.tif", array, extratags=tags)
    return folder


def heights(hole: float | None = None, dtype: str = "float32") -> NDArray[Any]:
    values = np.linspace(300, 350, 16 * 24).reshape(16, 24).astype(dtype)
    if hole is not None:
        values[:2, :5] = hole
    return values


def join(a: Path, b: Path, **ways: Any) -> PairSummary:
    return pair(a, b, a.parent / "pairs", halves=("x", "photo"), ways=PairOptions(**ways))


def test_no_data_is_left_out_of_the_range_counted_and_recorded(tmp_path: Path, photos: Path) -> None:
    dem = write(tmp_path / "dem", heights(-9999), heights(), heights(-9999), said="-9999")
    summary = join(dem, photos)
    folder = read_manifest(tmp_path / "pairs")
    assert folder.a.range[0] >= 300
    assert folder.a.range == summary.ranges[0]
    assert summary.filled == (20, 0)
    assert [each.sources.get("filled") for each in folder.pairs] == ["a 10 b 0", None, "a 10 b 0"]
    assert read_halves(folder, folder.pairs[0]).a.min() >= 300
    assert join(dem, photos).kept == 3


def test_what_looks_like_no_data_is_one_error_with_the_option_that_answers_it(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    dem = write(tmp_path / "dem", heights(-9999), heights(), heights(-9999))
    with refused("nodata-suspected") as error:
        join(dem, photos)
    assert "--nodata -9999" in error.value.to_do
    assert not (tmp_path / "pairs").exists()
    assert join(dem, photos, nodata=-9999.0).filled == (20, 0)
    assert read_manifest(tmp_path / "pairs").provenance["nodata"] == "-9999"
    for other in ("tag", "none", -1.0):
        with refused("other-settings", tmp_path / "pairs", usage=True):
            join(dem, photos, nodata=other)


def test_a_far_value_is_kept_where_the_user_says_that_it_is_a_measurement(tmp_path: Path, photos: Path) -> None:
    dem = write(tmp_path / "dem", heights(-9999), heights(), heights())
    assert join(dem, photos, nodata="none").filled == (0, 0)
    assert read_manifest(tmp_path / "pairs").a.range[0] == -9999


@pytest.mark.parametrize(("most", "high"), [(1000, 1023), (4000, 4095), (16000, 16383), (60000, 65535)])
def test_the_bits_in_use_over_all_files_are_the_range_of_16_bits(
    most: int, high: int, tmp_path: Path, photos: Path
) -> None:
    ramp = np.linspace(0, 900, 16 * 24).reshape(16, 24).astype(np.uint16)
    scan = write(tmp_path / "scan", ramp, (ramp * (most / 900)).astype(np.uint16), ramp)
    assert join(scan, photos).ranges[0] == (0, high)
    assert read_manifest(tmp_path / "pairs").a.range == (0, high)
    assert "few-bits" not in {each.code for each in check(tmp_path / "pairs").findings}


def test_new_pairs_widen_the_range_and_never_narrow_it(tmp_path: Path, photos: Path) -> None:
    ramp = np.linspace(0, 4000, 16 * 24).reshape(16, 24).astype(np.uint16)
    scan = write(tmp_path / "scan", ramp, ramp, ramp)
    (photos / "c.png").rename(tmp_path / "c.png")
    (scan / "c.tif").rename(tmp_path / "c.tif")
    join(scan, photos)
    assert read_manifest(tmp_path / "pairs").a.range == (0, 4095)
    (tmp_path / "c.png").rename(photos / "c.png")
    tifffile.imwrite(scan / "c.tif", ramp * 3)
    join(scan, photos)
    assert read_manifest(tmp_path / "pairs").a.range == (0, 16383)
    join(scan, photos)
    assert read_manifest(tmp_path / "pairs").a.range == (0, 16383)


def test_shards_of_few_bits_are_merged_to_the_widest_range(tmp_path: Path, photos: Path) -> None:
    ramp = np.linspace(0, 900, 16 * 24).reshape(16, 24).astype(np.uint16)
    scan = write(tmp_path / "scan", ramp, ramp * 4, ramp)
    for shard in ("1/2", "2/2"):
        join(scan, photos, shard=parse_shard(shard))
    merge([tmp_path / f"pairs.{number}-of-2" for number in (1, 2)], tmp_path / "merged")
    assert read_manifest(tmp_path / "merged").a.range == (0, 4095)


@pytest.mark.parametrize("numbers", [range(2), range(5), (0, 1, 255), range(20)])
def test_class_numbers_are_not_taken_for_a_photo_in_silence(
    numbers: "range | tuple[int, ...]", tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    values = np.resize(np.array(numbers, dtype=np.uint8), (16, 24))
    for name in NAMES:
        write_png(tmp_path / "labels" / f"{name}.png", values)
    with refused("class-numbers", tmp_path / "labels") as error:
        join(tmp_path / "labels", photos)
    assert "build-masks" in error.value.to_do
    assert not (tmp_path / "pairs").exists()
    join(tmp_path / "labels", photos, plain_numbers=True)
    for folder in ("labels", "pairs"):
        assert [each.code for each in check(tmp_path / folder).findings if each.code != "duplicate"] == [
            "class-numbers"
        ]


def test_black_and_white_drawings_are_pictures(tmp_path: Path, photos: Path) -> None:
    for name in NAMES:
        write_png(tmp_path / "edges" / f"{name}.png", np.eye(16, 24, dtype=np.uint8) * 255)
    assert join(tmp_path / "edges", photos).built == 3
    assert check(photos).findings == ()


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        ([0.0, 0.0], "constant-pictures", "the value 0"),
        ([0.9, 250.0], "mixed-scales", "two scales"),
    ],
)
def test_a_half_of_one_value_or_of_two_scales_is_said_at_pairing_and_found_by_check(
    values: list[float], code: str, said: str, tmp_path: Path, write_photos: "WritePhotos", notes: "Notes"
) -> None:
    (tmp_path / "heights").mkdir()
    for number, value in enumerate(values):
        tifffile.imwrite(
            tmp_path / "heights" / f"{number}.tif", np.linspace(0, value, 24 * 16, dtype=np.float32).reshape(16, 24)
        )
    photos = write_photos(tmp_path / "photos", "0.png", "1.png")
    pair(tmp_path / "heights", photos, tmp_path / "pairs", report=notes)
    assert [line for line in notes.lines if said in line]
    for folder in ("pairs", "heights"):
        assert code in [finding.code for finding in check(tmp_path / folder).findings]


def test_holes_of_a_depth_camera_are_said_at_pairing_and_found_by_check_until_they_are_no_data(
    tmp_path: Path, photos: Path, notes: "Notes"
) -> None:
    depth = (800 + 90 * np.arange(16)[:, None] + 3 * np.arange(24)).astype(np.uint16)
    depth[3:6, 4:9] = 0
    scan = write(tmp_path / "depth", depth, depth + 500 * (depth > 0).astype(np.uint16), depth)
    said = "3 pictures have zeros apart from all other values, which begin at 800"
    pair(scan, photos, tmp_path / "pairs", report=notes)
    assert [line for line in notes.lines if said in line]
    for folder in ("pairs", "depth"):
        assert [finding.what for finding in check(tmp_path / folder).findings if finding.code == "holes-suspected"] == [
            said
        ]
    said_so: tuple[Nodata, ...] = (0.0, "none")
    for number, nodata in enumerate(said_so):
        notes.lines.clear()
        pair(scan, photos, tmp_path / f"again{number}", ways=PairOptions(nodata=nodata), report=notes)
        assert not [line for line in notes.lines if "apart" in line]
    assert "holes-suspected" not in [finding.code for finding in check(tmp_path / "again0").findings]


def test_negative_numbers_in_an_unsigned_file_are_said_at_pairing_and_found_by_check(
    tmp_path: Path, photos: Path, notes: "Notes"
) -> None:
    heights = (np.arange(16 * 24).reshape(16, 24) - 100).astype(np.uint16)
    pair(write(tmp_path / "heights", heights, heights, heights), photos, tmp_path / "pairs", report=notes)
    said = "3 pictures have values up to 283 and from 65436 on, and none between"
    assert [line for line in notes.lines if said in line]
    for folder in ("pairs", "heights"):
        assert said in [each.what for each in check(tmp_path / folder).findings if each.code == "wrapped-values"]


@pytest.mark.parametrize(
    ("scales", "is_told"),
    [(("0.1", "0.1", "0.1"), False), (("0.1", "0.2", None), True), (("unknown", "nan", "1"), False)],
)
def test_numbers_that_files_unpack_in_different_ways_are_noted(
    scales: tuple[str | None, ...], is_told: bool, tmp_path: Path, photos: Path, notes: "Notes"
) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    for name, scale in zip(NAMES, scales, strict=True):
        items = f'<Item name="SCALE" sample="0" role="scale">{scale}</Item><Item name="OFFSET" role="offset">280</Item>'
        tags = [(42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)] if scale else []
        tifffile.imwrite(packed / f"{name}.tif", heights(dtype="int16"), extratags=tags)
    pair(packed, photos, tmp_path / "pairs", halves=("x", "photo"), report=notes)
    told = [line for line in notes.lines if "unpack" in line]
    assert len(told) == is_told
    if is_told:
        assert "3 ways" in told[0]
        assert "times 0.1 plus 280 (a.tif)" in told[0]

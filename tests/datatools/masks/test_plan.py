"""Which masks are to be built, under which name and of which size."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.errors import Skip
from p2p_datatools.contract.pictures.pages import ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import IndexLabels, LabelSet, Polygon, Region, RegionLabels
from p2p_datatools.masks.plan import MaskJob, needed_size, photo_folder, plan_masks, strays_of

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

HOOD = Region("hood", (Polygon(np.array([[0.0, 0], [4, 0], [4, 4]])),))


def regions(name: str, size: Size | None = None, *drawn: Region) -> RegionLabels:
    return RegionLabels(name, size, drawn, where=name, source=name, signature="")


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", "a.jpg", "sub/b.jpg", size=Size(8, 6))


def test_masks_are_named_after_their_photos_or_else_after_what_the_labels_say(photos: Path) -> None:
    found = LabelSet("coco", (regions("x/a.png", None, HOOD), regions("b.jpg", None, HOOD)))
    with_photos, _ = plan_masks(found, photo_folder(photos, found))
    assert [job.name for job in with_photos] == ["a", "sub/b"]
    without, _ = plan_masks(found, None)
    assert [(job.name, job.photo) for job in without] == [("x/a", None), ("b", None)]


def test_every_picture_that_cannot_be_built_is_a_skip(photos: Path) -> None:
    line = RegionLabels("b.jpg", None, (), "b.jpg", "b.jpg", "", without_area={"line": 1})
    damaged = Skip("z.jpg", "is damaged", "Fetch it again.", "damaged-file")
    items = (regions("a.jpg", None, HOOD), regions("c.jpg", None, HOOD), line)
    found = LabelSet("coco", items, skipped=(damaged,))
    jobs, skipped = plan_masks(found, photo_folder(photos, found))
    assert [job.name for job in jobs] == ["a"]
    assert [(skip.where, skip.code) for skip in skipped] == [
        ("z.jpg", "damaged-file"),
        ("c.jpg", "no-photo"),
        ("b.jpg", "no-outline"),
    ]


@pytest.mark.parametrize(("others", "count"), [(("1", "1"), 1), (("1", "2"), 0)])
def test_labels_of_one_picture_that_are_alike_are_taken_once(
    others: tuple[str, str], count: int, notes: "Notes"
) -> None:
    items = tuple(replace(regions("a.jpg", Size(8, 6), HOOD), signature=each) for each in others)
    jobs, skipped = plan_masks(LabelSet("cvat", items), None, report=notes)
    assert len(jobs) == count
    assert {skip.code for skip in skipped} == (set() if count else {"several-labels"})
    assert any("each time alike" in line for line in notes.lines) == bool(count)


def test_the_size_is_the_photos_and_the_labels_have_to_agree(photos: Path, refused: "Refused") -> None:
    photo = photos / "a.jpg"
    assert needed_size(MaskJob(regions("a.jpg"), "a", photo)) == (8, 6)
    assert needed_size(MaskJob(regions("a.jpg", Size(8, 6)), "a", photo)) == (8, 6)
    assert needed_size(MaskJob(regions("a.jpg", Size(8, 6)), "a", None)) == (8, 6)
    assert needed_size(MaskJob(IndexLabels("a.png", Path("a.png")), "a", None)) is None
    with refused("mask-size", "a.jpg") as error:
        needed_size(MaskJob(regions("a.jpg", Size(6, 8)), "a", photo))
    assert "of 6x8, but the photo is 8x6" in error.value.what
    with refused("no-size", "a.jpg"):
        needed_size(MaskJob(regions("a.jpg"), "a", None))


def turn(photo: Path, orientation: int) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (8, 6)).save(photo, exif=exif)
    return photo


def outline(*points: tuple[float, float]) -> Region:
    return Region("hood", (Polygon(np.array(points, dtype=np.float64)),))


def test_outlines_that_fit_only_the_upright_photo_are_taken_though_the_labels_tell_the_sensors_size(
    photos: Path, refused: "Refused"
) -> None:
    photo = turn(photos / "a.jpg", 6)
    low = outline((0, 0), (6, 0), (6, 8))
    assert needed_size(MaskJob(regions("a.jpg", Size(8, 6), low), "a", photo)) == (6, 8)
    for strange in (outline((0, 0), (8, 0), (8, 6)), HOOD, outline((0, 0), (8, 0), (8, 8))):
        with refused("exif-turned", "a.jpg") as error:
            needed_size(MaskJob(regions("a.jpg", Size(8, 6), strange), "a", photo))
        assert "--exif raw" in error.value.to_do
    raw = ReadOptions(exif="raw")
    assert needed_size(MaskJob(regions("a.jpg", Size(8, 6), HOOD), "a", photo, raw)) == (8, 6)


def test_outlines_that_fit_only_the_photo_are_taken_though_a_program_exchanged_its_sides(
    photos: Path, refused: "Refused"
) -> None:
    photo = turn(photos / "a.jpg", 1)
    wide = outline((0, 0), (8, 0), (8, 6))
    assert needed_size(MaskJob(regions("a.jpg", Size(6, 8), wide), "a", photo)) == (8, 6)
    for strange in (outline((0, 0), (6, 0), (6, 8)), HOOD, outline((0, 0), (8, 0), (8, 8))):
        with refused("mask-size", "a.jpg") as error:
            needed_size(MaskJob(regions("a.jpg", Size(6, 8), strange), "a", photo))
        assert "exchanged width and height" in error.value.to_do


def test_outlines_of_a_photo_beside_the_size_of_another_are_refused_and_not_cut_off(refused: "Refused") -> None:
    photo, small = Size(800, 600), Size(400, 300)
    for corner in ((780, 590), (455, 100)):
        with refused("mask-size", "a.jpg"):
            strays_of(regions("a.jpg", small, HOOD, outline((10, 10), corner, (20, 90))), photo)
    slip, beyond_both = outline((10, 10), (420, 290), (20, 90)), outline((10, 10), (900, 590), (20, 90))
    for drawn in (slip, beyond_both):
        assert strays_of(regions("a.jpg", small, HOOD, drawn), photo) == ()
    assert strays_of(regions("a.jpg", photo, HOOD, outline((10, 10), (780, 590), (20, 90))), small) == ()


def test_a_photo_that_exif_does_not_turn_is_not_blamed_on_it(photos: Path, refused: "Refused") -> None:
    for orientation in (1, 3):
        with refused("mask-size", "a.jpg"):
            needed_size(MaskJob(regions("a.jpg", Size(6, 8), HOOD), "a", turn(photos / "a.jpg", orientation)))


@pytest.mark.parametrize(
    ("outline", "covers"),
    [
        ([[1.6, 1.6], [2.4, 1.6], [2.4, 2.4]], False),  # between four centres
        ([[1.4, 1.4], [2.4, 1.4], [1.4, 2.4]], True),
        ([[0.6, 0.0], [1.4, 0.0], [1.4, 6.0], [0.6, 6.0]], False),  # a stripe between two columns
        ([[0.4, 0.0], [1.4, 0.0], [1.4, 6.0], [0.4, 6.0]], True),
    ],
)
def test_regions_that_cover_no_pixel_are_faults_and_an_error_where_no_other_is_left(
    outline: list[list[float]], covers: bool, refused: "Refused"
) -> None:
    small = Region("hood", (Polygon(np.array(outline)),), place="a.jpg: shape 1")
    faults = strays_of(regions("a.jpg", Size(8, 6), HOOD, small), Size(8, 6))
    assert [(fault.code, fault.where) for fault in faults] == ([] if covers else [("no-pixel", "a.jpg: shape 1")])
    assert strays_of(regions("a.jpg", Size(4, 3), HOOD, small), Size(8, 6)) == ()  # scaled, it covers some
    if not covers:
        with refused("no-pixel", "a.jpg: shape 1"):
            strays_of(regions("a.jpg", Size(8, 6), small), Size(8, 6))

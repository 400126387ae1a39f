"""CVAT for images and for video: every shape with an area, layers, and what it is not."""

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest

from p2p_datatools.labels.formats.whole_sets.cvat import is_cvat, read_cvat
from p2p_datatools.labels.values import LabelSet, RegionLabels

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import First

POLYGON = '<polygon label="car" points="1,1;5,1;5,4" z_order="0"/>'


def cvat(*images: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<annotations><version>1.1</version>{''.join(images)}</annotations>")


def image(*shapes: str, more: str = 'name="a.jpg" width="8" height="6"') -> str:
    return f'<image id="0" {more}>{"".join(shapes)}</image>'


def read(*images: str) -> LabelSet:
    return read_cvat(cvat(*images), where="labels/annotations.xml", source="annotations.xml")


def regions_of(labels: LabelSet) -> list[RegionLabels]:
    assert not labels.skipped, labels.skipped
    return [item for item in labels.items if isinstance(item, RegionLabels)]


def test_polygons_and_boxes_become_regions(first: "First") -> None:
    item = first(read(image(POLYGON, '<box label="wheel" xtl="1" ytl="2" xbr="3.5" ybr="4"><attribute/></box>')))
    assert (item.file_name, item.size, item.source) == ("a.jpg", (8, 6), "annotations.xml: a.jpg")
    assert [each.label for each in item.regions] == ["car", "wheel"]
    assert item.regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5, 4]]
    assert item.regions[1].polygons[0].outer.tolist() == [[1, 2], [3.5, 2], [3.5, 4], [1, 4]]


def test_boxes_and_ellipses_may_be_turned(first: "First") -> None:
    box = '<box label="a" xtl="0" ytl="0" xbr="4" ybr="2" rotation="90"/>'
    ellipse = '<ellipse label="a" cx="4" cy="3" rx="2" ry="1" rotation="90"/>'
    turned, round_ = (region.polygons[0].outer for region in first(read(image(box, ellipse))).regions)
    assert turned.max(axis=0).round(6).tolist() == [3, 3]
    assert np.abs(round_ - [4, 3]).max(axis=0).round(3).tolist() == [1, 2]


def test_a_mask_lies_row_by_row_at_its_place(first: "First") -> None:
    mask = '<mask label="car" rle="1, 2, 0, 2, 1" left="2" top="1" width="3" height="2"/>'
    (region,) = first(read(image(mask))).regions
    (runs,) = region.runs
    assert (runs.left, runs.top) == (2, 1)
    assert runs.mask().tolist() == [[False, True, True], [True, True, False]]


def test_lower_layers_come_first_and_the_order_of_the_file_within_them(first: "First") -> None:
    shapes = [
        POLYGON.replace('"car"', f'"{label}"').replace('"0"', f'"{layer}"')
        for label, layer in zip("abcd", "2010", strict=True)
    ]
    assert [each.label for each in first(read(image(*shapes))).regions] == ["b", "d", "c", "a"]


def test_lines_points_and_cuboids_have_no_area_and_tags_are_of_the_whole_picture(first: "First") -> None:
    lines = ['<polyline label="a" points="1,2;3,4"/>', '<points label="a" points="1,2"/>', '<tag label="night"/>']
    item = first(read(image(POLYGON, *lines, '<cuboid label="a"/>')))
    assert len(item.regions) == 1
    assert item.without_area == {"polyline": 1, "points": 1, "cuboid": 1}


def test_the_subsets_of_a_project_are_folders() -> None:
    labels = read(*(image(POLYGON, more=f'name="a.jpg" subset="{subset}"') for subset in ("Train", "Test")))
    assert [item.file_name for item in labels.items] == ["Train/a.jpg", "Test/a.jpg"]


@pytest.mark.parametrize(
    ("broken", "code", "about"),
    [
        (
            '<polygon label="a" points="1,1;5,1"/>',
            "bad-outline",
            "shape 1, a polygon: a polygon needs 3 points and has 2",
        ),
        ('<polygon label="a"/>', "bad-outline", "has 0"),
        ('<polygon label="a" points="1,1;5,nan;4,4"/>', "bad-outline", "1e+09"),
        ('<polygon label="a" points="1,1;5;4,4"/>', "bad-outline", "a list x,y;x,y"),
        ('<box label="a" xtl="0" ytl="0" xbr="4"/>', "bad-number", "shape 1, a box: its ybr is not a number: None"),
        ('<box label="a" xtl="0" ytl="0" xbr="4" ybr="inf"/>', "bad-number", "'inf'"),
        ('<mask label="a" rle="1, 2" left="0" top="0" width="3" height="2"/>', "bad-rle", "do not cover 3x2"),
        ('<mask label="a" rle="1, x" left="0" top="0" width="3" height="2"/>', "bad-rle", "a list of whole numbers"),
        ('<star label="a"/>', "unknown-shape", "shape 1, a star: "),
        ('<polygon label="a" points="1,1;5,1;5,4" z_order="top"/>', "bad-number", "'top'"),
    ],
)
def test_damage_skips_its_picture_and_no_other(broken: str, code: str, about: str) -> None:
    labels = read(image(broken), image(POLYGON, more='name="b.jpg"'))
    assert [item.file_name for item in labels.items] == ["b.jpg"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == ("a.jpg", code)
    assert about in skip.what


def test_an_unknown_shape_is_refused_with_the_known_ones() -> None:
    (skip,) = read(image('<star label="a"/>')).skipped
    assert "polygon, box, ellipse, mask" in skip.to_do


def test_an_image_without_a_name_or_with_a_broken_size_is_skipped() -> None:
    skips = read(image(more=""), image(more='name="a.jpg" width="x" height="6"')).skipped
    assert [(skip.where, skip.code) for skip in skips] == [
        ("labels/annotations.xml: image 0", "no-file-name"),
        ("a.jpg", "bad-size"),
    ]


def test_a_file_without_images_says_what_to_export(refused: "Refused") -> None:
    for value in (cvat(), cvat('<track id="0" label="car"/>')):
        assert is_cvat(value)
        with refused("no-labels", "a.xml") as error:
            read_cvat(value, where="a.xml", source="a.xml")
        assert "CVAT for images 1.1" in error.value.to_do


META = (
    "<meta><task><frame_filter>step=5</frame_filter><original_size><width>8</width><height>6</height></original_size>"
    "</task></meta>"
)


def track(label: str, *frames: int, keyframe: int = 1, end: int | None = None, more: str = "") -> str:
    """A track that is seen on `frames`, and whose shape on the frame `end` lies outside, as CVAT ends them."""
    shapes = [(frame, 0) for frame in frames] + ([(end, 1)] if end is not None else [])
    drawn = (
        f'<polygon frame="{frame}" keyframe="{keyframe}" outside="{outside}" points="1,1;5,1;5,{4 + frame / 100}" '
        'z_order="0"/>'
        for frame, outside in shapes
    )
    return f'<track id="0" label="{label}" {more}>{"".join(drawn)}</track>'


def test_the_tracks_of_a_video_are_regions_of_the_frames_on_which_they_are_seen() -> None:
    labels = read(META, track("car", 0, 5, keyframe=0, end=10), track("wheel", 5, end=10))
    told = [(item.file_name, item.size, [each.label for each in item.regions]) for item in regions_of(labels)]
    assert told == [("frame_000000", (8, 6), ["car"]), ("frame_000005", (8, 6), ["car", "wheel"])]
    assert regions_of(labels)[1].regions[0].polygons[0].outer.tolist() == [[1, 1], [5, 1], [5, 4.05]]
    (note,) = labels.notes
    assert "frame_000000" in note


@pytest.mark.parametrize(
    "tracks",
    [
        (track("car", 0, 10, 15),),  # which other programs write: what is between the two is not told
        (track("car", 0, more='task_id="1"'), track("car", 0, more='task_id="2"')),
        (image(POLYGON), track("car", 0)),
    ],
)
def test_a_video_whose_frames_are_not_told_is_refused(tracks: tuple[str, ...], refused: "Refused") -> None:
    with refused("video", "labels/annotations.xml") as error:
        read(META, *tracks)
    assert "CVAT for images 1.1" in error.value.to_do


def test_cvat_is_known_by_its_root() -> None:
    assert not is_cvat(ElementTree.fromstring("<annotation/>"))
    assert not is_cvat({"annotations": []})

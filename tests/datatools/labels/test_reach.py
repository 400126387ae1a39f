"""How far outlines reach tells labels that are of another scale than their pictures."""

from dataclasses import replace

import numpy as np

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.reach import Reaches
from p2p_datatools.labels.values import Polygon, Region, RegionLabels, Runs

SIZE = Size(800, 600)


def labels(*boxes: tuple[float, float, float, float], relative: bool = False) -> RegionLabels:
    """The labels of a picture with these boxes: left, top, right, bottom."""
    outlines = [np.array([(a, b), (c, b), (c, d), (a, d)], dtype=np.float64) for a, b, c, d in boxes]
    regions = [Region("car", (Polygon(each),), (), f"a.json: shape {n}") for n, each in enumerate(outlines, start=1)]
    return RegionLabels("a.jpg", SIZE, regions, "a.json", "a.json", "x", relative=relative)


def notes_of(*pictures: RegionLabels, size: Size = SIZE) -> list[str]:
    reaches = Reaches()
    for number, each in enumerate(pictures):
        reaches.add(str(number), each, size)
    return list(reaches.notes("labels"))


def test_regions_far_beyond_the_edge_are_told_once_with_the_first() -> None:
    (note,) = notes_of(labels((10, 10, 700, 500)), labels((1, 1, 9, 9), (10, 10, 1500, 500)), labels((5, 5, 9, 1200)))
    assert note.startswith("labels: 2 pictures have regions that reach far beyond the edge; the first: ")
    assert "a.json: shape 2 (car) reaches x=1500 in a picture of 800x600." in note


def test_a_hand_that_slipped_over_the_edge_is_not_told() -> None:
    assert notes_of(labels((-50, 10, 870, 650))) == []
    assert notes_of(labels((1, 1, 37, 20)), size=Size(30, 20)) == []


def test_a_drawn_mask_far_beyond_the_edge_is_told() -> None:
    runs = Runs(np.array([0, 900 * 600]), Size(900, 600), left=10)
    item = RegionLabels("a.jpg", SIZE, [Region("car", (), (runs,))], "a.json", "a.json", "x")
    (note,) = notes_of(item)
    assert "a.json (car) reaches x=910" in note
    (note,) = notes_of(replace(item, regions=[Region("car", (), (replace(runs, left=10**400),))]))
    assert "reaches x=1000000900" in note


def test_percentages_in_the_place_of_pixels_are_told_by_all_pictures_together() -> None:
    one, other = labels((10, 10, 60, 40), (50, 50, 90, 100)), labels((20, 30, 70, 80))
    (note,) = notes_of(one, other)
    assert "3 regions of 2 pictures" in note
    assert "percentages" in note
    assert notes_of(one) == []  # two regions may lie there by accident
    assert notes_of(one, other, labels((300, 10, 400, 20))) == []
    assert notes_of(one, other, size=Size(390, 390)) == []
    assert notes_of(labels((1, 1, 9, 9), (2, 2, 8, 8), (3, 3, 7, 7))) == []  # small things in a corner


def test_outlines_that_were_resized_without_the_size_of_their_picture_are_told_by_all_together() -> None:
    def notes(*pictures: RegionLabels, photo: Size = Size(400, 300)) -> list[str]:
        reaches = Reaches()
        for number, each in enumerate(pictures):
            reaches.add(str(number), each, SIZE, photo)
        return list(reaches.notes("labels"))

    one, other = labels((10, 10, 390, 290), (50, 150, 250, 200)), labels((120, 130, 370, 280))
    (note,) = notes(one, other)
    assert "2 pictures" in note
    assert "400x300" in note
    assert notes(one, other, labels((120, 130, 700, 580))) == []  # labels of the large picture
    assert notes(one) == []
    assert notes(one, other, photo=SIZE) == []
    corner = labels((101, 110, 190, 140), (120, 120, 130, 130), (110, 110, 150, 150))
    assert notes(corner) == []


def test_shares_and_pictures_without_regions_reach_nowhere() -> None:
    assert notes_of(labels((0, 0, 1.04, 1.04), relative=True), labels()) == []


def test_regions_of_all_pictures_in_the_first_quarter_are_told() -> None:
    halved = [labels((10 * n, 20, 200 + 20 * n, 290)) for n in range(10)]  # up to 380 of 800, and 290 of 600
    (note,) = notes_of(*halved)
    assert "the regions of all 10 pictures lie in the first 48% of both sides" in note
    assert notes_of(*halved[1:]) == [], "so few may lie there by accident"
    assert notes_of(*halved, labels((10, 10, 100, 500))) == []
    assert notes_of(*halved, labels((500, 10, 700, 100))) == []

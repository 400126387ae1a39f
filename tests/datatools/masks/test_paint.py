"""Polygons are filled by pixel centres, exactly, and in the order of the palette."""

import itertools
import time
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import draw

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import Points, Polygon, Region, Runs
from p2p_datatools.masks.paint import is_outside, paint_regions

# The type information of scikit-image is incomplete.
scikit_polygon: Callable[..., NDArray[np.bool_]] = draw.polygon2mask

CLASSES = {"car": 1, "wheel": 2, "sticker": None, "odd": 255}


def outline(*points: tuple[float, float]) -> Points:
    return np.array(points, dtype=np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return outline((left, top), (right, top), (right, bottom), (left, bottom))


def mask_of(regions: list[Region], classes: Mapping[str, int | None], size: Size = Size(8, 6)) -> NDArray[np.uint8]:
    return paint_regions(regions, size, classes.__getitem__).mask


def filled(polygon: Polygon, size: Size = Size(8, 6)) -> NDArray[np.uint8]:
    return mask_of([Region("a", (polygon,))], {"a": 1}, size)


def test_a_box_on_pixel_borders_covers_exactly_those_pixels() -> None:
    canvas = filled(Polygon(box(1, 2, 4, 5)))
    assert canvas.sum() == 9
    assert canvas[2:5, 1:4].all()


def test_a_pixel_belongs_to_the_polygon_that_holds_its_centre() -> None:
    assert filled(Polygon(box(0.6, 0.6, 1.4, 1.4))).sum() == 0
    assert filled(Polygon(box(0.4, 0.4, 1.4, 1.4)))[0, 0] == 1
    assert filled(Polygon(box(0.4, 0.4, 1.4, 1.4))).sum() == 1


def test_the_outline_does_not_grow() -> None:
    thin = Polygon(outline((0, 2.2), (8, 2.2), (8, 2.3)))
    assert filled(thin).sum() == 0


def test_polygons_are_filled_as_scikit_image_fills_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        points = rng.uniform(-20, 70, (rng.integers(3, 9), 2))
        expected = scikit_polygon((50, 40), points[:, ::-1] - 0.5)
        assert (filled(Polygon(points), Size(40, 50)).astype(bool) == expected).all()


def test_neighbours_with_a_common_edge_leave_no_gap_and_do_not_overlap() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        corner, other, left, right = rng.uniform(0, 30, (4, 2)).round(1)
        fan = [corner, left, other, right]
        for a, b in itertools.pairwise([*fan, fan[0]]):
            middle = (corner + other) / 2
            one, two = (
                filled(Polygon(np.array([a, b, middle])), Size(30, 30)),
                filled(Polygon(np.array([b, a, a + b - middle])), Size(30, 30)),
            )
            assert not (one & two).any()
            both = filled(Polygon(np.array([a, middle, b, a + b - middle])), Size(30, 30))
            assert ((one | two) == both).all()


def test_holes_are_cut_out_and_show_what_lies_beneath() -> None:
    regions = [
        Region("car", (Polygon(box(0, 0, 8, 6)),)),
        Region("wheel", (Polygon(box(1, 1, 6, 5), holes=(box(2, 2, 4, 4),)),)),
    ]
    canvas = paint_regions(regions, Size(8, 6), CLASSES.__getitem__).mask
    assert canvas[3, 3] == 1
    assert canvas[1, 1] == 2
    assert (canvas == 2).sum() == 5 * 4 - 4


def test_parts_of_one_region_are_united_even_where_they_overlap() -> None:
    region = Region("car", (Polygon(box(0, 0, 3, 3)), Polygon(box(2, 2, 5, 5))))
    assert (mask_of([region], CLASSES) == 1).sum() == 9 + 9 - 1


def test_an_outline_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    bow = Polygon(outline((0, 0), (8, 6), (8, 0), (0, 6)))
    canvas = filled(bow)
    assert canvas[3, 0] == canvas[3, 7] == 1
    assert canvas[0, 4] == canvas[5, 4] == 0


@pytest.mark.parametrize("far", [-3.0, -1e8])
def test_what_lies_outside_the_picture_is_cut_off(far: float) -> None:
    assert filled(Polygon(box(far, far, 2, 2))).sum() == 4
    assert filled(Polygon(box(6, 4, -far * 10, -far * 10))).sum() == 4
    assert filled(Polygon(box(far, far, -far * 10, -far * 10))).all()
    assert not filled(Polygon(box(far * 2, far, far, 5))).any()


def test_a_wheel_is_painted_over_its_car_whatever_the_order() -> None:
    car, wheel = Region("car", (Polygon(box(0, 0, 8, 6)),)), Region("wheel", (Polygon(box(2, 2, 4, 4)),))
    for regions in ([car, wheel], [wheel, car]):
        canvas = paint_regions(regions, Size(8, 6), CLASSES.__getitem__).mask
        assert canvas[3, 3] == 2
        assert (canvas == 1).sum() == 44


def test_what_stays_unpainted_hides_nothing_and_what_is_ignored_hides_all() -> None:
    car, whole = (Polygon(box(0, 0, 4, 4)),), (Polygon(box(2, 2, 8, 6)),)
    assert (mask_of([Region("car", car), Region("sticker", whole)], CLASSES) == 1).sum() == 16
    canvas = mask_of([Region("odd", whole), Region("car", car)], CLASSES)
    assert (canvas == 255).sum() == 24


def test_a_large_picture_is_painted_in_a_moment() -> None:
    start = time.perf_counter()
    for _ in range(200):
        filled(Polygon(box(100, 100, 160, 160)), Size(300, 200))
    mask_of([Region("car", (Polygon(box(0, 0, 6000, 4000)),))], CLASSES, Size(6000, 4000))
    assert time.perf_counter() - start < 5


def test_in_the_order_of_annotation_the_later_covers_the_earlier_and_background_too() -> None:
    classes = CLASSES | {"hole": 0}
    wheel, car = Region("wheel", (Polygon(box(2, 2, 4, 4)),)), Region("car", (Polygon(box(0, 0, 8, 6)),))
    hole = Region("hole", (Polygon(box(5, 0, 8, 6)),))
    assert (paint_regions([wheel, car], Size(8, 6), classes.__getitem__, "annotation").mask == 1).all()
    canvas = paint_regions([car, wheel, hole], Size(8, 6), classes.__getitem__, "annotation").mask
    assert (canvas[3, 3], canvas[0, 0], canvas[0, 6]) == (2, 1, 0)


def test_background_drawn_over_a_region_is_a_hole_in_it_and_in_no_other() -> None:
    classes = CLASSES | {"hole": 0}
    car, wheel = Region("car", (Polygon(box(0, 0, 8, 6)),)), Region("wheel", (Polygon(box(2, 2, 4, 4)),))
    hole = Region("hole", (Polygon(box(1, 1, 6, 5)),))
    before = mask_of([hole, car, wheel], classes)
    assert (before[1, 1], before[3, 3]) == (1, 2)
    between = mask_of([car, hole, wheel], classes)
    assert (between[1, 1], between[3, 3], between[0, 0]) == (0, 2, 1)
    partly = mask_of([car, Region("hole", (Polygon(box(5, 0, 8, 6)),)), wheel], classes)
    assert (partly[0, 6], partly[0, 4]) == (0, 1)


def test_background_drawn_last_over_a_whole_region_leaves_it() -> None:
    classes = CLASSES | {"all": 0}
    car, all_of_it = Region("car", (Polygon(box(1, 1, 4, 4)),)), Region("all", (Polygon(box(0, 0, 8, 6)),))
    assert (mask_of([car, all_of_it], classes) == 1).sum() == 9


@pytest.mark.parametrize(("left", "top"), [(0, 0), (3, 2), (-2, -1), (6, 5), (-2, 4), (8, 0), (0, -3)])
def test_a_drawn_mask_is_stamped_where_it_lies_and_cut_off_at_the_border(left: int, top: int) -> None:
    inside = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0]], dtype=bool)
    counts = np.array([0, 1, 1, 1, 1, 1, 1, 2, 1])
    wide = np.zeros((26, 28), dtype=np.uint8)
    canvas = mask_of([Region("a", (), (Runs(counts, Size(3, 3), left=left, top=top),))], {"a": 2})
    wide[10 + top : 13 + top, 10 + left : 13 + left][inside] = 2
    assert (canvas == wide[10:16, 10:18]).all()


def test_a_region_is_outside_only_when_all_of_it_is() -> None:
    inner, outer = Polygon(box(1, 1, 3, 3)), Polygon(box(8, 1, 12, 3))
    assert is_outside(Region("car", (outer, Polygon(box(0, -5, 4, 0)))), Size(8, 6))
    assert not is_outside(Region("car", (outer, inner)), Size(8, 6))
    runs = Runs(np.array([0, 4]), Size(2, 2), left=-2)
    assert is_outside(Region("car", (), (runs,)), Size(8, 6))
    assert not is_outside(Region("car", (outer,), (Runs(np.array([0, 4]), Size(2, 2), left=-1),)), Size(8, 6))


@pytest.mark.parametrize("seed", range(20))
def test_painted_at_once_both_orders_are_what_they_are_one_after_the_other(seed: int) -> None:
    rng, size = np.random.default_rng(seed), Size(23, 17)
    classes = {"hole": 0, "car": 1, "wheel": 2, "odd": 255}
    labels = rng.choice(list(classes) if seed % 2 else list(classes)[1:], 7)
    regions = [
        Region(
            str(label),
            tuple(Polygon(rng.uniform(-5, 25, (5, 2))) for _ in range(int(rng.integers(1, 3)))),
            (Runs(np.array([3, 20, 5, 2]), Size(6, 5), left=int(rng.integers(-3, 22)), top=-1),),
        )
        for label in labels
    ]
    covers = [paint_regions([region], size, lambda _: 1).mask > 0 for region in regions]
    expected, shown = np.zeros((17, 23), dtype=np.uint8), np.zeros((17, 23), dtype=np.uint8)
    for place, (label, cover) in enumerate(zip(labels, covers, strict=True)):
        shown[cover] = classes[label]
        for hole, over in zip(labels[place + 1 :], covers[place + 1 :], strict=True):
            if hole == "hole" and label != "hole" and (cover & ~over).any():
                cover = cover & ~over
        expected[cover] = np.maximum(expected[cover], classes[label])
    found = paint_regions(regions, size, classes.__getitem__)
    assert (found.mask == expected).all()
    assert found.reordered == (expected != shown).sum()
    assert (paint_regions(regions, size, classes.__getitem__, "annotation").mask == shown).all()

"""Pairs whose halves belong to other pairs are found by their edges; of those that fit or tell nothing none is."""

from collections.abc import Callable
from functools import cache
from itertools import permutations, product
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import Finding
from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.fit.edges import EdgeMap, map_edges
from p2p_datatools.contract.pairs.fit.partners import PartnerCheck
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_mask, write_png
from p2p_datatools.pairs.build import pair

COUNT = 20
Draw = Callable[[int], NDArray[np.uint8]]


def scene(seed: int) -> Photo:
    """Rectangles of their own colours at places of their own."""
    random = np.random.default_rng(seed)
    picture = np.full((48, 64, 3), random.integers(0, 256, 3), dtype=np.uint8)
    for _ in range(6):
        x, y, width, height = random.integers(0, 50, 4).tolist()
        picture[y : y + height // 2 + 3, x : x + width // 2 + 3] = random.integers(0, 256, 3)
    return picture


def dark(seed: int) -> Photo:
    return scene(seed) // 4


def drawing(seed: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.morphologyEx(scene(seed)[..., 1], cv2.MORPH_GRADIENT, np.ones((3, 3))), dtype=np.uint8)


@cache
def edges_of(draw: Draw, seed: int) -> EdgeMap:
    return map_edges(draw(seed))


def found(a: list[int], b: list[int]) -> list[Finding]:
    partners = PartnerCheck(Path("pairs"), ("edges", "photo"))
    for number, (one, other) in enumerate(zip(a, b, strict=True), start=1):
        partners.add(Path(f"pairs/{number}.png"), edges_of(drawing, one), edges_of(scene, other))
    return list(partners.findings())


def test_halves_that_belong_together_are_not_accused_whatever_their_order_is() -> None:
    order = np.random.default_rng(0).permutation(COUNT).tolist()
    assert found(order, order) == []


def test_a_half_that_is_numbered_from_one_more_fits_the_pair_before() -> None:
    numbers = list(range(COUNT))
    (told,) = found(numbers[1:], numbers[:-1])
    assert (told.where, told.code, told.severity) == ("pairs", "other-partner", "warning")
    assert "edges fits the photo of 2.png" in told.what
    assert told.figure is not None
    assert told.figure > 0.9


def test_a_half_that_was_sorted_as_text_fits_the_pairs_of_its_numbers() -> None:
    (told,) = found(sorted(range(COUNT), key=str), list(range(COUNT)))
    assert told.figure is not None
    assert 0.1 <= told.figure < 0.9


def test_two_pairs_that_have_each_other_s_half_are_named() -> None:
    numbers = list(range(8 * COUNT))
    exchanged = [*numbers]
    exchanged[20], exchanged[100] = 100, 20
    (told,) = found(exchanged, numbers)
    assert (told.where, told.code, told.severity) == ("pairs/21.png", "other-partner", "warning")
    assert "fits the photo of pairs/101.png" in told.what
    assert found(numbers, numbers) == []


@pytest.mark.parametrize("name", ["{}_{}", "tile_r{}_c{}", "16/{:03}/{:03}"])
@pytest.mark.parametrize("draw", [drawing, dark])
def test_tiles_of_a_grid_whose_rows_and_columns_are_exchanged_in_one_half_are_told(name: str, draw: Draw) -> None:
    side = 12
    for is_turned in (False, True):
        partners = PartnerCheck(Path("pairs"), ("map", "photo"))
        for row, column in product(range(side), repeat=2):
            other = column * side + row if is_turned else row * side + column
            file = Path("pairs", f"{name.format(row, column)}.png")
            partners.add(file, edges_of(draw, row * side + column), edges_of(scene, other))
        told = list(partners.findings())
        assert [each.code for each in told] == ["other-partner"] * is_turned
        assert all("fits the photo of" in each.what and each.figure == 0.917 for each in told)


@pytest.mark.parametrize(("scenes", "views"), [(12, 2), (1, 5)])
def test_views_of_a_scene_are_not_accused_where_each_is_paired_with_each_both_ways(scenes: int, views: int) -> None:
    partners = PartnerCheck(Path("pairs"), ("view", "other view"))
    for first in range(0, scenes * views, views):
        for one, other in permutations(range(views), 2):
            edges = [edges_of(scene, first + view) for view in (one, other)]
            partners.add(Path(f"pairs/{first}_{one}_to_{other}.png"), *edges)
    assert list(partners.findings()) == []


@pytest.mark.parametrize("photos", [[each // 4 for each in range(COUNT)], [7] * COUNT])
def test_pairs_that_share_a_photo_fit_it_all(photos: list[int]) -> None:
    assert found(photos, photos) == []


def test_a_later_frame_of_a_video_belongs_to_an_earlier_one() -> None:
    for later in (1, 3, 14):
        partners = PartnerCheck(Path("pairs"), ("now", "later"))
        for number in range(2 * COUNT):
            partners.add(Path(f"{number}.png"), edges_of(scene, number), edges_of(scene, number + later))
        assert list(partners.findings()) == []


def random_maps(seed: int, count: int) -> list[NDArray[np.uint8]]:
    grey = np.random.default_rng(seed).integers(0, 256, (count, 6, 8), dtype=np.uint8)
    return [np.asarray(cv2.resize(each, (64, 48), interpolation=cv2.INTER_CUBIC), np.uint8) for each in grey]


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 40), marks=pytest.mark.long)], ids=["few", "many"])
@pytest.mark.parametrize("scenes", [4, 0])
def test_scenes_that_repeat_and_halves_that_have_nothing_in_common_are_not_accused(scenes: int, seeds: range) -> None:
    accused = 0
    for seed in seeds:
        a, b = random_maps(2 * seed, COUNT), random_maps(2 * seed + 1, COUNT)
        partners = PartnerCheck(Path("pairs"), ("a", "b"))
        for number in range(COUNT):
            of_scene = scene(number % scenes) // 2 if scenes else np.zeros((48, 64, 3), np.uint8)
            one, other = (of_scene + each[number][..., None] // 2 for each in (a, b))
            partners.add(Path(f"{number}.png"), map_edges(one), map_edges(other))
        accused += len(list(partners.findings()))
    assert accused == 0


def test_of_few_pairs_and_of_flat_halves_nothing_is_said() -> None:
    assert found(list(range(1, 12)), list(range(11))) == []
    flat = map_edges(np.full((8, 8), np.nan, dtype=np.float32))
    assert not flat.cells.any()
    assert not map_edges(np.full((1, 9, 2), 1e300)).cells.any()
    partners = PartnerCheck(Path("pairs"), ("a", "b"))
    for number in range(COUNT):
        partners.add(Path(f"{number}.png"), flat, map_edges(scene(number)))
    assert list(partners.findings()) == []


def test_edges_do_not_depend_on_size_depth_and_brightness() -> None:
    photo = scene(3)
    dark = (255 - photo.astype(np.float64)) / 4000
    assert float(map_edges(photo).cells @ map_edges(dark).cells) > 0.99
    large = cv2.resize(photo, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    assert float(map_edges(photo).cells @ map_edges(large).cells) > 0.9
    many = np.repeat(photo, 3, axis=2)  # of more channels than OpenCV resizes
    assert float(map_edges(photo).cells @ map_edges(many).cells) > 0.99


def test_a_folder_of_pairs_says_that_its_halves_are_of_other_pairs(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(0, 40, (48, 64, 3), dtype=np.uint8)
    for number in range(COUNT):
        negative = 255 - scene(number + 1) // 2 - grain
        write_png(tmp_path / "train" / f"{number}.png", np.concatenate((negative, scene(number) // 2 + grain), axis=1))
    (told,) = [each for each in check(tmp_path).findings if each.code == "other-partner"]
    assert told.where == str(tmp_path)


@pytest.mark.parametrize("shift", [0, 1])
def test_masks_of_other_photos_are_told_and_not_called_shifted(tmp_path: Path, shift: int) -> None:
    palette = load_palette("cars")
    for number in range(COUNT):
        random, mask = np.random.default_rng(number), np.zeros((48, 64), np.uint8)
        for kind in (1, 2, 3, 4):
            x, y, width, height = random.integers(2, 40, 4).tolist()
            mask[y : y + height // 2 + 6, x : x + width // 2 + 6] = kind
        write_mask(tmp_path / "masks" / f"{number}.png", mask, palette)
        photo = random.integers(20, 230, (5, 3))[mask] + random.integers(0, 20, (48, 64, 3))
        write_png(tmp_path / "photos" / f"{(number + shift) % COUNT}.png", photo.astype(np.uint8))
    write_records(tmp_path / "masks", palette, [])
    pair(tmp_path / "masks", tmp_path / "photos", tmp_path / "pairs")
    for place, photos in ((tmp_path / "masks", tmp_path / "photos"), (tmp_path / "pairs", None)):
        codes = [each.code for each in check(place, photos=photos).findings]
        assert codes.count("other-partner") == shift
        assert "mask-shifted" not in codes


@pytest.mark.real_data
def test_real_pairs_fit_and_the_same_shifted_by_one_do_not(real_data: Path) -> None:
    files = sorted((real_data / "facades-ab").glob("*.jpg"))
    edges = [[map_edges(half) for half in np.array_split(read_photo(file), 2, axis=1)] for file in files]
    for shift, codes in ((0, []), (1, ["other-partner"])):
        partners = PartnerCheck(Path("pairs"), ("a", "b"))
        for number, file in enumerate(files):
            partners.add(file, edges[number][0], edges[(number + shift) % len(files)][1])
        assert [each.code for each in partners.findings()] == codes

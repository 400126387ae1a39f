"""Pictures of one photo are found whatever was done to it, and a common part, a logo or flat ground is no likeness."""

import cv2
import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.likeness.candidates import find_candidates
from p2p_datatools.likeness.find import find_links
from p2p_datatools.likeness.signature import describe, mirror_bits


def scene(seed: int) -> Photo:
    draw = np.random.default_rng(seed)
    picture = np.full((180, 240, 3), draw.integers(60, 200, 3), np.uint8)
    for _ in range(90):
        x, y = int(draw.integers(0, 240)), int(draw.integers(0, 180))
        color = [int(each) for each in draw.integers(0, 256, 3)]
        cv2.circle(picture, (x, y), int(draw.integers(2, 14)), color, -1)
    return picture


def test_the_bits_of_a_mirrored_picture_are_those_of_the_picture_exchanged() -> None:
    photo = scene(1)
    one, other = describe(photo), describe(np.ascontiguousarray(photo[:, ::-1]))
    assert (mirror_bits(one.outline) == other.outline).mean() > 0.95
    known = {tuple(each) for each in mirror_bits(one.bits)}
    assert np.mean([tuple(each) in known for each in other.bits]) > 0.5


@pytest.mark.parametrize(
    ("rows", "columns", "mirrored", "kind"),
    [((0, 180), (0, 240), False, "twin"), ((20, 160), (30, 215), True, "twin"), ((0, 180), (130, 240), False, "part")],
)
def test_a_part_of_a_photo_is_found(rows: tuple[int, int], columns: tuple[int, int], mirrored: bool, kind: str) -> None:
    photo = scene(2)
    part = photo[slice(*rows), slice(*columns)][:, :: -1 if mirrored else 1]
    if kind == "part":  # what else the other shows is its own
        part = np.concatenate((part, scene(50)[:, :130]), axis=1)
    links = find_links([describe(photo), describe(np.ascontiguousarray(part)), describe(scene(3))], ["a", "b", "c"])
    assert [(link.first, link.second, link.kind, link.mirrored) for link in links] == [(0, 1, kind, mirrored)]


def test_flat_pictures_a_common_logo_and_a_thing_on_other_ground_are_no_twins() -> None:
    flat = [np.full((120, 160, 3), value, np.uint8) for value in (0, 255, 255)]
    logo = scene(9)[:40, :60]
    marked = []
    for seed in (11, 12):
        marked.append(scene(seed))
        marked[-1][:40, :60] = logo
    names = ["a", "b", "c", "d", "e"]
    assert find_links([describe(photo) for photo in (*flat, *marked)], names) == []


def test_of_many_that_are_alike_few_pairs_are_compared_and_all_are_linked() -> None:
    draw = np.random.default_rng(0)
    photos = [np.clip(scene(4) + draw.integers(-9, 10, (180, 240, 3)), 0, 255).astype(np.uint8) for _ in range(30)]
    signatures = [describe(photo) for photo in photos]
    assert len(find_candidates(signatures)) <= 8 * 30
    linked = {number for link in find_links(signatures, [f"{k:x}g" for k in range(30)]) for number in link[:2]}
    assert linked == set(range(30))
    assert find_links([], []) == []

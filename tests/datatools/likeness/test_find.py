"""Pictures of one photo are found whatever was done to it, and a common part, a logo or flat ground is no likeness."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.likeness import candidates
from p2p_datatools.likeness.candidates import find_candidates
from p2p_datatools.likeness.find import find_links
from p2p_datatools.likeness.neighbours import draw_tables, find_neighbours, make_keys
from p2p_datatools.likeness.signature import PictureSignature, describe, mirror_bits, turn_outlines
from p2p_datatools.likeness.store import SignatureStore

if TYPE_CHECKING:
    from conftest import Notes, Refused


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


@pytest.mark.parametrize("tones", [lambda x: x**3, lambda x: x**0.3, lambda x: np.clip(3 * x - 1, 0, 1)])
def test_a_photo_whose_tones_are_changed_by_a_curve_is_found(
    tones: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    shade = np.asarray(cv2.resize(scene(5)[:2, :2], (240, 180), interpolation=cv2.INTER_CUBIC), np.uint8)
    photo = scene(4) // 2 + shade // 2
    other = (tones(photo / 255) * 255).astype(np.uint8)
    assert [link.kind for link in find_links([describe(photo), describe(other)], ["a", "b"])] == ["twin"]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photo_that_is_turned_as_a_whole_is_found(turns: int, mirrored: bool) -> None:
    photo = scene(2)
    other = np.rot90(photo, turns)[:, :: -1 if mirrored else 1]
    links = find_links([describe(scene(3)), describe(photo), describe(np.ascontiguousarray(other))], ["a", "b", "c"])
    assert [link[:3] for link in links] == [(1, 2, "twin")]
    back = np.rot90(other, links[0].turned)[:, :: -1 if links[0].mirrored else 1]
    assert np.array_equal(back, photo)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_negative_is_found(mirrored: bool) -> None:
    photo = scene(2)
    other = np.ascontiguousarray(255 - photo[:, :: -1 if mirrored else 1])
    links = find_links([describe(scene(3)), describe(photo), describe(other)], ["a", "b", "c"])
    assert [(link[:3], link.mirrored, link.turned, link.inverted) for link in links] == [
        ((1, 2, "twin"), mirrored, 0, True)
    ]


def test_a_photo_that_is_nearly_its_own_turned_image_is_linked_as_it_is() -> None:
    half = scene(6)
    photo = np.concatenate((half, half[::-1, ::-1]))
    cv2.circle(photo, (60, 60), 12, (250, 250, 250), -1)
    links = find_links([describe(photo), describe(np.ascontiguousarray(photo[::-1, ::-1]))], ["a", "b"])
    assert [(link.kind, link.turned, link.mirrored) for link in links] == [("twin", 0, False)]


def test_tiles_with_one_road_are_no_twins_when_one_is_turned_and_three_trees_stand_there_alone() -> None:
    def tile(edge: int, trees: int) -> Photo:
        picture = np.full((100, 100, 3), (200, 220, 175), np.uint8)
        picture[:, 15:27], picture[:, edge : edge + 9] = 255, (250, 150, 30)
        for number in range(trees):
            cv2.circle(picture, (60 + 14 * number, 12 + 26 * number), 3, (250, 250, 250), -1)
        return picture

    one, other = tile(2, 0), np.ascontiguousarray(np.rot90(tile(3, 3)))
    assert find_links([describe(one), describe(other)], ["a", "b"]) == []


def test_the_outline_of_a_turned_picture_is_that_of_the_picture_in_another_order() -> None:
    photo = scene(1)
    outline = describe(photo).outline
    for turns in range(4):
        other = describe(np.ascontiguousarray(np.rot90(photo, turns))).outline
        assert (np.unpackbits(turn_outlines(outline[None], turns)[0] ^ other).mean()) < 0.05


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
    assert len(find_candidates(SignatureStore(signatures)).first) <= 8 * 30
    linked = {number for link in find_links(signatures, [f"{k:x}g" for k in range(30)]) for number in link[:2]}
    assert linked == set(range(30))
    assert find_links([], []) == []


@pytest.fixture(scope="module")
def signatures() -> list[PictureSignature]:
    """Forty pictures, of which every fourth is the one before, mirrored."""
    photos = [scene(100 + number // 4 if number % 4 == 3 else 200 + number) for number in range(40)]
    photos[3::4] = [np.ascontiguousarray(photo[:, ::-1]) for photo in photos[2::4]]
    return [describe(photo) for photo in photos]


def test_the_candidates_are_the_same_however_many_corners_and_pictures_are_looked_at_together(
    signatures: list[PictureSignature], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SignatureStore(signatures)
    whole = find_candidates(store)
    pairs = list(zip(*(each.tolist() for each in whole), strict=True))
    assert {(number, number + 1, True, 0, False) for number in range(2, 40, 4)} <= set(pairs)
    assert pairs == sorted(pairs)
    for name, value in (("_AT_ONCE", 100), ("_FEWEST", 700), ("_BLOCK", 7), ("_RANGE", 3)):
        monkeypatch.setattr(candidates, name, value)
    for threads in (1, 3):
        monkeypatch.setattr(candidates, "cores", lambda count=threads: count)
        parts = find_candidates(store)
        assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_a_stored_signature_is_read_as_it_was_also_without_a_corner(signatures: list[PictureSignature]) -> None:
    flat = describe(np.full((9, 30, 3), 7, np.uint8))
    store = SignatureStore([signatures[0], flat, signatures[1]])
    for number, signature in enumerate((signatures[0], flat, signatures[1])):
        found = store.read(number)
        assert all(np.array_equal(getattr(found, name), getattr(signature, name)) for name in signature._fields)


def test_times_in_names_of_a_whole_set_have_to_be_confirmed_by_pixels_and_those_of_photos_do_not(
    signatures: list[PictureSignature], notes: "Notes"
) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    names = [f"IMG_20200101_0000{number:02d}" for number in range(40)]
    links = find_links(signatures, names, report=notes)
    assert {link[:2] for link in links} == {(number, number + 1) for number in range(2, 40, 4)}
    assert any("pixels, not times" in line for line in notes.lines)
    times = {number: start + timedelta(seconds=number) for number in range(40)}
    assert len(find_links(signatures, names, times=times)) == 39
    assert len(find_links(signatures[:32], names[:32])) == 31


def test_names_whose_times_are_not_believed_are_counted_over_all_exports(notes: "Notes") -> None:
    flat = describe(np.full((9, 9, 3), 7, np.uint8))
    names = [f"IMG_20200101_{hour}00{second:02d}" for hour in ("01", "02") for second in range(35)]
    find_links([flat] * len(names), names, report=notes)
    assert any(line.startswith("70 names have times") for line in notes.lines)


def test_what_does_not_fit_on_the_disk_of_temporary_files_is_said_before_the_pictures_are_read(
    refused: "Refused",
) -> None:
    with refused("no-scratch-space"):
        SignatureStore(expected=10**12)


def test_where_nothing_is_to_be_compared_no_progress_is_shown(signatures: list[PictureSignature]) -> None:
    begun: list[tuple[str, int]] = []

    class Recorder(Reporter):
        def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
            begun.append((what, total))

    find_links(signatures[:1], ["a"], report=Recorder())
    assert begun == []
    find_links([signatures[0], describe(np.zeros((9, 9, 3), np.uint8))], ["a", "b"], report=Recorder())
    assert [what for what, _ in begun] == ["searching for similar pictures"]


def test_all_that_have_one_key_are_compared_and_not_only_the_next() -> None:
    bits = np.random.default_rng(0).integers(0, 256, (6, 32), dtype=np.uint8)
    bits[[0, 3, 4]] = bits[1]
    (table,) = draw_tables(1, 2)
    found = find_neighbours(bits, np.arange(6), make_keys(bits, table), table)
    pairs = sorted(zip(found.one.tolist(), found.other.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 3), (0, 4), (1, 3), (1, 4), (3, 4)]

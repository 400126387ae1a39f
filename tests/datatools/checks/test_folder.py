"""What a check of masks and photos finds; each kind of damage is found, and nothing else."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import CheckResult
from p2p_datatools.contract.mask_folder import MaskLine, write_records
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.pairs.build import pair
from p2p_datatools.synth.drawing import draw_car_picture

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos

CARS = load_palette("cars")
ALL_CLASSES = np.tile(np.arange(5, dtype=np.uint8), (4, 2))


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", size=Size(10, 4))


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for name in "abc":
        write_mask(tmp_path / "masks" / f"{name}.png", ALL_CLASSES, CARS)
    lines = [MaskLine(name, Size(10, 4), {}, "", "", {}) for name in "abc"]
    write_records(tmp_path / "masks", CARS, lines)
    return tmp_path / "masks"


def found(result: CheckResult) -> list[tuple[str, str, str]]:
    return [(each.severity, each.code, Path(each.where).name) for each in result.findings]


def test_good_masks_and_good_photos_have_no_findings(masks: Path, photos: Path) -> None:
    assert check(masks, photos=photos) == CheckResult("masks", 3, ())
    assert check(photos) == CheckResult("photos", 3, ())
    assert check(masks).ok


def test_photos_of_16_bits_are_as_good_with_their_masks_as_alone_since_pairing_takes_them(
    masks: Path, tmp_path: Path
) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    for name in "abc":
        write_png(deep / f"{name}.png", np.full((4, 10), 1000, dtype=np.uint16))
    assert check(masks, photos=deep) == CheckResult("masks", 3, ())
    write_png(deep / "c.png", np.full((4, 10, 3), 9, dtype=np.uint8))
    assert found(check(masks, photos=deep)) == [("error", "mixed-forms", "c.png")]


def test_a_mask_of_another_size_than_its_photo(masks: Path, photos: Path) -> None:
    write_mask(masks / "b.png", ALL_CLASSES[:3], CARS)
    result = check(masks, photos=photos)
    assert found(result) == [("error", "mask-size", "b.png")]
    assert "is 10x3" in result.findings[0].what
    assert not result.ok


def test_pairs_given_as_the_photos_of_masks_are_one_error(
    masks: Path, tmp_path: Path, write_photos: "WritePhotos", refused: "Refused"
) -> None:
    wide = write_photos(tmp_path / "wide", "a.png", "b.png", "c.png", size=Size(20, 4))
    assert found(check(masks, photos=wide)) == [("error", "pairs-as-half", "wide")]
    write_photos(wide, "c.png", size=Size(10, 4))
    assert [code for _, code, _ in found(check(masks, photos=wide))] == ["mask-size"] * 2
    photos = write_photos(tmp_path / "photos", "a.png", "b.png", "c.png", size=Size(10, 4))
    pair(masks, photos, tmp_path / "pairs")
    with refused("pairs-as-half", tmp_path / "pairs"):
        check(masks, photos=tmp_path / "pairs")


def test_a_mask_of_its_photos_shape_in_another_size_is_a_warning_since_pairing_scales_it(
    masks: Path, photos: Path
) -> None:
    write_mask(masks / "b.png", np.kron(ALL_CLASSES, np.ones((2, 2), dtype=np.uint8)), CARS)
    result = check(masks, photos=photos)
    assert found(result) == [("warning", "mask-scaled", "b.png")]
    assert result.ok


def test_a_colour_outside_the_palette(masks: Path) -> None:
    write_png(masks / "b.png", np.full((4, 10, 3), 77, dtype=np.uint8))
    result = check(masks)
    assert found(result) == [("error", "palette-colour", "b.png")]
    assert "40 pixels" in result.findings[0].what
    assert result.findings[0].to_do


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty-file"), (b"<html>", "not-a-picture"), (None, "damaged-file")]
)
def test_a_mask_that_is_cut_off_or_not_a_picture_is_found(masks: Path, content: bytes | None, code: str) -> None:
    data = (masks / "b.png").read_bytes()
    (masks / "b.png").write_bytes(data[: len(data) - 30] if content is None else content)
    assert found(check(masks)) == [("error", code, "b.png")]


def test_a_photo_that_is_cut_off_is_found_with_its_mask(masks: Path, photos: Path) -> None:
    (photos / "b.jpg").write_bytes((photos / "b.jpg").read_bytes()[:-40])
    assert found(check(masks, photos=photos)) == [("error", "damaged-file", "b.jpg")]


def test_labels_in_folders_beside_the_photos_of_a_data_set_need_no_mask(
    tmp_path: Path, masks: Path, photos: Path
) -> None:
    for word in ("img", "label", "inst"):
        shutil.copytree(photos, tmp_path / "set" / f"train_{word}")
    (masks / "train_img").mkdir()
    for name in "abc":
        (masks / f"{name}.png").rename(masks / "train_img" / f"{name}.png")
    write_records(masks, CARS, [MaskLine(f"train_img/{name}", Size(10, 4), {}, "", "", {}) for name in "abc"])
    assert check(masks, photos=tmp_path / "set").ok


def test_a_mask_without_photo_and_a_photo_without_mask(masks: Path, photos: Path) -> None:
    (photos / "a.jpg").rename(photos / "z.jpg")
    assert found(check(masks, photos=photos)) == [("error", "no-photo", "a.png"), ("error", "no-mask", "z.jpg")]


def test_masks_and_photos_whose_names_differ_as_for_pairing_are_compared(
    masks: Path, photos: Path, notes: "Notes"
) -> None:
    for name in "abc":
        (masks / f"{name}.png").rename(masks / f"{name}_mask.png")
    write_records(masks, CARS, [MaskLine(f"{name}_mask", Size(10, 4), {}, "", "", {}) for name in "abc"])
    assert check(masks, photos=photos, report=notes) == CheckResult("masks", 3, ())
    assert any(f"names in {masks} end in '_mask'" in note for note in notes.lines)
    (photos / "b.jpg").unlink()
    assert found(check(masks, photos=photos)) == [("error", "no-photo", "b_mask.png")]


def test_two_photos_with_one_name(masks: Path, photos: Path) -> None:
    Image.new("RGB", (10, 4)).save(photos / "b.png")
    assert found(check(masks, photos=photos)) == [("error", "same-name", "b.png")]
    assert found(check(photos)) == [("error", "same-name", "b.png")]


def test_an_empty_mask_and_a_class_that_no_mask_has_are_warnings(masks: Path) -> None:
    write_mask(masks / "b.png", np.zeros((4, 10), dtype=np.uint8), CARS)
    for name in "ac":
        write_mask(masks / f"{name}.png", np.minimum(ALL_CLASSES, 3), CARS)
    result = check(masks)
    assert found(result) == [("warning", "empty", "b.png"), ("warning", "class-unseen", "masks")]
    assert "windows" in result.findings[1].what
    assert result.ok


def test_masks_and_their_records_that_disagree(masks: Path) -> None:
    (masks / "a.png").rename(masks / "d.png")
    assert found(check(masks)) == [("error", "missing-file", "a.png"), ("warning", "unrecorded", "d.png")]
    (masks / "masks.jsonl").write_text("{}\n")
    assert found(check(masks)) == [("error", "damaged-file", "masks.jsonl")]


def test_masks_of_another_tool_are_checked_by_the_palette_given(masks: Path) -> None:
    for record in ("palette.toml", "masks.jsonl"):
        (masks / record).unlink()
    assert check(masks).kind == "photos"
    assert check(masks, palette=CARS) == CheckResult("masks", 3, ())
    assert not check(masks, palette=load_palette("facades")).ok


def test_photos_that_are_damaged_or_deeper_than_they_look(photos: Path) -> None:
    (photos / "a.jpg").write_bytes((photos / "a.jpg").read_bytes()[:-40])
    (photos / "b.jpg").write_text("not found")
    Image.fromarray(np.full((4, 10), 40_000, dtype=np.uint16)).save(photos / "d.png")
    expected = [("error", "damaged-file", "a.jpg"), ("error", "not-a-picture", "b.jpg"), ("error", "depth", "d.png")]
    assert found(check(photos)) == expected


def test_nothing_to_check_is_an_error(tmp_path: Path, photos: Path, refused: "Refused") -> None:
    with refused("missing-folder", tmp_path / "gone"):
        check(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with refused("no-pictures", tmp_path / "empty"):
        check(tmp_path / "empty")
    with refused("needless-option", photos, usage=True):
        check(photos, photos=photos)


@pytest.mark.long
@pytest.mark.real_data
def test_all_real_facades_are_sound(real_data: Path) -> None:
    assert check(real_data / "facades-ab").ok


@pytest.mark.real_data
def test_real_photos_and_pairs_are_sound(real_data: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        for picture in sorted((real_data / "maps" / split).iterdir())[:4]:
            (tmp_path / split / picture.name).symlink_to(picture)
    maps = check(tmp_path)
    assert (maps.kind, maps.checked, maps.ok) == ("pairs", 8, True)
    (tmp_path / "facades").mkdir()
    for picture in sorted((real_data / "facades-ab").iterdir())[:5]:
        (tmp_path / "facades" / picture.name).symlink_to(picture)
    assert check(tmp_path / "facades", palette=load_palette("facades")).kind == "pairs"  # they clearly are no masks


def test_label_pictures_beside_photos_of_their_names_are_left_out_and_said(
    tmp_path: Path, notes: "Notes", write_photos: "WritePhotos"
) -> None:
    photos = write_photos(tmp_path / "base", "a.jpg", "b.jpg")
    for name in "ab":
        Image.fromarray(np.kron(np.eye(2, dtype=np.uint8), np.ones((8, 12), dtype=np.uint8))).save(
            photos / f"{name}.png"
        )
    result = check(photos, report=notes)
    assert (result.kind, result.checked, result.findings) == ("photos", 2, ())
    assert [line for line in notes.lines if "2 label pictures lie beside a photo" in line]


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    """Drawn cars: cars/masks and cars/photos; of the masks one is mirrored, one blended, one has a foreign colour."""
    write_records(tmp_path / "cars" / "masks", CARS, ())
    (tmp_path / "cars" / "masks" / "masks.jsonl").unlink()
    for number, name in enumerate("abcd"):
        drawing = draw_car_picture(number)
        mask, file = drawing.labels, tmp_path / "cars" / "masks" / f"{name}.png"
        colors = colorize(mask, CARS)
        if name == "a":
            write_mask(file, np.ascontiguousarray(mask[:, ::-1]), CARS)
        elif name == "b":
            write_png(file, np.asarray(cv2.GaussianBlur(colors, (0, 0), 0.8), dtype=np.uint8))
        else:
            colors[2:12, 2:12] = (255, 128, 0) if name == "c" else colors[2:12, 2:12]
            write_png(file, colors)
        write_png(tmp_path / "cars" / "photos" / f"{name}.png", drawing.photo)
    return tmp_path / "cars"


def test_masks_that_lie_wrong_or_are_blended_are_found_in_a_folder(cars: Path) -> None:
    result = check(cars / "masks", photos=cars / "photos")
    assert found(result) == [
        ("error", "blended-colours", "b.png"),
        ("error", "palette-colour", "c.png"),
        ("warning", "mask-mirrored", "a.png"),
    ]
    blended, foreign, _ = result.findings
    assert "data repair" in blended.to_do
    assert foreign.place == (2, 2)
    assert foreign.figure == 100


def test_a_mask_half_that_is_mirrored_is_found_in_pairs(cars: Path, tmp_path: Path) -> None:
    for name in "bc":
        (cars / "masks" / f"{name}.png").unlink()
        (cars / "photos" / f"{name}.png").unlink()
    pair(cars / "masks", cars / "photos", tmp_path / "pairs")
    assert found(check(tmp_path / "pairs")) == [("warning", "mask-mirrored", "a.png")]


def test_pictures_of_two_channels_are_checked_as_others_are(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 96).astype(np.uint8)
    pixels = np.stack([np.tile(ramp, (64, 1)), np.tile(ramp[::-1], (64, 1))], axis=2)
    np.save(tmp_path / "a.npy", pixels + np.random.default_rng(0).integers(0, 3, pixels.shape, dtype=np.uint8))
    assert check(tmp_path).kind == "photos"


def test_names_that_no_pair_can_have_and_names_alike_but_for_capitals_are_found(tmp_path: Path) -> None:
    for name in ("Car", "car", "tab\tx", "fine"):
        write_png(tmp_path / f"{name}.png", np.random.default_rng(len(name)).integers(0, 255, (8, 9, 3), np.uint8))
    seen = [code for _, code, _ in found(check(tmp_path)) if code in ("bad-name", "case-clash")]
    assert sorted(seen) == ["bad-name", "case-clash"]


@pytest.mark.parametrize(
    ("folders", "with_palette", "command"),
    [
        (("images", "labels"), False, "data build-masks {0}/labels MASKS --photos {0}/images --palette NAME"),
        (("photos", "masks"), True, "data check {0}/masks --photos {0}/photos"),
        (("images/berlin", "labels/berlin"), False, "data build-masks {0}/labels MASKS --photos {0}/images"),
    ],
)
def test_photos_and_masks_in_one_folder_are_told_the_command_that_takes_them_apart(
    tmp_path: Path, masks: Path, photos: Path, folders: tuple[str, str], with_palette: bool, command: str
) -> None:
    both = tmp_path / "both"
    for source, name in zip((photos, masks), folders, strict=True):
        (both / name).parent.mkdir(parents=True, exist_ok=True)
        source.rename(both / name)
    if not with_palette:
        (both / folders[1] / "palette.toml").unlink()
    [told] = [each for each in check(both).findings if each.code == "half-folders"]
    assert command.format(both) in told.to_do


def test_labels_that_are_no_masks_yet_are_told_the_command_that_builds_them(tmp_path: Path) -> None:
    painted, numbers = np.full((16, 24, 3), (237, 28, 36), dtype=np.uint8), np.zeros((16, 24), dtype=np.uint8)
    numbers[4:, 4:] = 3
    for name, pixels, option in (("painted", painted, "'#ed1c24=CLASS'"), ("numbers", numbers, "3=CLASS")):
        (tmp_path / name).mkdir()
        write_png(tmp_path / name / "a.png", pixels)
        [told] = [each for each in check(tmp_path / name, palette=CARS).findings if each.code == "palette-colour"]
        assert f"p2p data build-masks {tmp_path / name} DEST --palette cars --map {option}" in told.to_do

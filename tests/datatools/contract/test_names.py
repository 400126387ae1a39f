"""Which photo a label file speaks of."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.names import PhotoFolder, folders_of, safe_name, without_suffix

if TYPE_CHECKING:
    from conftest import Refused


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in (
        "a/one.jpg",
        "b/one.jpg",
        "b/two.v2.png",
        "100% Tür (1).JPG",
        unicodedata.normalize("NFD", "früh.png"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("a/one.jpg", "a/one"),
        ("a/one.png", "a/one"),
        ("a/one", "a/one"),
        ("./a/one.jpg", "a/one"),
        ("a\\one.jpg", "a/one"),
        ("two.v2.jpg", "b/two.v2"),
        ("two.v2", "b/two.v2"),
        ("b/labels/two.v2.png", "b/two.v2"),
        ("upload/b/two.v2.png", "b/two.v2"),
        ("C:\\labels\\two.v2.png", "b/two.v2"),
        ("../../two.v2.png", "b/two.v2"),
        ("100% Tür (1).jpg", "100% Tür (1)"),
        ("früh.png", unicodedata.normalize("NFD", "früh")),
    ],
)
def test_a_photo_is_found_by_its_path_or_by_a_base_name_that_is_its_alone(photos: Path, said: str, name: str) -> None:
    folder = PhotoFolder(photos)
    assert folder.name(folder.find(said)) == name


@pytest.mark.parametrize(
    ("said", "folder"),
    [("a/two.v2.png", ""), ("C:\\Users\\me\\two.v2.png", ""), ("x/b/a/two.v2", ""), ("two.v2.png", "night")],
)
def test_a_photo_of_the_same_base_name_in_another_folder_is_another_photo(
    photos: Path, said: str, folder: str, refused: "Refused"
) -> None:
    with refused("other-folder", said) as error:
        PhotoFolder(photos).look_up(said, folder=folder)
    assert "only b/two.v2.png" in error.value.what
    assert "--match '([^/]+)$'" in error.value.to_do


def test_words_for_what_lies_in_a_folder_do_not_tell_photos_apart_and_masks_are_no_photos(tmp_path: Path) -> None:
    for name in ("train/images/1.jpg", "train/labels/1.png", "val/images/1.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    folder = PhotoFolder(tmp_path)
    assert folder.find("train/masks/1.png") == tmp_path / "train/images/1.jpg"
    assert folder.find("train_masks/1.png") == folder.find("masks-train/1.png") == tmp_path / "train/images/1.jpg"
    assert folder.look_up("1.png", folder="labels/val").path == tmp_path / "val/images/1.jpg"


def test_the_folders_of_a_name_decide_between_photos_of_one_base_name(photos: Path) -> None:
    for name in ("night/3.jpg", "3.jpg"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).touch()
    assert PhotoFolder(photos).find("../../set/night/3.jpg") == photos / "night/3.jpg"


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("b/two.v2.png", ""),
        ("two.v2.png", "another folder"),
        ("B/TWO.V2.PNG", "capital"),
        ("1a2b3c4d-two.v2.png", "upload"),
        ("100%25%20Tür (1).JPG", ""),
    ],
)
def test_it_is_told_in_which_way_a_name_differs(photos: Path, said: str, way: str) -> None:
    found = PhotoFolder(photos).look_up(said).way
    assert way in found
    assert bool(way) == bool(found)


@pytest.mark.parametrize(
    ("said", "on_disk"),
    [
        ("IMG_1.JPG", "img_1.jpg"),
        ("img_1.heic", "IMG_1.jpg"),
        ("car_jpg.rf.0123456789abcdef0123456789abcdef.jpg", "car.png"),
        ("My-Car-1-_jpg.rf.0123456789abcdef0123456789abcdef.jpg", "My Car (1).jpg"),
        ("a-10-15-PM_jpg.rf.0123456789abcdef0123456789abcdef.jpg", "a 10.15 PM.jpg"),
        ("car.png", "car_jpg.rf.0123456789abcdef0123456789abcdef.jpg"),
        ("car.jpg.png", "car.jpg"),
        ("car.jpg", "car.jpg.png"),
        ("..\\photos\\a.JPG", "a.jpg"),
        ("file.JPG", "FILE.jpeg"),
    ],
)
def test_other_spellings_find_the_photo(tmp_path: Path, said: str, on_disk: str) -> None:
    (tmp_path / on_disk).touch()
    assert PhotoFolder(tmp_path).find(said) == tmp_path / on_disk


def test_letters_count_where_two_photos_differ_in_them(tmp_path: Path, refused: "Refused") -> None:
    for name in ("Car.jpg", "car.jpg"):
        (tmp_path / name).touch()
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("the file system does not tell capital letters from small ones")
    assert PhotoFolder(tmp_path).find("car.png").name == "car.jpg"
    with refused("ambiguous-name", "CAR.png"):
        PhotoFolder(tmp_path).find("CAR.png")


def test_a_base_name_of_two_photos_is_an_error_naming_both(photos: Path, refused: "Refused") -> None:
    with refused("ambiguous-name", "one.jpg") as error:
        PhotoFolder(photos).find("one.jpg")
    assert "a/one.jpg and b/one.jpg" in error.value.what


def test_a_photo_that_is_not_there_is_an_error_naming_the_folder(photos: Path, refused: "Refused") -> None:
    with refused("no-photo", "three.jpg") as error:
        PhotoFolder(photos).find("three.jpg")
    assert str(photos) in error.value.what


def test_two_photos_with_one_name_are_an_error_naming_both(photos: Path, refused: "Refused") -> None:
    (photos / "a" / "one.png").write_bytes(b"")
    with refused("same-name", photos) as error:
        PhotoFolder(photos).refuse_clashes()
    assert "one.jpg and one.png" in error.value.what


def test_label_pictures_beside_the_photos_are_not_photos(photos: Path) -> None:
    label = photos / "a" / "one.png"
    label.write_bytes(b"")
    folder = PhotoFolder(photos, apart=[label])
    folder.refuse_clashes()
    assert folder.find("a/one.png") == photos / "a" / "one.jpg"


def test_a_missing_folder_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("missing-folder", tmp_path / "gone"):
        PhotoFolder(tmp_path / "gone")


def test_named_takes_exact_names_only(photos: Path) -> None:
    folder = PhotoFolder(photos)
    assert folder.get("b/two.v2") == photos / "b" / "two.v2.png"
    assert folder.get("two.v2") is None


@pytest.mark.parametrize(
    "name",
    ["../../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "C:\\x.jpg", "..\\x.jpg", "", ".", "a/.x.jpg"],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str, refused: "Refused") -> None:
    with refused("path-leads-out", "labels.json"):
        safe_name(name, "labels.json")


def test_a_safe_name_keeps_folders_spaces_umlauts_and_percent_signs() -> None:
    assert safe_name("a/100% Tür (1).jpg", "") == "a/100% Tür (1)"
    assert safe_name("b\\c.v2", "") == "b/c.v2"
    assert without_suffix("photo_png.rf.0a1b.JPG") == "photo_png.rf.0a1b"


@pytest.mark.parametrize(
    ("said", "on_disk"),
    [
        ("image%20(10).png", "image (10).png"),
        ("image (10).png", "image%20(10).png"),
        ("image%20(10).png", "image%20(10).png"),
        ("62271369-ehrf%C3%BCrchtig.png", "62271369-ehrfürchtig.png"),
        ("62271369-ehrfürchtig.png", unicodedata.normalize("NFD", "62271369-ehrfürchtig.png")),
        ("walk/a%25b.png", "a%b.png"),
    ],
)
def test_names_escaped_as_in_addresses_find_their_photo_either_way(tmp_path: Path, said: str, on_disk: str) -> None:
    (tmp_path / on_disk).write_bytes(b"")
    assert PhotoFolder(tmp_path).find(said).name == on_disk


def test_escapes_of_another_encoding_than_utf8_are_no_letter_that_all_of_them_share(
    tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "caf%E8.png").touch()
    with refused("no-photo", "caf%E9.png"):
        PhotoFolder(tmp_path).find("caf%E9.png")


def test_a_name_as_it_is_written_goes_before_one_with_escapes_undone(tmp_path: Path, refused: "Refused") -> None:
    for name in ("a b.png", "a%20b.png", "c d.png", "x/c%20d.png", "c%20d e.png", "c d%20e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    photos = PhotoFolder(tmp_path)
    assert [photos.find(name).name for name in ("a b.png", "a%20b.png", "c%20d.png")] == [
        "a b.png",
        "a%20b.png",
        "c%20d.png",
    ]
    with refused("ambiguous-name", "c d e.png"):
        photos.find("c d e.png")


@pytest.mark.parametrize(
    ("said", "on_disk"),
    [
        ("1a2b3c4d-car.png", "car.png"),
        ("images/1a2b3c4d-car.png", "car.png"),
        ("..\\..\\media\\upload\\1\\1a2b3c4d-car.png", "car.png"),
        ("1a2b3c4d-red%20car.png", "red car.png"),
        ("1a2b3c4d-my_Car_1.png", "my Car (1).png"),
        ("car.png", "1a2b3c4d-car.png"),
        ("car.png", "uploads/1a2b3c4d-car.png"),
        ("12345678-car.png", "car.png"),
    ],
)
def test_the_prefix_of_an_upload_may_be_missing_in_labels_or_photos(tmp_path: Path, said: str, on_disk: str) -> None:
    (tmp_path / on_disk).parent.mkdir(exist_ok=True)
    (tmp_path / on_disk).write_bytes(b"")
    assert PhotoFolder(tmp_path).find(said) == tmp_path / on_disk


@pytest.mark.parametrize(
    ("said", "on_disk"),
    [
        ("1a2b3c4d-car.png", "5e6f7a8b-car.png"),
        ("20230114-car.png", "car.png"),
        ("car.png", "20230114-car.png"),
        ("00000012-car.png", "car.png"),
        ("1a2b3c4-car.png", "car.png"),
        ("1a2b3c4d5-car.png", "car.png"),
    ],
)
def test_another_upload_a_date_or_a_number_is_no_such_prefix(
    tmp_path: Path, said: str, on_disk: str, refused: "Refused"
) -> None:
    (tmp_path / on_disk).write_bytes(b"")
    with refused("no-photo", said):
        PhotoFolder(tmp_path).find(said)


def test_a_name_with_its_prefix_goes_before_one_without_and_two_uploads_of_a_name_are_an_error(
    tmp_path: Path, refused: "Refused"
) -> None:
    for name in ("1a2b3c4d-car.png", "5e6f7a8b-car.png"):
        (tmp_path / name).write_bytes(b"")
    with refused("ambiguous-name", "car.png"):
        PhotoFolder(tmp_path).find("car.png")
    assert PhotoFolder(tmp_path).find("5e6f7a8b-car.png").name == "5e6f7a8b-car.png"
    (tmp_path / "car.png").write_bytes(b"")
    assert PhotoFolder(tmp_path).find("car.png").name == "car.png"


def test_of_photos_of_one_name_the_one_that_is_picked_stays(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "b.jpg", "b.png"):
        (tmp_path / name).touch()
    folder = PhotoFolder(tmp_path)
    left_out = folder.settle_clashes(lambda files: files[1] if files[0].stem == "a" else None)
    assert left_out == [tmp_path / "a.jpg"]
    assert folder.find("a") == folder.get("a") == folder.names["a"] == tmp_path / "a.png"
    assert folder.clashes == [(tmp_path / "b.jpg", tmp_path / "b.png")]


def test_a_photo_of_a_kind_that_is_not_read_is_not_called_missing(tmp_path: Path, refused: "Refused") -> None:
    for name in ("a.HEIC", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    folder = PhotoFolder(tmp_path)
    for name in ("a.heic", "upload/a.jpg", "a.HEIC"):
        with refused("unread-kind", name):
            folder.find(name)
    with refused("no-photo", "c.heic"):
        folder.find("c.heic")


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        (("my car.jpg", "my.car.jpg"), "my-car_jpg.rf.0123456789abcdef0123456789abcdef.jpg"),
        (("my car 1.jpg", "my car (1).jpg"), "1a2b3c4d-my_car_1.jpg"),
    ],
)
def test_two_photos_that_a_tool_would_spell_alike_are_an_error(
    photos: tuple[str, str], said: str, tmp_path: Path, refused: "Refused"
) -> None:
    for name in photos:
        (tmp_path / name).touch()
    with refused("ambiguous-name", usage=False):
        PhotoFolder(tmp_path).find(said)


def test_a_folder_is_listed_once_however_many_photos_are_of_a_kind_that_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", *(f"{number}.heic" for number in range(20))):
        (tmp_path / name).write_bytes(b"x")
    folder = PhotoFolder(tmp_path)
    listed: list[Path] = []
    iterdir = Path.iterdir

    def count(path: Path) -> Iterator[Path]:
        listed.append(path)
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", count)
    for number in range(20):
        with pytest.raises(P2PError, match="kind that is not read"):
            folder.find(f"{number}.heic")
    assert len(listed) == 1


def test_photos_of_one_name_in_many_folders_are_not_compared_with_each_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was compared with each: two minutes for 10,000 pictures called 0001/rgb.jpg."""
    count = 200
    for number in range(count):
        (tmp_path / f"{number:04}").mkdir()
        (tmp_path / f"{number:04}" / "rgb.jpg").touch()
    folder = PhotoFolder(tmp_path)
    asked: list[str] = []

    def record(name: str) -> tuple[str, ...]:
        asked.append(name)
        return folders_of(name)

    monkeypatch.setattr("p2p_datatools.contract.names.folders_of", record)
    for number in range(count):
        found = folder.look_up(f"data/{number:04}/rgb.jpg")
        assert found == (tmp_path / f"{number:04}" / "rgb.jpg", "in another folder than the labels say")
    assert len(asked) < 20 * count


def test_photos_of_a_split_are_those_of_its_folders_and_all_where_no_folders_say_splits(tmp_path: Path) -> None:
    for name in ("plain/a.jpg", "plain/b.jpg", "parted/train/a.jpg", "parted/val/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    plain, parted = PhotoFolder(tmp_path / "plain"), PhotoFolder(tmp_path / "parted")
    assert set(plain.of_split("train").names) == {"a", "b"}
    assert set(parted.of_split("train").names) == {"train/a"}
    assert set(parted.of_split("").names) == {"train/a", "val/b"}

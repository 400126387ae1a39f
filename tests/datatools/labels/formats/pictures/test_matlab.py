"""MATLAB's ground truth: a matrix of class numbers, SBD's classes, and what are no class numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import read_mask
from p2p_datatools.labels.formats.pictures.matlab import is_matlab, read_matlab
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import IndexLabels, LabelSet
from p2p_datatools.masks.build import build_masks
from p2p_datatools.masks.new_palette import start_palette

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
NUMBERS = np.array([[0, 1, 1], [2, 1, 0]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for .mat files."""
    (tmp_path / "truth" / "day").mkdir(parents=True)
    return tmp_path / "truth"


def save(path: Path, **variables: Any) -> None:
    scipy.io.savemat(path, variables, do_compression=True)


def cells(*values: Any) -> Any:
    found = np.empty((1, len(values)), dtype=object)
    found[0, :] = values
    return found


def sbd(numbers: Any) -> dict[str, Any]:
    return {
        "Boundaries": cells(*[np.zeros((2, 2))] * 20),
        "Segmentation": np.asarray(numbers),
        "CategoriesPresent": np.array([[1]]),
    }


def first(labels: LabelSet) -> IndexLabels:
    assert not labels.skipped, labels.skipped
    item = labels.items[0]
    assert isinstance(item, IndexLabels)
    return item


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64", "bool"])
def test_the_only_matrix_is_the_class_numbers_whatever_its_name_and_type(folder: Path, dtype: str) -> None:
    numbers = NUMBERS.clip(0, 1) if dtype == "bool" else NUMBERS
    save(folder / "day" / "a.mat", LabelMap=numbers.astype(dtype), note="made by hand", count=7)
    labels = read_labels(folder)
    item = first(labels)
    assert (labels.format, item.file_name, item.names) == ("matlab", "day/a", None)
    assert item.numbers().values.tolist() == numbers.tolist()
    assert labels.notes == (f"{folder}: the class numbers are those of the variable LabelMap.",)
    assert labels.are_numbers


def test_of_many_variables_the_note_names_some(folder: Path) -> None:
    for count in range(1, 6):
        save(folder / f"{count}.mat", **{f"Label_{count}": NUMBERS})
    (note,) = read_labels(folder).notes
    assert note.endswith("are those of the variable Label_1 or Label_2 or Label_3 or 2 more.")


def test_masks_are_built_of_the_palette_s_ids_and_a_number_that_it_lacks_is_asked_about(
    folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    save(folder / "a.mat", groundTruth=NUMBERS.astype("uint8"))
    build_masks(folder, tmp_path / "masks", palette=CARS, mapping={"ids": "palette"})
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tolist() == NUMBERS.tolist()
    save(folder / "b.mat", groundTruth=NUMBERS.astype("uint16") * 300)
    with refused("unclaimed-label"):
        build_masks(folder, tmp_path / "others", palette=CARS)
    mapping = {"300": "body", "600": "tyres", "ids": "palette"}
    build_masks(folder, tmp_path / "others", palette=CARS, mapping=mapping)
    assert read_mask(tmp_path / "others" / "b.png", CARS).tolist() == NUMBERS.tolist()


def test_a_mask_has_the_size_of_its_photo_or_is_refused(folder: Path, tmp_path: Path, refused: "Refused") -> None:
    save(folder / "a.mat", groundTruth=NUMBERS.astype("uint8"))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (9, 5)).save(tmp_path / "photos" / "a.jpg")
    with refused("pictures-failed") as error:
        build_masks(folder, tmp_path / "masks", palette=CARS, photos=tmp_path / "photos", mapping={"ids": "palette"})
    assert [part.code for part in error.value.parts] == ["mask-size"]


def test_the_classes_of_sbd_are_those_of_pascal_voc_and_255_counts_for_nothing(folder: Path) -> None:
    save(folder / "a.mat", GTcls=sbd(np.array([[0, 7], [255, 7]], dtype=np.uint8)))
    labels = read_matlab(folder)
    item = first(labels)
    assert item.numbers().values.tolist() == [[0, 7], [255, 7]]
    assert item.names is not None
    assert [item.names[number] for number in (0, 7, 255)] == ["background", "car", "void"]
    assert labels.ignored == {"void"}


def test_a_palette_is_begun_from_the_numbers_in_use(folder: Path) -> None:
    save(folder / "a.mat", groundTruth=NUMBERS.astype("uint8"))
    assert start_palette(folder, "mine").names == ("background", "class_1", "class_2")


@pytest.mark.parametrize(
    ("variables", "code", "about"),
    [
        ({"S": NUMBERS, "T": NUMBERS}, "several-arrays", "S (int64 2x3), T (int64 2x3)"),
        (
            {"groundTruth": cells({"Segmentation": NUMBERS}, {"Segmentation": NUMBERS})},
            "not-class-numbers",
            "(cell 1x2)",
        ),
        ({"GTinst": sbd(NUMBERS)}, "not-class-numbers", "objects"),
        ({"note": "nothing here"}, "not-class-numbers", "note"),
        ({"image": np.zeros((4, 4, 3), dtype=np.uint8)}, "not-class-numbers", "image (uint8 4x4x3)"),
    ],
)
def test_a_file_without_one_matrix_of_class_numbers_is_skipped_with_what_it_has(
    folder: Path, variables: dict[str, Any], code: str, about: str
) -> None:
    save(folder / "a.mat", **variables)
    save(folder / "b.mat", LabelMap=NUMBERS)
    labels = read_matlab(folder)
    assert [item.file_name for item in labels.items] == ["b"]
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == (str(folder / "a.mat"), code)
    assert about in skip.what


@pytest.mark.parametrize("wrong", [-1.0, 0.5, 70_000.0, float("nan")])
def test_values_that_are_not_class_numbers_are_refused(folder: Path, wrong: float, refused: "Refused") -> None:
    save(folder / "a.mat", LabelMap=np.array([[0, 1], [wrong, 1]]))
    with refused("not-class-numbers", folder / "a.mat"):
        first(read_matlab(folder)).numbers()


def test_damage_and_the_version_that_is_hdf5_are_one_line(folder: Path, refused: "Refused") -> None:
    path = folder / "a.mat"
    save(path, LabelMap=np.random.default_rng(0).integers(0, 9, (200, 200)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with refused("damaged-file", path):
        first(read_matlab(folder)).numbers()
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    for data, code in ((b"no matrix at all", "damaged-file"), (b"", "damaged-file"), (header, "unknown-version")):
        path.write_bytes(data)
        (skip,) = read_matlab(folder).skipped
        assert (skip.where, skip.code) == (str(path), code)


def test_a_file_and_a_folder_of_them_are_known_but_not_a_folder_of_pictures(folder: Path, refused: "Refused") -> None:
    assert not is_matlab(folder)
    with refused("no-labels", folder):
        read_matlab(folder)
    save(folder / "a.mat", LabelMap=NUMBERS)
    assert is_matlab(folder)
    assert is_matlab(folder / "a.mat")
    assert first(read_labels(folder / "a.mat")).file_name == "a"
    for number in range(3):
        Image.new("L", (3, 2)).save(folder / f"{number}.png")
    assert not is_matlab(folder)

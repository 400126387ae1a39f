"""The tags of MATLAB 5 files: what cannot stand there is refused before SciPy, which would read beyond its memory."""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.io

from p2p_datatools.labels.parsing.mat_tags import check_mat_tags
from p2p_datatools.labels.read import read_labels
from p2p_datatools.labels.values import IndexLabels

if TYPE_CHECKING:
    from conftest import Refused

MATRIX = 128 + 8  # where the first matrix begins


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one matrix of bytes, whose values are a part of the type 2."""
    scipy.io.savemat(tmp_path / "a.mat", {"truth": np.ones((9, 8), np.uint8)})
    return tmp_path / "a.mat"


def parts(data: bytes | bytearray) -> dict[int, int]:
    """Where the parts of the first matrix begin, by their count."""
    found: dict[int, int] = {}
    place = MATRIX
    while place + 8 <= len(data):
        found[len(found)] = place
        first, size = struct.unpack_from("<II", data, place)
        place += 8 if first >> 16 else 8 + size + -size % 8
    return found


def test_what_scipy_writes_is_taken_packed_or_not(tmp_path: Path) -> None:
    cell = np.empty(2, object)
    cell[:] = [np.zeros((2, 2)), "text"]
    values = {
        "a": np.ones((9, 8)),
        "b": "text",
        "c": {"d": np.array([[1, 2]], np.int16), "e": cell},
        "f": cell,
        "g": np.array([[True]]),
    }
    for packed in (False, True):
        scipy.io.savemat(tmp_path / "a.mat", values, do_compression=packed)
        check_mat_tags(tmp_path / "a.mat")
    scipy.io.savemat(tmp_path / "a.mat", {"a": np.ones((9, 8))}, format="4")
    check_mat_tags(tmp_path / "a.mat")


@pytest.mark.parametrize("kind", [0, 8, 14, 15, 16, 20, 99, 0xFFFF])
def test_values_of_no_type_of_numbers_are_damage_and_bring_nothing_down(
    file: Path, kind: int, refused: "Refused"
) -> None:
    data = bytearray(file.read_bytes())
    struct.pack_into("<I", data, parts(data)[3], kind)
    file.write_bytes(data)
    with refused("damaged-file", file):
        check_mat_tags(file)
    labels = read_labels(file.parent, "matlab")
    assert [skip.code for skip in labels.skipped] == ["damaged-file"]


def test_a_part_that_is_longer_than_its_matrix_is_damage(file: Path, refused: "Refused") -> None:
    data = bytearray(file.read_bytes())
    struct.pack_into("<I", data, parts(data)[3] + 4, 1 << 30)
    file.write_bytes(data)
    with refused("damaged-file", file):
        check_mat_tags(file)


def test_a_file_that_is_cut_off_is_listed_and_not_read(file: Path, refused: "Refused") -> None:
    file.write_bytes(file.read_bytes()[:-40])
    check_mat_tags(file, whole=False)
    (item,) = read_labels(file.parent, "matlab").items
    assert isinstance(item, IndexLabels)
    with refused("damaged-file", file):
        item.numbers()

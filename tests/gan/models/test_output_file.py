"""What the file of an export may be called, and what it may replace."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_gan.models.output_file import refuse_other_name, write_once

if TYPE_CHECKING:
    from conftest import Refused


def test_a_file_is_written_once_and_nothing_else_is_overwritten_unasked(tmp_path: Path, refused: "Refused") -> None:
    dest = tmp_path / "cars.onnx"
    assert write_once(dest, b"model")
    assert not write_once(dest, b"model")
    with refused("destination-taken", dest, usage=True):
        write_once(dest, b"other")
    with refused("destination-taken", dest, usage=True):
        write_once(dest, b"other", may_replace=lambda path: path != dest)
    assert dest.read_bytes() == b"model"
    assert write_once(dest, b"other", may_replace=lambda path: path == dest)
    assert dest.read_bytes() == b"other"


@pytest.mark.parametrize("name", ["cars.pt", "cars", "folder.onnx"])
def test_a_name_of_another_kind_and_a_folder_are_refused(tmp_path: Path, refused: "Refused", name: str) -> None:
    (tmp_path / "folder.onnx").mkdir()
    with refused("wrong-file-name", tmp_path / name, usage=True):
        refuse_other_name(tmp_path / name, ".onnx")
    refuse_other_name(tmp_path / "CARS.ONNX", ".onnx")

"""What a file that a command writes may be called."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.named_file import refuse_other_name

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize("name", ["cars.pt", "cars", "folder.onnx"])
def test_a_name_of_another_kind_and_a_folder_are_refused(tmp_path: Path, refused: "Refused", name: str) -> None:
    (tmp_path / "folder.onnx").mkdir()
    with refused("wrong-file-name", tmp_path / name, usage=True):
        refuse_other_name(tmp_path / name, ".onnx")
    refuse_other_name(tmp_path / "CARS.ONNX", ".onnx")

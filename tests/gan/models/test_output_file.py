"""What the file of an export may replace."""

from pathlib import Path
from typing import TYPE_CHECKING

from p2p_gan.models.output_file import write_once

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

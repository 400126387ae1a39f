"""A JSON value in each line, where one that is damaged is an error of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.parsing.json_lines import read_json_lines

if TYPE_CHECKING:
    from conftest import Refused


def test_every_line_that_is_not_empty_is_a_value_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    for data in (b'{"a": 1}\n\n[2]', b'\xef\xbb\xbf{"a": 1}\r\n[2]\r\n'):
        path.write_bytes(data)
        assert read_json_lines(path) == [{"a": 1}, [2]]
    path.write_bytes(b"")
    assert read_json_lines(path) == []


@pytest.mark.parametrize("damage", [b'{"a": ', b"\xff", b"[" * 100_000])
def test_a_damaged_line_is_an_error_among_the_others(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"1\n" + damage + b"\n2\n")
    first, error, last = read_json_lines(tmp_path / "a.ndjson")
    assert (first, last) == (1, 2)
    assert isinstance(error, P2PError)
    assert (error.code, error.where) == ("damaged-json", str(tmp_path / "a.ndjson"))
    assert error.what.startswith("line 2 ")


def test_a_file_without_a_whole_line_and_one_that_cannot_be_read_are_refused(
    tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"{\n}\n")
    with refused("damaged-json", tmp_path / "a.ndjson"):
        read_json_lines(tmp_path / "a.ndjson")
    with refused("unreadable-file", tmp_path):
        read_json_lines(tmp_path)

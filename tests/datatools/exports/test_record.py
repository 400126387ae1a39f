"""The record of an export is read without trust."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.exports.record import EXPORT_LINES, ExportLine, read_export, write_export

if TYPE_CHECKING:
    from conftest import Refused

LINE = ExportLine("walk/a", "walk/a.jpg", ("walk/a.json",), "0f", 3, 7)
SETTINGS = {"to": "labelme", "classes": [["background", [0, 0, 0]]], "ignored": "ignore"}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_export(tmp_path, SETTINGS, "0f", [LINE])
    assert read_export(tmp_path, SETTINGS) == ("0f", {"walk/a": LINE})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"files": ["../a.json"]}, "path-leads-out"),
        ({"name": "/a"}, "path-leads-out"),
        ({"files": 7}, "damaged-file"),
        ({"shapes": None}, "damaged-file"),
    ],
)
def test_a_damaged_line_or_one_that_leads_out_is_refused(
    changes: dict[str, Any], code: str, tmp_path: Path, refused: "Refused"
) -> None:
    write_export(tmp_path, SETTINGS, "", [])
    with (tmp_path / EXPORT_LINES).open("a") as file:
        file.write(json.dumps(LINE.to_json() | changes) + "\n")
    with refused(code, tmp_path / EXPORT_LINES):
        read_export(tmp_path, SETTINGS)


def test_another_format_and_a_file_of_others_are_errors_of_the_command(tmp_path: Path, refused: "Refused") -> None:
    write_export(tmp_path, SETTINGS, "", [LINE])
    with refused("other-settings", tmp_path, usage=True):
        read_export(tmp_path, SETTINGS | {"to": "coco"})
    for text in ("", "[]\n", '{"format": "mine"}\n'):
        (tmp_path / EXPORT_LINES).write_text(text)
        with refused("destination-taken", tmp_path, usage=True):
            read_export(tmp_path, SETTINGS)

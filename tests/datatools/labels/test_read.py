"""Label files are opened once, known by their form, and read together where each is of one picture."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.parsing.xml import SeveralRootsError
from p2p_datatools.labels.read import FORMATS, LabelFiles

if TYPE_CHECKING:
    from conftest import Refused

SHAPE = {"label": "car", "points": [[1, 1], [5, 1], [5, 4]]}
COCO = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}
CSV = """filename,region_shape_attributes,region_attributes
"a, b.jpg","{""name"":""rect"",""x"":1,""y"":1,""width"":2,""height"":2}","{""part"":""Tür""}"
"""


def labelme(name: str) -> dict[str, Any]:
    return {"imagePath": name, "shapes": [SHAPE], "imageHeight": 6, "imageWidth": 8}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_files_of_one_picture_each_are_read_together_from_all_folders(tmp_path: Path) -> None:
    for name in ("b", "a", "walk/a", ".hidden/c"):
        write(tmp_path / f"{name}.json", labelme("a.jpg" if name != "b" else "b.jpg"))
    write(tmp_path / "notes.json", {"nothing": 1})
    labels = LabelFiles(tmp_path).read(FORMATS["labelme"])
    assert [(item.file_name, item.source) for item in labels.items] == [
        ("a.jpg", "a.json"),
        ("b.jpg", "b.json"),
        ("walk/a.jpg", "walk/a.json"),
    ]
    assert labels.labels["car"].pictures == 3


def test_a_file_that_cannot_be_opened_is_skipped_beside_others(tmp_path: Path) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    write(tmp_path / "b.json", json.dumps(labelme("b.jpg"))[:40])
    labels = LabelFiles(tmp_path).read(FORMATS["labelme"])
    assert len(labels.items) == 1
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == (str(tmp_path / "b.json"), "damaged-json")


def test_of_files_that_hold_all_pictures_there_may_be_one(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "a.json", COCO)
    write(tmp_path / "sub" / "b.json", COCO)
    with refused("several-files", tmp_path) as error:
        LabelFiles(tmp_path).read(FORMATS["coco"])
    assert "a.json and sub/b.json" in error.value.what
    with refused("no-labels", tmp_path) as error:
        LabelFiles(tmp_path).read(FORMATS["via"])
    assert "VIA" in error.value.what


def test_an_export_of_vott_beside_its_single_assets_is_said(tmp_path: Path, refused: "Refused") -> None:
    asset = {"asset": {"name": "a.jpg"}, "regions": []}
    write(tmp_path / "x-asset.json", asset)
    write(tmp_path / "cars-export.json", {"assets": {"x": asset}})
    with refused("several-files", tmp_path) as error:
        LabelFiles(tmp_path).read(FORMATS["vott"])
    assert "cars-export.json and x-asset.json" in error.value.what


@pytest.mark.parametrize("start", ["", "#", "\ufeff"])
def test_csv_is_read_with_its_commas_and_umlauts(tmp_path: Path, start: str) -> None:
    path = write(tmp_path / "via.csv", start + CSV)
    labels = LabelFiles(path).read(FORMATS["via"])
    assert labels.items[0].file_name == "a, b.jpg"
    assert list(labels.labels) == ["Tür"]


def test_csv_in_another_encoding_and_one_cut_within_a_cell_are_one_line(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "via.csv"
    path.write_bytes(CSV.encode("latin-1"))
    for value, about in (
        (CSV.encode("latin-1"), "UTF-8"),
        (CSV[:-10].encode(), "UTF-8"),
        (CSV[:-22].encode(), "line 2 "),
    ):
        path.write_bytes(value)
        with refused("bad-csv", path) as error:
            LabelFiles(path).read(FORMATS["via"])
        assert about in error.value.what


def test_a_file_of_another_form_is_not_read_as_what_it_is_not(tmp_path: Path, refused: "Refused") -> None:
    path = write(tmp_path / "a.json", COCO)
    with refused("other-format", path) as error:
        LabelFiles(path).read(FORMATS["labelme"])
    assert "LabelMe" in error.value.what
    assert "--format auto" in error.value.to_do


def test_a_label_file_whose_name_is_not_utf_8_is_a_skip_that_can_be_shown(tmp_path: Path) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    try:
        (tmp_path / os.fsdecode(b"stra\xdfe.json")).write_text("{}")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    labels = LabelFiles(tmp_path).read(FORMATS["labelme"])
    assert len(labels.items) == 1
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == (str(tmp_path), "name-not-utf8")
    assert "'stra\\udcdfe.json'" in skip.what


def test_each_value_is_parsed_at_most_twice_and_only_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.json", labelme(f"{name}.jpg"))
    parsed: list[str] = []
    real = json.loads

    def loads(text: bytes) -> Any:
        parsed.append("")
        return real(text)

    monkeypatch.setattr(json, "loads", loads)
    LabelFiles(tmp_path).read(FORMATS["labelme"])
    assert len(parsed) <= 6
    parsed.clear()
    LabelFiles(tmp_path / "a.json").read(FORMATS["labelme"])
    assert len(parsed) == 1


def test_a_file_that_was_never_whole_xml_is_no_damage_but_one_of_ours_twice_is(tmp_path: Path) -> None:
    write(tmp_path / "facade.xml", "<object><label>2</label></object>\n<object/>")
    assert not LabelFiles(tmp_path).damaged
    write(tmp_path / "cvat.xml", "<annotations/><annotations/>")
    (error,) = LabelFiles(tmp_path).damaged
    assert (error.where, error.code) == (str(tmp_path / "cvat.xml"), "damaged-xml")
    assert isinstance(error, SeveralRootsError)

"""Label files are opened once, known by their form, and read together where each is of one picture."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError
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
    assert skip.where == str(tmp_path / "b.json")
    assert skip.what.startswith("is not whole JSON")


def test_of_files_that_hold_all_pictures_there_may_be_one(refused: "Refused", tmp_path: Path) -> None:
    write(tmp_path / "a.json", COCO)
    write(tmp_path / "sub" / "b.json", COCO)
    with pytest.raises(P2PError, match=r"has to hold one COCO file and holds a\.json and sub/b\.json"):
        LabelFiles(tmp_path).read(FORMATS["coco"])
    with refused("no-labels", tmp_path):
        LabelFiles(tmp_path).read(FORMATS["via"])


def test_an_export_of_vott_beside_its_single_assets_is_said(tmp_path: Path) -> None:
    asset = {"asset": {"name": "a.jpg"}, "regions": []}
    write(tmp_path / "x-asset.json", asset)
    write(tmp_path / "cars-export.json", {"assets": {"x": asset}})
    with pytest.raises(P2PError, match=r"has to hold one VoTT file and holds cars-export\.json and x-asset\.json"):
        LabelFiles(tmp_path).read(FORMATS["vott"])


@pytest.mark.parametrize("start", ["", "#", "\ufeff"])
def test_csv_is_read_with_its_commas_and_umlauts(tmp_path: Path, start: str) -> None:
    path = write(tmp_path / "via.csv", start + CSV)
    labels = LabelFiles(path).read(FORMATS["via"])
    assert labels.items[0].file_name == "a, b.jpg"
    assert list(labels.labels) == ["Tür"]


def test_csv_in_another_encoding_and_one_cut_within_a_cell_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "via.csv"
    path.write_bytes(CSV.encode("latin-1"))
    for value, why in (
        (CSV.encode("latin-1"), "is not whole CSV in UTF-8"),
        (CSV[:-10].encode(), "is not whole CSV in UTF-8"),
        (CSV[:-22].encode(), "line 2 has too few columns"),
    ):
        path.write_bytes(value)
        with pytest.raises(P2PError, match=why) as error:
            LabelFiles(path).read(FORMATS["via"])
        assert "\n" not in str(error.value)


def test_a_file_of_another_form_is_not_read_as_what_it_is_not(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", COCO)
    with pytest.raises(P2PError, match=r"a\.json: is not LabelMe\. Try --format auto\."):
        LabelFiles(path).read(FORMATS["labelme"])


def test_a_label_file_whose_name_is_not_utf_8_is_a_skip_that_can_be_shown(tmp_path: Path) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    try:
        (tmp_path / os.fsdecode(b"stra\xdfe.json")).write_text("{}")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    labels = LabelFiles(tmp_path).read(FORMATS["labelme"])
    assert len(labels.items) == 1
    assert str(labels.skipped[0]) == f"{tmp_path}: has a file whose name is not UTF-8: 'stra\\udcdfe.json'. Rename it."


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
    assert "several root elements" in str(error)

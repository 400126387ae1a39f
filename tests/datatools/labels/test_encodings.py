"""Label files that older tools and editors wrote in other encodings than UTF-8: read where it is told, else named."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.labels.read import read_labels

if TYPE_CHECKING:
    from conftest import Refused

CORNERS = [{"x": 1, "y": 1}, {"x": 5, "y": 1}, {"x": 5, "y": 4}]
SHAPES = [{"label": "车轮", "points": [[1, 1], [5, 1], [5, 4]]}]
LABELME = json.dumps(
    {"version": "3", "imagePath": "a.jpg", "imageWidth": 8, "imageHeight": 6, "shapes": SHAPES}, ensure_ascii=False
)
CVAT = (
    '<?xml version="1.0" encoding="{}"?><annotations><image id="0" name="a.jpg" width="8" height="6">'
    '<polygon label="车轮" points="1,1;5,1;5,4"/></image></annotations>'
)
VIA = (
    "filename,file_size,region_count,region_shape_attributes,region_attributes\n"
    'a.jpg,1,1,"{""name"":""rect"",""x"":1,""y"":1,""width"":3,""height"":2}","{""label"":""车轮""}"\n'
)
LABELBOX = json.dumps(
    {
        "data_row": {"external_id": "a.jpg", "row_data": "a.jpg"},
        "media_attributes": {"width": 8, "height": 6},
        "projects": {
            "p": {
                "labels": [
                    {
                        "annotations": {
                            "objects": [{"name": "车轮", "annotation_kind": "ImagePolygon", "polygon": CORNERS}]
                        }
                    }
                ]
            }
        },
    },
    ensure_ascii=False,
)
FILES = {"a.json": LABELME, "a.xml": CVAT.replace(' encoding="{}"', ""), "a.csv": VIA, "a.ndjson": LABELBOX}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_label_file_with_a_mark_of_its_encoding_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name].encode(encoding))
    assert list(read_labels(tmp_path).labels) == ["车轮"]


@pytest.mark.parametrize("name", FILES)
def test_a_label_file_in_chinese_letters_of_old_is_named_with_the_way_to_convert_it(
    name: str, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / name).write_bytes(FILES[name].encode("gb18030"))
    with refused("not-utf8", tmp_path / name) as error:
        read_labels(tmp_path)
    assert "GB18030" in error.value.what
    assert "iconv -f GB18030 -t UTF-8" in error.value.to_do


@pytest.mark.parametrize("encoding", ["gb2312", "GBK", "gb18030", "Shift_JIS", "big5", "utf-8", "UTF-16", "euc-jp"])
def test_xml_is_read_in_the_encoding_that_it_declares(encoding: str, tmp_path: Path) -> None:
    text = CVAT.format(encoding).replace("车轮", "車" if encoding in ("Shift_JIS", "big5", "euc-jp") else "车轮")
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    assert len(read_labels(tmp_path).items) == 1


def test_xml_that_is_not_in_the_encoding_that_it_declares_is_named(tmp_path: Path, refused: "Refused") -> None:
    for declared, code in (("utf-8", "not-utf8"), ("rot13", "damaged-xml")):
        (tmp_path / "a.xml").write_bytes(CVAT.format(declared).replace("轮", "轮轮").encode("gb18030"))
        with refused(code, tmp_path / "a.xml"):
            read_labels(tmp_path / "a.xml")


def test_lines_and_class_lists_of_yolo_may_be_in_utf_16(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "classes.txt").write_bytes("车轮\n".encode("utf-16"))
    (tmp_path / "a.txt").write_bytes("0 0.1 0.1 0.9 0.1 0.9 0.9\n".encode("utf-16"))
    assert list(read_labels(tmp_path).labels) == ["车轮"]
    (tmp_path / "classes.txt").write_bytes("车轮\n".encode("gb18030"))
    with refused("not-utf8", tmp_path / "classes.txt"):
        read_labels(tmp_path)

"""The format of labels is found out or what was looked for is said, and files of one picture each are read together."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from p2p_cli.data.build_masks import command
from p2p_datatools.labels.label_files import FileForm, Format, LabelFiles, PlaceForm
from p2p_datatools.labels.parsing.xml import SeveralRootsError
from p2p_datatools.labels.read import FORMATS, read_labels
from p2p_datatools.labels.values import IndexLabels, LabelSet

if TYPE_CHECKING:
    from conftest import Refused

COCO = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}
VOTT: dict[str, dict[str, object]] = {"assets": {"x": {"asset": {"name": "a.png"}, "regions": []}}}
VIA = {"a.jpg1": {"filename": "a.jpg", "regions": []}}
ISAT = {"info": {"description": "ISAT", "name": "a.jpg"}, "objects": []}
QUPATH = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [1, 1]},
    "properties": {"objectType": "annotation"},
}
BDD100K = [{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": 1, "y1": 1, "x2": 2, "y2": 2}}]}]
SUPERANNOTATE = {"metadata": {"name": "a.jpg"}, "instances": []}
LABELBOX = {"data_row": {"external_id": "a.jpg"}, "projects": {}}
SA_1B: dict[str, object] = {"image": {"file_name": "a.jpg"}, "annotations": []}
LABEL_STUDIO: list[dict[str, object]] = [{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}]
JSON_MIN = [{"id": 1, "image": "a.jpg", "annotation_id": 1}]
SUPERVISELY: dict[str, object] = {"size": {"width": 8, "height": 6}, "objects": []}
DATUMARO: dict[str, object] = {"info": {}, "categories": {}, "items": []}
DARWIN: dict[str, object] = {"item": {"name": "a.jpg", "slots": [{"type": "image"}]}, "annotations": []}
DARWIN_1: dict[str, object] = {"image": {"filename": "a.jpg"}, "annotations": [], "dataset": "cars"}
HASTY: dict[str, object] = {"label_classes": [], "images": [{"image_name": "a.jpg", "labels": []}]}
SEGMENTS = {
    "dataset": {
        "samples": [{"name": "a.jpg", "labels": {}}],
        "task_attributes": {"categories": [{"id": 1, "name": "car"}]},
    }
}
CVAT = '<annotations><image name="a.jpg"/></annotations>'
SHAPE = {"label": "car", "points": [[1, 1], [5, 1], [5, 4]]}
SHAPES = {"imagePath": "a.jpg", "shapes": [SHAPE]}
CSV = """filename,region_shape_attributes,region_attributes
"a, b.jpg","{""name"":""rect"",""x"":1,""y"":1,""width"":2,""height"":2}","{""part"":""Tür""}"
"""


def labelme(name: str) -> dict[str, Any]:
    return {"imagePath": name, "shapes": [SHAPE], "imageHeight": 6, "imageWidth": 8}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one COCO file, another JSON file and a picture."""
    (tmp_path / "labels.json").write_text(json.dumps(COCO))
    (tmp_path / "sizes.json").write_text("[1, 2]")
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    return tmp_path


def test_a_coco_file_is_known_by_itself_and_in_its_folder(folder: Path) -> None:
    assert read_labels(folder / "labels.json").format == "coco"
    assert read_labels(folder).format == "coco"
    assert read_labels(folder, "coco").format == "coco"


def test_a_folder_without_a_coco_file_is_one_of_index_pictures(folder: Path) -> None:
    (folder / "labels.json").unlink()
    assert read_labels(folder).format == "index"


def test_the_format_given_is_the_format_read(folder: Path, refused: "Refused") -> None:
    assert read_labels(folder, "index").format == "index"
    with refused("not-a-folder", folder / "labels.json"):
        read_labels(folder / "labels.json", "index")
    (folder / "labels.json").unlink()
    with refused("no-labels", folder) as error:
        read_labels(folder, "coco")
    assert "COCO" in error.value.what


def test_two_coco_files_in_a_folder_are_named(folder: Path, refused: "Refused") -> None:
    (folder / "more.json").write_text(json.dumps(COCO))
    with refused("several-files", folder) as error:
        read_labels(folder)
    assert "labels.json and more.json" in error.value.what
    assert "into the same DEST" in error.value.to_do


def test_an_empty_folder_is_asked_about_and_not_answered_with_every_format(tmp_path: Path, refused: "Refused") -> None:
    with refused("unknown-labels", tmp_path) as error:
        read_labels(tmp_path)
    assert (error.value.what, error.value.to_do) == ("is empty", "Is it the right folder?")


@pytest.mark.parametrize("name", ["sizes.json", "a.png", "texts"])
def test_what_is_not_known_says_what_is(folder: Path, name: str, refused: "Refused") -> None:
    (folder / "texts").mkdir()
    (folder / "texts" / "notes.md").touch()
    with refused("unknown-labels", folder / name) as error:
        read_labels(folder / name)
    assert all(each.title in error.value.to_do for each in FORMATS.values())
    assert len(str(error.value)) < 1000


def test_a_json_file_cut_in_half_is_one_line(folder: Path, refused: "Refused") -> None:
    path = folder / "labels.json"
    path.write_text(path.read_text()[:30])
    for place in (path, folder):
        with refused("damaged-json", path):
            read_labels(place)


def test_a_missing_place_and_an_unknown_format_are_errors(tmp_path: Path, refused: "Refused") -> None:
    with refused("missing-path", tmp_path / "gone.json", usage=False):
        read_labels(tmp_path / "gone.json")
    with refused("unknown-format", "--format cocoa", usage=True) as error:
        read_labels(tmp_path, "cocoa")
    assert all(name in error.value.to_do for name in ("auto", *FORMATS))


def read_scans(path: Path) -> LabelSet:
    return LabelSet("scans", tuple(IndexLabels(file.stem, file) for file in path.glob("*.scan")))


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("masks.json", json.dumps(VOTT), "vott"),
        ("x-asset.json", json.dumps(VOTT["assets"]["x"]), "vott"),
        ("a.json", json.dumps(SHAPES), "labelme"),
        ("a.xml", "<annotation><filename>a.jpg</filename><imagesize/></annotation>", "labelme"),
        ("annotations.xml", CVAT, "cvat"),
        ("a.json", json.dumps(ISAT), "isat"),
        ("a.json", json.dumps({"features": {"xy": []}, "metadata": {"img_name": "a.png"}}), "xbd"),
        ("a.geojson", json.dumps(QUPATH), "qupath"),
        ("train.json", json.dumps(BDD100K), "bdd100k"),
        ("project-1.json", json.dumps(LABEL_STUDIO), "labelstudio"),
        ("project-1-min.json", json.dumps(JSON_MIN), "labelstudio"),
        ("a.jpg.json", json.dumps(SUPERVISELY), "supervisely"),
        ("default.json", json.dumps(DATUMARO), "datumaro"),
        ("a.json", json.dumps(DARWIN), "darwin"),
        ("a.json", json.dumps(DARWIN_1), "darwin"),
        ("cars.json", json.dumps(HASTY), "hasty"),
        ("v1.json", json.dumps(SEGMENTS), "segments"),
        ("a.jpg.json", json.dumps(SUPERANNOTATE), "superannotate"),
        ("export.ndjson", json.dumps(LABELBOX), "labelbox"),
        ("sa_1.json", json.dumps(SA_1B), "sam"),
        ("via.json", json.dumps(VIA), "via"),
        ("via.csv", "filename,region_shape_attributes,region_attributes\na.jpg,{},{}\n", "via"),
    ],
)
def test_every_format_is_known_as_a_file_and_in_its_folder(tmp_path: Path, name: str, text: str, format: str) -> None:  # noqa: A002
    (tmp_path / name).write_text(text)
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    for place in (tmp_path / name, tmp_path):
        assert [read_labels(place, how).format for how in ("auto", format)] == [format, format]


def test_a_folder_with_two_formats_says_so_and_reads_the_one_that_is_named(folder: Path, refused: "Refused") -> None:
    (folder / "a.json").write_text(json.dumps(SHAPES))
    with refused("several-formats", folder) as error:
        read_labels(folder)
    assert "labelme (a.json) and coco (labels.json)" in error.value.what
    assert "--format" in error.value.to_do
    assert read_labels(folder, "labelme").format == "labelme"


def test_a_project_file_of_vott_beside_nothing_else_says_what_to_export(tmp_path: Path, refused: "Refused") -> None:
    project = {"sourceConnection": {"providerOptions": {"encrypted": "x"}}, "assets": {"x": {"name": "a.png"}}}
    (tmp_path / "cars.vott").write_text(json.dumps(project))
    for place in (tmp_path, tmp_path / "cars.vott"):
        with refused("no-labels", tmp_path / "cars.vott") as error:
            read_labels(place)
        assert "VoTT JSON" in error.value.to_do


def test_the_command_line_offers_every_format_there_is() -> None:
    (option,) = (each for each in command.params if each.name == "label_format")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == ("auto", *FORMATS)


def test_pictures_in_colours_xml_of_facades_and_other_trees_are_known_by_themselves(tmp_path: Path) -> None:
    for name in ("colors", "cmp", "SegmentationClass", "city"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "colors" / "a.png")
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "cmp" / "a.jpg")
    (tmp_path / "cmp" / "a.xml").write_text("<object><points><x>0</x></points><labelname>door</labelname></object>")
    Image.new("RGB", (4, 4)).save(tmp_path / "SegmentationClass" / "a.png")
    Image.new("L", (4, 4)).save(tmp_path / "city" / "x_gtFine_labelIds.png")
    for name, expected in (("colors", "colors"), ("cmp", "cmp"), ("SegmentationClass", "voc"), ("city", "cityscapes")):
        assert read_labels(tmp_path / name).format == expected
    Image.new("P", (4, 4)).save(tmp_path / "cmp" / "a.png")
    assert read_labels(tmp_path / "cmp").format == "index"


LINES = Format(
    "lines",
    "Lines",
    "a .json with lines",
    (FileForm(lambda value: "lines" in value, lambda value, *, where, source: LabelSet("lines", ())),),
)
SCANS = Format(
    "scans", "Scans", "a folder of .scan files", place=PlaceForm(lambda path: any(path.glob("*.scan")), read_scans)
)


@pytest.mark.parametrize("added", [LINES, SCANS])
def test_a_row_in_the_table_is_all_that_a_format_needs_to_be_known_offered_and_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, added: Format, refused: "Refused"
) -> None:
    monkeypatch.setitem(FORMATS, added.name, added)
    (folder / "labels.json").write_text('{"lines": []}')
    (folder / "a.png").unlink()
    (folder / "a.scan").touch()
    assert read_labels(folder).format == added.name
    assert read_labels(folder, added.name).format == added.name
    with refused("unknown-labels") as error:
        read_labels(folder / "sizes.json")
    assert f", {added.title};" in error.value.to_do
    said = CliRunner().invoke(command, ["--help"]).output
    assert f"\n  {added.name} " in said
    assert f" {added.title}: {added.signs}\n" in said
    typed = CliRunner().invoke(command, [str(folder / "none"), str(folder / "dest"), "--format", added.name])
    assert "--format" not in str(typed.exception) + typed.output


# Files read together.


def test_files_of_one_picture_each_are_read_together_from_all_folders(tmp_path: Path) -> None:
    for name in ("b", "a", "walk/a", ".hidden/c"):
        write(tmp_path / f"{name}.json", labelme("a.jpg" if name != "b" else "b.jpg"))
    write(tmp_path / "notes.json", {"nothing": 1})
    labels = LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["labelme"])
    assert [(item.file_name, item.source) for item in labels.items] == [
        ("a.jpg", "a.json"),
        ("b.jpg", "b.json"),
        ("walk/a.jpg", "walk/a.json"),
    ]
    assert labels.labels["car"].pictures == 3


def test_a_file_that_cannot_be_opened_is_skipped_beside_others(tmp_path: Path) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    write(tmp_path / "b.json", json.dumps(labelme("b.jpg"))[:40])
    labels = LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["labelme"])
    assert len(labels.items) == 1
    (skip,) = labels.skipped
    assert (skip.where, skip.code) == (str(tmp_path / "b.json"), "damaged-json")
    assert skip.to_do.endswith("move it elsewhere.")


def test_json_with_two_values_for_a_key_is_refused_where_it_has_labels_and_harmless_elsewhere(
    tmp_path: Path, refused: "Refused"
) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    (tmp_path / "package.json").write_text('{"name": "cars", "name": "notes"}')
    (tmp_path / "log.jsonl").write_text('{"step": 1, "step": 2}\n')
    found = read_labels(tmp_path)
    assert ([item.file_name for item in found.items], found.skipped) == (["a.jpg"], ())
    (tmp_path / "a.json").write_text('{"shapes": [], "imagePath": "a.jpg", "imageWidth": 8, "imageWidth": 9}')
    with refused("damaged-json", tmp_path / "a.json"):
        read_labels(tmp_path)
    (tmp_path / "a.json").unlink()
    with refused("unknown-labels", tmp_path):
        read_labels(tmp_path)


def test_of_files_that_hold_all_pictures_there_may_be_one(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "a.json", COCO)
    write(tmp_path / "sub" / "b.json", COCO)
    with refused("several-files", tmp_path) as error:
        LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["coco"])
    assert "a.json and sub/b.json" in error.value.what
    with refused("no-labels", tmp_path) as error:
        LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["via"])
    assert "VIA" in error.value.what


def test_an_export_of_vott_beside_its_single_assets_is_refused(tmp_path: Path, refused: "Refused") -> None:
    asset = {"asset": {"name": "a.jpg"}, "regions": []}
    write(tmp_path / "x-asset.json", asset)
    write(tmp_path / "cars-export.json", {"assets": {"x": asset}})
    with refused("several-files", tmp_path) as error:
        LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["vott"])
    assert "cars-export.json and x-asset.json" in error.value.what


@pytest.mark.parametrize("start", ["", "#", "\ufeff"])
def test_csv_is_read_with_its_commas_and_umlauts(tmp_path: Path, start: str) -> None:
    path = write(tmp_path / "via.csv", start + CSV)
    labels = LabelFiles(path, FORMATS.values()).read(FORMATS["via"])
    assert labels.items[0].file_name == "a, b.jpg"
    assert list(labels.labels) == ["Tür"]


def test_csv_in_another_encoding_and_one_cut_within_a_cell_are_one_line(tmp_path: Path, refused: "Refused") -> None:
    path = tmp_path / "via.csv"
    for value, code, about in (
        (CSV.encode("latin-1"), "not-utf8", "WINDOWS-1252"),
        (CSV[:-10].encode(), "bad-csv", "CSV"),
        (CSV[:-22].encode(), "bad-csv", "line 2 "),
    ):
        path.write_bytes(value)
        with refused(code, path) as error:
            LabelFiles(path, FORMATS.values()).read(FORMATS["via"])
        assert about in error.value.what


def test_a_file_of_another_form_is_not_read_as_what_it_is_not(tmp_path: Path, refused: "Refused") -> None:
    for value, name in ((COCO, "labelme"), ({"images": []}, "coco"), ([], "coco"), ({"project": {}}, "via")):
        path = write(tmp_path / "a.json", value)
        with refused("other-format", path) as error:
            LabelFiles(path, FORMATS.values()).read(FORMATS[name])
        assert FORMATS[name].title in error.value.what
        assert "--format auto" in error.value.to_do


def test_a_label_file_whose_name_is_not_utf_8_is_a_skip_that_can_be_shown(tmp_path: Path) -> None:
    write(tmp_path / "a.json", labelme("a.jpg"))
    try:
        (tmp_path / os.fsdecode(b"stra\xdfe.json")).write_text("{}")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    labels = LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["labelme"])
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
    real = json.JSONDecoder.decode

    def decode(*given: Any) -> Any:
        parsed.append("")
        return real(*given)

    monkeypatch.setattr(json.JSONDecoder, "decode", decode)  # json.loads uses it, too
    LabelFiles(tmp_path, FORMATS.values()).read(FORMATS["labelme"])
    assert len(parsed) <= 6
    parsed.clear()
    LabelFiles(tmp_path / "a.json", FORMATS.values()).read(FORMATS["labelme"])
    assert len(parsed) == 1


def test_xml_with_several_roots_is_damaged_only_where_the_root_is_that_of_a_format(tmp_path: Path) -> None:
    write(tmp_path / "facade.xml", "<object><label>2</label></object>\n<object/>")
    assert not LabelFiles(tmp_path, FORMATS.values()).damaged
    write(tmp_path / "cvat.xml", "<annotations/><annotations/>")
    (error,) = LabelFiles(tmp_path, FORMATS.values()).damaged
    assert (error.where, error.code) == (str(tmp_path / "cvat.xml"), "damaged-xml")
    assert isinstance(error, SeveralRootsError)


def test_every_format_has_a_row_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| ")]
    missing = [name for name in FORMATS if not any(f"(`{name}`) |" in row for row in rows)]
    assert missing == []

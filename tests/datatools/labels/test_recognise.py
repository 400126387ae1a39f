"""Which format labels have is found out, or what was looked for is said."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from p2p_cli.data.build_masks import command
from p2p_datatools.labels.read import FORMATS, FileForm, Format, PlaceForm, read_labels
from p2p_datatools.labels.values import IndexLabels, LabelSet

if TYPE_CHECKING:
    from conftest import Refused

COCO = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}


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


@pytest.mark.parametrize("name", ["sizes.json", "a.png", "empty"])
def test_what_is_not_known_says_what_is(folder: Path, name: str, refused: "Refused") -> None:
    (folder / "empty").mkdir()
    with refused("unknown-labels", folder / name) as error:
        read_labels(folder / name)
    assert all(f"{each.title} ({each.signs})" in error.value.to_do for each in FORMATS.values())


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


SHAPES = {"imagePath": "a.jpg", "shapes": [{"label": "car", "points": [[1, 1], [5, 1], [5, 4]]}]}
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
CVAT = '<annotations><image name="a.jpg"/></annotations>'


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("masks.json", json.dumps(VOTT), "vott"),
        ("x-asset.json", json.dumps(VOTT["assets"]["x"]), "vott"),
        ("a.json", json.dumps(SHAPES), "labelme"),
        ("a.xml", "<annotation><filename>a.jpg</filename><imagesize/></annotation>", "labelme"),
        ("annotations.xml", CVAT, "cvat"),
        ("a.json", json.dumps(ISAT), "isat"),
        ("a.geojson", json.dumps(QUPATH), "qupath"),
        ("train.json", json.dumps(BDD100K), "bdd100k"),
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
    assert f"; {added.title} ({added.signs})" in error.value.to_do
    said = CliRunner().invoke(command, ["--help"]).output
    assert f"|{added.name}]" in said
    assert f"{added.title}: {added.signs}" in said


def test_every_format_has_a_row_in_the_documentation() -> None:
    pages = (Path(__file__).parents[3] / "docs").glob("formats*.md")
    rows = [row for page in pages for row in page.read_text("utf-8").splitlines() if row.startswith("| ")]
    missing = [name for name in FORMATS if not any(f"(`{name}`) |" in row for row in rows)]
    assert missing == []

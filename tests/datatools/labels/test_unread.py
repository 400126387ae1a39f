"""Labels that are not read: what they are is said, and what their tool can write instead."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.labels.read import read_labels

if TYPE_CHECKING:
    from conftest import Refused

ROW = {"source-ref": "s3://b/a.jpg", "seg-ref": "s3://b/a.png"}
DETECTION = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5}
KITTI = "Car 0.00 0 -1.58 10 20 86 48 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n"


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("name", "content", "what", "to_do"),
    [
        ("a.zip", "PK", "an archive", "Unpack"),
        ("a.xcf", "gimp xcf", "a painting with layers", "as PNG"),
        ("a.nii.gz", "", "a volume", "slices"),
        ("a.pkl", "", "runs code", "trust"),
        ("a.json", [DETECTION], "results of a detector", "COCO file"),
        ("a.json", {"images": [], "annotations": []}, "COCO without", '"categories"'),
        ("a.json", {"type": "FeatureCollection", "features": [{"geometry": {}}]}, "places on a map", "gdal_rasterize"),
        ("a.json", [{"ID": "x", "Labeled Data": "a.jpg", "Label": {}}], "before 2020", "v2"),
        ("a.json", {"data_units": {}, "label_hash": "a"}, "Encord", "as COCO"),
        ("a.json", [{"externalId": "a", "labels": [{"jsonResponse": {}}]}], "Kili", "as COCO"),
        ("a.json", [], "empty", "again"),
        ("a.json", {"images": [], "annotations": [{"image_id": 1, "caption": "a car"}]}, "captions", "instances_"),
        ("a.json", [{"file_name": "a.jpg", "annotations": [{"bbox_mode": 1}]}], "Detectron2", "convert_to_coco_json"),
        ("a.json", [{"filename": "a.jpg", "ann": {"bboxes": []}}], "MMDetection", "made of"),
        ("a.json", {"classes": ["car"], "labels": {"a": []}}, "FiftyOne", "COCODetectionDataset"),
        ("a.json", {"samples": [{"filepath": "data/a.jpg"}]}, "FiftyOne", "ImageSegmentationDirectory"),
        ("a.json", [{"token": "a", "name": "vehicle.car"}], "nuImages", "devkit"),
        ("a.json", {"item1": {"segmentation": [], "category_name": "skirt"}}, "DeepFashion2", "COCO"),
        ("a.json", {"annotation": {"filename": "a", "imsize": [1, 1, 3], "object": []}}, "ADE20K", "scene parsing"),
        ("a.json", [{"type": "polygon", "className": "car", "points": [1, 2]}], "before 2021", "export"),
        (
            "a.json",
            {"videos": [], "annotations": [{"video_id": 1, "segmentations": [None]}], "categories": []},
            "YouTube-VIS",
            "each frame",
        ),
        (
            "a.json",
            {"size": {"width": 1, "height": 1}, "objects": [], "frames": [], "framesCount": 1},
            "video",
            "frames",
        ),
        ("a.jsonl", {"image_url": "azureml://a.jpg", "label": [{"polygon": [[0.1]]}]}, "Azure", "COCO"),
        ("a.json", {"path": "C:\\a.jpg", "outputs": {"object": []}, "labeled": True}, "Colabeler", "PNG"),
        ("a.xml", "<doc><path>a.jpg</path><outputs><object/></outputs></doc>", "Colabeler", "PNG"),
        ("a.json", {"width": 1, "height": 1, "step_1": {"result": []}}, "LabelBee", "as COCO"),
        ("a.json", {"interface": {"type": "image_segmentation"}, "samples": []}, "Universal Data Tool", "as COCO"),
        ("a.json", {"objects": [{"annotation_type": "polygon", "annotation": {}}]}, "Superb AI", "as COCO"),
        ("a.json", {"readme": {}, "label_map": {"1": "car"}, "12": {}}, "Diffgram", "as COCO"),
        ("a.json", {"objects": [{"classIndex": 1, "polygon": [{"x": 1}]}]}, "Segmentation Editor", "PNG"),
        (
            "a.json",
            [{"name": "car", "class": 0, "confidence": 0.9, "segments": {"x": [1], "y": [1]}}],
            "Ultra",
            "save_txt",
        ),
        ("a.json", {"predictions": [{"class": "car", "confidence": 0.9, "points": []}]}, "Roboflow", "as COCO"),
        (
            "a.json",
            [{"value": 0, "label": "background"}, {"value": 1, "label": "car", "box": []}],
            "Grounded SAM",
            "SAM 2",
        ),
        ("a.jsonl", {"file_name": "a.jpg", "objects": {"bbox": [], "categories": []}}, "Hugging Face", "outlines"),
        ("a.csv", "index,shape-type,vertex-index,axis-0,axis-1\n0,polygon,0,1,2\n", "napari", "TIFF"),
        ("a.xml", "<Annotations><Region><Vertex X='1' Y='1'/></Region></Annotations>", "ImageScope", "GeoJSON"),
        ("a.xml", "<ASAP_Annotations><Coordinate X='1' Y='1'/></ASAP_Annotations>", "ASAP", "GeoJSON"),
        ("a.csv", "ImageId,BuildingId,PolygonWKT_Pix\na,1,POLYGON EMPTY\n", "SpaceNet", "gdal_rasterize"),
        ("a.csv", "id,class,segmentation\na,stomach,1 3\n", "run lengths", "reshape"),
        ("a.json", POINTER, "Git LFS", "git lfs pull"),
        ("a.xml", POINTER, "Git LFS", "git lfs pull"),
        ("a.csv", POINTER, "Git LFS", "git lfs pull"),
        ("a.json", "<!DOCTYPE html>\n<html>", "web page", "login"),
        ("a.json", "", "is empty", "again"),
        ("a.csv", "car,10,10,30,20,a.jpg,96,64\n", "headings", "headings"),
        ("a.csv", "car,10,10,30,20,a.jpg,96,64\ncar,10,10,30,20,a.jpg,96,64\n", "without headings", "outlines"),
        ("a.txt", "car 0.1 0.1 0.5 0.1 0.5 0.5\n", "names of classes", "classes.txt"),
        ("a.manifest", ROW, "SageMaker", "semantic"),
        ("a.jsonl", {"spans": [], "image": "a.jpg"}, "Prodigy", "LabelMe"),
        ("a.csv", "ImageId,EncodedPixels\na.jpg,1 3\n", "run lengths", "reshape"),
        ("a.csv", "filename,xmin,ymin,xmax,ymax,class\na.jpg,1,2,3,4,car\n", "boxes", "outlines"),
        ("a.csv", "image,id,label,annotator\na.jpg,1,[],1\n", "Label Studio", "as JSON"),
        ("a.csv", "tool_name,label,label_text,x,y\nrectTool,car,car,1,2\n", "LabelU", "as JSON"),
        ("a.xml", "<root><sample><fileName>a.jpg</fileName><result/></sample></root>", "LabelU", "as JSON"),
        (
            "a.xml",
            "<dataset><images><image file='a'><box top='1'/></image></images></dataset>",
            "boxes",
            "outlines",
        ),
        ("a.txt", '\n {"images": []}', "holds JSON", "Rename"),
        ("a.txt", KITTI, "KITTI", "outlines"),
        ("a.txt", "0 0,5 0,5 0,25 0,25\n", "comma for the decimal point", "points"),
        ("a.txt", "imagesource:x\n1 1 5 1 5 5 1 5 car 0\n", "DOTA", "outlines"),
        ("a.txt", "0,0.1,0.1,0.5,0.5\n", "commas", "spaces"),
        ("a.txt", "-1 0.1 0.1 0.5 0.1 0.5 0.5\n", "below 0", "again"),
    ],
)
def test_what_is_not_read_is_called_by_its_name_with_a_way_on(
    tmp_path: Path, refused: "Refused", name: str, content: Any, what: str, to_do: str
) -> None:
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with refused("unread-labels") as error:
        read_labels(tmp_path)
    assert what in error.value.what
    assert to_do in error.value.to_do
    if not name.endswith(".txt"):
        with refused("unread-labels", tmp_path / name):
            read_labels(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("class_dict.csv", "name,r,g,b\ncar,255,0,0\n"),
        ("data.yaml", "names: [car]\n"),
        ("colors.json", '{"car": [255, 0, 0], "sky": [0, 0, 9]}'),
    ],
)
def test_a_list_of_classes_in_the_place_of_labels_is_answered_with_what_is_to_be_given(
    tmp_path: Path, refused: "Refused", name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with refused("unread-labels", tmp_path / name) as error:
        read_labels(tmp_path / name)
    assert "lists classes" in error.value.what
    assert "the folder of the labels" in error.value.to_do


@pytest.mark.parametrize(
    ("name", "content", "held"),
    [
        ("a.json", {"docs": [], "total": 1, "limit": 9}, "docs, total, limit"),
        ("a.json", [{"task": 1, "x" * 99: 2}], f"task, {'x' * 30}"),
        ("a.json", {f"{count}.jpg": [] for count in range(9)}, "0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, 5.jpg, ..."),
        ("a.xml", "<project><item/><item/></project>", "<project>, <item>"),
        ("a.csv", "file,shape\na.jpg,1 2 3\n", "file, shape"),
    ],
)
def test_of_another_form_it_is_said_what_it_has_and_to_export_it_as_coco(
    tmp_path: Path, refused: "Refused", name: str, content: Any, held: str
) -> None:
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    for place, said in ((tmp_path, f"; {name} has {held}"), (tmp_path / name, f": it has {held}")):
        with refused("unknown-labels", place) as error:
            read_labels(place)
        assert error.value.what.endswith(said)
        assert error.value.to_do.startswith("Export the project as COCO with outlines, or as PNG masks")


def test_a_cell_of_a_table_may_be_as_long_as_an_outline(tmp_path: Path) -> None:
    points = {"name": "polygon", "all_points_x": [1.0, 8.0, 8.0] * 20_000, "all_points_y": [1.0, 1.0, 6.0] * 20_000}
    cell = json.dumps(points).replace('"', '""')
    head = "filename,file_attributes,region_shape_attributes,region_attributes\n"
    (tmp_path / "a.csv").write_text(f'{head}a.jpg,"{{}}","{cell}","{{""label"":""car""}}"\n')
    assert len(read_labels(tmp_path).items) == 1

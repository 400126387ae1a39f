"""A small valid file or folder of every label format, which mutations begin with, all for a picture of 24x16 called a.

Nothing here may come from a real data set.
"""

import base64
import io
import json
import zlib
from typing import Any

import cv2
import numpy as np
import scipy.io
from PIL import Image

from fuzz.mutate import Tree

WIDTH, HEIGHT = 24, 16
TRIANGLE: list[list[float]] = [[1, 1], [9, 1], [9, 9.5]]
_FLAT = [1, 1, 9, 1, 9, 9.5]
_SIZE = {"width": WIDTH, "height": HEIGHT}
_COUNTS = [20, 5, WIDTH * HEIGHT - 25]
_RLE = {"size": [HEIGHT, WIDTH], "counts": _COUNTS}
_COCO_CATEGORIES = [{"id": 1, "name": "car"}, {"id": 2, "name": "wheel"}]
_XY = [{"x": x, "y": y} for x, y in TRIANGLE]


def picture(kind: str = "PNG", *, palette: bool = False, rgb: bool = False) -> bytes:
    """A picture of class numbers 0 and 1, as numbers, with a colour table, or as colours."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[4:9, 3:12] = 1
    image = Image.fromarray(values)
    if palette:
        image.putpalette([0, 0, 0, 200, 10, 10])
    if rgb:
        image = Image.fromarray(np.stack([values, values * 0, values * 0], axis=-1))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _one(name: str, value: Any) -> Tree:
    return {name: _json(value)}


def _coco() -> list[Tree]:
    images = [{"id": 1, "file_name": "a.png", **_SIZE}]
    annotations = [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "segmentation": [_FLAT],
            "bbox": [1, 1, 8, 8],
            "area": 30,
            "iscrowd": 0,
        },
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": _RLE, "iscrowd": 1},
        {"id": 3, "image_id": 1, "category_id": 2, "segmentation": {"size": [HEIGHT, WIDTH], "counts": "d05W;"}},
    ]
    return [_one("coco.json", {"images": images, "categories": _COCO_CATEGORIES, "annotations": annotations})]


def _panoptic() -> list[Tree]:
    segments = [{"id": 1, "category_id": 1, "iscrowd": 0, "area": 45, "bbox": [3, 4, 9, 5]}]
    value = {
        "images": [{"id": 1, "file_name": "a.png", **_SIZE}],
        "categories": [{"id": 1, "name": "car", "isthing": 1}],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": segments}],
    }
    return [{"p.json": _json(value), "p/a.png": picture(rgb=True)}]


def _vott() -> list[Tree]:
    region = {"id": "r", "type": "POLYGON", "tags": ["car"], "points": _XY}
    boxed = {"type": "RECTANGLE", "tags": ["wheel"], "boundingBox": {"left": 1, "top": 2, "width": 3, "height": 4}}
    asset = {"asset": {"name": "a.png", "state": 2, "size": _SIZE}, "regions": [region, boxed], "version": "2.2.0"}
    return [_one("x-export.json", {"name": "x", "assets": {"i": asset}}), _one("i-asset.json", asset)]


def _labelme() -> list[Tree]:
    mask = base64.b64encode(picture()).decode()
    shapes = [
        {"label": "car", "points": TRIANGLE, "shape_type": "polygon", "group_id": None, "flags": {}},
        {"label": "wheel", "points": [[1, 1], [5, 6]], "shape_type": "rectangle"},
        {"label": "wheel", "points": [[5, 5], [5, 8]], "shape_type": "circle"},
        {"label": "car", "points": [[0, 0], [23, 15]], "shape_type": "mask", "mask": mask},
    ]
    value = {
        "version": "5",
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": mask,
        "imageHeight": 16,
        "imageWidth": 24,
    }
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in TRIANGLE)
    xml = (
        "<annotation><filename>a.png</filename><folder>f</folder><imagesize><nrows>16</nrows><ncols>24</ncols></imagesize>"
        f"<object><name>car</name><deleted>0</deleted><polygon>{points}</polygon></object>"
        "<object><name>wheel</name><segm><mask>m.png</mask></segm></object></annotation>"
    )
    return [_one("a.json", value), {"a.xml": xml.encode(), "Masks/m.png": picture()}]


def _labelstudio() -> list[Tree]:
    said = {
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "from_name": "l",
        "to_name": "image",
    }
    percents = [[5, 5], [40, 5], [40, 60]]
    results = [
        {
            **said,
            "id": "1",
            "type": "polygonlabels",
            "value": {"points": percents, "closed": True, "polygonlabels": ["car"]},
        },
        {
            **said,
            "id": "2",
            "type": "rectanglelabels",
            "value": {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 10, "rectanglelabels": ["wheel"]},
        },
        {
            **said,
            "id": "3",
            "type": "ellipselabels",
            "value": {"x": 50, "y": 50, "radiusX": 9, "radiusY": 8, "rotation": 0, "ellipselabels": ["wheel"]},
        },
        {
            **said,
            "id": "4",
            "type": "brushlabels",
            "value": {"format": "rle", "rle": _packed(), "brushlabels": ["car"]},
        },
        {**said, "id": "5", "type": "bitmask", "value": {"imageDataURL": _data_url(), "brushlabels": ["car"]}},
    ]
    task = {"id": 1, "data": {"image": "/data/upload/1/a.png"}, "annotations": [{"id": 1, "result": results}]}
    record = {"image": "/data/a.png", "annotation_id": 1, "label": [{**said, **results[0]["value"]}]}  # type: ignore[dict-item]
    return [_one("project.json", [task]), _one("min.json", [record])]


def _packed() -> list[int]:
    """A brush that covers everything: one run of all values, in the packing of Label Studio."""
    count = WIDTH * HEIGHT * 4
    bits = f"{count:032b}{7:05b}{2:04b}{7:04b}{9:04b}{15:04b}" + f"1{3:02b}{count - 1:016b}{255:08b}"
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def _data_url() -> str:
    return "data:image/png;base64," + base64.b64encode(picture()).decode()


def _supervisely() -> list[Tree]:
    bitmap = base64.b64encode(zlib.compress(picture())).decode()
    objects = [
        {"classTitle": "car", "geometryType": "polygon", "points": {"exterior": TRIANGLE, "interior": []}},
        {"classTitle": "wheel", "geometryType": "rectangle", "points": {"exterior": [[1, 1], [4, 5]], "interior": []}},
        {"classTitle": "car", "geometryType": "bitmap", "bitmap": {"origin": [0, 0], "data": bitmap}},
    ]
    value = {"description": "", "tags": [], "size": _SIZE, "objects": objects}
    return [_one("ds0/ann/a.png.json", value)]


def _datumaro() -> list[Tree]:
    annotations = [
        {"id": 0, "type": "polygon", "label_id": 0, "group": 0, "z_order": 0, "points": _FLAT, "attributes": {}},
        {"id": 1, "type": "bbox", "label_id": 1, "group": 1, "z_order": 1, "bbox": [1, 2, 3, 4]},
        {
            "id": 2,
            "type": "mask",
            "label_id": 1,
            "group": 1,
            "z_order": 2,
            "rle": {"counts": "d05W;", "size": [16, 24]},
        },
        {"id": 3, "type": "ellipse", "label_id": 1, "points": [1, 1, 5, 6]},
    ]
    item = {"id": "a", "annotations": annotations, "image": {"path": "a.png", "size": [16, 24]}}
    labels = [{"name": "car", "parent": ""}, {"name": "wheel", "parent": ""}]
    value = {"info": {}, "categories": {"label": {"labels": labels, "attributes": []}}, "items": [item]}
    return [_one("annotations/train.json", value)]


def _darwin() -> list[Tree]:
    layer = {"dense_rle": [0, 100, 1, 50, 0, 234], "mask_annotation_ids_mapping": {"m": 1}, "total_pixels": 384}
    annotations = [
        {"id": "p", "name": "car", "polygon": {"paths": [_XY]}, "bounding_box": {"x": 1, "y": 1, "w": 8, "h": 8}},
        {"id": "b", "name": "wheel", "bounding_box": {"x": 1, "y": 1, "w": 8, "h": 8}},
        {"id": "e", "name": "wheel", "ellipse": {"center": {"x": 5, "y": 5}, "radius": {"x": 2, "y": 2}, "angle": 0}},
        {"id": "m", "name": "car", "mask": {}},
        {"id": "r", "name": "__raster_layer__", "raster_layer": layer},
    ]
    slot = {"type": "image", "slot_name": "0", **_SIZE, "source_files": []}
    two = {"version": "2.0", "item": {"name": "a.png", "path": "/", "slots": [slot]}, "annotations": annotations}
    old: dict[str, Any] = {"dataset": "d", "image": {"filename": "a.png", "path": "/", **_SIZE}}
    old["annotations"] = [{"name": "car", "polygon": {"path": _XY, "additional_paths": []}}]
    return [_one("a.json", two), _one("a.json", old)]


def _hasty() -> list[Tree]:
    labels = [
        {"class_name": "car", "bbox": [1, 1, 9, 9], "polygon": TRIANGLE, "mask": None, "z_index": 1},
        {"class_name": "wheel", "bbox": [1, 1, 5, 5], "polygon": None, "mask": [1, 3, 9, 2], "z_index": 2},
    ]
    image = {"image_name": "a.png", "dataset_name": "d", **_SIZE, "image_status": "DONE", "labels": labels}
    value = {"export_format_version": "1.1", "label_classes": [{"class_name": "car"}], "images": [image]}
    return [_one("hasty.json", value)]


def _segments() -> list[Tree]:
    def release(attributes: Any) -> Any:
        label = {"label_status": "LABELED", "attributes": attributes}
        sample = {"name": "a.png", "attributes": {"image": {"url": "u"}}, "labels": {"ground-truth": label}}
        task = {"format_version": "0.1", "categories": _COCO_CATEGORIES}
        return {"name": "v1", "dataset": {"name": "d", "task_attributes": task, "samples": [sample]}}

    shape = {"id": 1, "category_id": 1, "type": "polygon", "points": TRIANGLE}
    vectors = release({"annotations": [shape, {"id": 2, "category_id": 2, "type": "bbox", "points": [[1, 1], [5, 5]]}]})
    bitmap = {"annotations": [{"id": 1, "category_id": 1}], "segmentation_bitmap": {"url": "https://h/504e.png?s=1"}}
    return [_one("v.json", vectors), {"b.json": _json(release(bitmap)), "504e.png": picture(rgb=True)}]


def _cvat() -> list[Tree]:
    xml = (
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><image id="0" name="a.png" subset="" '
        'width="24" height="16"><polygon label="car" points="1.0,1.0;9.0,1.0;9.0,9.5" z_order="0" source="manual"/>'
        '<box label="wheel" xtl="1" ytl="2" xbr="5" ybr="6" z_order="1" rotation="10"/>'
        '<ellipse label="wheel" cx="5" cy="5" rx="2" ry="3" z_order="2"/>'
        '<mask label="car" rle="2, 3, 7" left="1" top="2" width="4" height="3" z_order="3"/></image></annotations>'
    )
    video = (
        "<annotations><meta><task><original_size><width>24</width><height>16</height></original_size></task></meta>"
        '<track id="0" label="car"><polygon frame="0" keyframe="1" outside="0" points="1,1;9,1;9,9" z_order="0"/>'
        '<polygon frame="1" keyframe="0" outside="1" points="1,1;9,1;9,9" z_order="0"/></track></annotations>'
    )
    return [{"annotations.xml": each.encode()} for each in (xml, video)]


def _via() -> list[Tree]:
    shapes = [
        {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 9]},
        {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4},
        {"name": "circle", "cx": 5, "cy": 5, "r": 2},
        {"name": "ellipse", "cx": 5, "cy": 5, "rx": 2, "ry": 3, "theta": 0.1},
    ]
    regions = [{"shape_attributes": each, "region_attributes": {"class": "car"}} for each in shapes]
    table = {"a.png1": {"filename": "a.png", "size": 1, "regions": regions, "file_attributes": {}}}
    rows = ["filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"]
    for number, each in enumerate(shapes):
        cells = ('"' + json.dumps(value).replace('"', '""') + '"' for value in (each, {"class": "car"}))
        rows.append(f'a.png,1,"{{}}",4,{number},{",".join(cells)}')
    xy = [
        [7, 1, 1, 5, 1, 5, 4],
        [2, 1, 1, 4, 4],
        [3, 5, 5, 2],
        [4, 5, 5, 2, 3],
        [8, 1, 2, 3, 1, 5, 2, 3, 4],
        [9, 1, 1, 5, 1, 3, 4],
    ]
    three = {
        "project": {"pid": "p", "vid_list": ["1"]},
        "config": {},
        "attribute": {
            "1": {"aname": "part", "type": 3, "options": {"0": "car", "1": "wheel"}, "default_option_id": ""}
        },
        "file": {"1": {"fid": "1", "fname": "a.png", "type": 2, "loc": 1, "src": ""}},
        "metadata": {
            f"1_{n}": {"vid": "1", "flg": 0, "z": [], "xy": each, "av": {"1": "0"}} for n, each in enumerate(xy)
        },
        "view": {"1": {"fid_list": [1]}},
    }
    project = {"_via_settings": {}, "_via_img_metadata": table, "_via_attributes": {}}
    return [
        _one("via.json", table),
        _one("via.json", project),
        {"via.csv": "\n".join(rows).encode()},
        _one("via3.json", three),
    ]


def _qupath() -> list[Tree]:
    ring = [*TRIANGLE, TRIANGLE[0]]
    properties = {"objectType": "annotation", "classification": {"name": "car", "color": [1, 2, 3]}, "isLocked": False}
    geometries: list[Any] = [
        {"type": "Polygon", "coordinates": [ring]},
        {"type": "MultiPolygon", "coordinates": [[ring]], "plane": {"z": 0, "t": 0}},
        {"type": "Polygon", "coordinates": [ring], "isEllipse": True},
    ]
    geometries.append({"type": "GeometryCollection", "geometries": geometries[:1]})
    features = [{"type": "Feature", "id": "x", "geometry": each, "properties": properties} for each in geometries]
    return [_one("a.geojson", {"type": "FeatureCollection", "features": features}), _one("a.geojson", features)]


def _bdd100k() -> list[Tree]:
    curve = {"vertices": [[1, 1], [5, 1], [9, 4], [9, 9]], "types": "LCCL", "closed": True}
    labels = [
        {"id": "1", "category": "car", "poly2d": [curve]},
        {"id": "2", "category": "wheel", "box2d": {"x1": 1, "y1": 1, "x2": 5, "y2": 5}},
        {"id": "3", "category": "car", "rle": {"counts": "d05W;", "size": [16, 24]}},
    ]
    frame = {"name": "a.png", "videoName": "", "size": _SIZE, "labels": labels}
    value = {"frames": [frame], "config": {"imageSize": _SIZE, "categories": [{"name": "car"}]}}
    old = {
        "name": "a",
        "frames": [{"objects": [{"category": "car", "poly2d": [[1, 1, "L"], [9, 1, "L"], [9, 9, "L"]]}]}],
    }
    return [_one("b.json", value), _one("old.json", old)]


def _superannotate() -> list[Tree]:
    metadata = {"name": "a.png", **_SIZE, "status": "Completed"}
    shapes: list[dict[str, Any]] = [
        {"type": "polygon", "points": _FLAT, "exclude": [[2, 2, 3, 2, 3, 3]], "className": "car", "classId": 1},
        {"type": "bbox", "points": {"x1": 4, "x2": 1, "y1": 2, "y2": 5}, "className": "wheel"},
        {
            "type": "rbbox",
            "points": {"x1": 4, "y1": 0, "x2": 8, "y2": 4, "x3": 6, "y3": 6, "x4": 2, "y4": 2},
            "className": "car",
        },
        {"type": "ellipse", "cx": 5, "cy": 4, "rx": 4, "ry": 2, "angle": 90, "className": "car"},
    ]
    painted = [{"className": "car", "parts": [{"color": "#010000"}]}]
    pixel = {"metadata": metadata, "instances": painted}
    return [
        _one("a.png.json", {"metadata": metadata, "instances": shapes, "comments": [], "tags": []}),
        {"a.png.json": _json(pixel), "a.png___save.png": picture(rgb=True)},
    ]


def _labelbox() -> list[Tree]:
    objects = [
        {"name": "car", "annotation_kind": "ImagePolygon", "polygon": _XY},
        {
            "name": "wheel",
            "annotation_kind": "ImageBoundingBox",
            "bounding_box": {"left": 1, "top": 2, "width": 3, "height": 4},
        },
    ]
    row = {
        "data_row": {"id": "i", "external_id": "a.png", "row_data": "https://h/a.png"},
        "media_attributes": _SIZE,
        "projects": {"p": {"name": "n", "labels": [{"annotations": {"objects": objects, "classifications": []}}]}},
    }
    shapes = [
        {"title": "car", "polygon": _XY},
        {"title": "car", "bbox": {"left": 1, "top": 2, "width": 3, "height": 4}},
    ]
    old = {"Labeled Data": "https://h/a.png", "External ID": "a.png", "Skipped": False, "Label": {"objects": shapes}}
    return [{"e.ndjson": _json(row) + b"\n" + _json(row) + b"\n"}, _one("e.json", [row]), _one("old.json", [old])]


def _labelu() -> list[Tree]:
    outline = {"id": "i", "type": "line", "points": _XY, "order": 1, "label": "car"}
    tools = [{"toolName": "polygonTool", "result": [outline]}]
    result = {**_SIZE, "rotate": 0, "annotations": tools}
    sample = {"id": 1, "fileName": "a.png", "result": result}
    return [_one("task.json", [sample, sample | {"result": _json(result).decode()}])]


def _sam() -> list[Tree]:
    mask = {"segmentation": _RLE, "area": 5, "bbox": [1, 1, 2, 2], "predicted_iou": 0.9, "stability_score": 0.9}
    image = {"image_id": 1, "file_name": "a.png", **_SIZE}
    grounded = {"image_path": "x/a.png", "annotations": [mask], "img_width": WIDTH, "img_height": HEIGHT}
    files = {"sa_1.json": {"image": image, "annotations": [mask]}, "a.json": [mask, mask], "results.json": grounded}
    return [_one(name, value) for name, value in files.items()]


def _isat() -> list[Tree]:
    shape = {
        "category": "car",
        "group": 1,
        "segmentation": TRIANGLE,
        "layer": 1.0,
        "bbox": [1, 1, 9, 9],
        "iscrowd": False,
    }
    info = {"description": "ISAT", "folder": "/x", "name": "a.png", **_SIZE, "depth": 3, "note": ""}
    return [_one("a.json", {"info": info, "objects": [shape]})]


def _xbd() -> list[Tree]:
    shapes = ("POLYGON ((1 1, 9 1, 9 9, 1 1), (2 2, 3 2, 3 3))", "MULTIPOLYGON (((1 1, 9 1, 9 9)), ((0 0, 2 0, 2 2)))")
    features = [{"properties": {"feature_type": "building", "subtype": "car"}, "wkt": each} for each in shapes]
    return [_one("a.json", {"features": {"xy": features, "lng_lat": []}, "metadata": {"img_name": "a.png", **_SIZE}})]


def _cityscapes() -> list[Tree]:
    objects = [{"label": "car", "polygon": TRIANGLE}, {"label": "cargroup", "polygon": TRIANGLE, "deleted": 0}]
    value = {"imgWidth": WIDTH, "imgHeight": HEIGHT, "objects": objects}
    return [_one("a_gtFine_polygons.json", value), {"a_gtFine_labelIds.png": picture()}]


def _matlab() -> list[Tree]:
    trees = []
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[3:6, 2:9] = 1
    for compressed in (False, True):
        out = io.BytesIO()
        scipy.io.savemat(out, {"groundTruth": values, "note": "x"}, do_compression=compressed)
        trees.append({"a.mat": out.getvalue()})
    return trees


def _lists() -> list[Tree]:
    """A folder of index pictures with each kind of list that names the classes."""
    names = {
        "label_classes.json": _json(
            {"classes": [{"class_name": "car", "png_index": 1, "color": "#ff0000"}, {"name": "w", "png_index": 2}]}
        ),
        "classes.txt": b"background\ncar\nwheel\n",
        "labels.txt": b"0 background\n1 car\n2 wheel\n",
        "class_dict.csv": b"name,r,g,b\nbackground,0,0,0\ncar,200,10,10\n",
        "labelmap.txt": b"# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:200,10,10::\n",
        "data.yaml": b"names:\n  0: background\n  1: car\n",
    }
    return [{"a.png": picture(palette=True), name: content} for name, content in names.items()]


def _pictures() -> list[Tree]:
    return [
        {"a.png": picture()},
        {"a.png": picture(palette=True)},
        {"a.tif": picture("TIFF")},
        {"a.bmp": picture("BMP")},
        {"a.gif": picture("GIF")},
        {"a.png": cv2.imencode(".png", np.ones((HEIGHT, WIDTH), np.uint16))[1].tobytes()},
    ]


LABELS: dict[str, list[Tree]] = {
    "cityscapes": _cityscapes(),
    "voc": [
        {
            "SegmentationClass/a.png": picture(palette=True),
            "labelmap.txt": b"background:0,0,0::\ncar:200,10,10::\n",
            "ImageSets/Segmentation/train.txt": b"a\n",
            "ImageSets/Segmentation/val.txt": b"b 1\n",
        }
    ],
    "voc-boxes": [
        {
            "a.xml": b"<annotation><filename>a.png</filename><size><width>24</width><height>16</height>"
            b"<depth>3</depth></size><object><name>car</name><bndbox><xmin>2</xmin><ymin>3</ymin>"
            b"<xmax>9</xmax><ymax>8</ymax></bndbox></object><object><name>car</name><polygon><x1>1</x1><y1>1</y1>"
            b"<x2>9</x2><y2>1</y2><x3>9</x3><y3>9.5</y3></polygon></object></annotation>"
        }
    ],
    "yolo": [
        {
            "labels/a.txt": b"0 0.1 0.1 0.4 0.1 0.4 0.6\n1 0.5 0.5 0.2 0.3\n",
            "data.yaml": b"names:\n  0: car\n  1: wheel\nnc: 2\ntrain: images\n",
        },
        {"a.txt": b"0 0.1 0.1 0.4 0.1 0.4 0.6\n", "classes.txt": b"car\nwheel\n"},
    ],
    "sam-folder": [{"a/metadata.csv": b"id,area,bbox_x0,bbox_y0\n0,45,3,4\n", "a/0.png": picture()}],
    "class-masks": [
        {"car/a.png": picture(), "wheel/a.png": picture()},
        {"a_car.png": picture(), "a_wheel.png": picture()},
    ],
    "labelme-dataset": [
        {
            "a_json/label.png": picture(palette=True),
            "a_json/label_names.txt": b"_background_\ncar\n",
            "a_json/img.png": picture(),
        }
    ],
    "rendered": [
        {
            "semantic_segmentation_0000.png": picture(palette=True),
            "semantic_segmentation_labels_0000.json": b'{"(200, 10, 10, 255)": {"class": "car"}, "(0, 0, 0, 0)": "x"}',
            "rgb_0000.png": picture(),
        },
        {
            "step0.camera.semantic segmentation.png": picture(palette=True),
            "step0.frame_data.json": b'{"captures": [{"filename": "a.png", "annotations": [{"@type": '
            b'"unity.solo.SemanticSegmentationAnnotation", "filename": "step0.camera.semantic segmentation.png", '
            b'"instances": [{"labelName": "car", "pixelValue": [200, 10, 10, 255]}]}]}]}',
        },
    ],
    "cmp": [
        {
            "a.xml": b"<object>\n <points>\n  <x>0.1</x>\n  <y>0.2</y>\n  <x>0.5</x>\n  <y>0.6</y>\n </points>\n"
            b" <label>2</label>\n <labelname>\nfacade\n </labelname>\n</object>\n"
        }
    ],
    "panoptic": _panoptic(),
    "coco": _coco(),
    "vott": _vott(),
    "labelme": _labelme(),
    "labelstudio": _labelstudio(),
    "supervisely": _supervisely(),
    "datumaro": _datumaro(),
    "darwin": _darwin(),
    "hasty": _hasty(),
    "segments": _segments(),
    "cvat": _cvat(),
    "via": _via(),
    "qupath": _qupath(),
    "bdd100k": _bdd100k(),
    "superannotate": _superannotate(),
    "labelbox": _labelbox(),
    "labelu": _labelu(),
    "sam": _sam(),
    "isat": _isat(),
    "xbd": _xbd(),
    "groundtruth": [
        {
            "a.manifest": json.dumps(
                {
                    "source-ref": "s3://b/a.jpg",
                    "seg-ref": "s3://b/0.png",
                    "seg-ref-metadata": {"internal-color-map": {"1": {"class-name": "car", "hex-color": "#010000"}}},
                }
            ).encode(),
            "0.png": picture(rgb=True),
        }
    ],
    "polygons": [
        {"a.json": json.dumps({**_SIZE, "objects": [{"label": "car", "polygon": TRIANGLE}]}).encode()},
        {"a.json": json.dumps([{"name": "car", "labelIdx": 1, "color": [9, 9, 9], "points": TRIANGLE}]).encode()},
    ],
    "matlab": _matlab(),
    "colors": [{"a.png": picture(rgb=True)}, {"a.png": picture(palette=True), "b.png": picture(palette=True)}],
    "index": _pictures(),
    "lists": _lists(),
}

"""A palette created from labels of whatever format builds their masks at once; what is no class is ignored."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from p2p_cli.app import main
from p2p_datatools.contract.palette import IGNORE, Color, load_palette
from p2p_datatools.contract.pictures.images import LabelMap, read_mask, write_png
from p2p_datatools.labels.read import FORMATS

WIDTH, HEIGHT = 8, 6
CAR, WHEEL, VOID = (0, 0, 4, 3), (4, 0, 6, 2), (6, 4, 8, 6)  # boxes: left, top, right, bottom
SHAPES = (("car", CAR), ("wheel", WHEEL), ("void", VOID))
COLORS: dict[str, Color] = {"car": (255, 0, 0), "wheel": (0, 255, 0), "void": (0, 0, 255)}
Box = tuple[int, int, int, int]


def corners(box: Box) -> list[list[int]]:
    left, top, right, bottom = box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def flat(box: Box) -> list[int]:
    return [part for corner in corners(box) for part in corner]


def inside(box: Box) -> LabelMap:
    drawn = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    drawn[box[1] : box[3], box[0] : box[2]] = 1
    return drawn


def numbers(*values: int) -> LabelMap:
    """A picture of the three boxes, in which they have these numbers."""
    drawn = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for value, (_, box) in zip(values, SHAPES, strict=True):
        drawn[inside(box) > 0] = value
    return drawn


def painted() -> Any:
    """The same in colours."""
    drawn = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for name, box in SHAPES:
        drawn[inside(box) > 0] = COLORS[name]
    return drawn


def save(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return path


def index_png(path: Path, pixels: LabelMap, table: list[Color] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if table:
        image.putpalette([part for color in table for part in color])
    image.save(path)


def coco(folder: Path) -> Path:
    image = {"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}
    things = [
        {"id": n, "image_id": 1, "category_id": n, "segmentation": [flat(box)]} for n, (_, box) in enumerate(SHAPES)
    ]
    categories = [{"id": n, "name": name} for n, (name, _) in enumerate(SHAPES)]
    return save(folder / "a.json", {"images": [image], "categories": categories, "annotations": things})


def panoptic(folder: Path) -> Path:
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[..., 0] = numbers(1, 2, 3)
    write_png(folder / "panoptic" / "a.png", pixels)
    value = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {
                "image_id": 1,
                "file_name": "a.png",
                "segments_info": [{"id": n, "category_id": n} for n in (1, 2, 3)],
            }
        ],
        "categories": [{"id": n, "name": name} for n, (name, _) in enumerate(SHAPES, start=1)],
    }
    return save(folder / "panoptic.json", value)


def vott(folder: Path) -> Path:
    regions = [
        {"id": name, "type": "POLYGON", "tags": [name], "points": [{"x": x, "y": y} for x, y in corners(box)]}
        for name, box in SHAPES
    ]
    regions.append(regions[0] | {"tags": [], "points": [{"x": x, "y": y} for x, y in corners(VOID)]})
    asset = {"asset": {"name": "a.png", "size": {"width": WIDTH, "height": HEIGHT}}, "regions": regions}
    return save(folder / "a-export.json", {"assets": {"x": asset}})


def labelme(folder: Path) -> Path:
    shapes = [{"label": name, "points": corners(box), "shape_type": "polygon"} for name, box in SHAPES]
    shapes += [{"label": "__ignore__", "points": corners((7, 0, 8, 1))}]
    shapes += [{"label": "_background_", "points": corners((0, 5, 1, 6))}]
    value = {"imagePath": "a.png", "imageWidth": WIDTH, "imageHeight": HEIGHT, "shapes": shapes}
    save(folder / "a.json", value)
    return folder


def labelme_xml(folder: Path) -> Path:
    things = ""
    for name, box in SHAPES:
        points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in corners(box))
        things += f"<object><name>{name}</name><polygon>{points}</polygon></object>"
    size = f"<imagesize><nrows>{HEIGHT}</nrows><ncols>{WIDTH}</ncols></imagesize>"
    save(folder / "a.xml", f"<annotation><filename>a.png</filename>{things}{size}</annotation>")
    return folder


def labelstudio(folder: Path) -> Path:
    result = [
        {
            "id": name,
            "type": "polygonlabels",
            "original_width": WIDTH,
            "original_height": HEIGHT,
            "value": {
                "points": [[x * 100 / WIDTH, y * 100 / HEIGHT] for x, y in corners(box)],
                "polygonlabels": [name],
            },
        }
        for name, box in SHAPES
    ]
    return save(folder / "t.json", [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": result}]}])


def supervisely(folder: Path) -> Path:
    things = [
        {
            "classTitle": name,
            "geometryType": "rectangle",
            "points": {"exterior": [[box[0], box[1]], [box[2] - 1, box[3] - 1]], "interior": []},
        }
        for name, box in SHAPES
    ]
    save(folder / "ann" / "a.png.json", {"size": {"width": WIDTH, "height": HEIGHT}, "objects": things})
    return folder


def datumaro(folder: Path) -> Path:
    things = [
        {"id": n, "type": "polygon", "label_id": n, "points": flat(box), "group": 0, "z_order": 0, "attributes": {}}
        for n, (_, box) in enumerate(SHAPES)
    ]
    labels = {"labels": [{"name": name, "parent": ""} for name, _ in SHAPES]}
    item = {"id": "a", "annotations": things, "image": {"path": "a.png", "size": [HEIGHT, WIDTH]}}
    return save(folder / "d.json", {"info": {}, "categories": {"label": labels}, "items": [item]})


def darwin(folder: Path) -> Path:
    things = [
        {"id": name, "name": name, "polygon": {"paths": [[{"x": x, "y": y} for x, y in corners(box)]]}}
        for name, box in SHAPES
    ]
    slot = {"type": "image", "slot_name": "0", "width": WIDTH, "height": HEIGHT, "source_files": []}
    item = {"name": "a.png", "path": "/", "slots": [slot]}
    save(folder / "a.json", {"version": "2.0", "item": item, "annotations": things})
    return folder


def hasty(folder: Path) -> Path:
    labels = [
        {"class_name": name, "bbox": [*box], "polygon": corners(box), "mask": None, "z_index": 0}
        for name, box in SHAPES
    ]
    image = {"image_name": "a.png", "width": WIDTH, "height": HEIGHT, "labels": labels}
    classes = [{"class_name": name, "color": "#1f78b4"} for name, _ in SHAPES]
    return save(folder / "h.json", {"project_name": "x", "label_classes": classes, "images": [image]})


def segments(folder: Path) -> Path:
    things = [
        {"id": n, "category_id": n, "type": "polygon", "points": corners(box)}
        for n, (_, box) in enumerate(SHAPES, start=1)
    ]
    label = {"label_status": "LABELED", "attributes": {"format_version": "0.1", "annotations": things}}
    categories = [{"id": n, "name": name} for n, (name, _) in enumerate(SHAPES, start=1)]
    sample = {"name": "a.png", "attributes": {"image": {"url": "x/a.png"}}, "labels": {"ground-truth": label}}
    dataset = {"name": "d", "task_attributes": {"categories": categories}, "samples": [sample]}
    return save(folder / "v1.json", {"name": "v1", "dataset": dataset})


def cvat(folder: Path) -> Path:
    things = "".join(
        f'<polygon label="{name}" points="{";".join(f"{x},{y}" for x, y in corners(box))}"/>' for name, box in SHAPES
    )
    image = f'<image id="0" name="a.png" width="{WIDTH}" height="{HEIGHT}">{things}</image>'
    return save(folder / "annotations.xml", f"<annotations><version>1.1</version>{image}</annotations>")


def via(folder: Path) -> Path:
    regions = [
        {
            "shape_attributes": {
                "name": "polygon",
                "all_points_x": [x for x, _ in corners(box)],
                "all_points_y": [y for _, y in corners(box)],
            },
            "region_attributes": {"part": name},
        }
        for name, box in SHAPES
    ]
    regions.append(regions[2] | {"region_attributes": {}})
    return save(folder / "via.json", {"a.png1": {"filename": "a.png", "size": 1, "regions": regions}})


def qupath(folder: Path) -> Path:
    things = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[*corners(box), corners(box)[0]]]},
            "properties": {"objectType": "annotation", "classification": {"name": name}},
        }
        for name, box in SHAPES
    ]
    things.append(things[2] | {"properties": {"objectType": "annotation"}})
    save(folder / "a.geojson", {"type": "FeatureCollection", "features": things})
    return folder


def bdd100k(folder: Path) -> Path:
    labels = [
        {"category": name, "poly2d": [{"vertices": corners(box), "types": "LLLL", "closed": True}]}
        for name, box in SHAPES
    ]
    return save(folder / "train.json", [{"name": "a.png", "labels": labels}])


def voc_boxes(folder: Path) -> Path:
    sides = ("xmin", "ymin", "xmax", "ymax")
    things = "".join(
        f"<object><name>{name}</name><bndbox>"
        + "".join(f"<{side}>{at}</{side}>" for side, at in zip(sides, (box[0] + 1, box[1] + 1, *box[2:]), strict=True))
        + "</bndbox></object>"
        for name, box in SHAPES
    )
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
    return save(folder / "a.xml", f"<annotation><filename>a.png</filename>{size}{things}</annotation>")


def superannotate(folder: Path) -> Path:
    things: list[dict[str, Any]] = [
        {"type": "polygon", "className": name, "points": flat(box), "exclude": []} for name, box in SHAPES
    ]
    things.append(things[2] | {"className": None, "classId": -1})
    metadata = {"name": "a.png", "width": WIDTH, "height": HEIGHT}
    save(folder / "a.png.json", {"metadata": metadata, "instances": things, "tags": [], "comments": []})
    return folder


def labelbox(folder: Path) -> Path:
    things = [
        {
            "name": name,
            "annotation_kind": "ImagePolygon",
            "polygon": [{"x": x, "y": y} for x, y in corners(box)],
        }
        for name, box in SHAPES
    ]
    label = {"label_kind": "Default", "annotations": {"objects": things, "classifications": []}}
    row = {
        "data_row": {"id": "x", "external_id": "a.png", "row_data": "x"},
        "media_attributes": {"width": WIDTH, "height": HEIGHT},
        "projects": {"p": {"name": "p", "labels": [label]}},
    }
    return save(folder / "export.ndjson", json.dumps(row) + "\n")


def labelu(folder: Path) -> Path:
    things = [{"points": [{"x": x, "y": y} for x, y in corners(box)], "label": name} for name, box in SHAPES]
    result = {"width": WIDTH, "height": HEIGHT, "annotations": [{"toolName": "polygonTool", "result": things}]}
    return save(folder / "task.json", [{"id": 1, "fileName": "a.png", "result": json.dumps(result)}])


def sam(folder: Path) -> Path:
    def rle(box: Box) -> dict[str, Any]:
        columns = inside(box).T.ravel().tolist()
        counts, last = [0], 0
        for value in columns:
            if value != last:
                counts.append(0)
            counts[-1] += 1
            last = value
        return {"size": [HEIGHT, WIDTH], "counts": counts}

    scores = {"area": 1, "bbox": [0, 0, 1, 1], "predicted_iou": 0.9, "stability_score": 0.9, "crop_box": [0, 0, 1, 1]}
    things = [{"id": n, "segmentation": rle(box), **scores} for n, (_, box) in enumerate(SHAPES)]
    things[0]["class_name"] = "car"
    image = {"image_id": 1, "width": WIDTH, "height": HEIGHT, "file_name": "a.png"}
    save(folder / "sa_1.json", {"image": image, "annotations": things})
    return folder


def sam_folder(folder: Path) -> Path:
    for n, (_, box) in enumerate(SHAPES):
        write_png(folder / "out" / "a" / f"{n}.png", inside(box) * 255)
    heading = "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,predicted_iou,stability_score,"
    rows = [f"{n},2,0,0,1,2,0,0,0.9,0.9,0,0,8,6" for n in range(3)]
    save(
        folder / "out" / "a" / "metadata.csv",
        "\n".join([f"{heading}crop_box_x0,crop_box_y0,crop_box_w,crop_box_h", *rows]),
    )
    return folder / "out"


def class_masks(folder: Path) -> Path:
    for name, box in SHAPES:
        write_png(folder / name / "a.png", inside(box) * 255)
    return folder


def groundtruth(folder: Path) -> Path:
    names = {"background": (255, 255, 255), **COLORS}
    colors = np.array(list(names.values()), dtype=np.uint8)
    write_png(folder / "output" / "0.png", colors[numbers(1, 2, 3)])
    table = {
        str(n): {"class-name": name, "hex-color": "#{:02x}{:02x}{:02x}".format(*color)}
        for n, (name, color) in enumerate(names.items())
    }
    row = {
        "source-ref": "s3://b/a.png",
        "seg-ref": "s3://b/output/0.png",
        "seg-ref-metadata": {"internal-color-map": table},
    }
    save(folder / "output.manifest", json.dumps(row))
    return folder


def polygons(folder: Path) -> Path:
    things = [{"label": name, "polygon": corners(box)} for name, box in SHAPES]
    save(folder / "a.json", {"width": WIDTH, "height": HEIGHT, "objects": things})
    return folder


def eiseg(folder: Path) -> Path:
    save(folder / "a.json", [{"name": name, "labelIdx": 1, "points": corners(box)} for name, box in SHAPES])
    return folder


def isat(folder: Path) -> Path:
    things = [
        {"category": name, "group": n, "segmentation": corners(box), "layer": float(n), "iscrowd": False}
        for n, (name, box) in enumerate(SHAPES)
    ]
    info = {"description": "ISAT", "folder": "", "name": "a.png", "width": WIDTH, "height": HEIGHT}
    save(folder / "a.json", {"info": info, "objects": things})
    return folder


def xbd(folder: Path) -> Path:
    rings = [(name, ", ".join(f"{x} {y}" for x, y in corners(box))) for name, box in SHAPES]
    things = [{"properties": {"subtype": name}, "wkt": f"POLYGON (({ring}))"} for name, ring in rings]
    about = {"img_name": "a.png", "width": WIDTH, "height": HEIGHT}
    save(folder / "a.json", {"features": {"xy": things, "lng_lat": []}, "metadata": about})
    return folder


def yolo(folder: Path) -> Path:
    lines = ""
    for n, (_, box) in enumerate(SHAPES):
        lines += f"{n} {' '.join(f'{x / WIDTH} {y / HEIGHT}' for x, y in corners(box))}\n"
    save(folder / "labels" / "a.txt", lines)
    save(folder / "classes.txt", "".join(f"{name}\n" for name, _ in SHAPES))
    return folder / "labels"


def cityscapes(folder: Path) -> Path:
    index_png(folder / "x_gtFine_labelTrainIds.png", numbers(13, 11, 255))
    return folder


def voc(folder: Path) -> Path:
    index_png(folder / "SegmentationClass" / "a.png", numbers(7, 2, 255))
    return folder


def voc_labelmap(folder: Path) -> Path:
    write_png(folder / "SegmentationClass" / "a.png", painted())
    lines = ["background:0,0,0::", *(f"{name}:{','.join(map(str, color))}::" for name, color in COLORS.items())]
    save(folder / "labelmap.txt", "\n".join(lines))
    return folder


def labelme_dataset(folder: Path) -> Path:
    index_png(folder / "a_json" / "label.png", numbers(1, 2, 3))
    save(folder / "a_json" / "label_names.txt", "_background_\ncar\nwheel\nvoid\n")
    return folder


def rendered(folder: Path) -> Path:
    table = np.array([(0, 0, 0), *COLORS.values()], dtype=np.uint8)
    write_png(folder / "step0.camera.segmentation.png", table[numbers(1, 2, 3)])
    instances = [{"labelName": name, "pixelValue": [*color, 255]} for name, color in COLORS.items()]
    told = {"@type": "SemanticSegmentation", "filename": "step0.camera.segmentation.png", "instances": instances}
    save(folder / "step0.frame_data.json", json.dumps({"captures": [{"filename": "a.png", "annotations": [told]}]}))
    return folder


def cmp(folder: Path) -> Path:
    things = ""
    for name, (left, top, right, bottom) in SHAPES:
        sides = f"<x>{top / HEIGHT}</x><x>{bottom / HEIGHT}</x><y>{left / WIDTH}</y><y>{right / WIDTH}</y>"
        things += f"<object><points>{sides}</points><label>1</label><labelname>{name}</labelname></object>"
    save(folder / "a.xml", things)
    return folder


def matlab(folder: Path) -> Path:
    folder.mkdir(parents=True)
    scipy.io.savemat(folder / "a.mat", {"LabelMap": numbers(1, 2, 255)})
    return folder


def sbd(folder: Path) -> Path:
    folder.mkdir(parents=True)
    scipy.io.savemat(folder / "a.mat", {"GTcls": {"Segmentation": numbers(7, 2, 255)}})
    return folder


def colors(folder: Path) -> Path:
    write_png(folder / "a.png", painted())
    return folder


def named_colors(folder: Path) -> Path:
    save(folder / "class_dict.csv", "name,r,g,b\nbackground,0,0,0\ncar,255,0,0\nwheel,0,255,0\nvoid,0,0,255\n")
    return colors(folder)


def index(folder: Path) -> Path:
    index_png(folder / "a.png", numbers(1, 2, 255))
    return folder


def index_with_colors(folder: Path) -> Path:
    index_png(folder / "a.png", numbers(1, 2, 3), [(0, 0, 0), *COLORS.values()])
    return folder


def listed_index(folder: Path) -> Path:
    index_png(folder / "a.png", numbers(1, 2, 3))
    save(folder / "_classes.csv", "Pixel Value, Class\n0, background\n1, car\n2, wheel\n3, void\n")
    return folder


def labels_txt(folder: Path) -> Path:
    # It begins with what is no class, and names no number for the background.
    index_png(folder / "a.png", numbers(1, 2, 255))
    save(folder / "labels.txt", "__ignore__\n_background_\ncar\nwheel\n")
    return folder


Specimen = tuple[str, Callable[[Path], Path], str]
# (format, what writes labels of it, the letters of what its classes are called: named, numbers, colours, unnamed)
SPECIMENS: list[Specimen] = [
    *(
        (each.__name__, each, "named")
        for each in (coco, panoptic, vott, labelme, labelstudio, supervisely, datumaro, darwin, hasty, segments, cvat)
    ),
    *(
        (each.__name__, each, "named")
        for each in (via, qupath, bdd100k, superannotate, labelbox, labelu, isat, xbd, yolo, cmp)
    ),
    ("labelme", labelme_xml, "named"),
    ("voc-boxes", voc_boxes, "named"),
    ("labelme-dataset", labelme_dataset, "named"),
    ("rendered", rendered, "named"),
    ("voc", voc_labelmap, "named"),
    ("colors", named_colors, "named"),
    ("index", listed_index, "named"),
    ("index", labels_txt, "named"),
    ("voc", voc, "set"),
    ("matlab", sbd, "set"),
    ("cityscapes", cityscapes, "set"),
    ("matlab", matlab, "numbers"),
    ("index", index, "numbers"),
    ("index", index_with_colors, "other"),
    ("colors", colors, "other"),
    ("sam", sam, "unnamed"),
    ("sam-folder", sam_folder, "other"),
    ("class-masks", class_masks, "named"),
    ("groundtruth", groundtruth, "named"),
    ("polygons", polygons, "named"),
    ("polygons", eiseg, "named"),
]


@pytest.mark.parametrize(("name", "write", "kind"), SPECIMENS, ids=[each.__name__ for _, each, _ in SPECIMENS])
def test_a_palette_of_labels_builds_their_masks_at_once(
    name: str, write: Callable[[Path], Path], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = write(tmp_path / "labels")
    write_png(tmp_path / "photos" / "a.png", np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8))
    named = ["--format", name] if name == "class-masks" else []  # which is not recognised
    assert main(["data", "palette", str(labels), str(tmp_path / "mine.toml"), *named]) == 0
    palette = load_palette(tmp_path / "mine.toml")
    words = ["data", "build-masks", str(labels), str(tmp_path / "masks"), "--palette", str(tmp_path / "mine.toml")]
    photos = ["--photos", str(tmp_path / "photos")] if name not in ("cityscapes", "sam") else []
    boxes = ["--map", "boxes=rectangles"] if name == "voc-boxes" else []
    assert main([*words, *photos, *boxes, *named]) == 0, capsys.readouterr().err
    assert f"{name}: 1 mask built" in capsys.readouterr().out
    (file,) = (tmp_path / "masks").rglob("*.png")
    mask = read_mask(file, palette)
    assert palette.names[0] == "background"
    assert {each for each in palette.names if each in ("void", "unnamed", "__ignore__", "_background_")} == set()
    if kind in ("named", "set"):
        second = "wheel" if kind == "named" else "person" if name == "cityscapes" else "bicycle"
        expected = numbers(palette.index("car"), palette.index(second), IGNORE)
        if name == "cityscapes":
            expected[expected == 0] = palette.index("road")  # whose number is 0
        if name == "panoptic":
            expected[expected == 0] = IGNORE  # what no segment covers
        if write is labelme:
            expected[0, 7] = IGNORE
        assert mask.tolist() == expected.tolist()
        if kind == "named":
            assert set(palette.names) == {"background", "car", "wheel"}
    elif kind == "numbers":
        assert mask.tolist() == numbers(1, 2, IGNORE).tolist()
        assert [each.id for each in palette.classes] == [0, 1, 2]
    elif kind == "unnamed":
        assert palette.names == ("background", "car")
        assert mask.tolist() == numbers(1, IGNORE, IGNORE).tolist()
    assert main(["data", "palette", str(tmp_path / "mine.toml")]) == 0


def test_every_format_has_a_specimen() -> None:
    assert {name for name, _, _ in SPECIMENS} == set(FORMATS)

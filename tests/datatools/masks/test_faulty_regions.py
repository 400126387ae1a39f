"""One faulty region costs itself, and neither its picture nor its neighbours, in every format that has regions."""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.read import FORMATS
from p2p_datatools.masks.build import MaskSummary, PaintOptions, build_masks

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import WritePhotos

SIZE = Size(32, 24)
TWO = Palette("two", (PaletteClass("background", (0, 0, 0)), PaletteClass("car", (255, 0, 0))))
Points = Sequence[tuple[float, float]]
Write = Callable[[Path, Sequence[Points]], None]

SQUARE: Points = ((2, 2), (12, 2), (12, 10), (2, 10))
NAN = float("nan")
BROKEN: dict[str, tuple[Points, str]] = {
    "two points": (((1, 1), (9, 9)), "bad-outline"),
    "no points": ((), "bad-outline"),
    "points on a line": (((1, 1), (5, 5), (9, 9)), "no-area"),
    "one point three times": (((3, 3), (3, 3), (3, 3)), "no-area"),
    "a coordinate that is no number": (((1, 1), (NAN, 5), (9, 9)), "bad-outline"),
    "a coordinate without end": (((1, 1), (float("inf"), 5), (9, 9)), "bad-outline"),
    "wholly outside": (((500, 500), (510, 500), (510, 510)), "region-outside"),
    "left of the picture": (((-50, 2), (-40, 2), (-40, 9)), "region-outside"),
}


def flat(points: Points) -> list[float]:
    return [part for point in points for part in point]


def pairs(points: Points) -> list[list[float]]:
    return [list(point) for point in points]


def xy(points: Points) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points]


def save(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def coco(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        {"id": n, "image_id": 1, "category_id": 1, "segmentation": [flat(each)]} for n, each in enumerate(outlines)
    ]
    image = {"id": 1, "file_name": "a.png", "width": 32, "height": 24}
    save(folder / "a.json", {"images": [image], "categories": [{"id": 1, "name": "car"}], "annotations": drawn})


def labelme(folder: Path, outlines: Sequence[Points]) -> None:
    shapes = [{"label": "car", "points": pairs(each), "shape_type": "polygon"} for each in outlines]
    save(folder / "a.json", {"imagePath": "a.png", "imageWidth": 32, "imageHeight": 24, "shapes": shapes})


def labelme_xml(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        "<object><name>car</name><polygon>"
        + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in each)
        + "</polygon></object>"
        for each in outlines
    ]
    size = "<imagesize><nrows>24</nrows><ncols>32</ncols></imagesize>"
    save(folder / "a.xml", f"<annotation><filename>a.png</filename>{''.join(drawn)}{size}</annotation>")


def cvat(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [f"<polygon label='car' points={quoteattr(';'.join(f'{x},{y}' for x, y in each))}/>" for each in outlines]
    save(
        folder / "a.xml",
        f"<annotations><image name='a.png' width='32' height='24'>{''.join(drawn)}</image></annotations>",
    )


def via(folder: Path, outlines: Sequence[Points]) -> None:
    regions = [
        {
            "shape_attributes": {
                "name": "polygon",
                "all_points_x": [x for x, _ in each],
                "all_points_y": [y for _, y in each],
            },
            "region_attributes": {"label": "car"},
        }
        for each in outlines
    ]
    save(folder / "a.json", {"a": {"filename": "a.png", "regions": regions}})


def via_csv(folder: Path, outlines: Sequence[Points]) -> None:
    rows = ["filename,region_count,region_shape_attributes,region_attributes"]
    for each in outlines:
        shape = {
            "name": "polygon",
            "all_points_x": [x for x, _ in each],
            "all_points_y": [y for _, y in each],
        }
        cells = [json.dumps(value).replace('"', '""') for value in (shape, {"label": "car"})]
        rows.append(f'a.png,{len(outlines)},"{cells[0]}","{cells[1]}"')
    save(folder / "a.csv", "\n".join(rows))


def via3(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = {f"1_{n}": {"vid": "1", "xy": [7, *flat(each)], "av": {"1": "car"}} for n, each in enumerate(outlines)}
    save(
        folder / "a.json",
        {
            "project": {},
            "attribute": {"1": {"aname": "label", "type": 1}},
            "file": {"1": {"fname": "a.png", "type": 2}},
            "view": {"1": {"fid_list": [1]}},
            "metadata": drawn,
        },
    )


def vott(folder: Path, outlines: Sequence[Points]) -> None:
    regions = [{"type": "POLYGON", "tags": ["car"], "points": xy(each)} for each in outlines]
    asset = {"name": "a.png", "size": {"width": 32, "height": 24}, "state": 2}
    save(folder / "a-asset.json", {"asset": asset, "regions": regions})


def supervisely(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        {
            "classTitle": "car",
            "geometryType": "polygon",
            "points": {"exterior": [[float(x), float(y)] for x, y in each], "interior": []},
        }
        for each in outlines
    ]
    save(folder / "a.png.json", {"size": {"width": 32, "height": 24}, "objects": drawn})


def superannotate(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"type": "polygon", "className": "car", "points": flat(each)} for each in outlines]
    save(folder / "a.json", {"metadata": {"name": "a.png", "width": 32, "height": 24}, "instances": drawn})


def labelstudio(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        {
            "id": str(n),
            "type": "polygonlabels",
            "original_width": 32,
            "original_height": 24,
            "value": {"points": [[x * 100 / 32, y * 100 / 24] for x, y in each], "polygonlabels": ["car"]},
        }
        for n, each in enumerate(outlines)
    ]
    save(folder / "a.json", [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": drawn}]}])


def datumaro(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"type": "polygon", "label_id": 0, "points": flat(each)} for each in outlines]
    item = {"id": "a", "annotations": drawn, "image": {"path": "a.png", "size": [24, 32]}}
    save(folder / "a.json", {"info": {}, "categories": {"label": {"labels": [{"name": "car"}]}}, "items": [item]})


def darwin(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"id": str(n), "name": "car", "polygon": {"paths": [xy(each)]}} for n, each in enumerate(outlines)]
    item = {"name": "a.png", "path": "/", "slots": [{"type": "image", "width": 32, "height": 24}]}
    save(folder / "a.json", {"version": "2.0", "item": item, "annotations": drawn})


def hasty(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"class_name": "car", "polygon": pairs(each)} for each in outlines]
    image = {"image_name": "a.png", "width": 32, "height": 24, "labels": drawn}
    save(folder / "a.json", {"export_format_version": "1.1", "label_classes": [], "images": [image]})


def segments(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"id": n, "category_id": 1, "type": "polygon", "points": pairs(each)} for n, each in enumerate(outlines)]
    sample = {
        "name": "a.png",
        "labels": {"ground-truth": {"label_status": "LABELED", "attributes": {"annotations": drawn}}},
    }
    task = {"categories": [{"id": 1, "name": "car"}]}
    save(folder / "a.json", {"dataset": {"task_attributes": task, "samples": [sample]}})


def qupath(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [pairs(each)]},
            "properties": {"objectType": "annotation", "classification": {"name": "car"}},
        }
        for each in outlines
    ]
    save(folder / "a.geojson", {"type": "FeatureCollection", "features": drawn})


def bdd100k(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [
        {
            "category": "car",
            "poly2d": [{"vertices": pairs(each), "types": "L" * len(each), "closed": True}],
        }
        for each in outlines
    ]
    save(folder / "a.json", [{"name": "a.png", "labels": drawn}])


def labelbox(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"name": "car", "annotation_kind": "ImagePolygon", "polygon": xy(each)} for each in outlines]
    row = {
        "data_row": {"external_id": "a.png"},
        "media_attributes": {"width": 32, "height": 24},
        "projects": {"p": {"labels": [{"annotations": {"objects": drawn}}]}},
    }
    save(folder / "a.ndjson", json.dumps(row) + "\n")


def labelu(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"points": xy(each), "label": "car"} for each in outlines]
    result = {"width": 32, "height": 24, "annotations": [{"toolName": "polygonTool", "result": drawn}]}
    save(folder / "a.json", [{"fileName": "a.png", "result": result}])


def isat(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"category": "car", "segmentation": pairs(each), "layer": 1.0} for each in outlines]
    info = {"description": "ISAT", "name": "a.png", "width": 32, "height": 24}
    save(folder / "a.json", {"info": info, "objects": drawn})


def xbd(folder: Path, outlines: Sequence[Points]) -> None:
    rings = [", ".join(f"{x} {y}" for x, y in pairs(each)) for each in outlines]
    drawn = [{"properties": {"subtype": "car"}, "wkt": f"POLYGON (({ring}))"} for ring in rings]
    about = {"img_name": "a.png", "width": 32, "height": 24}
    save(folder / "a.json", {"features": {"xy": drawn}, "metadata": about})


def vistas(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"label": "car", "polygon": pairs(each)} for each in outlines]
    save(folder / "a.json", {"width": 32, "height": 24, "objects": drawn})


def cityscapes(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = [{"label": "car", "polygon": pairs(each)} for each in outlines]
    save(folder / "a_gtFine_polygons.json", {"imgWidth": 32, "imgHeight": 24, "objects": drawn})


def yolo(folder: Path, outlines: Sequence[Points]) -> None:
    lines = ["0 " + " ".join(f"{x / 32} {y / 24}" for x, y in each) for each in outlines]
    save(folder / "a.txt", "\n".join(lines))
    save(folder / "classes.txt", "car\n")


def cmp(folder: Path, outlines: Sequence[Points]) -> None:
    drawn = []
    for each in outlines:
        corners = [np.array(point) for point in each[:1]]
        if len(each) > 2:
            corners = [np.min(each, axis=0), np.max(each, axis=0)]
        if each in (BROKEN["points on a line"][0], BROKEN["one point three times"][0]):
            corners[1] = corners[0] * (1, 3)  # a box without width
        sides = "".join(f"<x>{y / 24}</x><y>{x / 32}</y>" for x, y in corners)
        drawn.append(f"<object><points>{sides}</points><labelname>car</labelname></object>")
    save(folder / "a.xml", "".join(drawn))


def runs_of(outline: Points) -> dict[str, Any]:
    """A mask of SAM that is whole for the square; for anything else its runs are longer than the picture."""
    inside = np.zeros((24, 32), dtype=bool)
    inside[2:10, 2:12] = True
    flat_mask = inside.T.ravel()
    ends = np.flatnonzero(np.diff(flat_mask)) + 1
    counts = np.diff([0, *ends, flat_mask.size]).tolist()
    return {"size": [24, 32], "counts": counts if outline is SQUARE else [*counts, 7]}


def sam(folder: Path, outlines: Sequence[Points]) -> None:
    image = {"file_name": "a.png", "width": 32, "height": 24}
    save(folder / "a.json", {"image": image, "annotations": [{"segmentation": runs_of(each)} for each in outlines]})


def sam_folder(folder: Path, outlines: Sequence[Points]) -> None:
    rows = ["id,area,bbox_x0,bbox_y0"]
    for number, each in enumerate(outlines):
        inside = np.zeros((24, 32), dtype=np.uint8)
        inside[2:10, 2:12] = 255
        path = folder / "a" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(inside).save(path)
        if each is not SQUARE:
            path.write_bytes(path.read_bytes()[:60])
        rows.append(f"{number},80,2,2")
    save(folder / "a" / "metadata.csv", "\n".join(rows))


OUTLINED: dict[str, Sequence[Write]] = {
    "coco": (coco,),
    "labelme": (labelme, labelme_xml),
    "cvat": (cvat,),
    "via": (via, via_csv, via3),
    "vott": (vott,),
    "supervisely": (supervisely,),
    "superannotate": (superannotate,),
    "labelstudio": (labelstudio,),
    "datumaro": (datumaro,),
    "darwin": (darwin,),
    "hasty": (hasty,),
    "segments": (segments,),
    "qupath": (qupath,),
    "bdd100k": (bdd100k,),
    "labelbox": (labelbox,),
    "labelu": (labelu,),
    "isat": (isat,),
    "xbd": (xbd,),
    "cityscapes": (cityscapes,),
    "polygons": (vistas,),
    "yolo": (yolo,),
    "cmp": (cmp,),
}
STAMPED: dict[str, Sequence[Write]] = {"sam": (sam,), "sam-folder": (sam_folder,)}
PICTURES = {"voc", "labelme-dataset", "rendered", "panoptic", "groundtruth", "matlab", "colors", "index"}
# Every format meets two kinds of fault, and one of each way of writing outlines all; the others are long.
SOME_KINDS, SOME_WRITERS = {"points on a line", "wholly outside"}, {coco, labelme_xml, yolo, sam}
# Four numbers are a box in YOLO, and two points are not to be told from one.
NO_FAULT = {("yolo", "two points")}
WRITERS = [(name, write) for name, writers in {**OUTLINED, **STAMPED}.items() for write in writers]


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    return write_photos(tmp_path / "photos", "a.png", size=SIZE)


def build(labels: Path, dest: Path, photos: Path, **how: Any) -> MaskSummary:
    unnamed = {"unnamed": "car"} if labels.name.startswith("sam") else {}
    return build_masks(labels, dest, palette=TWO, photos=photos, mapping=unnamed, how=PaintOptions(**how))


def test_every_format_is_one_of_regions_or_of_pictures() -> None:
    assert {*OUTLINED, *STAMPED} | PICTURES == set(FORMATS) - {
        "voc-boxes",
        "class-masks",
    }  # boxes, and masks without outlines


@pytest.mark.parametrize(
    ("name", "write", "kind"),
    [
        pytest.param(
            name,
            write,
            kind,
            id=f"{write.__name__}-{kind}",
            marks=[] if kind in SOME_KINDS or write in SOME_WRITERS else pytest.mark.long,
        )
        for name, write in WRITERS
        for kind in BROKEN
        if (name, kind) not in NO_FAULT
    ],
)
def test_a_faulty_region_costs_itself_and_is_counted_and_listed(
    name: str, write: Write, kind: str, tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    broken, code = BROKEN[kind]
    labels = tmp_path / name
    write(labels, [SQUARE, broken, SQUARE])
    if name == "cityscapes":
        (photos / "a.png").rename(photos / "a_leftImg8bit.png")
    summary = build(labels, tmp_path / "masks", photos)
    (fault,) = summary.faults
    assert (summary.format, summary.built, len(summary.skipped)) == (name, 1, 0)
    assert summary.areas["car"] == 80
    assert summary.faulty == {fault.code: 1}
    if name in OUTLINED and name != "yolo":  # which refuses numbers by a rule of its own
        assert (fault.code == "region-outside") == (code == "region-outside")
    (line,) = read_lines(tmp_path / "masks" / "left_out.jsonl")
    assert (line["where"], line["code"], line["picture"]) == (fault.where, fault.code, fault.picture)
    with refused("pictures-failed") as error:
        build(labels, tmp_path / "strict", photos, strict=True)
    assert [part.code for part in error.value.parts] == [fault.code]


@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[write.__name__ for _, write in WRITERS])
def test_a_picture_of_which_nothing_is_left_is_never_background(
    name: str, write: Write, tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    write(tmp_path / name, [BROKEN["one point three times"][0], BROKEN["points on a line"][0]])
    if name == "cityscapes":
        (photos / "a.png").rename(photos / "a_leftImg8bit.png")
    with refused("pictures-failed") as error:
        build(tmp_path / name, tmp_path / "masks", photos, empty="background")
    assert len(error.value.parts) == 1
    assert not (tmp_path / "masks").exists()


def test_a_repaired_region_is_no_longer_listed_and_the_same_masks_are_kept(tmp_path: Path, photos: Path) -> None:
    labelme(tmp_path / "labels", [SQUARE, BROKEN["two points"][0]])
    assert len(build(tmp_path / "labels", tmp_path / "masks", photos).faults) == 1
    assert build(tmp_path / "labels", tmp_path / "masks", photos).faults
    labelme(tmp_path / "labels", [SQUARE])
    summary = build(tmp_path / "labels", tmp_path / "masks", photos)
    assert (summary.kept, summary.faults) == (1, ())
    assert not (tmp_path / "masks" / "left_out.jsonl").exists()


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"shape_type": "star"}, "unknown-shape"),
        ({"shape_type": "rectangle", "points": [[4, 4], [4, 20]]}, "no-area"),
        ({"shape_type": "circle", "points": [[4, 4], [4, 4]]}, "no-area"),
        ({"shape_type": "circle", "points": [[4, 4]]}, "bad-outline"),
        ({"shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": "%%% no base64"}, "damaged-file"),
        ({"shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": "aGFsZ"}, "bad-base64"),
        ({"shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": None}, "bad-base64"),
        ({"shape_type": "mask", "points": [[0, 0], [3, 3]], "mask": base64.b64encode(b"no").decode()}, "damaged-file"),
        ({"points": "abc"}, "damaged-labels"),
        ({"points": None}, "bad-outline"),
        (None, "damaged-labels"),
    ],
)
def test_what_else_a_shape_of_labelme_can_be(spoilt: Any, code: str, tmp_path: Path, photos: Path) -> None:
    labelme(tmp_path / "labels", [SQUARE, SQUARE])
    value = json.loads((tmp_path / "labels" / "a.json").read_text())
    value["shapes"][0] = spoilt and value["shapes"][0] | spoilt
    save(tmp_path / "labels" / "a.json", value)
    summary = build(tmp_path / "labels", tmp_path / "masks", photos)
    assert (summary.faulty, summary.areas["car"]) == ({code: 1}, 80)


def test_a_label_that_no_class_claims_is_still_refused_beside_faulty_regions(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    labelme(tmp_path / "labels", [SQUARE, SQUARE, BROKEN["two points"][0]])
    value = json.loads((tmp_path / "labels" / "a.json").read_text())
    value["shapes"][0]["label"] = "hat"
    save(tmp_path / "labels" / "a.json", value)
    with refused("unclaimed-label"):
        build(tmp_path / "labels", tmp_path / "masks", photos)


def test_a_region_partly_outside_is_clipped_and_no_fault(tmp_path: Path, photos: Path) -> None:
    labelme(tmp_path / "labels", [((-5, -5), (5, -5), (5, 5), (-5, 5))])
    summary = build(tmp_path / "labels", tmp_path / "masks", photos)
    assert (summary.faults, summary.areas["car"]) == ((), 25)


def test_more_regions_outside_than_inside_were_drawn_on_another_picture_unless_the_labels_tell_its_size(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    far = BROKEN["wholly outside"][0]
    via(tmp_path / "sizeless", [SQUARE, far, far])
    with refused("pictures-failed") as error:
        build(tmp_path / "sizeless", tmp_path / "masks", photos)
    assert [part.code for part in error.value.parts] == ["region-outside"]
    labelme(tmp_path / "sized", [SQUARE, far, far])
    assert build(tmp_path / "sized", tmp_path / "masks", photos).faulty == {"region-outside": 2}


def test_shares_of_the_picture_where_pixels_belong_are_refused(
    tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    labelme(tmp_path / "labels", [[(x / 32, y / 24) for x, y in SQUARE]])
    with refused("pictures-failed") as error:
        build(tmp_path / "labels", tmp_path / "masks", photos)
    assert [part.code for part in error.value.parts] == ["relative-points"]


def test_layers_that_are_no_numbers_cost_their_regions(tmp_path: Path, photos: Path) -> None:
    isat(tmp_path / "labels", [SQUARE, SQUARE])
    value = json.loads((tmp_path / "labels" / "a.json").read_text())
    value["objects"][0]["layer"] = "top"
    save(tmp_path / "labels" / "a.json", value)
    assert build(tmp_path / "labels", tmp_path / "masks", photos).faulty == {"bad-number": 1}


# Pictures without objects.

EMPTY: list[tuple[str, Write]] = [(name, write) for name, write in WRITERS if name not in ("cmp", "sam-folder")]


@pytest.mark.parametrize("empty", ["auto", "background"])
@pytest.mark.parametrize(("name", "write"), EMPTY, ids=[write.__name__ for _, write in EMPTY])
def test_a_picture_that_the_labels_list_without_objects_is_background(
    name: str, write: Write, empty: str, tmp_path: Path, photos: Path, refused: "Refused"
) -> None:
    if name == "cityscapes":
        (photos / "a.png").rename(photos / "a_leftImg8bit.png")
    write(tmp_path / name, [])
    if write is via_csv:
        save(
            tmp_path / name / "a.csv",
            "filename,region_count,region_shape_attributes,region_attributes\na.png,0,{},{}",
        )
    if name in ("yolo", "bdd100k"):  # by an empty picture alone nobody can tell what it is
        return
    if empty == "background":
        summary = build(tmp_path / name, tmp_path / "masks", photos, empty=empty)
        assert (summary.built, summary.empty, summary.areas) == (1, 1, {"background": 768, "car": 0})
    else:  # the only picture: were all of them not labelled?
        with refused("pictures-failed") as error:
            build(tmp_path / name, tmp_path / "masks", photos, empty=empty)
        assert [part.code for part in error.value.parts] == ["no-outline"]
        assert "--empty background" in error.value.parts[0].to_do

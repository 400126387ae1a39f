"""Labels become a mask folder: whole, exact, and nothing left out in silence.

To make the golden mask anew after a change that is meant, see CONTRIBUTING; look at the picture before keeping it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize, read_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks.build import MaskSummary, PaintOptions, build_masks

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from datatools.conftest import WritePhotos
    from datatools.masks.conftest import NamesIn, Parts, WriteCoco, WriteIndexPictures

CARS = load_palette("cars")
SIZE = Size(48, 24)
GOLDEN = Path(__file__).parents[2] / "golden" / "mask.png"


def build(labels: Path, dest: Path, **more: Any) -> MaskSummary:
    return build_masks(labels, dest, palette=more.pop("palette", CARS), **more)


def test_the_drawing_is_painted_as_in_the_golden_mask(tmp_path: Path, parts: "Parts", write_coco: "WriteCoco") -> None:
    build(write_coco(tmp_path / "labels.json", {"a.jpg": parts}), tmp_path / "masks")
    built = (tmp_path / "masks" / "a.png").read_bytes()
    if "P2P_WRITE_GOLDEN" in os.environ:
        GOLDEN.write_bytes(built)
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tobytes() == read_mask(GOLDEN, CARS).tobytes()


def test_a_mask_folder_has_a_png_for_each_picture_the_palette_and_a_line_each(
    labels: Path, tmp_path: Path, names_in: "NamesIn"
) -> None:
    summary = build(labels, tmp_path / "masks")
    assert names_in(tmp_path / "masks") == ["a.png", "b.png", "c.png", "masks.jsonl", "palette.toml"]
    line = read_lines(tmp_path / "masks" / "masks.jsonl")[0]
    assert (line["name"], line["size"], line["source"]) == ("a", [48, 24], "labels.json: a.jpg")
    assert sum(line["areas"].values()) == 48 * 24
    assert line["labels"]["front_glass"] == "windows"
    assert (summary.format, summary.built, summary.kept, summary.skipped) == ("coco", 3, 0, ())
    assert summary.areas == {name: 3 * count for name, count in line["areas"].items()}
    with Image.open(tmp_path / "masks" / "a.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image.convert("RGB")) == colorize(np.asarray(image), CARS)).all()


def test_a_wheel_is_painted_over_its_car_whatever_the_order(
    tmp_path: Path, parts: "Parts", write_coco: "WriteCoco"
) -> None:
    write_coco(tmp_path / "labels.json", {"a.jpg": parts, "b.jpg": parts[::-1]})
    build(tmp_path / "labels.json", tmp_path / "masks")
    a, b = (read_mask(tmp_path / "masks" / f"{name}.png", CARS) for name in "ab")
    assert (a == b).all()
    assert a[16, 10] == CARS.index("tyres")
    assert a[16, 20] == CARS.index("body")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["car", "wheel"], True),
        (["car", "red", "wheel"], True),
        (["car", "door"], False),
        (["car"], False),
        (["car", "red"], False),
    ],
)
def test_a_region_with_labels_of_several_classes_is_told(
    tmp_path: Path, notes: "Notes", labels: list[str], *, told: bool
) -> None:
    value = {"points": [[10, 10], [90, 10], [90, 90]], "polygonlabels": labels}
    region = {"id": "r", "type": "polygonlabels", "value": value, "original_width": 48, "original_height": 24}
    task = {"id": 7, "data": {"image": "a.png"}, "annotations": [{"result": [region]}]}
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    build(tmp_path / "tasks.json", tmp_path / "masks", mapping={"red": "unpainted"}, report=notes)
    assert any("several classes" in line and "task 7: region 1" in line for line in notes.lines) == told


def test_pictures_beside_outlines_that_are_not_their_photos_are_told(
    tmp_path: Path, parts: "Parts", notes: "Notes", write_coco: "WriteCoco", write_photos: "WritePhotos"
) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    write_coco(labels / "labels.json", {"a.jpg": parts})
    photos = write_photos(tmp_path / "photos", "a.jpg", size=SIZE)
    write_photos(labels, "a.png", size=SIZE)
    build(labels, tmp_path / "beside", photos=labels, report=notes)
    build(labels, tmp_path / "other", photos=photos, report=notes)
    assert not [line for line in notes.lines if "beside the labels" in line], "that is a photo"
    write_png(labels / "a.png", np.tri(SIZE.height, SIZE.width, dtype=np.uint8))
    build(labels, tmp_path / "apart", photos=photos, report=notes)
    assert [line.split(";")[0] for line in notes.lines if "beside the labels" in line] == [
        f"{labels}: 1 picture lies beside the labels and is not read"
    ]


def test_masks_are_named_after_their_photos_below_the_folder(
    tmp_path: Path, parts: "Parts", write_coco: "WriteCoco", names_in: "NamesIn", write_photos: "WritePhotos"
) -> None:
    files = {"100% Tür (1).jpg": "sub/100% Tür (1).png", "sub dir/b.jpg": "sub dir/b.JPG", "../../c.jpg": "c.jpg"}
    write_coco(tmp_path / "labels.json", dict.fromkeys(files, parts))
    photos = write_photos(tmp_path / "photos", *files.values(), size=SIZE)
    build(tmp_path / "labels.json", tmp_path / "masks", photos=photos)
    assert set(names_in(tmp_path / "masks")) >= {"sub/100% Tür (1).png", "sub dir/b.png", "c.png"}
    assert build(tmp_path / "labels.json", tmp_path / "masks", photos=photos).kept == 3


def test_a_photo_turned_by_its_exif_has_the_size_it_is_seen_in(labels: Path, photos: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (24, 48)).save(photos / "b.jpg", exif=exif)
    assert build(labels, tmp_path / "masks", photos=photos).built == 3


def test_labels_without_a_class_are_all_named_before_any_work(
    tmp_path: Path, refused: "Refused", parts: "Parts", write_coco: "WriteCoco", names_in: "NamesIn"
) -> None:
    polygons = dict(parts)
    strays = [("dog", polygons["front_left_light"]), ("cat", polygons["hood"])]
    path = write_coco(tmp_path / "labels.json", {"a.jpg": [*parts, *strays]})
    with refused("unclaimed-label", path) as error:
        build(path, tmp_path / "masks")
    assert "cat (1 region in 1 picture), dog " in error.value.what
    assert "--map cat=CLASS --map dog=CLASS" in error.value.to_do
    assert names_in(tmp_path) == ["labels.json"]
    summary = build(path, tmp_path / "masks", mapping={"dog": "ignore", "c*": "unpainted"})
    assert summary.areas["ignore"] > 0


def test_class_numbers_are_mapped_by_ids_and_those_without_a_class_are_counted_over_all_pictures(
    tmp_path: Path, refused: "Refused", write_index_pictures: "WriteIndexPictures"
) -> None:
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 8, 8]], b=[[0, 0, 8]], c=[[0, 0, 0]])
    with refused("unclaimed-label", labels) as error:
        build(labels, tmp_path / "masks")
    assert error.value.what.endswith("8 (3 pixels in 2 pictures)")
    assert "--map 8=body" in error.value.to_do
    assert not (tmp_path / "masks").exists()
    summary = build(labels, tmp_path / "masks", mapping={"8": "body"})
    assert (summary.format, summary.built) == ("index", 3)
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tolist() == [[0, 1, 1]]
    assert summary.unseen == ("tyres", "lights", "windows")


def test_ignored_numbers_are_255_and_unpainted_ones_background(
    tmp_path: Path, write_index_pictures: "WriteIndexPictures"
) -> None:
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 1, 11, 12]])
    build(labels, tmp_path / "masks", mapping={"ids": "palette", "11": "ignore", "12": "unpainted"})
    assert read_mask(tmp_path / "masks" / "a.png", CARS).tolist() == [[0, 1, 255, 0]]


def test_number_pictures_may_lie_beside_their_photos_and_other_pictures_are_not_passed_over_in_silence(
    tmp_path: Path,
    notes: "Notes",
    write_index_pictures: "WriteIndexPictures",
    write_photos: "WritePhotos",
) -> None:
    both = write_index_pictures(tmp_path / "both", a=[[0, 1], [2, 3]])
    write_photos(both, "a.jpg", size=Size(2, 2))
    ids = {"ids": "palette"}
    assert build(both, tmp_path / "masks", photos=both, report=notes, format="index", mapping=ids).built == 1
    assert not notes.lines
    (both / "a.jpg").rename(both / "b.jpg")
    build(both, tmp_path / "others", report=notes, mapping=ids)
    assert [line for line in notes.lines if "1 picture is left out" in line and "b.jpg" in line]


def test_a_destination_among_the_photos_or_the_number_pictures_is_refused(
    labels: Path, photos: Path, tmp_path: Path, refused: "Refused", write_index_pictures: "WriteIndexPictures"
) -> None:
    with refused("destination-inside-source", photos / "masks", usage=True) as error:
        build(labels, photos / "masks", photos=photos)
    assert str(photos) in error.value.what
    numbers = write_index_pictures(tmp_path / "numbers", a=[[0, 1]])
    with refused("destination-inside-source", numbers / "masks", usage=True):
        build(numbers, numbers / "masks")
    assert build(labels, tmp_path / "masks", photos=photos).built == 3


def test_globs_that_disagree_on_a_number_are_an_error_and_not_a_skip(
    tmp_path: Path, refused: "Refused", write_index_pictures: "WriteIndexPictures"
) -> None:
    numbers = write_index_pictures(tmp_path / "numbers", a=[[0, 12]])
    with refused("label-claimed-twice", usage=True) as error:
        build(numbers, tmp_path / "masks", mapping={"1*": "body", "*2": "tyres"}, keep_going=True)
    assert "'12'" in error.value.what


def test_what_the_mapping_says_of_no_label_is_noted(labels: Path, tmp_path: Path, notes: "Notes") -> None:
    build(labels, tmp_path / "masks", mapping={"weel": "tyres"}, report=notes)
    assert [line for line in notes.lines if "--map weel=tyres: no label" in line]


def test_an_empty_folder_of_labels_is_an_error(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "labels").mkdir()
    with refused("unknown-labels", tmp_path / "labels"):
        build(tmp_path / "labels", tmp_path / "masks")


@pytest.mark.real_data
@pytest.mark.parametrize(("part", "count"), [("testset", 50), pytest.param("trainingset", 160, marks=pytest.mark.long)])
def test_all_real_car_parts_are_mapped_by_the_built_in_palette_alone(
    real_data: Path, tmp_path: Path, part: str, count: int
) -> None:
    folder = real_data / "car-parts" / part
    summary = build(folder, tmp_path / part, photos=folder)
    assert (summary.built, summary.skipped, summary.unseen) == (count, (), ())
    words = {label: word for line in read_mask_lines(tmp_path / part).values() for label, word in line.labels.items()}
    assert words.pop("wheel") == "tyres"
    assert {words.pop(f"{end}_glass") for end in ("front", "back")} == {"windows"}
    sides = [f"{end}_{side}_light" for end in ("front", "back") for side in ("left", "right")]
    assert {words.pop(light) for light in sides} == {"lights"}
    assert set(words.values()) == {"body"}
    assert len(words) == 11


def test_the_recognised_format_and_labels_without_area_are_reported(
    labels: Path, tmp_path: Path, notes: "Notes"
) -> None:
    value = json.loads(labels.read_text())
    value["annotations"] += [{"id": 9000 + n, "image_id": 0, "category_id": 0, "segmentation": []} for n in range(2)]
    labels.write_text(json.dumps(value))
    assert build(labels, tmp_path / "masks", report=notes).built == 3
    assert f"{labels}: recognised as coco." in notes.lines
    assert "Not painted, because they have no area: 2 of the kind 'annotation without outline'." in notes.lines


def test_the_order_of_annotation_is_another_mask_and_is_never_mixed_with_the_other(
    tmp_path: Path,
    refused: "Refused",
    parts: "Parts",
    write_coco: "WriteCoco",
    write_index_pictures: "WriteIndexPictures",
) -> None:
    labels = write_coco(tmp_path / "labels.json", {"a.jpg": parts})
    build(labels, tmp_path / "masks")
    build(labels, tmp_path / "other", how=PaintOptions("annotation"))
    ours, theirs = (read_mask(tmp_path / name / "a.png", CARS) for name in ("masks", "other"))
    assert (ours == CARS.index("tyres")).any()
    assert (theirs[14:17, 8:12] == CARS.index("body")).any()  # the hood is drawn last
    assert build(labels, tmp_path / "other", how=PaintOptions("annotation")).kept == 1
    with refused("pictures-failed", tmp_path / "other") as error:
        build(labels, tmp_path / "other")
    assert [(part.where, part.code) for part in error.value.parts] == [("a.jpg", "source-changed")]
    numbers = write_index_pictures(tmp_path / "numbers", a=[[0, 1]])
    with refused("needless-option", "--order annotation", usage=True):
        build(numbers, tmp_path / "third", how=PaintOptions("annotation"))


HOLE: tuple[str, list[list[float]]] = ("_background_", [[10.0, 10], [20, 10], [20, 15], [10, 15]])
BODY: tuple[str, list[list[float]]] = ("hood", [[2.0, 2], [40, 2], [40, 20], [2, 20]])


def in_labelme(*shapes: tuple[str, list[list[float]]]) -> str:
    parts = [{"label": label, "points": points} for label, points in shapes]
    value = {"version": "5.2", "imagePath": "a.jpg", "imageWidth": 48, "imageHeight": 24, "shapes": parts}
    return json.dumps(value)


def in_coco(*shapes: tuple[str, list[list[float]]]) -> str:
    names = list(dict.fromkeys(label for label, _ in shapes))
    annotations = [
        {"id": n, "image_id": 1, "category_id": names.index(label), "segmentation": [np.ravel(points).tolist()]}
        for n, (label, points) in enumerate(shapes)
    ]
    categories = [{"id": n, "name": name} for n, name in enumerate(names)]
    images = [{"id": 1, "file_name": "a.jpg", "width": SIZE.width, "height": SIZE.height}]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def in_cvat(*shapes: tuple[str, list[list[float]]]) -> str:
    parts = [
        f'<polygon label="{label}" points="{";".join(f"{x},{y}" for x, y in points)}" z_order="0"/>'
        for label, points in shapes
    ]
    return f'<annotations><image id="0" name="a.jpg" width="48" height="24">{"".join(parts)}</image></annotations>'


@pytest.mark.parametrize(("form", "name"), [(in_labelme, "a.json"), (in_coco, "a.json"), (in_cvat, "a.xml")])
def test_a_background_polygon_over_the_body_is_a_hole(tmp_path: Path, form: Callable[..., str], name: str) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / name).write_text(form(BODY, HOLE))
    assert build(labels, tmp_path / "masks").areas["body"] == 38 * 18 - 10 * 5
    (labels / name).write_text(form(HOLE, BODY))
    assert build(labels, tmp_path / "other").areas["body"] == 38 * 18


def test_a_region_that_is_called_ignore_as_in_labelme_s_lists_is_ignored(tmp_path: Path) -> None:
    labels = tmp_path / "a.json"
    labels.write_text(in_labelme(BODY, ("__ignore__", HOLE[1])))
    build(labels, tmp_path / "masks")
    mask = read_mask(tmp_path / "masks" / "a.png", CARS)
    assert ((mask == 255).sum(), (mask == 1).sum()) == (50, 38 * 18 - 50)
    assert build(labels, tmp_path / "other", mapping={"__ignore__": "windows"}).areas["windows"] == 50


def test_how_many_pictures_another_order_would_change_is_told(
    tmp_path: Path, parts: "Parts", write_coco: "WriteCoco"
) -> None:
    labels = write_coco(tmp_path / "labels.json", {"a.jpg": parts, "b.jpg": parts[::-1]})
    summary = build(labels, tmp_path / "masks")
    assert (summary.reordered, summary.most_reordered) == (1, "a")
    again = build(labels, tmp_path / "masks")
    assert (again.kept, again.reordered) == (2, 1)
    assert build(labels, tmp_path / "other", how=PaintOptions("annotation")).reordered == 0


@pytest.mark.real_data
def test_real_silhouettes_are_read_as_polygons_and_as_numbers_and_agree(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "car-silhouettes"
    numbers = build(folder / "masks", tmp_path / "numbers", photos=folder / "images", mapping={"8": "body"})
    polygons = build(folder, tmp_path / "polygons", photos=folder / "images", keep_going=True)
    assert (numbers.built, polygons.built, len(polygons.skipped)) == (40, 40, 91)
    for path in sorted((tmp_path / "numbers").glob("*.png"))[:8]:
        a, b = read_mask(path, CARS) > 0, read_mask(tmp_path / "polygons" / path.name, CARS) > 0
        assert (a & b).sum() / (a | b).sum() > 0.97, path.name


@pytest.mark.real_data
def test_real_street_scenes_are_built_by_their_ids(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "camvid"
    scenes = load_palette("scenes")
    build(folder / "masks", tmp_path / "void", palette=scenes, photos=folder / "images")
    summary = build(folder / "masks", tmp_path / "masks", palette=scenes, mapping={"11": "ignore"})
    assert summary.built == 10
    assert summary.areas["ignore"] == 111_441
    assert summary.areas["car"] == 298_226


def test_links_out_of_a_folder_on_the_disk_are_followed_and_reported(
    tmp_path: Path, notes: "Notes", write_index_pictures: "WriteIndexPictures", write_photos: "WritePhotos"
) -> None:
    photos = write_photos(tmp_path / "photos", "a.jpg", "b.jpg", size=Size(2, 2))
    labels = write_index_pictures(tmp_path / "labels", a=[[0, 1], [1, 0]], b=[[0, 1], [1, 0]])
    (labels / "a.png").rename(tmp_path / "elsewhere.png")
    (labels / "a.png").symlink_to(tmp_path / "elsewhere.png")
    ids = {"ids": "palette"}
    summary = build_masks(labels, tmp_path / "masks", palette=CARS, photos=photos, mapping=ids, report=notes)
    assert summary.built == 2
    (link,) = [note for note in notes.lines if "is a link" in note]
    assert link.startswith(f"{labels}: 1 file is a link")
    assert link.endswith("elsewhere.png.")

"""Lists of class names, as tools and data sets write them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.labels.formats.pictures.class_names import find_names, read_class_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Refused

    from p2p_datatools.labels.values import ClassNames

BLACK, RED = (0, 0, 0), (255, 0, 0)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "numbers", "colors"),
    [
        ("_classes.csv", "Pixel Value, Class\n0, background\n8, my car\n", {0: "background", 8: "my car"}, {}),
        ("class_dict.csv", "name,r,g,b\nvoid,0,0,0\nCar,255,0,0\n", {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "name,r,g,b\nCar,255,0,0\nSky,0,0,0\n", {}, {BLACK: "Sky", RED: "Car"}),
        ("mask_grayscale_map.json", '{"type": "grayscale", "colors": {"cat": 64, "car": 255}}',
         {64: "cat", 255: "car"}, {}),
        ("mask_color_map.json", '{"type": "rgb", "colors": {"car": [255, 0, 0], "sky": [0, 0, 0]}}', {},
         {BLACK: "sky", RED: "car"}),
        ("class_dict.csv", "name,r,g,b\nvoid,0,0,0\ncar,255,0,0\ncar,255,0,9\n", {},
         {BLACK: "void", RED: "car", (255, 0, 9): "car"}),
        ("label_names.txt", "_background_\nbody\n", {0: "_background_", 1: "body"}, {}),
        ("label_names.txt", "1 background 1\n2 facade 2\n", {1: "background", 2: "facade"}, {}),
        ("labels.txt", "__ignore__\n_background_\ncar\n", {0: "_background_", 1: "car", 255: "__ignore__"}, {}),
        ("class_names.txt", "\ufeffbackground\r\ntraffic light\r\n", {0: "background", 1: "traffic light"}, {}),
        ("labelmap.txt", "background:0,0,0::\ncar:255,255,255::\n",
         {0: "background", 1: "car", 255: "car"}, {BLACK: "background", (255,) * 3: "car"}),
        ("class_dict.csv", "name,r,g,b\nvoid,0,0,0\ncar,2,2,2\nsky,1,1,1\n", {0: "void", 2: "car", 1: "sky"},
         {BLACK: "void", (2, 2, 2): "car", (1, 1, 1): "sky"}),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nlane 2:255,0,0::\n",
         {0: "background", 1: "lane 2"}, {BLACK: "background", RED: "lane 2"}),
        ("classes.txt", "0: other\n1: building\n", {0: "other", 1: "building"}, {}),
        ("classes.txt", "car\nwheel\n", {}, {}),
        ("label_colors.txt", "0 0 0\tVoid\n255 0 0\t\tCar\n", {0: "Void", 1: "Car"}, {BLACK: "Void", RED: "Car"}),
        ("label_classes.json", json.dumps([{"png_index": 1, "class_name": "car", "color": "#ff0000"}]),
         {1: "car"}, {RED: "car"}),
        ("id2label.json", '{"0": "background", "7": "car"}', {0: "background", 7: "car"}, {}),
        ("id2label.json", '{"id2label": {"1": "car"}, "label2id": {"car": 1}}', {1: "car"}, {}),
        ("label2id.json", '{"background": 0, "car": 7}', {0: "background", 7: "car"}, {}),
        ("classes.json", '{"0": {"name": "void", "color": "#000000"}, "1": {"name": "Car", "color": "#ff0000"}}',
         {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_names.json", '["background", "car"]', {0: "background", 1: "car"}, {}),
        ("codes.txt", "Animal\nArchway\n", {}, {}),
        ("classes.csv", "id,name\n3,car\n", {3: "car"}, {}),
        ("classes.yaml", "names:\n  0: background\n  1: car\n", {0: "background", 1: "car"}, {}),
        ("data.yaml", "names: [background, car]\n", {0: "background", 1: "car"}, {}),
        ("data.yaml", "names: [car, wheel]\n", {}, {}),
        ("_classes.csv", "\ufeffClass,Pixel Value\r\nbackground,0\r\n\"car, red\",8\r\n",
         {0: "background", 8: "car, red"}, {}),
        ("_classes.csv", "class,label\n0,background\n1,car\n", {0: "background", 1: "car"}, {}),
        ("class_dict.csv", "class_name, R, G, B\nvoid, 0, 0, 0\nCar, 255, 0, 0\n",
         {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "name,b,g,r\nvoid,0,0,0\nCar,0,0,255\n", {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "r;g;b;\"name\"\n0;0;0;void\n255;0;0;Car\n",
         {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "name,r,g,b,id\nvoid,0,0,0,4\nCar,255,0,0,2\n",
         {4: "void", 2: "Car"}, {BLACK: "void", RED: "Car"}),
        ("class_dict.csv", "id,class,color\n0,void,#000000\n1,Car,255 0 0\n",
         {0: "void", 1: "Car"}, {BLACK: "void", RED: "Car"}),
        ("label_colors.txt", "Void #000000\nCar #FF0000\n", {0: "Void", 1: "Car"}, {BLACK: "Void", RED: "Car"}),
        ("label_colors.txt", "# r g b\nname r g b\nVoid 0 0 0\nCar 255 0 0\n",
         {0: "Void", 1: "Car"}, {BLACK: "Void", RED: "Car"}),
        ("classes.txt", "0\tother # all else\n1\ttraffic light\n", {0: "other", 1: "traffic light"}, {}),
        ("classes.txt", "0=other\n1=lane 2\n", {0: "other", 1: "lane 2"}, {}),
        ("classes.txt", "other 0\nbuilding 1\n", {0: "other", 1: "building"}, {}),
        ("classes.txt", "background\nlane 1\nlane 2\n", {0: "background", 1: "lane 1", 2: "lane 2"}, {}),
        ("classes.txt", "-1 void\n0 road\n", {255: "void", 0: "road"}, {}),
        ("obj.names", "background\ncar\n", {0: "background", 1: "car"}, {}),
        ("class_mapping.csv", "class_name,class_color\n__background__,0 0 0\nCar,255 0 0\n",
         {0: "__background__", 1: "Car"}, {BLACK: "__background__", RED: "Car"}),
        ("class_mapping.csv", "class_name,class_color\ncar,50\nwheel,100\n", {50: "car", 100: "wheel"},
         {(50,) * 3: "car", (100,) * 3: "wheel"}),
        ("class_dict.csv", "name,r,g,b\nCar,1,1,1\nSky,2,2,2\n", {1: "Car", 2: "Sky"},
         {(1, 1, 1): "Car", (2, 2, 2): "Sky"}),
        ("obj_class_to_machine_color.json", '{"car": [1, 1, 1]}', {1: "car"}, {(1, 1, 1): "car"}),
        ("class_list.json", '{"#000000": "void", "#ff0000": "Car 1"}', {0: "void", 1: "Car 1"},
         {BLACK: "void", RED: "Car 1"}),
        ("config.json", '{"labels": [{"name": "a--bird", "readable": "Bird", "color": [255, 0, 0]}]}',
         {0: "Bird"}, {RED: "Bird"}),
        ("classes.json", '[{"id": 4, "name": "Car", "color": [255, 0, 0]}]', {4: "Car"}, {RED: "Car"}),
        ("classes.json", '{"classes": [{"title": "Road", "shape": "bitmap_line", "color": "#FF0000"}], "tags": []}',
         {}, {RED: "Road"}),  # Humans in the Loop's aerial pictures of Dubai, and Supervisely's meta
        ("RUGD_annotation-colormap.txt", "0 void 0 0 0\n1 car 255 0 0\n", {0: "void", 1: "car"},
         {BLACK: "void", RED: "car"}),
        ("colors.txt", "Category r g b\nCar 255 0 0\n", {}, {RED: "Car"}),
        ("object_info150.txt", "Idx\tRatio\tTrain\tName\n1\t0.15\t1\twall\n2\t0.1\t6\tbuilding, edifice\n",
         {1: "wall", 2: "building"}, {}),
    ],
)  # fmt: skip
def test_a_list_names_numbers_and_colours(
    tmp_path: Path, name: str, text: str, numbers: dict[int, str], colors: dict[tuple[int, int, int], str]
) -> None:
    found = read_class_names(write(tmp_path / name, text))
    assert (found.numbers, found.colors) == (numbers, colors)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("_classes.csv", "0, background\n0, car\n", "duplicate-id"),
        ("classes.txt", "0 other\nbuilding\n", "bad-class-names"),
        ("class_names.txt", "background\ncar\ncar\n", "duplicate-class"),
        ("class_dict.csv", "name,r,g,b\na,1,2,3\nb,1,2,3\n", "duplicate-class"),
        ("class_dict.csv", "name,r,g,b\na,1,2,300\n", "bad-class-names"),
        ("class_dict.csv", "name,r,g,b\na,1,2\n", "bad-class-names"),
        ("class_dict.csv", "id,name\n,a\n", "bad-class-names"),
        ("class_dict.csv", "id,name\n0,\n", "bad-class-names"),
        ("_classes.csv", "Pixel Value, Class\n0, background\n1, body\n1, body\n", "duplicate-id"),
        ("classes.txt", "0 other\n-2 car\n", "bad-class-names"),
        ("labelmap.txt", "background:0,0,0::\ncar:1,2\n", "bad-class-names"),
        ("labelmap.txt", "background:0,0,0::\ncar:0,0,0::\n", "duplicate-class"),
        ("classes.txt", "12\n", "bad-class-names"),
        ("classes.txt", "\n", "no-class-names"),
        ("label_classes.json", '[{"color": "#ff0000"}]', "bad-class-names"),
        ("label_classes.json", '[{"name": "a", "png_index": "x"}]', "bad-class-names"),
        ("label_classes.json", "{", "damaged-json"),
        ("classes.json", '{"a": [1], "b": {}}', "no-class-names"),
        ("id2label.json", '{"0": "a", "1": 5}', "bad-class-names"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path: Path, name: str, text: str, code: str, refused: "Refused") -> None:
    with refused(code):
        read_class_names(write(tmp_path / name, text))


def test_names_without_numbers_that_do_not_begin_with_the_background_are_kept_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "car\nwheel\n")
    found = find_names(tmp_path, tmp_path)
    assert found is not None
    assert (found.numbers, found.uncounted) == ({}, ("car", "wheel"))
    write(tmp_path / "label_names.txt", "background\nroad\n")
    found = find_names(tmp_path, tmp_path)
    assert found is not None
    assert (found.numbers, found.uncounted) == ({0: "background", 1: "road"}, ())


def test_a_list_of_the_mark_of_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("0 Straße\n", "utf-16")
    assert read_class_names(tmp_path / "classes.txt").numbers == {0: "Straße"}


def test_a_list_that_is_no_text_is_refused(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "classes.txt").write_bytes("Fenêtre".encode("latin-1"))
    with refused("not-utf8", tmp_path / "classes.txt"):
        read_class_names(tmp_path / "classes.txt")


def test_lists_are_found_in_the_folder_and_beside_it_or_else_one_folder_above_and_no_farther(tmp_path: Path) -> None:
    root = tmp_path / "set" / "train" / "labels"
    (root / "city").mkdir(parents=True)
    write(tmp_path / "classes.txt", "0 other\n")
    assert find_names(root / "city", root) is None
    write(tmp_path / "set" / "classes.txt", "0 background\n1 bus\n")
    found = find_names(root / "city", root)
    assert found is not None
    assert (found.numbers[1], found.source) == ("bus", "set/classes.txt")
    write(tmp_path / "set" / "train" / "classes.txt", "0 background\n1 car\n")
    write(root / "city" / "label_names.txt", "background\ncar\nwheel\n")
    found = find_names(root / "city", root)
    assert found is not None
    assert found.numbers == {0: "background", 1: "car", 2: "wheel"}
    assert found.source == "label_names.txt and classes.txt"


def test_the_lists_at_the_root_of_two_sets_are_found_from_their_folders_of_labels(tmp_path: Path) -> None:
    for version in ("v1.2", "v2.0"):
        labels = [{"color": [7, number, 0], "readable": f"{number} of {version}"} for number in range(3)]
        write(tmp_path / f"config_{version}.json", json.dumps({"labels": labels, "version": version[1:]}))
    write(tmp_path / "class_dict_seg.csv", "name, r, g, b\nunlabeled, 0, 0, 0\nroof, 70, 70, 70\n")
    found = []
    for folder in ("training/v1.2/labels", "dataset/semantic_drone_dataset/label_images_semantic"):
        (tmp_path / folder).mkdir(parents=True)
        names = find_names(tmp_path / folder, tmp_path / folder)
        found += [names.numbers[1]] if names else []
    assert found == ["1 of v1.2", "roof"]


@pytest.mark.parametrize("name", ["config.json", "config_v2.0.json"])
def test_a_configuration_of_something_else_is_no_list(tmp_path: Path, name: str) -> None:
    write(tmp_path / "labels" / name, '{"model": "unet", "labels": ["a"]}')
    assert find_names(tmp_path / "labels", tmp_path / "labels") is None
    labels = [{"name": "a--bird", "readable": "Bird", "color": [255, 0, 0]}]
    write(tmp_path / "labels" / name, json.dumps({"labels": labels}))
    assert find_names(tmp_path / "labels", tmp_path / "labels") is None
    write(tmp_path / "labels" / name, json.dumps({"labels": labels, "version": 1.1}))
    found = find_names(tmp_path / "labels", tmp_path / "labels")
    assert found is not None
    assert found.numbers == {0: "Bird"}


@pytest.mark.parametrize("labels", [{"background": 0, "liver": 1, "ignore": 2}, {"0": "background", "1": "liver"}])
def test_the_labels_of_nnu_net_are_a_list_and_those_of_other_dataset_files_are_none(
    tmp_path: Path, labels: dict[str, object]
) -> None:
    place = tmp_path / "dataset.json"
    write(place, json.dumps({"numTraining": 3, "labels": labels}))
    found = find_names(tmp_path / "labelsTr", tmp_path / "labelsTr")
    assert found is not None
    assert found.numbers[1] == "liver"
    for other in ({"labels": labels}, {"numTraining": 3, "labels": {"background": 0, "tumour": [1, 2, 3]}}, {"a": 1}):
        write(place, json.dumps(other))
        assert find_names(tmp_path / "labelsTr", tmp_path / "labelsTr") is None


def test_what_only_may_be_a_list_is_passed_over_where_it_is_none(tmp_path: Path, refused: "Refused") -> None:
    root = tmp_path / "set" / "train" / "masks"
    write(root / "colors.txt", "0 0 0\n255 0 0\n")
    write(root.parent / "class_mapping.csv", "id,old,new\n1,a,b\n")
    write(root.parent.parent / "data.yaml", "train: images/train\nnc: 3\n")
    assert find_names(root, root) is None
    write(root.parent.parent / "classes.txt", "background\ncar\n")
    found = find_names(root, root)
    assert found is not None
    assert found.source == "set/classes.txt"
    write(root.parent / "data.yaml", "nc: 3\n")
    write(root.parent / "class_list.json", '{"width": 1920, "height": 1080}')
    found = find_names(root, root)
    assert found is not None
    assert found.source == "set/classes.txt"
    write(root.parent / "data.yaml", "names: []\n")
    with refused("bad-class-names"):
        find_names(root, root)


@pytest.mark.parametrize(
    ("name", "text", "numbers"),
    [
        ("class_list.json", '{"void": 0, "car": 1}', {0: "void", 1: "car"}),
        ("class_list.json", '{"car": 1, "wheel": 2}', {1: "car", 2: "wheel"}),
        ("class_list.json", '{"car": 120, "wheel": 480}', {}),
        ("class_list.json", '{"car": 1, "made": "by hand"}', {}),
        ("class_list.json", '{"car": true}', {}),
        ("class_list.json", '{"labels": ["void", "car"]}', {0: "void", 1: "car"}),
    ],
)
def test_a_table_of_texts_and_numbers_is_a_list_of_classes_where_it_counts_them(
    tmp_path: Path, name: str, text: str, numbers: dict[int, str]
) -> None:
    write(tmp_path / name, text)
    found = find_names(tmp_path, tmp_path)
    assert (found.numbers if found else {}) == numbers


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("palette.json", '{"sky": "#000000", "car": "#FF0000"}'),
        ("color_map.json", '{"sky": [0, 0, 0], "car": [255, 0, 0]}'),
        ("label2color.json", '[{"name": "sky", "color": "rgb(0, 0, 0)"}, {"name": "car", "color": "rgb(255,0,0)"}]'),
        ("color2class.json", '{"(0, 0, 0)": "sky", "(255, 0, 0)": "car"}'),
        ("legend.txt", "sky: 0 0 0\ncar: 255 0 0\n"),
        ("my colours.csv", "name,hex\nsky,000000\ncar,0xff0000\n"),
        ("colors.txt", "sky 000000\ncar ff0000\n"),
        ("label_colors.txt", "000000\tsky\nFF0000\tcar\n"),
    ],
)
def test_a_colour_for_each_name_is_a_list_of_colours_under_any_name_for_one(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path / name, text)
    found = find_names(tmp_path / "masks", tmp_path / "masks")
    assert found is not None
    assert (found.source, found.colors) == (name, {BLACK: "sky", RED: "car"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stats.json", '{"mean": [123, 117, 104], "std": [58, 57, 57]}'),
        ("label_info.json", '{"author": "me", "color": "#ff0000"}'),
        ("classes_used.txt", "car 1 2 3\nthere are no others\n"),
        ("color_log.txt", "made by hand\n"),
        ("class_boxes.csv", "car,10,10,300\n"),
        ("colors_old.txt", "car 255 0 0\nsky 255 0 0\n"),
        ("labels.json", '{"0.png": "car", "1.png": "sky"}'),
        ("labels.json", '{"100001": "car", "100002": "sky"}'),
        ("labels_train.txt", "day/0.png 0 0 1\nday/1.png 0 1 0\n"),
        ("points_labels.csv", "0.png,120,80,12\n1.png,110,81,13\n"),
    ],
)
def test_other_files_are_no_lists_of_colours(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / name, text)
    assert find_names(tmp_path / "masks", tmp_path / "masks") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("category_id.txt", "0\tbackground\n2\tred car\n1\tsky\n"),  # FoodSeg103
        ("categories.json", '[{"id": 0, "name": "background"}, {"id": 1, "name": "sky"}, '
         '{"id": 2, "name": "red car"}]'),
        ("label_map.json", '{"background": 0, "red car": 2, "sky": 1}'),
        ("idx_to_class.json", '{"0": "background", "1": "sky", "2": "red car"}'),
        ("mapping.txt", "0 background\n1 sky\n2 red car\n"),
        ("names.txt", "background\nsky\nred car\n"),
        ("label_list.txt", "background\nsky\nred car\n"),
        ("ontology.json", '{"classes": [{"id": 0, "name": "background"}, {"id": 1, "name": "sky"}, '
         '{"id": 2, "name": "red car"}]}'),
        ("classes.tsv", "id\tname\n0\tbackground\n1\tsky\n2\tred car\n"),
        ("legend.csv", "value,class\n0,background\n1,sky\n2,red car\n"),
        ("labels.yaml", "names:\n  0: background\n  1: sky\n  2: red car\n"),
        ("class_colours_and_ids.csv", "id,name,color\n0,background,#000000\n1,sky,#0000ff\n2,red car,#ff0000\n"),
    ],
)  # fmt: skip
def test_a_number_for_each_name_is_a_list_of_numbers_under_any_name_for_one(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path / name, text)
    found = find_names(tmp_path / "masks", tmp_path / "masks")
    assert found is not None
    assert (found.source, found.numbers) == (name, {0: "background", 1: "sky", 2: "red car"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("class_counts.csv", "name,count\ncar,1200\nsky,31\n"),
        ("class_counts.json", '{"car": 12, "sky": 31}'),
        ("labels.csv", "id,label\n0,car\n1,sky\n2,car\n"),  # the class of each picture
        ("labels.csv", "name,label\n0.png,0\n1.png,1\n"),
        ("label_names_used.txt", "sky\ncar\n"),  # class 0 or class 1 is the first
        ("class_mapping_notes.txt", "background\nsky was drawn by hand, and is not always right\n"),
        ("instances_labels.json", '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "car"}]}'),
        ("meta.json", '{"classes": [{"title": "car", "id": 0}, {"title": "sky", "id": 1}]}'),  # Supervisely's own ids
        ("labels.csv", "1,0\n2,1\n"),
    ],
)  # fmt: skip
def test_other_files_are_no_lists_of_numbers(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / name, text)
    assert find_names(tmp_path / "masks", tmp_path / "masks") is None


@pytest.mark.parametrize("name", ["legend.txt", "display_colors.csv"])
def test_a_list_under_another_name_is_passed_over_where_it_contradicts_others(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "sky 255 0 0\ncar 0 0 0\n")
    write(tmp_path / "class_dict.csv", "name,r,g,b\nsky,0,0,0\ncar,255,0,0\n")
    found = find_names(tmp_path / "masks", tmp_path / "masks")
    assert found is not None
    assert (found.source, found.colors) == ("class_dict.csv", {BLACK: "sky", RED: "car"})
    (tmp_path / "class_dict.csv").rename(tmp_path / "palette.csv")
    assert find_names(tmp_path / "masks", tmp_path / "masks") is None


def test_the_folder_above_many_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "palette.json", '{"sky": "#000000", "car": "#ff0000"}')
    listed: list[Path] = []
    list_folder = Path.iterdir

    def count(path: Path) -> "Iterator[Path]":
        listed.append(path)
        return list_folder(path)

    monkeypatch.setattr(Path, "iterdir", count)
    seen: dict[Path, list[ClassNames]] = {}
    for name in "abc":
        found = find_names(tmp_path / name, tmp_path, seen)
        assert found is not None
        assert found.colors == {BLACK: "sky", RED: "car"}
    assert listed.count(tmp_path) == 1


def test_lists_that_contradict_each_other_are_refused(tmp_path: Path, refused: "Refused") -> None:
    write(tmp_path / "labels" / "label_names.txt", "background\ncar\nwheel\n")
    write(tmp_path / "classes.txt", "background\nwheel\ncar\n")
    with refused("contradicting-lists") as error:
        find_names(tmp_path / "labels", tmp_path / "labels")
    assert "1 is car in one and wheel in classes.txt" in error.value.what


def test_the_palette_of_a_mask_folder_names_its_colours_also_below_it(tmp_path: Path) -> None:
    palette = Palette("own", (PaletteClass("sky", (0, 0, 0)), PaletteClass("grass", (0, 255, 0))))
    (tmp_path / "palette.toml").write_text(palette.to_toml())
    (tmp_path / "day").mkdir()
    assert find_names(tmp_path / "day", tmp_path) is None
    (tmp_path / "masks.jsonl").write_text("")
    for root in (tmp_path, tmp_path / "day"):
        found = find_names(tmp_path / "day", root)
        assert found is not None
        assert (found.numbers, found.colors[0, 0, 0], found.colors[0, 255, 0]) == ({}, "sky", "grass")

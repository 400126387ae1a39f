"""Reads YOLO's text files: outlines and boxes relative to the picture, of classes that a list beside them names.

Nothing here may open a photo or know a palette; a class that has no name is an error.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import yaml
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read, read_text, sha256_file
from p2p_datatools.contract.files.listing import find_files
from p2p_datatools.contract.files.opening import open_file, read_file
from p2p_datatools.contract.files.text import find_encoding
from p2p_datatools.contract.folders.given_splits import split_in
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.names import LABEL_FOLDERS, without_suffix
from p2p_datatools.contract.words import plural
from p2p_datatools.labels.formats.yolo_lines import LineTally
from p2p_datatools.labels.parsing.class_lists import LARGEST, read_class_list
from p2p_datatools.labels.parsing.outlines import box_at
from p2p_datatools.labels.parsing.regions import RegionCollector, gather
from p2p_datatools.labels.split_files import give_splits_of_folders
from p2p_datatools.labels.split_lists import give_splits_of_own_lists
from p2p_datatools.labels.values import EXPORT_AGAIN, LabelSet, Points, Polygon, RegionLabels


def read_names(path: Path) -> dict[int, str]:
    """The names by class number, each as it is written; raises P2PError when there is none or one occurs twice.

    Other keys of the file are ignored.
    """
    value = next((value for key, value in _entries(_compose(path)) if key.value == "names"), None)
    if value is None:
        raise P2PError(path, "has no line 'names:'", "Add one, such as 'names: [car, wheel]'.", code="no-class-names")
    names: dict[int, str] = {}
    known: set[str] = set()
    for where, number, name in _number_names(value, path):
        if number in names:
            what = f"class {number} is listed twice"
            raise P2PError(where, what, "Give each class a number of its own.", code="duplicate-id")
        if name in known:
            what = f"{name!r:.60} is listed twice"
            raise P2PError(where, what, "Give each class a name of its own.", code="duplicate-class")
        names[number] = name
        known.add(name)
    if not names:
        to_do = "Write them in one line, names: [car, wheel], or one below the other, each as '- car' or '0: car'."
        raise P2PError(_at(value, path), "its names cannot be read", to_do, code="bad-class-names")
    return names


def _compose(path: Path) -> yaml.Node | None:
    """The first document of a YAML file as a tree, in which `no` is a word and aliases are not expanded."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            what = f"has {size} bytes, but may have at most {LARGEST}"
            raise P2PError(path, what, "Give a data.yaml that only describes the labels.", code="file-too-large")
        text = read_text(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    try:
        return next(iter(yaml.compose_all(text, Loader=yaml.SafeLoader)), None)
    except RecursionError:
        where, what = str(path), "its brackets are nested too deeply"
    except yaml.reader.ReaderError as error:
        where, what = f"{path}: line {text.count(chr(10), 0, error.position) + 1}", error.reason
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where, what = f"{path}: line {mark.line + 1}" if mark else str(path), str(error.problem)
    raise P2PError(where, f"is not YAML ({what:.100})", "Correct that line.", code="bad-yaml")


def _entries(root: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a tree that is a mapping; none of any other."""
    return root.value if isinstance(root, yaml.MappingNode) else []


def _number_names(node: yaml.Node, path: Path) -> Iterator[tuple[str, int, str]]:
    """(where, class number, name) of each entry of a list or a mapping; nothing for anything else."""
    if isinstance(node, yaml.SequenceNode):
        entries = list(enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        entries = [(_number(key, path), value) for key, value in node.value]
    else:
        entries = []
    for number, value in entries:
        where = _at(value, path)
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            to_do = "Write one word or more, in quotes where they have a colon."
            raise P2PError(where, "is not the name of a class", to_do, code="bad-class-names")
        yield where, number, value.value


def _number(key: yaml.Node, path: Path) -> int:
    digits = key.value if isinstance(key, yaml.ScalarNode) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        what = "has a key that is not a class number"
        raise P2PError(_at(key, path), what, "Write '0: car'.", code="bad-class-names")
    return int(digits)


def _at(node: yaml.Node, path: Path) -> str:
    return f"{path}: line {node.start_mark.line + 1}"


_OTHER_TEXTS = ("readme", "classes", "predefined_classes", "license", "train.txt", "val.txt", "test.txt")
_SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_DATA_SET = frozenset({"path", "train", "val", "test", "nc"})  # keys by which any other YAML file is a data set's
_BEYOND = 0.05  # tools round, and let a box extend a little; more means another picture's label
_MOST_SHARE = 2.0  # of a picture's side: larger numbers are pixels
_DIVIDE = "If its numbers are pixels, divide x by the width of the picture and y by its height; else export it again."
_MOST_BLANK = 64  # bytes of a file without a line
_MOST_TOLD = 20  # names of classes in a note


def is_yolo(path: Path) -> bool:
    """Whether a folder has text files whose first line is a class number and four numbers or more.

    If no list names the classes, these numbers must be within 0 and 1. With a list, empty files alone will do:
    they are those of pictures without objects.
    """
    if not path.is_dir():
        return False
    texts = _texts(path, strange=[])
    if not any(_is_label(file) for file in texts):
        return bool(texts) and all(map(_is_blank, texts)) and bool(_lists(path, texts))
    return bool(_lists(path, texts)) or any(_is_label(file, shares=True) for file in texts)


def read_yolo(folder: Path) -> LabelSet:
    """The labels below `folder`; their points are relative, so that their sizes have to come from the photos."""
    texts = _texts(folder)
    lists = _lists(folder, texts)
    if not lists:
        what = "has no list of classes (data.yaml, classes.txt, obj.names), nor have the two folders above it"
        to_do = "Add a classes.txt with the name of a class in each line, from class 0 on."
        raise P2PError(folder, what, to_do, code="missing-file")
    settings, names = _agree_on_names(_with_names(lists))
    known = sha256_file(settings)
    tally = LineTally()
    pictures = ((str(file), partial(_picture, file, folder, names, settings, known, tally)) for file in texts)
    found = gather("yolo", pictures)
    tally.refuse_boxes(folder)
    if not found.items and not found.skipped:
        what = "has no label files (.txt)"
        raise P2PError(folder, what, "Give the folder labels/ of the data set.", code="no-labels")
    told = [f"{number} is {name}" for number, name in sorted(names.items())]
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    note = f"{settings}: names the classes; {', '.join(told[:_MOST_TOLD])}{more}."
    found = replace(found, notes=(note,))
    described = next(filter(_is_yaml, [settings, *lists]), None)
    return _give_splits(found, described) if described else found


def _give_splits(found: LabelSet, settings: Path) -> LabelSet:
    """The labels with the splits of the folders, or else of the lists and pictures, that the settings name."""
    root = _compose(settings)
    told = list(_read_splits(root))
    folders = dict[str, str]()
    for split, path in told:
        if not _is_file(path):
            folders[path] = split if folders.get(path, split) == split else ""
    found = give_splits_of_folders(found, folders)
    if any(item.split for item in found.items):
        return found
    files = [(split, path) for split, path in told if _is_file(path)]
    return give_splits_of_own_lists(found, files, settings, below=_read_root(root))


def _read_root(root: yaml.Node | None) -> str:
    """The folder of the data set that its YAML file names as `path`; empty where it names none."""
    told = (value.value for key, value in _entries(root) if key.value == "path" and _is_text(value))
    return next(map(str, told), "")


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(node.value)


def _read_splits(root: yaml.Node | None) -> Iterator[tuple[str, str]]:
    """(split, path) for each folder, list or picture that a YAML file of a data set names for a split."""
    for key, value in _entries(root):
        split = split_in(str(key.value))
        nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
        yield from ((split, node.value) for node in nodes if split and _is_text(node))


def _is_file(path: str) -> bool:
    return path.lower().endswith(".txt") or without_suffix(path) != str(PurePosixPath(path.replace("\\", "/")))


def _lists(folder: Path, texts: list[Path]) -> list[Path]:
    """The lists of classes in `folder` and on the way to its labels, or else in the nearest of two folders above."""
    places = {text.parent for text in texts}
    within = {folder, *(above for place in places for above in (place, *place.parents) if folder in above.parents)}
    own = [file for place in sorted(within) for file in _lists_in(place, any_yaml=True)]
    above = (_lists_in(place, any_yaml=False) for place in folder.resolve().parents[:2])
    if own and folder.resolve().name.casefold() in LABEL_FOLDERS:  # labelImg writes its own order into labels/
        return [*own, *(each for each in next(above) if _names_classes(each) is not False)]
    return own or next((lists for lists in above if lists), [])


def _with_names(lists: list[Path]) -> list[Path]:
    """The lists without each data.yaml that has no names, if another list has some; all where none has."""
    return [file for file in lists if not _is_yaml(file) or _names_classes(file) is not None] or lists


def _names_classes(file: Path) -> bool | None:
    """Whether a list can be read; None for a YAML file that has no names, and may say what else is in a data set."""
    try:
        return bool(_read_list(file))
    except P2PError as error:
        return None if error.code == "no-class-names" and _is_yaml(file) else False


def _is_yaml(file: Path) -> bool:
    return file.suffix.lower() in (".yaml", ".yml")


def _lists_in(place: Path, *, any_yaml: bool) -> list[Path]:
    try:
        files = sorted(file for file in place.iterdir() if not file.name.startswith("."))
    except OSError:
        return []  # a folder above may be closed to us
    return [file for file in files if (_is_list(file) or _is_yaml_list(file, any_yaml=any_yaml)) and file.is_file()]


def _is_list(file: Path) -> bool:
    return file.name.lower() in ("classes.txt", "_darknet.labels") or file.suffix.lower() == ".names"


def _is_yaml_list(file: Path, *, any_yaml: bool) -> bool:
    """Whether a YAML file is to be read for names: by its own name, or else by its content."""
    if file.name in _SETTINGS:
        return True
    if not _is_yaml(file):
        return False
    try:
        keys = _keys(_compose(file))
    except P2PError:
        return False  # it may be anything
    return "names" in keys and (any_yaml or bool(_DATA_SET & keys))


def _keys(root: yaml.Node | None) -> set[str]:
    return {str(key.value) for key, _ in _entries(root)}


def _agree_on_names(lists: list[Path]) -> tuple[Path, dict[int, str]]:
    """The first list and its names; raises P2PError when another one differs."""
    first, *others = lists
    names = _read_list(first)
    for other in others:
        found = _read_list(other)
        differ = sorted(number for number in {*names, *found} if names.get(number) != found.get(number))
        if differ:
            here, there = (said.get(differ[0], "not named") for said in (names, found))
            what = f"class {differ[0]} is {here} here, but {there} in {other}"
            to_do = "Remove the list that is wrong, or give the folder of one data set."
            raise P2PError(first, what, to_do, code="contradicting-lists")
    return first, names


def _read_list(file: Path) -> dict[int, str]:
    if not _is_yaml(file):
        return read_class_list(file)
    names, root = read_names(file), _compose(file)
    if "kpt_shape" in _keys(root):
        to_do = "Give labels of outlines or boxes."
        raise P2PError(file, "is for keypoints (kpt_shape), whose lines are not outlines", to_do, code="keypoints")
    told = next((value.value for key, value in _entries(root) if key.value == "nc"), None)
    if isinstance(told, str) and told.isdecimal() and not (is_digits(told) and int(told) == len(names)):
        what = f"says that nc is {told:.20}, but names {plural(len(names), 'class', 'classes')}"
        raise P2PError(file, what, "Add the names that are missing, or correct nc.", code="class-count")
    return names


def _texts(folder: Path, strange: list[P2PError] | None = None) -> list[Path]:
    """The text files below a folder that may be labels, without hidden ones."""
    return [file for file in find_files(folder, "*.txt", strange=strange) if not _is_other(file)]


def _is_other(file: Path) -> bool:
    """Whether a text file tells something about the data set; a photo called license-plate or train has labels, too."""
    name = file.name.lower()
    if not name.startswith(_OTHER_TEXTS):
        return _is_file(_first_line(file).strip())  # a list of pictures, as autosplit_train.txt and trainval.txt are
    if file.stem.lower() in _OTHER_TEXTS:
        return True
    return not _is_label(file) if file.stat().st_size else name in _OTHER_TEXTS


def _is_blank(file: Path) -> bool:
    return file.stat().st_size < _MOST_BLANK and not read_file(file).strip()


def _is_label(file: Path, *, shares: bool = False) -> bool:
    """Whether a text file begins with a class number and four numbers or more; with `shares`, within 0 and 1."""
    words = _first_line(file).split()
    try:
        # The reader checks the numbers: files with wrong numbers are labels, too.
        values = [float(word) for word in words[1:]]
    except ValueError:
        return False
    return (
        len(values) >= 4
        and _class_number(words[0]) is not None
        and not (shares and any(not 0 <= each <= 1 for each in values))
    )


def _first_line(file: Path) -> str:
    with open_file(file) as text:
        start = text.read(4096)
    return start.decode(find_encoding(start), "ignore").split("\n", 1)[0]


def _picture(
    file: Path, folder: Path, names: dict[int, str], settings: Path, known: str, tally: LineTally
) -> RegionLabels:
    lines = read_text(file).splitlines()
    drawing = RegionCollector()
    for number, line in enumerate(lines, start=1):
        place, words = f"{file}: line {number}", line.split()
        if words:
            drawing.add(partial(_shape, words, place, tally), _label(words[0], names, settings, place), where=place)
    # The photo lies in images/ as its labels do in labels/.
    parts = ["images" if part == "labels" else part for part in file.relative_to(folder).with_suffix("").parts]
    labels = drawing.labels_of("/".join(parts), None, where=str(file), source=file.name, relative=True)
    return replace(labels, former_signature=sha256_file(file) + known)


def _class_number(word: str) -> int | None:
    """A class number, which some programs write as 0.0 or 0.000000; None for anything else."""
    whole, _, zeros = word.partition(".")
    return int(whole) if is_digits(whole) and not zeros.strip("0") else None


def _label(word: str, names: dict[int, str], settings: Path, where: str) -> str | None:
    """The name of a class by its number; None for what is not a number, since then the line is not a label at all."""
    number = _class_number(word)
    if number is None:
        return None
    if number not in names:
        what = f"class {number} is not in {settings}, which names {plural(len(names), 'class', 'classes')}"
        raise P2PError(where, what, "Add it there.", code="unknown-class")
    return names[number]


def _shape(words: list[str], where: str, tally: LineTally) -> Polygon:
    try:
        values = np.array(words[1:], dtype=np.float64)
    except ValueError:
        values = np.zeros(0)
    if _class_number(words[0]) is None or not values.size:
        what = "is not a class number followed by numbers"
        to_do = "Export the labels again, or move the file elsewhere if it has none."
        raise P2PError(where, what, to_do, code="bad-number")
    tally.add(values)
    if len(values) > 4 and len(values) % 2:
        what = f"has {len(values)} numbers after the class, and so no pairs"
        to_do = (
            "If the last one is a confidence, save the labels without it (save_conf=False); if it is the angle of a "
            "box, save its four corners; else export them again."
        )
        raise P2PError(where, what, to_do, code="bad-outline")
    if len(values) < 4 or not ((values > -_BEYOND) & (values < 1 + _BEYOND)).all():
        what = "is neither a box nor an outline of three or more pairs of numbers from 0 to 1"
        to_do = _DIVIDE if len(values) >= 4 and values.max() > _MOST_SHARE else EXPORT_AGAIN
        raise P2PError(where, what, to_do, code="bad-outline")
    is_box = len(values) == 4
    return Polygon(_box(values, where) if is_box else values.reshape(-1, 2), is_box=is_box)


def _box(values: NDArray[np.float64], where: str) -> Points:
    """The corners of a detection, which is its centre, width and height."""
    x, y, width, height = values
    return box_at(x - width / 2, y - height / 2, width, height, where).outer

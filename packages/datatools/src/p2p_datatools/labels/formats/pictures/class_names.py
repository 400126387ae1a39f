"""Reads the lists of class names that labelling tools and data sets put beside pictures of class numbers or colours.

Nothing here may open a picture or know a palette; a list that contradicts itself or its neighbour is an error.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import is_picture_name
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.mask_folder import MASK_LINES
from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, PALETTE_FILE, Color, hex_of, palette_of, plain
from p2p_datatools.labels.formats.yolo import read_names
from p2p_datatools.labels.parsing.class_lists import LARGEST, read_list_text
from p2p_datatools.labels.parsing.class_rows import ClassRow, parse_rows, read_color, read_color_cells
from p2p_datatools.labels.values import ClassNames

LABEL_MAP = "labelmap.txt"  # CVAT's, of lines NAME:R,G,B:parts:actions
# Hasty: png_index, class_name, color; Hugging Face: {"0": name}, and {name: 0}
_JSON_LISTS = ("label_classes.json", "id2label.json", "label2id.json", "classes.json", "class_names.json")
# Supervisely: {name: [1, 1, 1]}; Audi's A2D2: {"#ff0000": name}; X-AnyLabeling: {"type": .., "colors": {name: 64}}
_MORE_JSON_LISTS = (
    "obj_class_to_machine_color.json",
    "class_list.json",
    "mask_color_map.json",
    "mask_grayscale_map.json",
)
# Mapillary Vistas has its list in these (1.1, and 2.0 of two kinds), beside these keys; others have something else.
_CONFIGS = ("config.json", "config_v1.2.json", "config_v2.0.json")
_OF_VISTAS = ("version", "mapping", "folder_structure")
# Of what a set has at its root, this many folders above its labels: training/v1.2/labels of Mapillary Vistas, and
# dataset/semantic_drone_dataset/label_images_semantic. No other set has files of these names.
_FAR, _FAR_LIST = 3, "class_dict_seg.csv"
_DATASET = "dataset.json"  # so has nnU-Net's, beside some of these keys: {name: 1}, and {"1": name} before version 2
_OF_NNUNET = ("channel_names", "modality", "numTraining", "file_ending", "tensorImageSize")
_COMMON = ("class_mapping.csv", "label_colors.csv", "colors.txt", "class_list.json")  # names of other files, too
_YAML_LISTS = ("data.yaml", "classes.yaml")
# Lists under any other name: more files than a few tell something of single pictures.
_LIST_SUFFIXES, _MOST_OTHERS = (".json", ".csv", ".txt", ".tsv", ".yaml", ".yml"), 20
_LIST_WORDS = re.compile(
    r"colou?r|palette|legend|class|category|categories|label|ontology|mapping|^names$|synset|catid|^index$",
    re.IGNORECASE,
)
_MOST_WORDS = 4  # of the name of a class in a list under another name; a sentence has more
# Six hexadecimal digits, which are not the number of a class, or three numbers.
_ONLY_COLOR = re.compile(
    r"(?!\d{6}$)(?:#|0x)?[0-9a-f]{6}|(?:rgb)?[\[({<]?\s?\d{1,3}(?:[\s,;]{1,3}\d{1,3}){2}\s?[\])}>]?", re.IGNORECASE
)
_ADE_LISTS = ("object_info150.txt", "objectInfo150.txt")  # the names are synonyms, the commonest first
_LISTS = (
    "_classes.csv",  # Roboflow: Pixel Value, Class
    "class_dict.csv",  # name,r,g,b
    "class_dict_seg.csv",
    "class_mapping.csv",  # V7: class_name,class_color
    "label_colors.csv",
    "label_names.txt",
    "class_names.txt",
    LABEL_MAP,
    "labels.txt",
    "classes.txt",
    "classes.csv",
    "codes.txt",  # fast.ai
    "label_colors.txt",
    "colors.txt",  # Virtual KITTI
    "RUGD_annotation-colormap.txt",
    "obj.names",
    *_ADE_LISTS,
    *_JSON_LISTS,
    *_MORE_JSON_LISTS,
    *_YAML_LISTS,
)

NO_CLASS = "__ignore__"  # LabelMe's first line of a list; its number is -1, which is 255 in a picture of 8 bits


_BACKGROUND = frozenset({"background", "bg", "void", "unlabeled", "unlabelled", "unlabeled_area", "other", "none"})


_To = TypeVar("_To", int, Color)
_ListsByFolder = dict[Path, list[ClassNames]]  # lists under other names, by the folder in which they lie


def find_names(folder: Path, root: Path, seen: _ListsByFolder | None = None) -> ClassNames | None:
    """What the lists in `folder`, in the folders above it up to `root`, and beside `root` say; None if nothing.

    Of many folders below one `root`, `seen` remembers the lists under other names in each folder above them.

    Where there is none, those beside the folder that `root` lies in are read: there are sets with train/masks/ below
    their list; and those of two sets farther up. Raises P2PError when one cannot be read, or two call a number or
    colour differently; what lies so far up, has a name that other files have as well, is a data.yaml without names, or
    has another name and contradicts the others, need not be a list of these pictures, and is passed over then.
    """
    if of_version := _find_far(folder.resolve(), [f"config_{part}.json" for part in folder.resolve().parts[-_FAR:]]):
        return of_version
    last, seen = root.resolve().parent, {} if seen is None else seen
    places = [folder.resolve(), *folder.resolve().parents]
    places = places[: places.index(last) + 1] if last in places else places[:1]
    if lists := _lists_in(places, seen):
        return _unite(lists)
    above = last.parent
    with suppress(P2PError):
        if lists := _lists_in([above], seen, are_far=True):
            return _unite([replace(each, source=f"{above.name}/{each.source}") for each in lists])
        return _find_far(folder.resolve(), [_FAR_LIST])
    return None


def _find_far(folder: Path, names: Iterable[str]) -> ClassNames | None:
    """The first list of one of these names in the folders above one, as far up as a set has it at its root."""
    paths = (place / name for place in folder.parents[: _FAR + 1] for name in names)
    found = next((path for path in paths if path.is_file() and (path.name == _FAR_LIST or _is_vistas(path))), None)
    return replace(read_class_names(found), source=f"{found.parent.name}/{found.name}") if found else None


def _lists_in(places: list[Path], seen: _ListsByFolder, *, are_far: bool = False) -> list[ClassNames]:
    paths = [place / name for place in places for name in _LISTS if (place / name).is_file()]
    lists = [found for path in paths if (found := _read_list(path, may_be_other=are_far or path.name in _COMMON))]
    lists += [read_class_names(place / name) for place in places for name in _CONFIGS if _is_vistas(place / name)]
    lists += [read_class_names(place / _DATASET) for place in places if _is_nnunet(place / _DATASET)]
    lists += [own for place in places if (own := _own_palette(place))]
    for place in places:
        if place not in seen:
            seen[place] = list(_other_lists(place))
    guesses = [each for place in places for each in seen[place]]
    return [*lists, *_pick_agreeing([each for each in guesses if not _is_of_pictures(each, places[0])], lists)]


def _is_of_pictures(guess: ClassNames, folder: Path) -> bool:
    """Whether most names of a list are those of pictures in a folder, as where it says what each of them shows."""
    stems = {path.stem for path in folder.glob("*") if is_picture_name(path.name)}
    pictures = stems | {stem.rpartition("_")[0] for stem in stems}
    names = guess.numbers.values()
    return 2 * sum(name in pictures for name in names) > len(names)


def unite_lists(lists: list[ClassNames]) -> ClassNames | None:
    """What several lists say together; None where they contradict each other."""
    with suppress(P2PError):
        return _unite(lists)
    return None


def _pick_agreeing(guesses: list[ClassNames], lists: list[ClassNames]) -> list[ClassNames]:
    """Those that contradict no list; none where they contradict each other, since nothing tells which is meant."""
    agree = [each for each in guesses if unite_lists([*lists, each])]
    return agree if unite_lists([*lists, *agree]) else []


def _other_lists(place: Path) -> Iterator[ClassNames]:
    """Lists under other names, known by their content: a number or a colour for each name, and nothing else."""
    with suppress(OSError):  # a folder above may be closed to us
        files = sorted(each for each in place.iterdir() if _may_be_list(each))
        yield from filter(None, map(_read_other, files if len(files) <= _MOST_OTHERS else ()))


def _read_other(path: Path) -> ClassNames | None:
    with suppress(P2PError):
        rows = list(_rows(path)) if path.stat().st_size <= LARGEST else []
        # A table of pictures may have numbers beside the name of each.
        if len(rows) < 2 or any(is_picture_name(row.name) for row in rows):
            return None
        if _are_classes(rows):
            return replace(_names_of(rows, path), is_guess=True)
        if all(row.color for row in rows):
            return _colors_of(rows, path)
    return None


def _are_classes(rows: list[ClassRow]) -> bool:
    """Whether rows number classes from 0 or 1 on, or list names from the background on: counts and splits do not."""
    names = {plain(row.name) for row in rows}
    if len(names) < len(rows) or any(len(row.name.split()) > _MOST_WORDS or is_digits(row.name) for row in rows):
        return False
    if all(row.number is None and row.color is None for row in rows):
        return bool(_number_rows(rows))
    numbers = {row.number for row in rows}
    first = 0 if 0 in numbers else 1
    return numbers - {IGNORE} == set(range(first, first + len(numbers - {IGNORE})))


def _colors_of(rows: list[ClassRow], path: Path) -> ClassNames:
    colors = _by(((row.where, row.color, row.name) for row in rows), path, "colour")
    are_grey = all(len(set(color)) == 1 for color in colors)
    return ClassNames(path.name, {color[0]: name for color, name in colors.items()} if are_grey else {}, colors)


def _may_be_list(path: Path) -> bool:
    if path.suffix.lower() not in _LIST_SUFFIXES or path.name in {*_LISTS, *_CONFIGS} or path.name.startswith("."):
        return False
    return _LIST_WORDS.search(path.stem) is not None and path.is_file()


def _read_list(path: Path, *, may_be_other: bool) -> ClassNames | None:
    try:
        return read_class_names(path)
    except P2PError as error:
        # A data.yaml without names says where pictures lie.
        if may_be_other or (path.name in _YAML_LISTS and error.code == "no-class-names"):
            return None
        raise


def is_class_list(path: Path) -> bool:
    """Whether a file is called as a list of classes is, or under another name for one is a list by its content."""
    return path.name in _LISTS or (_may_be_list(path) and _read_other(path) is not None)


def read_class_names(path: Path) -> ClassNames:
    """The numbers and colours that a list names.

    A list without numbers counts its lines from the background; one that does not begin with it names no numbers, for
    its first line may be class 0 or class 1, and its names are `uncounted`. Raises P2PError when it is damaged, or
    gives one number or colour twice.
    """
    rows = list(_rows(path))
    if not rows:
        what = "lists no classes"
        raise P2PError(path, what, f"Write a line {_line_of(path)} for each class.", code="no-class-names")
    return _names_of(rows, path)


def _names_of(rows: list[ClassRow], path: Path) -> ClassNames:
    colors = _by(((row.where, row.color, row.name) for row in rows if row.color), path, "colour")
    numbered = [row for row in rows if row.number is not None]
    if numbered and len(numbered) < len(rows):
        row = next(row for row in rows if row.number is None)
        what = f"gives {row.name!r:.60} no number, but others have one"
        raise P2PError(row.where, what, "Write the number before each name.", code="bad-class-names")
    if numbered:
        return ClassNames(path.name, _by(((row.where, row.number, row.name) for row in rows), path, "number"), colors)
    if all(row.color and len(set(row.color)) == 1 for row in rows):  # grey, so that the pictures hold class numbers
        return ClassNames(path.name, _grey_numbers(rows, colors), colors)
    # Of a list of colours, a class with two of them does not make the lines miscounted, for no number is a line.
    is_repeated = all(row.color for row in rows) and len({row.name for row in rows}) < len(rows)
    numbers = {} if is_repeated else _number_rows(rows)
    uncounted = () if numbers or is_repeated else tuple(row.name for row in rows)
    return ClassNames(path.name, numbers, colors, uncounted)


def _grey_numbers(rows: list[ClassRow], colors: Mapping[Color, str]) -> dict[int, str]:
    """The greys as numbers, and the lines' own where no grey is one of another class: 0 and 1 for black and white."""
    greys, several = {color[0]: name for color, name in colors.items()}, {row.name for row in rows}
    counted = _number_rows(rows) if len(several) == len(rows) else {}
    agree = all(greys.get(number, name) == name for number, name in counted.items())
    return {**counted, **greys} if agree else greys


def _is_vistas(path: Path) -> bool:
    """Whether a file is the configuration of Mapillary Vistas, whose labels stand in the order of their numbers."""
    labels = _labels_beside(path, _OF_VISTAS)
    entries = labels if isinstance(labels, list) else []
    return bool(entries) and all(isinstance(e, dict) and {"readable", "color"} <= e.keys() for e in entries)


def _is_nnunet(path: Path) -> bool:
    """Whether a file is nnU-Net's, of labels of one number each: regions of several are not classes."""
    labels = _labels_beside(path, _OF_NNUNET)
    if not isinstance(labels, dict):
        return False
    are_names = all(map(is_digits, labels)) and all(isinstance(each, str) for each in labels.values())
    return bool(labels) and (are_names or all(type(each) is int for each in labels.values()))


def _labels_beside(path: Path, keys: Collection[str]) -> Any:
    """What the `labels` of a JSON file are that has one of the keys, too; None for any other file."""
    with suppress(P2PError):  # it need not be a list, and so need not be read
        value = read_json(path) if path.is_file() and path.stat().st_size <= LARGEST else None
        return value.get("labels") if isinstance(value, dict) and not value.keys().isdisjoint(keys) else None
    return None


def _own_palette(folder: Path) -> ClassNames | None:
    """What the palette of a mask folder that p2p wrote calls its colours: they may be other classes' elsewhere."""
    palette = palette_of(folder) if (folder / MASK_LINES).is_file() else None
    if palette is None:
        return None
    return ClassNames(PALETTE_FILE, {}, {IGNORE_COLOR: NO_CLASS} | {each.color: each.name for each in palette.classes})


def _number_rows(rows: list[ClassRow]) -> dict[int, str]:
    """The lines' numbers, where the first is the background or what is in no class."""
    names = [row.name for row in rows]
    first = 1 if names[0] == NO_CLASS else 0
    if len(names) > first and plain(names[first]).strip("_") not in _BACKGROUND:
        return {}
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            what = f"{row.name!r:.60} stands twice, so the lines after it may be counted wrongly"
            raise P2PError(row.where, what, "Write the number before each name.", code="duplicate-class")
        seen.add(row.name)
    return dict(enumerate(names[first:])) | ({IGNORE: NO_CLASS} if first else {})


def _by(entries: Iterable[tuple[str, Any, str]], path: Path, what: str) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for where, key, name in entries:
        if key in found:
            shown = hex_of(key) if isinstance(key, tuple) else key
            both = f"{found[key]} and {name} have the same {what} {shown}"
            code = "duplicate-class" if isinstance(key, tuple) else "duplicate-id"
            to_do = f"Give each a {what} of its own."
            raise P2PError(path if isinstance(key, tuple) else where, both, to_do, code=code)
        found[key] = name
    return found


def _unite(lists: list[ClassNames]) -> ClassNames:
    numbers: dict[int, str] = {}
    colors: dict[Color, str] = {}
    for each in lists:
        _add(numbers, each.numbers, each, lists)
        _add(colors, each.colors, each, lists)
    uncounted = () if numbers else next((each.uncounted for each in lists if each.uncounted), ())
    is_guess = bool(numbers) and all(each.is_guess for each in lists if each.numbers)
    return ClassNames(" and ".join(dict.fromkeys(each.source for each in lists)), numbers, colors, uncounted, is_guess)


def _add(words: dict[_To, str], more: Mapping[_To, str], own: ClassNames, lists: list[ClassNames]) -> None:
    for key, name in more.items():
        if key in words and plain(words[key]).strip("_") != plain(name).strip("_"):
            shown = hex_of(key) if isinstance(key, tuple) else key
            what = f"contradict each other: {shown} is {words[key]} in one and {name} in {own.source}"
            to_do = "Leave only the list that belongs to these pictures beside them."
            raise P2PError(" and ".join(each.source for each in lists), what, to_do, code="contradicting-lists")
        words.setdefault(key, name)


def _rows(path: Path) -> Iterator[ClassRow]:
    if path.suffix.lower() == ".json":
        yield from _json_rows(path)
    elif path.suffix.lower() in (".yaml", ".yml"):
        yield from (ClassRow(str(path), name) for _, name in sorted(read_names(path).items()))
    else:
        yield from _text_rows(path)


def _json_rows(path: Path) -> Iterator[ClassRow]:
    entries = _json_entries(read_json(path))
    if path.name in _COMMON and not _count_up(entries):
        return
    for count, each in enumerate(entries, start=1):
        where = f"{path}: entry {count}"
        if isinstance(each, str):
            yield ClassRow(where, each)
            continue
        try:
            name = next(str(each[key]) for key in ("readable", "class_name", "name", "label", "title") if key in each)
            number = next((int(each[key]) for key in ("png_index", "index", "id") if key in each), None)
            yield ClassRow(where, name, number, _json_color(each["color"]) if each.get("color") else None)
        except (StopIteration, RuntimeError, TypeError, ValueError, ArithmeticError, AttributeError, KeyError) as error:
            what = "is not a class with its name, number and colour"
            raise P2PError(where, what, "Export the list again.", code="bad-class-names") from error


def _json_color(value: Any) -> Color:
    return read_color(value) if isinstance(value, str) else read_color_cells([str(part) for part in value])


def _is_color(word: Any) -> bool:
    """Whether a text is a colour and nothing else, but no number that may be a grey or a class."""
    try:
        return isinstance(word, str) and _ONLY_COLOR.fullmatch(word) is not None and bool(read_color(word))
    except ValueError:
        return False


def _json_entries(value: Any) -> list[Any]:
    """The classes of a list in JSON, of names by their number, or of numbers by their name."""
    if not isinstance(value, dict):
        return value if isinstance(value, list) else []
    if isinstance(labels := value.get("labels"), list) and "classes" not in value:
        return [{"index": place, **each} if isinstance(each, dict) else each for place, each in enumerate(labels)]
    keys = ("classes", "id2label", "label2id", "labels", *(["colors"] if "type" in value else []))
    inside = next((value[key] for key in keys if key in value), value)
    if isinstance(inside, dict):
        return _table_entries(inside)
    return inside if isinstance(inside, list) else []


def _table_entries(table: dict[str, Any]) -> list[Any]:
    """The classes of a table whose keys are colours or numbers of classes, or names of colours, numbers."""
    keys, values = table.keys(), table.values()
    if all(map(_is_color, keys)):
        return [{"color": key, "name": each} for key, each in table.items()]
    if all(map(_is_color, values)) or all(isinstance(each, list) and len(each) == 3 for each in values):
        return [{"name": key, "color": each} for key, each in table.items()]
    if all(map(is_digits, keys)):
        told = {key: {"name": each} if isinstance(each, str) else each for key, each in table.items()}
        return [{"index": key, **each} if isinstance(each, dict) else each for key, each in told.items()]
    if all(isinstance(each, int) and not isinstance(each, bool) for each in values):
        return [{"name": key, "index": each} for key, each in table.items()]
    return []


def _count_up(entries: list[Any]) -> bool:
    """Whether the numbers of classes, if any, are those from 0 or 1 on: tables of anything have texts and numbers."""
    numbers = sorted(each["index"] for each in entries if isinstance(each, dict) and isinstance(each.get("index"), int))
    return numbers in ([], list(range(len(numbers))), list(range(1, len(numbers) + 1)))


def _text_rows(path: Path) -> Iterator[ClassRow]:
    text = read_list_text(path)
    if path.name == LABEL_MAP:
        yield from _label_map_rows(path, text)
        return
    for row in _settle_last_numbers(list(parse_rows(path, text, _line_of(path)))):
        yield row._replace(name=row.name.split(",")[0].strip()) if path.name in _ADE_LISTS else row


def _settle_last_numbers(rows: list[ClassRow]) -> list[ClassRow]:
    """The rows where numbers after the names are their numbers, their layers, or belong to names such as `lane 1`."""
    have_layers = all(row.number is not None and row.last is not None for row in rows)
    counts = {row.last for row in rows} == set(range(len(rows))) and len({row.name for row in rows}) == len(rows) > 1
    if have_layers:
        return rows
    if counts and all(row.number is None for row in rows):
        return [row._replace(number=row.last) for row in rows]
    return [row if row.last is None else row._replace(name=f"{row.name} {row.last}") for row in rows]


def _line_of(path: Path) -> str:
    """What a line of a list looks like."""
    if path.suffix == ".json":
        return '"NUMBER": "NAME"'
    return "NAME:R,G,B:parts:actions" if path.name == LABEL_MAP else "NUMBER NAME"


def _label_map_rows(path: Path, text: str) -> Iterator[ClassRow]:
    for count, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, color, *_ = line.split(":")
            yield ClassRow(f"{path}: line {count}", name.strip(), color=read_color_cells(color.split(",")))
        except ValueError as error:
            what = f"line {count} is not {_line_of(path)}"
            raise P2PError(path, what, "Correct that line.", code="bad-class-names") from error

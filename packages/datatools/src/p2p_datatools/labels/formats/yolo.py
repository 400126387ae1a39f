"""Reads YOLO's text files: outlines and boxes in shares of the picture, of classes that a data.yaml beside them names.

Nothing here may open a photo or know a palette; a class that has no name is an error.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionLabels, uses_of

LARGEST = 1 << 20  # bytes of a data.yaml; the names of twenty thousand classes take less


def read_names(path: Path) -> dict[int, str]:
    """The names by class number, each as it is written; raises P2PError when there is none or one stands twice.

    Other keys of the file are passed over.
    """
    root = _compose(path)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    value = next((value for key, value in entries if key.value == "names"), None)
    if value is None:
        raise P2PError(path, "has no line 'names:'", "Add one, such as 'names: [car, wheel]'.", code="no-class-names")
    names: dict[int, str] = {}
    known: set[str] = set()
    for where, number, name in _number_names(value, path):
        if number in names:
            raise P2PError(
                where, f"class {number} stands twice", "Give each class a number of its own.", code="duplicate-id"
            )
        if name in known:
            raise P2PError(
                where, f"{name!r:.60} stands twice", "Give each class a name of its own.", code="duplicate-class"
            )
        names[number] = name
        known.add(name)
    if not names:
        raise P2PError(
            _at(value, path),
            "its names cannot be read",
            "Write them in one line, names: [car, wheel], or one below the other, each as '- car' or '0: car'.",
            code="bad-class-names",
        )
    return names


def _compose(path: Path) -> yaml.Node | None:
    """The first document of a YAML file as its tree, in which `no` is a word, and what has many names stands once."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise P2PError(
                path,
                f"has {size} bytes, and one that names classes has at most {LARGEST}",
                "Give labels whose data.yaml only describes them.",
                code="file-too-large",
            )
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise P2PError(path, f"cannot be read as text: {error}", "Save it as UTF-8.", code="not-text") from error
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


def _number_names(node: yaml.Node, path: Path) -> Iterator[tuple[str, int, str]]:
    """(where, class number, name) of each entry of a list or a mapping; of anything else there are none."""
    if isinstance(node, yaml.SequenceNode):
        entries = list(enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        entries = [(_number(key, path), value) for key, value in node.value]
    else:
        entries = []
    for number, value in entries:
        where = _at(value, path)
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            raise P2PError(
                where,
                "is not the name of a class",
                "Write one word or more, in quotes where they have a colon.",
                code="bad-class-names",
            )
        yield where, number, value.value


def _number(key: yaml.Node, path: Path) -> int:
    digits = key.value if isinstance(key, yaml.ScalarNode) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise P2PError(
            _at(key, path), "has a key that is not a class number", "Write '0: car'.", code="bad-class-names"
        )
    return int(digits)


def _at(node: yaml.Node, path: Path) -> str:
    return f"{path}: line {node.start_mark.line + 1}"


_OTHER_TEXTS = ("readme", "classes", "license", "train.txt", "val.txt", "test.txt")


_SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")


_BEYOND = 0.05  # tools round, and let a box stick out a little; more is another picture's label


def is_yolo(path: Path) -> bool:
    """Whether a folder has a data.yaml, and text files whose first line is a class number and four numbers or more."""
    if not path.is_dir() or _settings(path) is None:
        return False
    return any(_is_label(file) for file in _texts(path))


def read_yolo(folder: Path) -> LabelSet:
    """The labels below `folder`; their points are relative, so that their sizes have to come from the photos."""
    settings = _settings(folder)
    if settings is None:
        raise P2PError(
            folder,
            "has no data.yaml in it or up to two folders above",
            "Add a data.yaml that names the classes.",
            code="missing-file",
        )
    names = read_names(settings)
    items, skipped = [], list[Skip]()
    for file in _texts(folder):
        try:
            items.append(_picture(file, folder, names, settings))
        except P2PError as error:
            skipped.append(skip_of(error, str(file)))
    if not items and not skipped:
        raise P2PError(
            folder, "has no label files (.txt)", "Give the folder labels/ of the data set.", code="no-labels"
        )
    return LabelSet("yolo", tuple(items), uses_of(items), tuple(skipped))


def _settings(folder: Path) -> Path | None:
    places = [folder, *folder.resolve().parents[:2]]
    return next((file for place in places for name in _SETTINGS if (file := place / name).is_file()), None)


def _texts(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*.txt")) if not file.name.lower().startswith(_OTHER_TEXTS)]


def _is_label(file: Path) -> bool:
    with file.open("rb") as text:
        words = text.readline(4096).split()
    try:
        # Which numbers they are is for the reader to say: labels with one wrong in all files are labels still.
        return len(words) >= 5 and words[0].isdigit() and len([float(word) for word in words[1:]]) >= 4
    except ValueError:
        return False


def _picture(file: Path, folder: Path, names: dict[int, str], settings: Path) -> RegionLabels:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise P2PError(
            file, f"cannot be read as text: {error}", "Fetch or export it again.", code="not-text"
        ) from error
    regions = tuple(
        _region(line.split(), f"{file}: line {number}", names, settings)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    # The photo lies in images/ as its labels do in labels/.
    parts = ["images" if part == "labels" else part for part in file.relative_to(folder).with_suffix("").parts]
    signature = sha256_file(file) + sha256_file(settings)
    return RegionLabels("/".join(parts), None, regions, str(file), file.name, signature, relative=True)


def _region(words: list[str], where: str, names: dict[int, str], settings: Path) -> Region:
    try:
        number, values = int(words[0]), np.array(words[1:], dtype=np.float64)
    except ValueError as error:
        raise P2PError(
            where, "is not a class number followed by numbers", "Export the labels again.", code="bad-number"
        ) from error
    if number not in names:
        raise P2PError(
            where,
            f"class {number} is not in {settings}, which names {len(names)}",
            "Add it there.",
            code="unknown-class",
        )
    if len(values) < 4 or len(values) % 2 or not ((values > -_BEYOND) & (values < 1 + _BEYOND)).all():
        raise P2PError(
            where,
            "is neither a box nor an outline of three or more pairs of numbers from 0 to 1",
            "Export the labels again.",
            code="bad-outline",
        )
    points = _box(values) if len(values) == 4 else values.reshape(-1, 2)
    return Region(names[number], (Polygon(points),))


def _box(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The corners of a detection, which is its centre, width and height."""
    x, y, width, height = values
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)
    return np.array([x, y]) + corners * (width / 2, height / 2)

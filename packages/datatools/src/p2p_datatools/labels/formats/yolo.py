"""Reads the class names out of YOLO's data.yaml: a list or a mapping under `names:`, in one line or several.

Nothing here may claim to read YAML; whatever else the file holds is passed over, and other forms are refused.
"""

import re
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.labels.values import LabelSet, Polygon, Region, RegionLabels, uses_of

_ITEM = re.compile(r"\s*-\s+(?P<name>.+)")


_ENTRY = re.compile(r"\s+['\"]?(?P<number>\d+)['\"]?\s*:\s+(?P<name>.+)")


def read_names(path: Path) -> dict[int, str]:
    """The names by class number; raises P2PError when `names:` is missing or in a form that is not read."""
    try:
        lines = [_without_comment(line) for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise P2PError(path, f"cannot be read as text: {error}", "Save it as UTF-8.", code="not-text") from error
    lines = [line for line in lines if line.strip()]
    start = next((place for place, line in enumerate(lines) if re.match(r"names\s*:", line)), None)
    if start is None:
        raise P2PError(path, "has no line 'names:'", "Add one, such as 'names: [car, wheel]'.", code="no-class-names")
    here = lines[start].partition(":")[2].strip()
    names = _inline(here, lines[start + 1 :]) if here else _block(lines[start + 1 :])
    if not names or len(set(names.values())) < len(names):
        raise P2PError(
            path,
            "its names cannot be read, or one stands twice",
            "Write them in one line, names: [car, wheel], or one below the other, each as '- car' or '0: car'.",
            code="bad-class-names",
        )
    return names


def _inline(first: str, rest: list[str]) -> dict[int, str]:
    """[a, b] or {0: a, 1: b}, which may go on over lines."""
    text = first
    closing = {"[": "]", "{": "}"}.get(first[0], "")
    while closing and not text.endswith(closing) and rest:
        text += " " + rest.pop(0).strip()
    if not closing or not text.endswith(closing):
        return {}
    parts = [part.strip() for part in _split(text[1:-1]) if part.strip()]
    if closing == "]":
        return {number: _plain(part) for number, part in enumerate(parts)}
    pairs = [part.partition(":") for part in parts]
    return {int(_plain(key)): _plain(name) for key, _, name in pairs if _plain(key).isdigit()}


def _block(lines: list[str]) -> dict[int, str]:
    """Lines '- a', or lines '0: a' that are indented, up to the first that is neither."""
    names: dict[int, str] = {}
    for line in lines:
        item, entry = _ITEM.fullmatch(line), _ENTRY.fullmatch(line)
        if item:
            names[len(names)] = _plain(item["name"])
        elif entry:
            names[int(entry["number"])] = _plain(entry["name"])
        else:
            break
    return names


def _split(text: str) -> list[str]:
    """Parts between commas that are not quoted."""
    return re.findall(r"""(?:'[^']*'|"[^"]*"|[^,'"])+""", text)


def _without_comment(line: str) -> str:
    return re.sub(r"""^((?:'[^']*'|"[^"]*"|[^'"#])*?)(?:(?:^|\s)#.*)$""", r"\1", line).rstrip()


def _plain(word: str) -> str:
    word = word.strip()
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word


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

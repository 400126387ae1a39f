"""Reads what simulators render: a label picture for each frame, whose own JSON says what its colours or numbers are.

Nothing here may take a colour of one frame for the same colour of another: Omniverse Replicator chooses them anew.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, skip_of
from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.files.listing import SUFFIXES, find_files
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import BACKGROUND, Color
from p2p_datatools.labels.parsing.class_rows import read_color_cells
from p2p_datatools.labels.parsing.regions import items_of, of_any_kind, read_label, read_picture_name
from p2p_datatools.labels.values import ClassNames, ColorLabels, IndexLabels, LabelSet

_KIND = "semantic_segmentation"
_REPLICATOR = re.compile(rf"(.*){_KIND}_labels(_?\d*)\.json", re.IGNORECASE)
_SOLO = re.compile(r".+\.frame_data\.json", re.IGNORECASE)
_SOURCE = "its frame's list"  # one for all, which are as many as the pictures
_PHOTO = "rgb"  # what Replicator calls the photo of a frame
_ALPHA = 4  # numbers of a colour
_NUMBERS = re.compile(r"[\d\s(),]+")  # the keys of a frame's list: class numbers or colours
_LOOKED_AT = 5  # files, by which a folder is judged
_EXPORT_AGAIN = "Render the labels again."

_Item = ColorLabels | IndexLabels
_Frame = tuple[Path, Path, Mapping[int, str], Mapping[Color, str]]  # label picture, photo, numbers, colours


def is_rendered(path: Path) -> bool:
    """Whether a folder has a JSON file that says what the colours or numbers of one frame are, and is no other's."""
    return path.is_dir() and any(map(_is_of_frame, _files(path, [])[:_LOOKED_AT]))


def _is_of_frame(file: Path) -> bool:
    """Whether a file says what frames have, as another program's of the same name need not; damaged ones may."""
    try:
        value = read_json(file)
    except P2PError:
        return True
    if not isinstance(value, dict):
        return False
    return "captures" in value if _SOLO.fullmatch(file.name) else all(_NUMBERS.fullmatch(key) for key in value)


def read_rendered(folder: Path) -> LabelSet:
    """The label picture of each frame below `folder`; raises P2PError when there is none."""
    strange: list[P2PError] = []
    files = _files(folder, strange)
    if not files:
        what = f"has no {_KIND}_labels_*.json and no *.frame_data.json"
        raise P2PError(folder, what, "Give the folder that Replicator or Unity wrote.", code="no-labels")
    items, skipped, photos = list[_Item](), [skip_of(error, str(folder)) for error in strange], set[Path]()
    lists: dict[str, ClassNames] = {}
    for file in files:
        try:
            for frame in of_any_kind(partial(_frames, file), str(file)):
                items.append(_item(frame, folder, lists))
                photos.add(frame[1])
        except P2PError as error:
            skipped.append(skip_of(error, str(file)))
    return LabelSet("rendered", tuple(items), skipped=tuple(skipped), beside=_others(folder, items, photos))


def _files(folder: Path, strange: list[P2PError]) -> list[Path]:
    found = find_files(folder, "*.json", strange=strange)
    return [file for file in found if _REPLICATOR.fullmatch(file.name) or _SOLO.fullmatch(file.name)]


def _others(folder: Path, items: Sequence[_Item], photos: set[Path]) -> tuple[Path, ...]:
    """The other pictures of the frames, such as depth and normals: beside labels only their photos are photos."""
    known = {item.path for item in items} | photos
    pictures = (file for file in find_files(folder, "*", strange=[]) if file.suffix.lower() in SUFFIXES)
    return tuple(file for file in pictures if file not in known) if any(map(Path.is_file, photos)) else ()


def _item(frame: _Frame, folder: Path, lists: dict[str, ClassNames]) -> _Item:
    """The labels of a frame; frames with equal lists share one, of which tables are made that take memory."""
    picture, photo, numbers, colors = frame
    if not picture.is_file():
        raise P2PError(picture, "is not there", "Render the frame again, or delete its JSON.", code="missing-picture")
    said = str((sorted(numbers.items()), sorted(colors.items())))
    listed = lists.setdefault(said, ClassNames(_SOURCE, numbers, colors))
    name = photo.relative_to(folder).as_posix() if photo.is_relative_to(folder) else photo.name
    own = photo if photo.is_file() else None
    if colors:
        return ColorLabels(name, picture, listed.colors, listed=listed, own_photo=own)
    return IndexLabels(name, picture, listed.numbers, listed=listed, own_photo=own)


def _frames(file: Path) -> list[_Frame]:
    value = read_json(file)
    match = _REPLICATOR.fullmatch(file.name)
    return [_replicator_frame(file, match, value)] if match else list(_solo_frames(file, value))


def _replicator_frame(file: Path, match: re.Match[str], value: Any) -> _Frame:
    """A frame of Omniverse Replicator: {"(255, 0, 0, 255)": {"class": "car"}}, or numbers in place of the colours."""
    if not isinstance(value, dict) or not value:
        raise P2PError(file, "is not an object that names colours", _EXPORT_AGAIN, code="damaged-labels")
    own, number = match[1], match[2]
    place = file.parent.with_name(_PHOTO) if file.parent.name == _KIND else file.parent
    photos = [place / f"{own}{_PHOTO}{number}{suffix}" for suffix in (".png", ".jpg", ".jpeg")]
    photo = next((each for each in photos if each.is_file()), photos[0])
    numbers: dict[int, str] = {}
    colors: dict[Color, str] = {}
    for key, told in value.items():
        cells, label = re.findall(r"\d+", key), _class_of(told, str(file))
        if is_digits(key):
            numbers[int(key)] = label
        elif len(cells) < _ALPHA or int(cells[-1]):  # what is transparent is background
            colors[_color(cells, file)] = label
    return file.with_name(f"{own}{_KIND}{number}.png"), photo, numbers, _with_black(colors) if colors else {}


def _class_of(told: Any, where: str) -> str:
    """The class of an object, which may have more kinds of names, such as that of its part."""
    words = [told.get("class"), *told.values()] if isinstance(told, dict) else [told]
    return read_label(next((word for word in words if word), None), where)


def _solo_frames(file: Path, value: Any) -> Iterator[_Frame]:
    """The cameras of a frame of Unity's SOLO that have pictures of classes."""
    where = str(file)
    for capture in items_of(value.get("captures"), "captures", where):
        for each in items_of(capture.get("annotations"), "annotations", where):
            if "SemanticSegmentation" not in str(each.get("@type")):
                continue
            names = (read_picture_name(part.get("filename"), where).rpartition("/")[2] for part in (each, capture))
            picture, photo = (file.with_name(name) for name in names)
            colors = {
                _color([str(cell) for cell in entry["pixelValue"]], file): read_label(entry["labelName"], where)
                for entry in items_of(each.get("instances"), "instances", where)
            }
            yield picture, photo, {}, _with_black(colors)


def _color(cells: Sequence[str], file: Path) -> Color:
    try:
        return read_color_cells(list(cells[:3]))
    except ValueError as error:
        what = f"has a colour of the numbers {', '.join(cells):.60}"
        raise P2PError(file, what, _EXPORT_AGAIN, code="damaged-labels") from error


def _with_black(colors: Mapping[Color, str]) -> dict[Color, str]:
    """The same where what nobody labelled is black."""
    return {(0, 0, 0): BACKGROUND, **colors}

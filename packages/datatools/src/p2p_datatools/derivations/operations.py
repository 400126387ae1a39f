"""What can be derived from photos, as a table: each operation a frozen dataclass of its settings that validates itself.

Nothing here may import a picture library or change a picture; the command line reads this room for its help.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from p2p_datatools.contract.errors import UsageError


def _setting(default: Any, doc: str, *, among: tuple[str, ...] = (), within: tuple[float, float] | None = None) -> Any:
    return field(default=default, metadata={"doc": doc, "among": among, "within": within})


@dataclass(frozen=True)
class Operation:
    """Settings of one operation; raises UsageError naming the field when a value cannot work."""

    folders: ClassVar[tuple[str, ...]] = ("",)  # below DEST, one for each picture that comes of a photo
    random: ClassVar[bool] = False  # whether the seed makes a difference

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            value, among, within = getattr(self, each.name), each.metadata["among"], each.metadata["within"]
            if among and value not in among:
                raise UsageError(
                    f"{each.name}={value}",
                    "is not possible",
                    f"Choose from {', '.join(among)}.",
                    code="impossible-setting",
                )
            if within and not within[0] <= value <= within[1]:
                low, high = within
                raise UsageError(
                    f"{each.name}={value}",
                    "is not possible",
                    f"Give a number from {low:g} to {high:g}.",
                    code="impossible-setting",
                )


@dataclass(frozen=True)
class Gray(Operation):
    """Luminance alone, for colourisation: grey to colour."""

    weights: str = _setting("bt601", "how much red, green and blue count", among=("bt601", "bt709"))


@dataclass(frozen=True)
class Lab(Operation):
    """Lightness in DEST/L and colour in DEST/ab, for colourisation: L to ab."""

    folders: ClassVar[tuple[str, ...]] = ("L", "ab")


@dataclass(frozen=True)
class Edges(Operation):
    """Thin dark lines on white where the edges are, for drawing to photo."""

    detail: float = _setting(0.1, "share of pixels that may begin a line", within=(0.001, 0.9))
    smooth: float = _setting(1.5, "smoothing before, sigma in pixels of 512", within=(0, 50))
    shortest: float = _setting(24.0, "lines of fewer pixels of 512 are left out", within=(0, 10_000))
    width: float = _setting(1.0, "width of the lines in pixels", within=(1, 50))


@dataclass(frozen=True)
class Sketch(Operation):
    """A soft pencil drawing, for drawing to photo."""

    radius: float = _setting(6.0, "how far around a pixel counts, in pixels of 512", within=(0.1, 500))
    darkness: float = _setting(1.5, "how hard the pencil is pressed", within=(0.1, 20))


@dataclass(frozen=True)
class Blur(Operation):
    """Out of focus or moved, for deblurring."""

    random: ClassVar[bool] = True
    kind: str = _setting("gaussian", "out of focus or moved", among=("gaussian", "motion"))
    sigma: float = _setting(3.0, "of the Gaussian, in pixels", within=(0.1, 200))
    length: float = _setting(15.0, "of the motion, in pixels", within=(1, 500))
    angle: float = _setting(0.0, "of the motion, in degrees", within=(-360, 360))
    vary: bool = _setting(False, "each picture a quarter to all of it, in a direction of its own")


@dataclass(frozen=True)
class Downscale(Operation):
    """Shrunk and grown again to its size, for super-resolution."""

    factor: float = _setting(4.0, "how many times each side shrinks", within=(1, 1_000))
    grow: str = _setting("bicubic", "how it grows again", among=("nearest", "bilinear", "bicubic"))


@dataclass(frozen=True)
class Holes(Operation):
    """Holes of one colour, for inpainting."""

    random: ClassVar[bool] = True
    kind: str = _setting("rectangles", "the shape of holes", among=("rectangles", "strokes"))
    share: float = _setting(0.2, "of the picture that is gone, at least", within=(0.001, 0.95))
    largest: float = _setting(0.4, "size of the largest hole, as a share of the sides", within=(0.01, 1))
    color: str = _setting("255,0,255", "red, green, blue of the holes")

    def __post_init__(self) -> None:
        super().__post_init__()
        color_of(self.color)


OPERATIONS: dict[str, type[Operation]] = {
    "gray": Gray,
    "lab": Lab,
    "edges": Edges,
    "sketch": Sketch,
    "blur": Blur,
    "downscale": Downscale,
    "holes": Holes,
}
"""What `derive` can do, by name: the class of each operation, whose fields are its settings."""


def color_of(text: str) -> tuple[int, int, int]:
    """Read `255,0,255`; raises UsageError."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() and int(part) <= 255 for part in parts):
        raise UsageError(
            f"color={text}",
            "is not a colour",
            "Write red,green,blue from 0 to 255, such as 255,0,255.",
            code="bad-colour",
        )
    return int(parts[0]), int(parts[1]), int(parts[2])


def operation(name: str, settings: Mapping[str, Any] | None = None) -> Operation:
    """The operation called `name` with its fields replaced, by values or by their text.

    Raises UsageError, with the nearest names, for an operation or a field that there is not, and for a wrong type.
    """
    if name not in OPERATIONS:
        raise UsageError(name, "is not an operation", _hint(name, list(OPERATIONS)), code="unknown-operation")
    kind = OPERATIONS[name]
    fields = {each.name: each for each in dataclasses.fields(kind)}
    values = {}
    for key, value in (settings or {}).items():
        if key not in fields:
            raise UsageError(key, f"is not a setting of {name}", _hint(key, list(fields)), code="unknown-setting")
        values[key] = _value(key, value, fields[key].default)
    return kind(**values)


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Choose from {', '.join(known)}." if known else "Leave it out: there are none."


def _value(key: str, value: Any, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return _switch(value)
        return type(default)(value)
    except (ValueError, TypeError) as error:
        kind = "on or off" if isinstance(default, bool) else "a number"
        raise UsageError(f"{key}={value}", f"is not {kind}", f"Give {kind}.", code="impossible-setting") from error


def _switch(value: Any) -> bool:
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    text = str(value).lower()
    if text not in words:
        raise ValueError(text)
    return words[text]


def described(kind: type[Operation]) -> list[str]:
    """A line for each field: its name, default, what it is, and what it may be."""
    lines = []
    for each in dataclasses.fields(kind):
        default = ("on" if each.default else "off") if isinstance(each.default, bool) else each.default
        among, within = each.metadata["among"], each.metadata["within"]
        may = f" ({', '.join(among)})" if among else ""
        may = f" ({within[0]:g} to {within[1]:g})" if within else may
        lines.append(f"{each.name}={default}  {each.metadata['doc']}{may}")
    return lines

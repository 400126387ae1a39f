"""What can be derived from photos, as a table: each operation a frozen dataclass of its settings that validates itself.

Nothing here may load a picture library when it is imported, for the command line reads this for its help; what takes
more than a few lines of pixels lies in a module beside this one, which knows nothing of settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.settings import check_settings, nearest, read_settings, setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from p2p_datatools.contract.pictures.images import Photo

    Pictures = tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class Operation:
    """One operation with its settings; raises UsageError naming the setting when a value is impossible."""

    folders: ClassVar[tuple[str, ...]] = ("",)  # below DEST, one for each picture that is made of a photo
    random: ClassVar[bool] = False  # whether the seed makes a difference
    any_depth: ClassVar[bool] = False  # whether each photo's own range of values may become black to white before
    makes_a: ClassVar[bool] = True  # whether the pictures are A of pairs whose B are the photos

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def beside(self) -> Path | None:
        """The folder that has a second picture for each photo, which `join` takes; None where `apply` needs none."""
        return None

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """What becomes of a photo, uint8 RGB (height, width, 3): a picture for each of the folders, RGB or grey."""
        raise NotImplementedError

    def join(self, photo: "Photo", other: "Photo") -> "Pictures":
        """What becomes of a photo and its picture in `beside`; raises ValueError where that is of another kind."""
        raise NotImplementedError


@dataclass(frozen=True)
class Gray(Operation):
    """Luminance alone, for colourisation: grey to colour."""

    weights: str = setting(
        "bt601", "How much red, green and blue count: by the standard BT.601 or BT.709.", choices=("bt601", "bt709")
    )

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """Luma (height, width)."""
        from p2p_datatools.derivations import color

        return (color.gray(photo, self.weights),)


@dataclass(frozen=True)
class Lab(Operation):
    """Lightness in DEST/L and colour in DEST/ab, for colourisation: L to ab."""

    folders: ClassVar[tuple[str, ...]] = ("L", "ab")

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """Lightness (height, width), and colour (height, width, 3)."""
        from p2p_datatools.derivations import color

        return color.lab(photo)


@dataclass(frozen=True)
class GeneratedColors(Operation):
    """The photos in the colours that a model of L to ab has generated: the way back from lab."""

    makes_a: ClassVar[bool] = False
    ab: str = setting("ab", "The folder of those colours, under the photos' names; they are scaled to the photos.")

    @property
    def beside(self) -> Path:
        """The folder of the colours."""
        return Path(self.ab)

    def join(self, photo: "Photo", other: "Photo") -> "Pictures":
        """The photo's lightness in the colours of the other picture (height, width, 3)."""
        from p2p_datatools.derivations import color

        return (color.colorize_photo(photo, other),)


@dataclass(frozen=True)
class Edges(Operation):
    """Thin dark lines on white where the edges are, for drawing to photo."""

    any_depth: ClassVar[bool] = True  # a drawing holds no values of the photo
    detail: float = setting(0.1, "The share of pixels that may begin a line.", low=0.001, high=0.9, unit="share")
    smooth: float = setting(
        1.5, "The sigma of the smoothing before, in pixels of a picture of 512.", low=0, high=50, unit="pixels"
    )
    shortest: float = setting(
        24.0, "Lines of fewer pixels, in a picture of 512, are left out.", low=0, high=10_000, unit="pixels"
    )
    width: float = setting(1.0, "The width of the lines in pixels.", low=1, high=50, unit="pixels")

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """Black lines on white (height, width)."""
        from p2p_datatools.derivations import drawing

        return (drawing.edges(photo, detail=self.detail, smooth=self.smooth, shortest=self.shortest, width=self.width),)


@dataclass(frozen=True)
class Sketch(Operation):
    """A soft pencil drawing, for drawing to photo."""

    any_depth: ClassVar[bool] = True  # a drawing holds no values of the photo
    radius: float = setting(
        6.0, "How far around a pixel counts, in pixels of a picture of 512.", low=0.1, high=500, unit="pixels"
    )
    darkness: float = setting(1.5, "How hard the pencil is pressed.", low=0.1, high=20)

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """A drawing (height, width)."""
        from p2p_datatools.derivations import drawing

        return (drawing.sketch(photo, radius=self.radius, darkness=self.darkness),)


@dataclass(frozen=True)
class Blur(Operation):
    """Out of focus or moved, for deblurring."""

    random: ClassVar[bool] = True
    kind: str = setting("gaussian", "Out of focus (gaussian) or moved (motion).", choices=("gaussian", "motion"))
    sigma: float = setting(3.0, "The sigma of the Gaussian, in pixels.", low=0.1, high=200, unit="pixels")
    length: float = setting(15.0, "The length of the motion, in pixels.", low=1, high=500, unit="pixels")
    angle: float = setting(0.0, "The direction of the motion, in degrees.", low=-360, high=360, unit="degrees")
    vary: bool = setting(False, "Blur each picture by a quarter to all of it, in a direction of its own.")

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """The photo, blurred."""
        from p2p_datatools.derivations import damage

        share = random.uniform(0.25, 1.0) if self.vary else 1.0
        if self.kind == "gaussian":
            return (damage.blur_gaussian(photo, self.sigma * share),)
        angle = random.uniform(0, 180) if self.vary else self.angle
        return (damage.blur_motion(photo, self.length * share, angle),)


@dataclass(frozen=True)
class Downscale(Operation):
    """Shrunk and grown again to its size, for super-resolution."""

    factor: float = setting(4.0, "How many times each side shrinks.", low=1, high=1_000, unit="times")
    grow: str = setting("bicubic", "How the picture grows again.", choices=("nearest", "bilinear", "bicubic"))

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """The photo, coarser."""
        from p2p_datatools.derivations import damage

        return (damage.downscale(photo, factor=self.factor, grow=self.grow),)


@dataclass(frozen=True)
class Holes(Operation):
    """Holes of one colour, for inpainting."""

    random: ClassVar[bool] = True
    kind: str = setting("rectangles", "The shape of the holes.", choices=("rectangles", "strokes"))
    share: float = setting(0.2, "The share of the picture that is gone, at least.", low=0.001, high=0.95, unit="share")
    largest: float = setting(
        0.4, "The size of the largest hole, as a share of the sides.", low=0.01, high=1, unit="share"
    )
    color: str = setting("255,0,255", "Red, green and blue of the holes, each 0 to 255.")

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_color(self.color)

    def apply(self, photo: "Photo", random: "np.random.Generator") -> "Pictures":
        """The photo with holes."""
        from p2p_datatools.derivations import damage

        return (
            damage.holes(
                photo, random, kind=self.kind, share=self.share, largest=self.largest, color=parse_color(self.color)
            ),
        )


OPERATIONS: dict[str, type[Operation]] = {
    "gray": Gray,
    "lab": Lab,
    "color": GeneratedColors,
    "edges": Edges,
    "sketch": Sketch,
    "blur": Blur,
    "downscale": Downscale,
    "holes": Holes,
}
"""What `derive` can do, by name: the class of each operation, whose fields are its settings."""


def parse_color(text: str) -> tuple[int, int, int]:
    """Read `255,0,255`; raises UsageError."""
    parts = text.split(",")
    if len(parts) != 3 or not all(is_digits(part.strip()) and int(part) <= 255 for part in parts):
        to_do = "Write red,green,blue from 0 to 255, such as 255,0,255."
        raise UsageError(f"color={text}", "is not a colour", to_do, code="bad-colour")
    return int(parts[0]), int(parts[1]), int(parts[2])


def operation(name: str, settings: Mapping[str, Any] | None = None) -> Operation:
    """The operation called `name` with its settings replaced, by values or by their text.

    Raises UsageError, with the nearest names, for an unknown operation or setting, and for a wrong type.
    """
    if name not in OPERATIONS:
        raise UsageError(name, "is not an operation", nearest(name, OPERATIONS), code="unknown-operation")
    kind = OPERATIONS[name]
    return kind(**read_settings(kind, settings or {}, of=name))

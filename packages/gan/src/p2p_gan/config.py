"""Everything a training run depends on, as one frozen dataclass that validates itself, and the presets as a table.

Nothing here may import torch or look at data; durations are counted in images seen, never in steps or seconds.
"""

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.sizes import FITS, Fit, Size, parse_size

SMALLEST_SIDE = 32
CHOICES: dict[str, tuple[str, ...]] = {
    "fit": FITS,
    "norm": ("batch", "none"),
    "schedule": ("constant", "linear"),
    "precision": ("auto", "float32", "tf32", "bfloat16"),
}


@dataclass(frozen=True)
class Config:
    """A run's settings; the defaults are Isola et al. 2017 (section 3.3 and appendix), trained on facades.

    Raises UsageError naming the field when a value cannot work.
    """

    # The task. A direction is a-to-b or b-to-a, or says the same in the words of the halves (mask-to-photo).
    direction: str = "a-to-b"
    size: Size = Size(256, 256)  # width and height in pixels that the networks see, each a multiple of 32
    fit: Fit = "stretch"  # how a picture of another shape comes to that size
    jitter: float = 286 / 256  # resize to this many times the size, then crop at random; 1 switches it off
    mirror: bool = True  # flip half of the pairs left to right, both halves alike
    # How long. `epochs` counts only where `images` is not given.
    images: int | None = None
    epochs: int = 200
    batch: int = 1
    seed: int = 0
    # Generator (appendix 6.1.1): U-Net; `depth` 0 takes the deepest that the size allows, at most 8.
    filters: int = 64
    max_filters: int = 512
    depth: int = 0
    dropout: float = 0.5  # in the three innermost decoder blocks
    norm: str = "batch"
    # Discriminator (appendix 6.1.2): PatchGAN; three strided layers see patches of 70x70.
    discriminator_filters: int = 64
    discriminator_layers: int = 3
    # Optimisation (section 3.3).
    rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    l1_weight: float = 100.0
    schedule: str = "constant"  # linear: constant for the first half, then falling to zero
    # The machine. What `auto` and 0 become is written into run.json and used again on resume.
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    # Intervals, in images seen.
    log_every: int = 100
    sample_every: int = 5_000
    checkpoint_every: int = 5_000
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"{name}={getattr(self, name)}: is not possible; choose from {', '.join(choices)}.")
        self._refuse(
            self.size != nearest_size(self.size), "size", f"the nearest that works is {nearest_size(self.size)}"
        )
        self._refuse(not 1 <= self.jitter <= 2, "jitter", "it lies between 1 (off) and 2")
        self._refuse(not 0 <= self.dropout < 1, "dropout", "it lies between 0 (off) and 1")
        self._refuse(not 0 <= self.depth <= 8, "depth", "it lies between 1 and 8, or is 0 for the deepest possible")
        layers = self.discriminator_layers
        self._refuse(not 1 <= layers <= 6, "discriminator_layers", "it lies between 1 and 6")
        needed = smallest_side(layers)
        self._refuse(min(self.size) < needed, "size", f"{layers} discriminator layers need sides from {needed}")
        self._refuse(self.rate <= 0, "rate", "it is above 0; the paper takes 0.0002")
        for name in ("beta1", "beta2"):
            self._refuse(not 0 <= getattr(self, name) < 1, name, "it lies between 0 and 1")
        self._refuse(self.l1_weight < 0, "l1_weight", "it is 0 or more; the paper takes 100")
        for name in ("epochs", "batch", "filters", "max_filters", "discriminator_filters", "keep_checkpoints"):
            self._refuse(getattr(self, name) < 1, name, "it is at least 1")
        for name in ("log_every", "sample_every", "checkpoint_every"):
            self._refuse(getattr(self, name) < 1, name, "it is a number of images, at least 1")
        for name in ("seed", "threads"):
            self._refuse(getattr(self, name) < 0, name, "it is 0 or more")
        self._refuse(self.images is not None and self.images < 1, "images", "it is at least 1")
        deepest = deepest_unet(self.size)
        self._refuse(self.depth > deepest, "depth", f"size {self.size} can be halved {deepest} times")

    def _refuse(self, wrong: bool, name: str, why: str) -> None:
        if wrong:
            raise UsageError(f"{name}={getattr(self, name)}: is not possible; {why}.")

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `config_from_json` reads them back."""
        return {**dataclasses.asdict(self), "size": str(self.size)}


def deepest_unet(size: Size) -> int:
    """The largest depth of at most 8 for which 2^depth divides both sides."""
    both = math.gcd(size.width, size.height)
    return min(8, (both & -both).bit_length() - 1)


def nearest_size(size: Size) -> Size:
    """The nearest size whose sides a U-Net of depth 5 can halve five times: multiples of 32."""
    return Size(*(max(SMALLEST_SIDE, round(side / SMALLEST_SIDE) * SMALLEST_SIDE) for side in size))


def smallest_side(layers: int) -> int:
    """The smallest side of a picture for which a PatchGAN with so many strided layers has an output."""
    # Backwards from one logit: each of the two last layers eats one pixel, each strided one halves (4x4, padding 1).
    return int(3 * 2**layers)


PRESETS: dict[str, Config] = {
    # Isola et al. 2017, facades: batch 1, 200 epochs, every default above.
    "paper": Config(),
    # For laptops and tests: what two cores can learn from a few hundred small pictures in two minutes. A tenth of the
    # weights, patches of 34x34, a higher rate that falls in the second half, and no jitter.
    "tiny": Config(
        size=Size(128, 128),
        jitter=1.0,
        images=2_800,
        filters=32,
        max_filters=128,
        dropout=0.0,
        discriminator_filters=16,
        discriminator_layers=2,
        rate=4e-4,
        schedule="linear",
        log_every=50,
        sample_every=700,
        checkpoint_every=700,
    ),
}


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """The config with fields replaced, by values or by their text; raises UsageError for a wrong name or type."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    values = {}
    for name, value in settings.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(fields)}."
            raise UsageError(f"{name}: is no field of the config; {hint}")
        values[name] = _value(name, value)
    return dataclasses.replace(config, **values)


def _value(name: str, value: Any) -> Any:
    default = getattr(Config, name)
    try:
        if name == "size":
            return value if isinstance(value, Size) else parse_size(str(value))
        if name == "images":
            return None if value is None else _whole(value)
        if isinstance(default, bool):
            return _switch(value)
        if isinstance(default, int):
            return _whole(value)
        return type(default)(value)
    except (ValueError, TypeError) as error:
        kind = {"bool": "on or off", "int": "a whole number", "float": "a number"}.get(type(default).__name__, "an int")
        raise UsageError(f"{name}={value}: is not {'a whole number' if name == 'images' else kind}.") from error


def _switch(value: Any) -> bool:
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    text = str(value).lower()
    if text not in words:
        raise ValueError(text)
    return words[text]


def _whole(value: Any) -> int:
    number = float(str(value).replace("_", ""))
    if number != int(number):
        raise ValueError(value)
    return int(number)


def config_from_json(value: Any, *, where: str) -> Config:
    """Read what `Config.to_json` gave."""
    if not isinstance(value, dict):
        raise UsageError(f"{where}: its config is not a table of fields.")
    try:
        return with_settings(Config(), value)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def settings_from_toml(path: Path) -> dict[str, Any]:
    """The fields that a TOML file sets; raises UsageError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is not a readable TOML file: {error}.") from error

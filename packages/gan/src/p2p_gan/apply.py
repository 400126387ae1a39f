"""A model and a picture become a picture: by the recorded size and fit, with dropout drawn from the picture's pixels.

Nothing here may train or depend on which other pictures are applied beside one; the same input gives the same output.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.fit import fit_to, resize, restore, scaled
from p2p_datatools.contract.images import Photo, Size, colorize, hash_pixels, read_mask, read_photo, size_of
from p2p_gan.model import Model
from p2p_gan.networks.applying import Applying
from p2p_gan.networks.contract import Generator
from p2p_gan.sides import nearest_size
from p2p_gan.sizing import of_equal_area
from p2p_gan.values import Coding

_RGB = Coding("values", 3, "uint8", (0.0, 255.0))


@dataclass(frozen=True)
class How:
    """How a model is applied; the defaults repeat what it was trained with.

    `size` None is the recorded size and fit, "native" the picture's own scale, else the sides the network sees.
    """

    size: Size | str | None = None
    seed: int = 0
    dropout: bool = True

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return {"size": str(self.size) if self.size else None, "seed": self.seed, "dropout": self.dropout}


def apply_tensor(generator: Generator, picture: Photo, applying: Applying, device: torch.device) -> Photo:
    """One pass of one picture (height, width, 3) whose sides fit the network; float32, no gradients."""
    with torch.inference_mode():
        result: Photo = _RGB.to_array(generator(_RGB.to_tensor(picture[None], device), applying))[0]
    return result


def apply_model(
    model: Model, picture: Photo, how: How, *, variant: int = 0, device: torch.device | None = None
) -> Photo:
    """Translate one RGB picture (height, width, 3) of any size into one of the same size.

    Dropout is drawn from (seed, pixels, variant): the same arguments give the same output, alone or among others.
    """
    own = size_of(picture)
    card = model.card
    exact = card.input.kind == "mask"
    noise = noise_of(picture, how.seed, variant) if how.dropout else None
    if how.size is None and card.size and card.fit in ("stretch", "pad"):
        fitted = fit_to(picture, card.size, card.fit, exact=exact)
        return restore(_padded_pass(model, fitted, noise, device), own, card.fit)
    seen = _size_seen(model, own, how)
    output = _padded_pass(model, resize(picture, seen, exact=exact), noise, device)
    return resize(output, own, exact=False)


def _size_seen(model: Model, own: Size, how: How) -> Size:
    """The size at which the network sees a picture of size `own`."""
    if how.size == "native":
        return own
    if isinstance(how.size, Size):
        if how.size != nearest_size(how.size):
            raise UsageError(f"size={how.size}: is not possible; the nearest that works is {nearest_size(how.size)}.")
        return how.size
    if model.card.size is None:
        return own
    if model.card.fit == "keep":
        return of_equal_area(own, model.card.size)
    # Training cropped the middle out of the covering scale; applied, the whole picture keeps that scale.
    return scaled(own, model.card.size, cover=True)


def _padded_pass(model: Model, picture: Photo, noise: torch.Generator | None, device: torch.device | None) -> Photo:
    """Pad right and below to what the network halves, keep the padding out of statistics, and cut it off."""
    own = size_of(picture)
    unit = model.generator.unit
    whole = Size(*(math.ceil(side / unit) * unit for side in own))
    if whole != own:
        picture = _mirrored(picture, whole)
    valid = (own.height / whole.height, own.width / whole.width)
    applying = Applying(model.card.statistics, valid, (noise,) if noise else None)
    target = device or next(model.generator.parameters()).device
    return apply_tensor(model.generator, picture, applying, target)[: own.height, : own.width]


def _mirrored(picture: Photo, whole: Size) -> Photo:
    own = size_of(picture)
    pads = ((0, whole.height - own.height), (0, whole.width - own.width), (0, 0))
    return np.pad(picture, pads, mode="symmetric")


def noise_of(picture: Photo, seed: int, variant: int) -> torch.Generator:
    """The source of dropout for one picture: a function of the seed, the pixels and the variant alone."""
    digest = hashlib.sha256(f"{seed}:{variant}:{hash_pixels(picture)}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def read_input(path: Path, model: Model) -> tuple[Photo, bool]:
    """Read a picture as the model's input, and whether all its colours are those the model knows.

    A mask comes as its exact colours, whether indexed or painted; one with other colours comes as it is.
    """
    palette = model.card.palette
    if model.card.input.kind == "mask" and palette is not None:
        try:
            return colorize(read_mask(path, palette), palette), True
        except P2PError:
            return read_photo(path), False
    return read_photo(path), True

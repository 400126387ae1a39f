"""Converts the colours of a decoded picture by the profile in its file (ICC) to sRGB, which screens show.

Nothing here may know kinds of files, or trust what a profile calls itself.
"""

import contextlib
import functools
import io
from typing import cast

import numpy as np
from PIL import Image, ImageCms

_PROBES = 9  # values of each channel by which a profile is known
_ROUNDED = 2  # of 255: how far the tables of sRGB in the profiles of cameras and programs are from each other


def apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture in sRGB; as it is where the profile does not fit it, as in browsers, or is that of sRGB."""
    with contextlib.suppress(ImageCms.PyCMSError, OSError):
        if not _keeps_colors(profile, image.mode):
            return cast("Image.Image", ImageCms.applyTransform(image, _transform_of(profile, image.mode)))
    return image


def _transform_of(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGBA" if mode == "RGBA" else "RGB")


@functools.lru_cache(maxsize=16)
def _keeps_colors(profile: bytes, mode: str) -> bool:
    """Whether a profile is that of sRGB, whatever it is called: linear ones have the name, too, and small ones none."""
    steps = np.linspace(0, 255, _PROBES).round().astype(np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(_PROBES, -1, 3)
    probe = Image.fromarray(colors).convert(mode)
    shown = cast("Image.Image", ImageCms.applyTransform(probe, _transform_of(profile, mode)))
    moved = np.asarray(shown.convert("RGB")).astype(np.int16) - np.asarray(probe.convert("RGB"))
    return bool(np.abs(moved).max() <= _ROUNDED)

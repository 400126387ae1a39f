"""Makes pictures of any depth visible: values of 16 bits, of 12 in 16, and floats become black to white.

Nothing here may change a picture of 8 bits, or be read back as data.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.palette import IGNORE_COLOR
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, as_rgb
from p2p_datatools.contract.pictures.nodata import Gaps

_ENDS = (0.5, 99.5)  # per cent of the values: a few far ones would make all others one grey
_SAMPLE = 1 << 20  # values from which the ends are told
_SHADES = 255


def show_values(values: Array, gaps: Gaps | None = None) -> tuple[Photo, str]:
    """A picture (height, width[, channels]) as uint8 RGB, and in words which values became black and white.

    The words are empty for 8 bits, which stay as they are. Of two channels the first is shown, of more the first three.
    Pixels in `gaps` have the colour of ignored ones.
    """
    if values.ndim == 3:
        values = values[..., 0] if values.shape[2] < 3 else values[..., :3]
    shown, words = values, ""
    if values.dtype != np.uint8:
        low, high = _ends(values if gaps is None else values[~gaps])
        scale = _SHADES / (high - low) if high > low else 0.0
        # The difference of two floats of 32 bits may be too large for one.
        wide: NDArray[Any] = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
        shown = np.clip((wide - low) * scale, 0, _SHADES).astype(np.uint8)
        words = f"{low:.4g} to {high:.4g}"
    photo = np.ascontiguousarray(as_rgb(shown))
    if gaps is not None:
        photo = np.where(gaps[..., None], np.array(IGNORE_COLOR, np.uint8), photo)
    return photo, words


def upper_bits(values: Array) -> Photo | None:
    """A grey or RGB picture of 8 or 16 bits as uint8 RGB (height, width, 3); None of any other.

    Of 16 bits the upper 8 that are used are shown: cameras use 10 to 14, in the lower ones.
    """
    if values.dtype not in (np.uint8, np.uint16) or values.shape[2:] not in ((), (3,)):
        return None
    shown = values if values.dtype == np.uint8 else (values >> _unused_bits(values)).astype(np.uint8)
    return as_rgb(shown)


def _unused_bits(values: Array) -> int:
    """How many of the lower bits are not shown where 8 are."""
    return max(0, int(values.max(initial=0)).bit_length() - 8)


def _ends(values: Array) -> tuple[float, float]:
    flat = values.reshape(-1)
    if not flat.size:
        return 0.0, 0.0
    few = flat[:: -(-flat.size // _SAMPLE)].astype(np.float64)
    low, high = np.percentile(few, _ENDS)
    return (float(low), float(high)) if high > low else (float(few.min()), float(few.max()))

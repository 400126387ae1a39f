"""Whether pictures that EXIF turns fit their partners as they lie in the file: then those were made without turning.

Nothing here may read a file, or judge by a single pair what only a set can tell.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.seam import measure_likeness
from p2p_datatools.contract.partners.matched import Files
from p2p_datatools.contract.pictures.arrays import Array, turn_values
from p2p_datatools.contract.pictures.images import size_of
from p2p_datatools.contract.pictures.stretch import upper_bits
from p2p_datatools.contract.words import plural

# Of 160 pairs of edges, labels and silhouettes with their photos, those that are turned wrongly differ by 0.14 to 0.37
# in the mean of each set, and not one in twenty of any by more than 0.1 the other way; of single pairs some by nothing.
_BETTER, _FEW, _ALONE = 0.1, 3, 0.2
_SHARE, _OTHERS = 0.5, 0.1


def compare_lying(a: Array, b: Array, orientations: tuple[int, int]) -> float | None:
    """By how much two upright halves are more alike as they lie in their files, -2 to 2; None where that tells nothing.

    One of the two `orientations` (EXIF) has to turn its half, and lying it has to have the other's size.
    """
    if min(orientations) > 1 or max(orientations) == 1:
        return None
    one, other = (upper_bits(half) for half in (a, b))
    size = size_of(a)
    if one is None or other is None or (max(orientations) >= 5 and size.width != size.height):
        return None
    lying = [_unturn(half, orientation) for half, orientation in zip((one, other), orientations, strict=True)]
    return round(measure_likeness(*map(np.ascontiguousarray, lying)) - measure_likeness(one, other), 4)


def _unturn(half: Array, orientation: int) -> Array:
    return turn_values(half, {6: 8, 8: 6}.get(orientation, orientation))


def refuse_turned(files: Mapping[str, Files], lines: Iterable[Mapping[str, Any]]) -> None:
    """Raise P2PError where halves that EXIF turns fit better as they lie, as the records of the pairs tell together."""
    found = {str(line["name"]): float(line["lying"]) for line in lines if "lying" in line and line["name"] in files}
    better = np.array(list(found.values()))
    least = _BETTER if len(better) >= _FEW else _ALONE
    if not len(better) or better.mean() <= least or (better > _BETTER).mean() < _SHARE:
        return
    if (better < -_BETTER).mean() > _OTHERS:
        return
    first = max(found, key=lambda name: found[name])
    one, other = files[first]
    what = (
        f"fits {other} better as both lie in their files than as EXIF turns one of them, which is so in the mean of "
        f"{plural(len(better), 'such pair')}"
    )
    to_do = "If one was made from the other as it lies in the file, add --exif raw; else take its EXIF out."
    raise P2PError(one, what, to_do, code="exif-turned")

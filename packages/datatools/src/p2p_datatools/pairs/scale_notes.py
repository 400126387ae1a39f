"""Notes halves whose pictures are of two scales, of one value, or with holes, as their pairs were written.

Nothing here may refuse anything or open a picture: the records of the work have the values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from p2p_datatools.contract.pictures.nodata import nodata_word
from p2p_datatools.contract.pictures.scales import ScaleCheck
from p2p_datatools.contract.pictures.values_apart import HOLES_TO_DO, WRAPPED_TO_DO, HoleCheck, WrapCheck
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.pairs.recipe import PairRecipe

_PHOTO = (0.0, 255.0)  # ends of a picture of 8 bits of which the record has no few numbers


def note_scales(job: PairRecipe, lines: Iterable[Mapping[str, Any]], report: Reporter) -> None:
    """Note of each half that is not a mask what the ends of its pictures' values, in `lines`, tell together."""
    checks, holes = (ScaleCheck(), ScaleCheck()), (HoleCheck(), HoleCheck())
    wraps = WrapCheck(), WrapCheck()
    names = set[str]()  # a pair of two files has a line for each; the lines themselves may be too many to keep
    for line in lines:
        name = str(line["name"])
        if name in names:
            continue
        names.add(name)
        for place, check in enumerate(checks):
            check.add(name, *_ends(line, place))
            holes[place].add(line["holes"][place] if "holes" in line else None)
            wraps[place].add(line["wrapped"][place] if "wrapped" in line else None)
    for half, side, check, zeros, wrap in zip(job.halves, (job.a, job.b), checks, holes, wraps, strict=True):
        if half.kind == "mask":
            continue
        if constant := check.constant():
            report.note(f"{side.folder}: its pictures {constant}: nothing can be learned from them.")
        if wrapped := wrap.describe():
            report.note(f"{side.folder}: {wrapped}. {WRAPPED_TO_DO}")
        if mixture := check.mixture():
            report.note(f"{side.folder}: its pictures {mixture}. Bring them to one scale, and pair again.")
        if (apart := zeros.describe()) and "none" not in (nodata_word(side.nodata) or "").split(","):
            report.note(f"{side.folder}: {apart}. {HOLES_TO_DO}")


def _ends(line: Mapping[str, Any], place: int) -> tuple[float, float]:
    if "ranges" in line:
        low, high = line["ranges"][place]
        return float(low), float(high)
    numbers = line["numbers"][place] if "numbers" in line else None
    return (float(min(numbers)), float(max(numbers))) if numbers else _PHOTO

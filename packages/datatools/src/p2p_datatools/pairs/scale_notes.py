"""Notes halves whose pictures are of two scales, or of one value, as their pairs were written.

Nothing here may refuse anything or open a picture: the records of the work have the values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from p2p_datatools.contract.pictures.scales import ScaleCheck
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.pairs.recipe import PairRecipe

_PHOTO = (0.0, 255.0)  # ends of a picture of 8 bits of which the record has no few numbers


def note_scales(job: PairRecipe, lines: Iterable[Mapping[str, Any]], report: Reporter) -> None:
    """Note of each half that is no mask what the ends of its pictures' values, in `lines`, tell together."""
    checks = ScaleCheck(), ScaleCheck()
    names = set[str]()  # a pair of two files has a line for each; the lines themselves may be too many to keep
    for line in lines:
        name = str(line["name"])
        if name in names:
            continue
        names.add(name)
        for place, check in enumerate(checks):
            check.add(name, *_ends(line, place))
    for half, side, check in zip(job.halves, (job.a, job.b), checks, strict=True):
        if half.kind == "mask":
            continue
        if constant := check.constant():
            report.note(f"{side.folder}: its pictures {constant}: nothing can be learned from them.")
        if mixture := check.mixture():
            report.note(f"{side.folder}: its pictures {mixture}. Bring them to one scale, and pair again.")


def _ends(line: Mapping[str, Any], place: int) -> tuple[float, float]:
    if "ranges" in line:
        low, high = line["ranges"][place]
        return float(low), float(high)
    numbers = line["numbers"][place] if "numbers" in line else None
    return (float(min(numbers)), float(max(numbers))) if numbers else _PHOTO

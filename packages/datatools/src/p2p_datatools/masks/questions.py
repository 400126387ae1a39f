"""What only the user can answer when all pictures of labels were read: labels of no class, black, undecided pixels.

Nothing here may read a picture or answer such a question; records and sums of them are handed in.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.exchanged import Ground
from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.palette import BACKGROUND, IGNORE, is_built_in
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.values import ClassNames, LabelSet, PictureLabels, Use
from p2p_datatools.masks.class_mapping import TRANSPARENT, ClassMapping
from p2p_datatools.masks.label_pictures import BY_IDS
from p2p_datatools.masks.totals import BLACK, MaskTotals
from p2p_datatools.masks.work import MaskWork

# Of the pictures, and not fewer than this number: where so many have pixels that nothing decides, a class is missing.
_MANY_UNDECIDED, _LEAST_UNDECIDED = 0.5, 5
_INVERTED = 0.05  # of the pictures: a few show the inside of a thing


def check_mapping(
    work: MaskWork,
    lines: Mapping[str, MaskLine],
    totals: MaskTotals,
    found: LabelSet,
    labels: Path,
    report: Reporter,
    *,
    failed: bool,
) -> None:
    """Raise P2PError for labels in pictures that no class claims; note what --map names and no picture has."""
    claims = work.claims
    uses = {label: use for label, use in totals.uses.items() if claims.word(label) is not None} | work.uses
    doubted = _list_doubts(claims, uses, found)
    if BACKGROUND in claims.palette.names:
        _note_inverted(work.grounds, claims.palette.index(BACKGROUND), labels, report)
    _note_interpolated(work.interpolated, report)  # first, since it explains numbers that are asked about
    if doubted or any(claims.word(label) is None for label in uses):
        by_ids = (str(labels / line.source) for line in lines.values() if line.decided_by == BY_IDS)
        where = _place({*work.numbered, *by_ids}, found) or str(labels)
        listed, pictures = _names_without_numbers(found), len(found.items)
        claims.refuse_unclaimed(uses, where=where, doubted=doubted, listed=listed, pictures=pictures)
    for unused in () if failed else claims.unused:  # pictures that failed were not read to their labels
        report.note(f"--map {unused}: no label in {labels} has this name.")
    _refuse_black(claims, totals, labels, report)
    _check_undecided(totals, len(lines), labels, report)


def _note_interpolated(pictures: Collection[str], report: Reporter) -> None:
    """Note pictures of class numbers whose edges have the numbers of other classes."""
    if pictures:
        more = f" (and {plural(len(pictures) - 1, 'more picture')})" if len(pictures) > 1 else ""
        report.note(
            f"{min(pictures)}{more}: at many edges single pixels have a class number between those beside them, as "
            "after resizing with interpolation: they become that class. Take the labels in their own size, or resize "
            "them by the nearest pixel."
        )


def _note_inverted(known: Mapping[str, Ground], background: int, labels: Path, report: Reporter) -> None:
    """Note pictures of an object and its background in which that lies inside and the object around it."""
    grounds = {where: each.around for where, each in known.items() if background in each and IGNORE not in each}
    inverted = [where for where, around in grounds.items() if around != background]
    if not inverted or (len(grounds) > len(inverted) and len(inverted) < _INVERTED * len(grounds)):
        return
    of = "all of them" if len(inverted) == len(grounds) else f"{len(inverted)} of {len(grounds)}"
    report.note(
        f"{labels}: in {plural(len(grounds), 'picture')} a class or the background lies along all edges, and the other "
        f"inside; in {of}, such as {min(inverted)}, the background is inside. Are black and white exchanged?"
    )


def _refuse_black(claims: ClassMapping, totals: MaskTotals, labels: Path, report: Reporter) -> None:
    """Raise P2PError where all pictures are black and transparent: what they show may be in their transparency.

    Where others have colours this is only noted, for a picture without objects may be so.
    """
    black = {use.value for use in totals.value_uses} - {TRANSPARENT}
    if not totals.black or any(claims.is_mapped(value) for value in {TRANSPARENT, *BLACK}):
        return
    if not black <= BLACK:
        number = plural(totals.black, "picture is", "pictures are")
        report.note(f"{labels / totals.first_black}: {number} black where not transparent, and so all background.")
        return
    what = "all that is not transparent is black, so that every mask would be background"
    guess = claims.palette.names[1] if len(claims.palette.names) > 1 else "CLASS"
    words = [[shell_word(f"{each}={word}") for each in sorted(black)] for word in (guess, BACKGROUND)]
    options = [" ".join(f"--map {each}" for each in of_word) for of_word in words]
    to_do = f"If the black shapes are objects, add {options[0]}; if nothing is labelled, {options[1]}."
    raise P2PError(labels, what, to_do, code="black-masks")


def _check_undecided(totals: MaskTotals, count: int, labels: Path, report: Reporter) -> None:
    """Note which pixels of worn pictures no colour explains; raise P2PError where most pictures have some."""
    if not totals.undecided:
        return
    share, most = totals.most_undecided
    left = totals.undecided - len(totals.first_undecided)
    shown = ", ".join(totals.first_undecided) + (f" and {left} more" if left else "")
    what = (
        f"{plural(totals.undecided, 'picture has', 'pictures have')} pixels that no class's colour explains, "
        f"{share:.2%} at most (in {most}): {shown}"
    )
    if totals.undecided >= _LEAST_UNDECIDED and totals.undecided > _MANY_UNDECIDED * count:
        to_do = "Is a class missing? Say which with --map '#RRGGBB=CLASS', or --map '#RRGGBB=ignore'."
        raise P2PError(labels, what, to_do, code="palette-colour")
    report.note(f"{labels}: {what}. They are ignored; --map '#RRGGBB=CLASS' gives such a colour to a class.")


def _place(numbered: Collection[str], found: LabelSet) -> str:
    """The pictures of bare numbers, where most of a folder are others with which nothing is wrong; else nothing."""
    if not numbered or 2 * len(numbered) > len(found.items):
        return ""
    more = plural(len(numbered) - 1, "more picture")
    return f"{min(numbered)} (and {more})" if len(numbered) > 1 else min(numbered)


def _names_without_numbers(found: LabelSet) -> ClassNames | None:
    """The one list beside all pictures whose names do not tell their numbers."""
    lists = {
        item.listed.uncounted: item.listed for item in found.items if isinstance(item, PictureLabels) and item.listed
    }
    return next(iter(lists.values())) if len(lists) == 1 else None


def _list_doubts(claims: ClassMapping, uses: Mapping[str, Use], found: LabelSet) -> list[str]:
    """Class numbers that may be ids of another data set than the one whose ids a built-in palette has.

    Only a sign of that data set itself is enough, such as its provenance or the names of its files: other sets count
    from 0 to 4 as well.
    """
    palette = claims.palette
    known = found.palette == palette.name or claims.ids_are_meant or not is_built_in(palette)
    return [] if known else [label for label in uses if claims.is_by_id(label)]

"""What only the user can answer when all pictures of labels were read: labels of no class, black, undecided pixels.

Nothing here may read a picture or answer such a question; records and sums of them are handed in.
"""

import difflib
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PIL import ImageColor

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.exchanged import Ground, is_as_paper
from p2p_datatools.contract.mask_folder import MaskLine
from p2p_datatools.contract.palette import BACKGROUND, IGNORE, IGNORED, Color, Palette, hex_of, is_built_in, plain
from p2p_datatools.contract.pictures.ground import spread
from p2p_datatools.contract.pictures.index import NumberPieces
from p2p_datatools.contract.pictures.worn.snap import TOLERANCE
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import name_first, plural, shell_word
from p2p_datatools.labels.formats.pictures.class_names import NO_CLASS
from p2p_datatools.labels.formats.pictures.voc import VOC_BORDER
from p2p_datatools.labels.values import (
    VOID,
    ClassNames,
    ColorLabels,
    IndexLabels,
    LabelSet,
    PictureLabels,
    SegmentLabels,
    Use,
)
from p2p_datatools.masks.class_mapping import (
    NODATA,
    TRANSPARENT,
    UNDECIDED,
    ClassMapping,
    is_label_name,
    map_options,
    without_names,
)
from p2p_datatools.masks.label_kind import WAY_OUT, UnknownColorError
from p2p_datatools.masks.label_pictures import BY_IDS
from p2p_datatools.masks.totals import BLACK, MaskTotals
from p2p_datatools.masks.unclaimed import explain_object_colors, refuse_unclaimed
from p2p_datatools.masks.work import MaskWork

# Of the pictures, and not fewer than this number: where so many have pixels that nothing decides, a class is missing.
_MANY_UNDECIDED, _LEAST_UNDECIDED = 0.5, 5
_ALWAYS = (BACKGROUND, VOID, NO_CLASS, TRANSPARENT, NODATA, UNDECIDED)  # what pictures of any kind may have
_MOST_COLORS = 20  # that an error lists: pictures of more were painted without a palette
_FAR, _APART = 128.0, 0.6  # in RGB: a colour farther from a class's, or nearly as near to another's, is no class's own
_FEW, _LEAST_SHARED = 3, 0.5  # masks of a split, and the share of train's pixels that its classes have
_WHITE = 240  # of 255 in each channel, at least
# Numbers that count objects: pictures that tell, of the largest number, and the share of numbers in one piece, since
# some objects are cut in two by what lies before them.
_LEAST_COUNTED, _LEAST_OBJECTS, _WHOLE = 3, 3, 0.9
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
    _refuse_own_orders(totals.tables, found, labels)
    if found.palette != claims.palette.name:
        _note_objects(work.pieces, labels, report)
    _note_interpolated(work.interpolated, report)  # first, since it explains numbers that are asked about
    if doubted or any(claims.word(label) is None for label in uses):
        by_ids = (str(labels / line.source) for line in lines.values() if line.decided_by == BY_IDS)
        where = _place({*work.numbered, *by_ids}, found) or str(labels)
        listed, pictures = _names_without_numbers(found), len(found.items)
        refuse_unclaimed(claims, uses, where=where, doubted=doubted, listed=listed, pictures=pictures)
    for label in sorted({"0", BACKGROUND} & set(uses)):
        _note_background(claims, label, labels, report)
    for unused in () if failed else claims.unused:  # pictures that failed were not read to their labels
        report.note(f"--map {unused}: no label in {labels} has this name.")
    _refuse_black(claims, totals, labels, report)
    _refuse_void(claims, totals, labels)
    _note_one_class(totals, len(lines), labels, report)
    _note_held_back(totals, labels, report)
    _ask_about_paper(work, lines, totals, labels, report)
    _check_undecided(totals, len(lines), labels, report)


def _refuse_own_orders(tables: Mapping[str, Mapping[str, str]], found: LabelSet, labels: Path) -> None:
    """Raise P2PError where pictures number one set of colours in several orders, each as its own table begins.

    Programs that reduce colours number them by picture (GIF, quantised PNG). Tables that only look different have more
    colours than there are numbers.
    """
    several = next(((number, colors) for number, colors in tables.items() if len(colors) > 1), None)
    judged = any(isinstance(item, PictureLabels) and item.judge for item in found.items)
    if several is None or not judged or len({color for colors in tables.values() for color in colors}) > len(tables):
        return
    number, colors = several
    (one, first), (other, second), *_ = colors.items()
    what = f"its pictures number their colours in several orders: {number} is {one} in {first}, {other} in {second}"
    raise P2PError(labels, what, WAY_OUT, code="other-colour-table")


def _note_background(claims: ClassMapping, label: str, labels: Path, report: Reporter) -> None:
    """Note that a glob has made a class of what is the background in most labels."""
    if (glob := claims.glob_over(label)) is not None:
        report.note(
            f"{labels}: --map {shell_word(f'{glob}={claims.word(label)}')} also takes {label}, which is mostly the "
            f"background. If it is here, add --map {shell_word(f'{label}={BACKGROUND}')}."
        )


def refuse_unknown_sources(found: LabelSet, mapping: Mapping[str, str], palette: Palette, labels: Path) -> None:
    """Raise UsageError, before any work, for a name in --map that no picture of numbers or colours can have.

    A number or colour may be one that no picture has, and where labels have names one may be that of another split.
    """
    pictures = [item for item in found.items if isinstance(item, PictureLabels)]
    if not pictures or len(pictures) < len(found.items) or any(isinstance(item, SegmentLabels) for item in pictures):
        return
    if any(any(_names_of(item)) for item in pictures):
        return
    known = {plain(name) for names in (found.ignored, _ALWAYS) for name in names}
    own = {each.name: hex_of(each.color) for each in palette.classes}
    for source, target in mapping.items():
        if not is_label_name(source, target) or plain(source) in known:
            continue
        close = difflib.get_close_matches(plain(source), known, n=1)
        hint = _color_hint(own.get(source, source), target) or (
            f"Did you mean {shell_word(f'{close[0]}={target}')}? " if close else ""
        )
        to_do = f"{hint}Labels here are numbers, and colours in the form '#rrggbb'."
        what = f"no label in {labels} can be called {source}"
        raise UsageError(f"--map {source}={target}", what, to_do, code="unknown-label")


def _names_of(item: PictureLabels) -> Iterator[Collection[str]]:
    """The names that a format or a list beside a picture gives its numbers and colours."""
    if isinstance(item, IndexLabels | ColorLabels) and item.names:
        yield item.names.values()
    if item.listed:
        yield from (item.listed.numbers.values(), item.listed.colors.values(), item.listed.uncounted)


def _color_hint(source: str, target: str) -> str:
    """The form of a colour that was written in another one; nothing for what is not a colour."""
    word = source.lower().removeprefix("#").removeprefix("0x")
    for form in (source, f"#{word}", f"rgb({source.strip('()[] ')})"):
        with suppress(ValueError):
            color = ImageColor.getrgb(form)[:3]
            return f"A colour is written so: --map {shell_word(f'{hex_of(color)}={target}')}. "
    return ""


def _note_interpolated(pictures: Collection[str], report: Reporter) -> None:
    """Note pictures of class numbers whose edges have the numbers of other classes."""
    if pictures:
        first = name_first(min(pictures), len(pictures), "picture")
        report.note(
            f"{first}: at many edges single pixels have a class number between those beside them, as "
            "after resizing with interpolation: they become that class. Take the labels in their own size, or resize "
            "them by the nearest pixel."
        )


def _note_objects(known: Mapping[str, NumberPieces | None], labels: Path, report: Reporter) -> None:
    """Note numbers that went to classes by the palette's ids and seem to count the objects of each picture."""
    pieces = [each for each in known.values() if each is None or each.count]
    counted = [each for each in pieces if each is not None]
    ends = sorted({each.count for each in counted})
    if len(counted) < max(len(pieces), _LEAST_COUNTED) or len(ends) < 2 or ends[-1] < _LEAST_OBJECTS:
        return
    if sum(each.whole for each in counted) < _WHOLE * sum(each.looked_at for each in counted):
        return
    report.note(
        f"{labels}: each picture counts its numbers from 1 on, some to {ends[0]}, some to {ends[-1]}, and each is in "
        "one piece, as if they counted objects; they became classes by the ids of a palette. If they are objects, "
        f"give pictures of classes, or add --map '*=CLASS' --map 0={BACKGROUND} where all are of one class; if they "
        "are classes, add --map ids=palette."
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
    options = [map_options(dict.fromkeys(sorted(black), word)) for word in (guess, BACKGROUND)]
    to_do = f"If the black shapes are objects, add {options[0]}; if nothing is labelled, {options[1]}."
    raise P2PError(labels, what, to_do, code="black-masks")


def _refuse_void(claims: ClassMapping, totals: MaskTotals, labels: Path) -> None:
    """Raise P2PError where all pictures have the background and 255 alone, which beside it is the object.

    Beside classes it is the border around them, or what is not labelled, and so is ignored.
    """
    used = {plain(use.label).strip("_ ") for use in totals.value_uses}
    white = str(IGNORE)
    is_white = any(use.value == white for use in totals.value_uses)
    if used != {BACKGROUND, VOID} or not is_white or claims.is_mapped(white):
        return
    what = f"its pictures have {white} alone beside the background, so that every mask would be ignored or background"
    word = claims.palette.names[1] if len(claims.palette.names) > 1 else "CLASS"
    one, other = (map_options({white: each}) for each in (word, IGNORED))
    to_do = f"If {white} is the object, add {one}; if it is no class, {other}."
    raise P2PError(labels, what, to_do, code="void-masks")


def _note_one_class(totals: MaskTotals, count: int, labels: Path, report: Reporter) -> None:
    """Note that nothing but one class is in any mask, as where a tool painted the background in its first label."""
    seen = [name for name, area in totals.areas.items() if area]
    if count > 1 and len(seen) == 1:
        report.note(
            f"{labels}: every pixel of all {count} masks is {seen[0]}. Look at the labels: the rest may be lost."
        )


def _note_held_back(totals: MaskTotals, labels: Path, report: Reporter) -> None:
    """Note of a split that its masks show what is the smaller part of train alone, as those of Cityscapes' test/ do."""
    trained = totals.split_areas.get("train", Counter())
    for split, areas in totals.split_areas.items():
        seen = [name for name, area in areas.most_common() if area]
        if totals.splits[split] >= _FEW and sum(trained[name] for name in seen) < _LEAST_SHARED * trained.total():
            report.note(
                f"{labels}: the {totals.splits[split]} masks of {split} show {', '.join(seen[:4])} alone, and those of "
                f"train mostly other classes. Public data sets that hold back the labels of {split} have such files: "
                f"leave them out, or scores of {split} mean nothing."
            )


def _ask_about_paper(
    work: MaskWork, lines: Mapping[str, MaskLine], totals: MaskTotals, labels: Path, report: Reporter
) -> None:
    """Ask about white that lies along the edges as paper does, where the palette has it for a class and not for that.

    Whoever draws on a white sheet leaves it white. Raises P2PError where the class lies inside another, as windows lie
    in a car's body; else it is noted, since a class such as snow may lie there.
    """
    palette = work.palette
    painted = {use.value: use.becomes for use in totals.value_uses if not work.claims.is_mapped(use.label)}
    white = sorted(value for value in painted if _is_white(value) and painted[value] in palette.names)
    names = {painted[value] for value in white}
    if BACKGROUND not in palette.names or len(names) != 1 or names == {BACKGROUND}:
        return
    (name,) = names
    around = palette.index(name)
    shares = work.edges_of([lines[each] for each in spread(sorted(lines))])
    if not is_as_paper(around, shares, palette):
        return
    own = float(shares[palette.index(BACKGROUND)])
    what = (
        f"white ({', '.join(white)}) is the class {name} of the palette, and lies along {shares[around]:.0%} of the "
        f"edges of the pictures, as paper does, the {BACKGROUND} along {own:.0%}"
    )
    black = [f"--map {shell_word(f'{value}=CLASS')}" for value in sorted(BLACK & painted.keys()) if value[0] == "#"]
    beside = f", and {black[0]} for what is painted in black" if black else ""
    options = [map_options(dict.fromkeys(white, word)) for word in (BACKGROUND, name)]
    to_do = f"If it is the paper, add {options[0]}{beside}; if it is right as it is, {options[1]}."
    if around in palette.wholes:
        raise P2PError(labels, what, to_do, code="white-paper")
    report.note(f"{labels}: {what}. {to_do}")


def _is_white(value: str) -> bool:
    return value.startswith("#") and min(ImageColor.getrgb(value)) >= _WHITE


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
    return name_first(min(numbered), len(numbered), "picture")


def _names_without_numbers(found: LabelSet) -> ClassNames | None:
    """The one list beside all pictures whose names do not tell their numbers."""
    lists = {
        item.listed.uncounted: item.listed for item in found.items if isinstance(item, PictureLabels) and item.listed
    }
    return next(iter(lists.values())) if len(lists) == 1 else None


def knows_ids(found: LabelSet, palette: Palette) -> bool:
    """Whether the ids of a palette are those of the labels: it is one's own, or a sign of its data set is there."""
    return found.palette == palette.name or not is_built_in(palette)


def settle_guesses(
    found: LabelSet, labels: Path, palette: Palette, mapping: Mapping[str, str], report: Reporter
) -> LabelSet:
    """The labels without lists of something else, where the ids of the palette say what their numbers are.

    Under a name that is no known one a list may be of anything, such as the weather in each picture.
    """
    if not knows_ids(found, palette):
        return found
    listed = dict.fromkeys(item.listed for item in found.items if isinstance(item, PictureLabels) and item.listed)
    claims = ClassMapping(palette, mapping, numbers=True)
    others = {each for each in listed if each.is_guess and _is_of_others(each, claims)}
    if not others:
        return found
    sources = " and ".join(dict.fromkeys(each.source for each in listed if each in others))
    report.note(f"{labels}: {sources} names no class of the palette {palette.name}, and is not used.")
    items = (without_names(i) if isinstance(i, PictureLabels) and i.listed in others else i for i in found.items)
    return replace(found, items=tuple(items))


def _is_of_others(listed: ClassNames, claims: ClassMapping) -> bool:
    """Whether a list names none of the classes where the palette has ids, and `--map` none of its names."""
    names = [name for number, name in listed.numbers.items() if claims.palette.index_of_id(number) is not None]
    if any(map(claims.maps, listed.numbers.values())):
        return False
    return bool(names) and not claims.names_class(names)


def _list_doubts(claims: ClassMapping, uses: Mapping[str, Use], found: LabelSet) -> list[str]:
    """Class numbers that may be ids of another data set than the one whose ids a palette has.

    Of a built-in palette only a sign of its data set itself is enough, such as its provenance or the names of its
    files: other sets count from 0 to 4 as well. Those of one's own are known unless a list contradicts them.
    """
    palette, by_id = claims.palette, [label for label in uses if claims.is_by_id(label)]
    if found.palette == palette.name or claims.ids_are_meant:
        return []
    listed = _names_without_numbers(found)
    names = listed.uncounted if listed and claims.names_class(listed.uncounted) else ()
    contradicts = bool(names) and not claims.agrees_with(names, by_id)
    return by_id if is_built_in(palette) or contradicts else []


def refuse_unknown_colors(work: MaskWork, skipped: Sequence[Skip], labels: Path) -> None:
    """Raise one P2PError for all pictures with colours of no class, with what to type for all of these colours.

    The other pictures that failed are its parts. One picture alone says the same itself, and where; so do those without
    a common colour, such as photos.
    """
    told = {where: error for where, error in work.unknown.items() if error.colors}
    unknown = {skip.where: told[skip.where] for skip in skipped if skip.where in told}
    if len(unknown) < 2:
        return
    uses = _unite(list(unknown.values()))
    shown = list(uses)[:_MOST_COLORS]
    listed = ", ".join(
        f"{hex_of(each)} ({plural(uses[each].count, 'pixel')} in {plural(uses[each].pictures, 'picture')})"
        for each in shown
    )
    more = f" and {len(uses) - len(shown)} more" if len(uses) > len(shown) else ""
    what = f"{len(unknown)} pictures have colours of no class of the palette {work.palette.name}: {listed}{more}"
    codes = {each.code for each in unknown.values()}
    code = codes.pop() if len(codes) == 1 else "palette-colour"
    others = [skip for skip in skipped if skip.where not in unknown]
    objects = explain_object_colors([use.pictures for use in uses.values()])
    to_do = f"{objects}{' Otherwise: ' if objects else ''}{_say_colors(shown, work.claims, labels)}"
    raise P2PError(labels, what, to_do, code=code, parts=others)


def _unite(unknown: Sequence[UnknownColorError]) -> dict[Color, Use]:
    """The colours of all pictures, the commonest first; what JPEG made of one counts as that."""
    uses: dict[Color, Use] = {}
    for each in unknown:
        for color, pixels in each.colors.items():
            uses[color] = uses.get(color, Use()) + Use(pixels, 1)
    common = dict(sorted(uses.items(), key=lambda use: (-use[1].pictures, -use[1].count, use[0])))
    if all(each.exact for each in unknown):
        return common
    apart: dict[Color, Use] = {}
    for color, use in common.items():
        if all(math.dist(color, other) > TOLERANCE for other in apart):
            apart[color] = use
    return apart


def _say_colors(colors: Sequence[Color], claims: ClassMapping, labels: Path) -> str:
    """What to type for the colours, with the nearest class for each that is plainly near one."""
    near = _near_classes(colors, claims.palette)
    words = [near.get(each, IGNORED if each == VOC_BORDER else "CLASS") for each in colors]
    options = map_options(dict(zip(map(hex_of, colors), words, strict=True)))
    nearest = " The classes are those of the nearest colour: look whether they are meant." if near else ""
    asked = f" CLASS is one of {', '.join((*claims.palette.names, IGNORED))}." if "CLASS" in words else ""
    own = f"If they are classes of their own, {claims.palette_command(labels)} makes a palette of them."
    return f"Add {options}.{nearest}{asked} {own}"


def _near_classes(colors: Sequence[Color], palette: Palette) -> dict[Color, str]:
    """The class for each colour that is plainly near its colour; of several colours near one, the nearest alone."""
    found: dict[str, tuple[float, Color]] = {}
    for color in colors:
        ranked = sorted((math.dist(color, each.color), each.name) for each in palette.classes)
        (distance, name), *others = ranked
        if distance <= _FAR and (not others or distance <= _APART * others[0][0]):
            found[name] = min(found.get(name, (math.inf, color)), (distance, color))
    return {color: name for name, (_, color) in found.items()}

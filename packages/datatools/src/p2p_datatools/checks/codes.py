"""The codes of all that a check finds, a line each, and the choice of some of them.

Nothing here may look for anything: what is found says its code itself, and a test compares it with this table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from p2p_datatools.contract.errors import CheckResult, Severity, UsageError
from p2p_datatools.contract.settings import nearest


class FindingCode(NamedTuple):
    """How bad what a code names is as a rule, and what it is; `group` is the heading under which documents have it."""

    group: str
    severity: Severity
    meaning: str


_FILES = {
    "damaged-file": "a file is cut off, or its pixels or its record cannot be read",
    "empty-file": "a file has 0 bytes",
    "not-a-picture": "a file is not what its name says",
    "unread-kind": "a picture of a kind that is not read, such as HEIC",
    "partial-frame": "a GIF whose first frame covers only a part of the picture",
    "no-decoder": "a kind that the installed Pillow cannot read",
    "unreadable-file": "a file that the system does not let us read",
    "unreadable-folder": "a folder that the system does not let us list",
    "name-not-utf8": "a name that no manifest can hold",
    "too-many-pixels": "a picture larger than is read",
    "picture-bomb": "a small file that would take very much memory",
    "several-pages": "a file with several pages, of which none was chosen with --page",
    "no-such-page": "a file that does not have the page that was chosen",
    "several-arrays": "a TIFF with several pictures of different kinds",
    "array-shape": "an array that is not a picture: too many axes, or too many channels",
    "value-type": "values of a type that is not read, such as complex numbers",
    "unknown-tiff": "a TIFF with a compression or a layout that is not read",
    "strange-alpha": "a channel that is called transparency, but holds a picture",
    "not-finite": "values that are infinite or not numbers",
    "too-large-values": "values of 64 bits larger than 32 bits hold, with which networks compute",
    "all-nodata": "a picture in which no pixel has data",
    "same-name": "two pictures whose names differ in the suffix only",
}
_PHOTO_ERRORS = {
    "depth": "a picture of more bits than most of its folder",
    "mixed-forms": "a picture of another type of values than most of its folder",
}
_PHOTOS = {
    "dark": "99% of the pixels have less than a fourth of the brightness",
    "light": "95% of the pixels have more than three fourths of the brightness",
    "blurred": "a blur would change few of its steps, as of a photo that is blurred or was enlarged",
    "low-information": "almost flat: nothing is to be seen",
    "odd-size": "more than twice as large or small as most of its folder",
    "odd-aspect": "half as wide again, or as narrow, as most of its folder",
    "drawn-by-p2p": "sheets, figures and generated pictures, which p2p marks as such when it writes them",
    "duplicate": "the same pixels as another picture",
}
_PHOTO_HINTS = {
    "grey-photo": "without colours, where most have some",
    "near-duplicate": "pictures that show nearly what others show, or a part of it",
    "exif-turned": "turned or mirrored by its EXIF orientation, which some programs for labelling ignore",
}
_VALUES = {
    "class-numbers": "pictures that hold nothing but small numbers, as of classes; a half of pairs of them is an error",
    "no-data": "pixels without data, as the file says",
    "nodata-suspected": "a value so far from all others that it may mean no data",
    "holes-suspected": "zeros far from all other values, as of a depth camera that measured nothing there",
    "wrapped-values": "values at both ends of an unsigned type and none between, as of negative numbers",
    "few-bits": "files of 16 bits that use fewer",
    "constant-pictures": "all pixels of all pictures have one value",
    "mixed-scales": "pictures of 0 to 1 among pictures of 0 to 255, or alike",
    "other-kinds": "files of kinds that are not read",
    "bad-name": "a name that no pair can have: it cannot be printed, is too long, or begins as a drive of Windows",
    "case-clash": "names that differ in capital and small letters alone",
}
_MASK_ERRORS = {
    "palette-colour": "pixels of a colour that is not in the palette",
    "unknown-class": "a class that the palette does not have",
    "blended-colours": "a mask whose colours lie between those of classes, after JPEG, resizing or a soft brush",
    "jpeg-mask": "a mask saved as JPEG, which blends colours",
    "deep-mask": "a mask with grey values of more than 8 bits",
    "hidden-colours": "transparency that hides a drawing, or a whole photo",
    "mask-size": "a mask of another size than its photo",
    "pairs-as-half": "photos twice as wide as their masks, as A|B pictures are",
    "no-photo": "a mask without a photo",
    "no-mask": "a photo without a mask",
    "no-common-name": "photos of which none has the name of a mask",
    "shifted-names": "masks that count from 0 and photos from 1, or the other way round",
    "tiles-of-one": "several photos whose names begin with that of one larger mask, as those of tiles do",
    "several-labels": "several masks whose names begin with that of one photo",
    "missing-file": "a mask of masks.jsonl that does not exist",
}
_MASKS = {
    "mask-scaled": "a mask of the shape of its photo, in another size",
    "mask-duplicate": "the same pixels as another mask",
    "empty": "a mask that is all background",
    "class-unseen": "a class that no mask has",
    "unrecorded": "a mask that is not in masks.jsonl",
    "islands": "shapes of a few pixels inside another class",
    "pinholes": "holes of a few pixels of the background inside a class",
    "part-outside": "a part that touches none of the class in which its palette says it lies",
    "mask-mirrored": "a mask that fits the edges of its photo better mirrored",
    "mask-turned": "a mask that fits the edges of its photo better turned",
    "mask-shifted": "a mask that fits the edges of its photo better moved",
    "exchanged-colours": "parts that lie in the class whose colour is that of their whole with red and blue exchanged",
    "classes-swapped": "two classes of a mask that look like each other's in the rest of the set",
    "one-class": "one class beside the background, where nearly all masks have several",
}
_MASK_HINTS = {
    "mask-off-scale": "a mask that fits the edges of its photo better larger or smaller",
    "class-miscalled": "parts that look like those of another class, of which the mask has none",
    "mask-other-photo": "a mask whose edges are not where its photo has edges",
    "class-share": "a class that covers far more or less of the mask than in the rest of the set",
}
_PAIR_ERRORS = {
    "own-folder": "a folder that p2p wrote and that holds no pairs: masks, halves, samples, scores, photos",
    "no-pairs": "no pictures where pairs would be",
    "no-training-pairs": "no pictures in train/",
    "leak": "what one split holds is in another, too",
    "near-leak": "what one split holds is nearly in another: a crop, a mirror image, a copy by its name",
    "missing-pair": "a pair of the manifest that does not exist",
    "hash-differs": "a pair that is not the one in the manifest",
    "size-differs": "a pair of another size than the manifest says",
    "form-differs": "a pair of other channels or another depth than the manifest says",
    "nodata-size": "the picture of where data are missing has not the size of its pair",
    "pair-layout": "pictures in a file that are not its halves: with bars, a caption, one above the other, in two rows",
    "odd-width": "an A|B picture without a middle",
    "split-unfinished": "a split that was interrupted",
    "unknown-version": "a manifest of a newer p2p",
    "missing-shard": "a shard of the record that does not exist",
    "truncated-shard": "a shard that ends before its last pair",
    "unknown-shards": "shards of another program",
}
_PAIRS = {
    "halves-equal": "A and B have the same pixels",
    "halves-swapped": "A looks as the B of the other pairs, and B as their A",
    "other-partner": "A fits the B of other pairs better than its own, as after a shift of numbers or an exchange",
    "channels-exchanged": "A is red where B is blue, and blue where B is red",
    "half-turned": "A fits its B better mirrored or turned",
    "neighbour-leak": "pairs that stand beside training pairs in a walk, a video or a minute",
    "alike-throughout": "most pairs are each nearly the next, as drawings of one kind are",
    "sizes-differ": "pairs of several sizes in a folder without a manifest",
    "unlisted": "a picture that is not in the manifest",
    "nodata-unrecorded": "pixels without data, of which the manifest does not say where they are",
}
_PAIR_HINTS = {
    "half-shifted": "A fits its B better moved, or in another size",
    "not-pairs": "photos, masks or others in train/, val/ or test/ that are not A|B",
    "half-folders": "A and B in two folders that are still to be joined",
    "pairs-below": "pairs in a folder below this one",
    "three-columns": "pictures in train/, val/ or test/ in which three stand side by side, as in sheets",
}


def _table() -> Mapping[str, FindingCode]:
    parts: tuple[tuple[str, Severity, dict[str, str]], ...] = (
        ("Files", "error", _FILES),
        ("Photos", "error", _PHOTO_ERRORS),
        ("Photos", "warning", _PHOTOS),
        ("Photos", "hint", _PHOTO_HINTS),
        ("Values", "warning", _VALUES),
        ("Masks", "error", _MASK_ERRORS),
        ("Masks", "warning", _MASKS),
        ("Masks", "hint", _MASK_HINTS),
        ("Pairs", "error", _PAIR_ERRORS),
        ("Pairs", "warning", _PAIRS),
        ("Pairs", "hint", _PAIR_HINTS),
    )
    return {
        code: FindingCode(group, severity, line) for group, severity, lines in parts for code, line in lines.items()
    }


FINDING_CODES: Mapping[str, FindingCode] = _table()
"""What each code means, in the order in which documents list them."""


def parse_codes(text: str | None, option: str) -> tuple[str, ...]:
    """Codes with commas between them; raises UsageError for one that does not exist, with those that are near it."""
    codes = tuple(word for word in (each.strip() for each in (text or "").split(",")) if word)
    if text is not None and not codes:
        to_do = f"Name one or several, as in {option} dark,blurred."
        raise UsageError(option, "names no code", to_do, code="unknown-code")
    for code in codes:
        if code not in FINDING_CODES:
            to_do = nearest(code, FINDING_CODES, "All are listed in docs/checks.md and by 'p2p data check --help'.")
            raise UsageError(f"{option} {code}", "is not a code of a finding", to_do, code="unknown-code")
    return codes


def pick_findings(result: CheckResult, *, only: Iterable[str] = (), ignore: Iterable[str] = ()) -> CheckResult:
    """The result with the findings of the codes in `only` (all, if empty), without those in `ignore`."""
    wanted, unwanted = set(only), set(ignore)
    found = (each for each in result.findings if (not wanted or each.code in wanted) and each.code not in unwanted)
    return replace(result, findings=tuple(found))

"""Tells whether a label picture holds class numbers or colours, by its own pixels and colour table and by the palette.

Nothing here may guess: what says two things at once is an error that names the way out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.foreign import is_digits
from p2p_datatools.contract.palette import IGNORE, IGNORED, Color, hex_of, rgb_of
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.header import open_picture
from p2p_datatools.contract.pictures.images import color_codes, color_of_code
from p2p_datatools.contract.pictures.index import LabelPicture
from p2p_datatools.contract.pictures.soft import is_black_and_white
from p2p_datatools.contract.values import find_distinct
from p2p_datatools.labels.values import ClassNames, ColorLabels, PictureLabels
from p2p_datatools.masks.class_mapping import ClassMapping, map_options
from p2p_datatools.masks.unclaimed import explain_objects

WAY_OUT = "Add --format colors if its colours are right, or --format index if its numbers are."
"""What to do about a picture whose numbers and colours say two things."""


NO_AREAS = "No colour fills an area of it: is it a photo? Give the labels' folder alone, and photos with --photos."
CUTOUT = "If its transparency is the mask, save that alone: Image.open('IN.png').getchannel('A').save('OUT.png')."
"""What to do about a photo of which the rest is transparent, as matting and cutting tools save it."""
_MOST_NUMBERS = 8  # that an error lists
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_DARK = 40  # of 255: the colour of a picture of small class numbers, with what JPEG adds to them


class UnknownColorError(P2PError):
    """A picture has colours of no class: `colors` says how many pixels each has, but for rare ones.

    Where it is not `exact`, what JPEG made of one colour may be several.
    """

    def __init__(
        self, where: str, what: str, to_do: str, *, code: str, colors: Mapping[Color, int], exact: bool
    ) -> None:
        super().__init__(where, what, to_do, code=code)
        self.colors, self.exact = colors, exact


def soft_mask(where: str) -> P2PError:
    """The error that grey values are not class numbers."""
    what = "is black and white with soft edges, so its grey values are not class numbers"
    to_do = (
        "Add --format colors --map '#ffffff=CLASS', where CLASS is what is white; the edges go to the nearer of both."
    )
    return P2PError(where, what, to_do, code="soft-mask")


def refuse_unlisted(
    item: PictureLabels, listed: ClassNames, counts: NDArray[np.int64], names: Mapping[int, str], claims: ClassMapping
) -> None:
    """Raise P2PError for numbers that a list should name and does not; it often begins after the background."""
    used = [int(number) for number in np.flatnonzero(counts)]
    missing = [number for number in used if number not in names and not claims.is_mapped(str(number))][:_MOST_NUMBERS]
    if missing:
        # Beside classes 255 is what tools write for borders; beside 0 alone it is the object.
        word = IGNORED if missing == [IGNORE] and any(number in names for number in used if number) else "CLASS"
        options = map_options(dict.fromkeys(map(str, missing), word))
        # mmsegmentation's reduce_zero_label does so, and COCO-Stuff's stuffthingmaps beside their labels.txt.
        is_moved = word == IGNORED and 0 in names and max(names) not in used
        moved = "If 0 of the list has become 255 and all others one less, write the list so. " if is_moved else ""
        what = f"has class numbers that {listed.source} does not name: {', '.join(map(str, missing))}"
        objects = "".join(f"{each} " for each in explain_objects(missing))
        to_do = (
            f"{_say_few_bits(item, missing, names)}{objects}Add them to the list, or say what they are: {options}. "
            f"{moved}If it is the list of other pictures and these are ids of the palette, add --map ids=palette."
        )
        raise P2PError(item.where, what, to_do, code="unlisted-number")


def _say_few_bits(item: PictureLabels, numbers: Collection[int], known: Collection[int]) -> str:
    """What `numbers` are in a PNG of 2 or 4 bits, of which readers make greys of 8, if all are `known` then."""
    with open_picture(item.path, item.read) as file:
        head = png.head_of(file.head)
    if head is None or head.color != png.GREY or head.depth not in (2, 4):
        return ""
    times = 255 // ((1 << head.depth) - 1)
    own = [number // times for number in numbers if number % times == 0]
    if len(own) < len(numbers) or not set(own) <= set(known):
        return ""
    listed = ", ".join(map(str, own))
    return f"In the file, a PNG of {head.depth} bits, they are {listed}: save it with 8 bits, its greys // {times}. "


def refuse_number_names(
    where: str, numbers: Collection[int], names: Mapping[int, str], claims: ClassMapping, source: str
) -> None:
    """Raise P2PError where a list calls class numbers in use by other numbers that no class has for a name.

    As labels they would pass for ids, and --map would not tell them from the numbers of the pictures.
    """
    odd = {number: name for number, name in sorted(names.items()) if is_digits(name) and int(name) != number}
    unknown = {name for name in odd.values() if claims.takes_ids or claims.maps(name) or claims.word(name) is None}
    asked = [number for number, name in odd.items() if name in unknown and not claims.maps(str(number))]
    if not set(asked).isdisjoint(numbers):
        shown = ", ".join(f"{each} is {odd[each]}" for each in asked[:8])
        what = f"has class numbers that {source} calls by other numbers: {shown}"
        options = map_options({str(each): "CLASS" for each in asked})
        to_do = f"Say what they are by the numbers in the pictures: {options}."
        raise P2PError(where, what, to_do, code="number-names")


def refuse_other_ids(where: str, numbers: Collection[int], listed: ClassNames, claims: ClassMapping) -> None:
    """Raise P2PError where a list that may be of something else calls class numbers in use otherwise than ids do."""
    if not (listed.is_guess and claims.knows_ids) or any(map(claims.maps, listed.numbers.values())):
        return
    ids = {each.id: each.name for each in claims.palette.classes if each.id in listed.numbers}
    words = {number: claims.claim(listed.numbers[number]) for number in ids if number is not None}
    void = {each for each, word in words.items() if word == "CLASS" and ids[each] == claims.palette.names[0]}
    asked = {each for each, word in words.items() if word != ids[each] and not claims.is_mapped(str(each))}
    odd = sorted(asked - void)  # what no class is has many names
    if not set(odd).isdisjoint(numbers):
        shown = ", ".join(f"{each} is {listed.numbers[each]}, and {ids[each]} by its id" for each in odd[:4])
        what = f"has class numbers that {listed.source} calls otherwise than the palette {claims.palette.name}: {shown}"
        options = map_options({str(each): words[each] for each in odd})
        to_do = f"If the ids are right, add --map ids=palette; if the list is, add {options}."
        raise P2PError(where, what, to_do, code="doubted-ids")


def refuse_dark_numbers(where: str, picture: LabelPicture, rows: NDArray[np.uint8]) -> None:
    """Raise P2PError for a lossy picture of several greys that are all taken for black: they are class numbers.

    The `rows` (height, width) are the colours that its pixels are taken for. A picture that is black has one grey.
    """
    if picture.numbers is None or picture.numbers.max() > _DARK or rows.min() != rows.max():
        return
    if (least := picture.numbers.min()) != (most := picture.numbers.max()):
        what = (
            f"has greys from {least} to {most} alone: as colours all are black, as class numbers JPEG has blended them"
        )
        to_do = "Save the class numbers as PNG from their source; if it is all black, add --map '#000000=background'."
        raise P2PError(where, what, to_do, code="blended-numbers")


@dataclass(frozen=True, eq=False)
class LabelKind:
    """The question whether a picture is meant by its numbers or its colours, and all that answers it.

    `known` are the colours with a label, and `mapped` those of --map.
    """

    item: PictureLabels
    picture: LabelPicture
    known: Mapping[Color, str]
    mapped: Mapping[Color, str]
    claims: ClassMapping

    def is_colors(self) -> bool:
        """Whether it is to be read as colours.

        Raises P2PError when it can only be read in the other way, or its numbers contradict its colour table.
        """
        if self.picture.numbers is None:
            if not self._is_called_colors and not (self.item.judge and self._has_known_colors_alone()):
                raise _not_numbers(self.item.where)
            return True
        if not self.item.judge:
            return self._is_called_colors
        if self.picture.exact:
            return self._exact_is_colors()
        # Its black and white are those of a mask of one class, whatever the palette's white is.
        if not self._is_called_colors and _WHITE not in self.mapped and is_black_and_white(self.picture.colors):
            raise soft_mask(self.item.where)
        return True

    @property
    def _is_called_colors(self) -> bool:
        """Whether --format says that it is colours, or most pictures of its folder are."""
        return isinstance(self.item, ColorLabels)

    def _has_known_colors_alone(self) -> bool:
        codes = find_distinct(color_codes(self.picture.colors))
        return all(color_of_code(int(code)) in self.known for code in codes)

    def _exact_is_colors(self) -> bool:
        """Whether a picture without loss that has numbers is meant by its colours: in grey, or in a table."""
        table = self.picture.table
        if self.picture.in_one_channel:
            return self._has_known_colors_alone()
        if table is None and not self._is_called_colors and not self.mapped:
            return False
        colors = _colors(self.picture)
        fits = all(color in self.known for color in colors.values())
        if table is None or all(color == (number,) * 3 for number, color in colors.items()):
            return self._grey_is_colors(colors, fits=fits)
        if fits and _BLACK not in self.mapped and self.picture.transparent is None:
            _refuse_short_table(self.item, colors, table)
        return self._table_is_colors(colors, fits=fits)

    def _grey_is_colors(self, colors: Mapping[int, Color], *, fits: bool) -> bool:
        """Grey values may be numbers, or white and black as colours: what --map, a list or the other pictures say."""
        if fits and any(color in self.mapped for color in colors.values()):
            return True
        return self._is_called_colors and (fits or not self._listed_numbers)

    def _table_is_colors(self, colors: Mapping[int, Color], *, fits: bool) -> bool:
        """With a colour table of its own a picture may be meant by its colours or by its numbers."""
        by_number = [number for number in colors if self.claims.maps(str(number))]
        used = set(colors.values())
        are_meant = self._is_called_colors or not used.isdisjoint(self.mapped)
        # Black and white are also how a mask of one class looks, whatever the palette's white is.
        if fits and not are_meant and _WHITE in used and used <= {_BLACK, _WHITE}:
            return False
        if fits and by_number:
            what = f"has the colours of the palette, and --map names its number {by_number[0]}"
            raise P2PError(self.item.where, what, WAY_OUT, code="other-colour-table")
        has_numbers = bool(by_number or self._listed_numbers)
        if fits or not (has_numbers or any(each.id is not None for each in self.claims.palette.classes)):
            return True  # as it must be where no number means anything
        if not by_number:
            self._refuse_other_table(colors)
        return False

    def _refuse_other_table(self, colors: Mapping[int, Color]) -> None:
        """Raise P2PError for a table that gives a number the colour of another class, or one that no list names."""
        listed = self.item.listed if self.item.listed and self.item.listed.colors else None
        for number, color in colors.items():
            label = self.known.get(color) if color != _BLACK else None
            name = self._listed_numbers.get(number, str(number))
            is_another = label is not None and self.claims.word(label) != self.claims.word(name)
            if is_another or (listed and color not in self.known):
                whose = listed.source if listed else f"the palette {self.claims.palette.name}"
                what = f"has {hex_of(color)} for the number {number} in its colour table, which contradicts {whose}"
                raise P2PError(self.item.where, what, WAY_OUT, code="other-colour-table")

    @property
    def _listed_numbers(self) -> Mapping[int, str]:
        """What a list beside it calls class numbers."""
        return self.item.listed.numbers if self.item.listed else {}


def _not_numbers(where: str) -> P2PError:
    to_do = (
        "If it is a photo, give the labels' folder alone, and photos with --photos; if its colours are classes "
        "(not numbers), add --format colors."
    )
    return P2PError(where, "holds colours, not class numbers", to_do, code="colours-not-classes")


def own_colors(picture: LabelPicture) -> dict[int, Color]:
    """The colour of each class number in use by the picture's own table; none without one. 255 is not a class."""
    found = _colors(picture) if picture.table is not None else {}
    return {number: color for number, color in found.items() if number != IGNORE}


def _colors(picture: LabelPicture) -> dict[int, Color]:
    """The colour of each number in use, its grey where the picture has no colour table."""
    assert picture.numbers is not None, "there are numbers"
    used = [int(number) for number in np.flatnonzero(picture.counts)]
    if picture.table is None:
        return {number: (number, number, number) for number in used}
    table = picture.table_of_all
    return {number: rgb_of(table[number]) for number in used}


def _refuse_short_table(item: PictureLabels, colors: Mapping[int, Color], table: NDArray[np.uint8]) -> None:
    """Raise P2PError for a number that is black since the table ends before it, or has zeros there.

    Where no other is black it may be meant, but beside a list of colours without black only as the next number: so it
    stands in the table of a program that writes the colours in use.
    """
    black = [number for number, color in colors.items() if color == _BLACK]
    last = int(np.flatnonzero(table.any(axis=1)).max(initial=0))
    listed = item.listed.colors if item.listed else {}
    is_unlisted = bool(listed) and _BLACK not in listed
    if black and black[-1] > last and (len(black) > 1 or (is_unlisted and black[-1] > last + 1)):
        what = f"has the number {black[-1]}, which is black, since its colour table has no colour after {last}"
        raise P2PError(item.where, what, WAY_OUT, code="other-colour-table")

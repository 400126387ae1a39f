"""Contact sheets: what is in a folder, be it pairs, masks, photos or samples, as one picture with names.

Nothing here may write a file or judge what it shows; the room `checks` does, and its findings are handed in.
"""

import difflib
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.errors import Finding, P2PError, UsageError
from p2p_datatools.contract.names import without_suffix
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.images import Photo, size_of
from p2p_datatools.contract.pictures.overlay import MARK_WORDS, Overlay, PlaceMark, draw_missing, lay_over, mark_places
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.resize import resize, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.sheets.gallery import Entry, Gallery, PictureRow, open_gallery
from p2p_datatools.sheets.layout import Tile, lay_out

_BOX = Size(320, 320)  # in which each picture is fitted
_SEVERITIES = ("error", "warning", "hint")
_MOST_CODES = 3  # in a caption
_ByFile = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True)
class SheetOptions:
    """How a contact sheet is drawn: its columns (by default those of a good shape), and how masks lie over photos.

    Masks lie in colour over the photos that are given with them; pairs of a mask and a photo have a third column where
    `overlay` is given. `read` says which page of files with several is read, and whether EXIF turns photos.
    """

    columns: int | None = None
    overlay: Overlay | None = None
    read: ReadOptions = AS_USUAL


_AS_USUAL = SheetOptions()


def contact_sheet(
    path: Path | str,
    *,
    limit: int = 12,
    seed: int | None = None,
    names: Sequence[str] = (),
    palette: Palette | None = None,
    photos: Path | str | None = None,
    findings: Sequence[Finding] | None = None,
    how: SheetOptions = _AS_USUAL,
    report: Reporter = QUIET,
) -> Photo:
    """A contact sheet of pairs (A | B), masks, photos, or what 'p2p sample' wrote: uint8 RGB.

    Of more than `limit` it shows some at even distances in the order of their names, or drawn by `seed` if given; with
    `names` it shows these, all of them. With a `palette` pictures are read as masks of it; `photos` are those of masks,
    which then lie over them. With `findings`, such as those of `checks.check`, it shows the pictures that have any, the
    worst first, their codes under them and a ring at each place. Values of more than 8 bits are stretched for the eye,
    and the sheet says so.

    A picture that cannot be read is grey, and a note says so. Raises P2PError when there is nothing to show, or none of
    the pictures to be shown can be read, and UsageError for a name that no picture has.
    """
    if limit < 1:
        raise UsageError(f"limit {limit}", "is less than one picture", "Give 1 or more.", code="impossible-setting")
    path, photos = Path(path), Path(photos) if photos else None
    gallery = open_gallery(
        path, palette=palette, photos=photos, overlay=how.overlay is not None, read=how.read, report=report
    )
    by_file = _by_file(findings or ())
    entries = _choose(gallery, by_file, limit, seed, names, worst_first=findings is not None)
    broken: dict[Path, P2PError] | None = {} if findings is None else None
    with report.tell("reading pictures"):
        shown = [_show(entry, gallery, how.overlay or "color", by_file, broken) for entry in entries]
    _say_broken(broken or {}, len(entries), report)
    tiles = [tile for tile, _ in shown]
    stretched = any(is_stretched for _, is_stretched in shown)
    sizes = [size_of(picture) for tile in tiles for picture in tile.pictures]
    cell = Size(max(size.width for size in sizes), max(size.height for size in sizes))
    part = "" if len(entries) == len(gallery.entries) else f", {len(entries)} shown"
    return lay_out(
        tiles,
        columns=how.columns or _columns(len(tiles), len(tiles[0].pictures), cell),
        cell=cell,
        title=f"{path.resolve().name}: {gallery.title}{part}",
        remarks=_remarks(gallery, findings, stretched=stretched),
        headings=gallery.all_headings,
        legend=gallery.legend,
    )


def _choose(
    gallery: Gallery, by_file: _ByFile, limit: int, seed: int | None, names: Sequence[str], *, worst_first: bool
) -> Sequence[Entry]:
    if names:
        return _find_names(gallery, names)
    entries = gallery.entries
    found = [entry for entry in entries if _of_entry(entry, by_file)] if worst_first else []
    if not found or seed is not None:
        return _sample(found or entries, limit, seed)

    def worst(entry: Entry) -> tuple[int, int]:
        own = _of_entry(entry, by_file)
        return min(_SEVERITIES.index(each.severity) for each in own), -len(own)

    return sorted(found, key=worst)[:limit]


def _find_names(gallery: Gallery, names: Sequence[str]) -> list[Entry]:
    """The entries of these names: whole, with the suffix of a picture, or the last part if only one has it."""
    known, last = {entry.name: entry for entry in gallery.entries}, defaultdict[str, list[Entry]](list)
    for entry in gallery.entries:
        last[entry.name.rpartition("/")[2]].append(entry)
    chosen = []
    for name in names:
        bare = without_suffix(name)
        found = [known[each] for each in (name, bare) if each in known] or last.get(name) or last.get(bare) or []
        if found and found[0] is found[-1]:
            chosen.append(found[0])
            continue
        if found:
            what, to_do = f"is the name of {len(found)} pictures", f"Write it with its folder, such as {found[0].name}."
        else:
            near = difflib.get_close_matches(bare, known, n=1, cutoff=0.3)
            what, to_do = "names no picture there", f"Did you mean '{near[0]}'?" if near else "Check the spelling."
        raise UsageError(f"--names {name}", what, to_do, code="unknown-picture")
    return chosen


def _say_broken(broken: Mapping[Path, P2PError], shown: int, report: Reporter) -> None:
    """Note which pictures are grey because they cannot be read; raises the error of the first where all are."""
    if broken and len(broken) == shown:
        raise next(iter(broken.values()))
    if broken:
        are = plural(len(broken), "picture cannot be read, and is grey", "pictures cannot be read, and are grey")
        report.note(f"{are}: {next(iter(broken.values()))}")


def _show(
    entry: Entry, gallery: Gallery, style: Overlay, by_file: _ByFile, broken: dict[Path, P2PError] | None
) -> tuple[Tile, bool]:
    """The tile of an entry, and whether it is stretched; one that cannot be read is grey, and `broken` has its error.

    It is fitted at once, so that never more than one entry's own pixels are in memory.
    """
    own = _of_entry(entry, by_file)
    try:
        row = entry.read()
    except P2PError as error:
        if broken is not None:
            broken[entry.files[0]] = error
        row = PictureRow((None,) * len(gallery.exact), "" if own else error.code)
    pictures = _fit(row, gallery, style)
    # What is drawn of two has the lines of one of them, which may not be blended.
    exact = gallery.exact if gallery.over is None else (*gallery.exact, True)
    if marks := list(_marks(own, entry, row)):
        pictures = [mark_places(picture, marks) for picture in pictures]
    return Tile(tuple(pictures), _caption_of(entry, row, own), exact), row.stretched


def _fit(row: PictureRow, gallery: Gallery, style: Overlay) -> list[Photo]:
    """Each picture as large as fits into the box, with the one that is drawn of two."""
    whole = [each for each in row.pictures if each is not None]
    usual = scale_to(size_of(whole[0]), _BOX, cover=False) if whole else _BOX
    fitted = [
        draw_missing(usual) if each is None else resize(each, scale_to(size_of(each), _BOX, cover=False), exact=mask)
        for each, mask in zip(row.pictures, gallery.exact, strict=True)
    ]
    if gallery.over is None:
        return fitted
    mask, photo = (row.pictures[place] for place in gallery.over)
    if mask is None or photo is None:
        return [*fitted, draw_missing(usual)]
    background = gallery.legend.classes[0].color if gallery.legend else None
    box = scale_to(size_of(photo), _BOX, cover=False)
    return [*fitted, lay_over(photo, mask, box, style, background=background)]


def _marks(own: Sequence[Finding], entry: Entry, row: PictureRow) -> Iterator[PlaceMark]:
    """The places of findings as shares of a picture; of the two halves of a pair each has its own beginning."""
    side_by_side = entry.halves > 1
    of_file = {str(file): each for file, each in zip(entry.files, row.pictures, strict=False)}
    for finding in own:
        picture = row.pictures[0] if side_by_side else of_file.get(finding.where)
        if finding.place is not None and picture is not None:
            size, (x, y) = size_of(picture), finding.place
            across = x % size.width if side_by_side else x
            yield (across + 0.5) / size.width, (y + 0.5) / size.height, finding.severity


def _caption_of(entry: Entry, row: PictureRow, own: Sequence[Finding]) -> str:
    codes = list(dict.fromkeys(finding.code for finding in own))
    more = [f"+{len(codes) - _MOST_CODES}"] if len(codes) > _MOST_CODES else []
    said = ", ".join([*codes[:_MOST_CODES], *more]) or row.words
    return f"{entry.caption}: {said}" if said else entry.caption


def _remarks(gallery: Gallery, findings: Sequence[Finding] | None, *, stretched: bool) -> list[str]:
    """What the sheet says below its title."""
    lines = ["values are stretched for the eye: from black to white as under each picture"] if stretched else []
    if findings is None:
        return lines
    files = {str(file) for entry in gallery.entries for file in entry.files}
    in_files = [finding for finding in findings if finding.where in files]
    rest = len(findings) - len(in_files)
    pictures = plural(len({finding.where for finding in in_files}), "picture")
    line = f"{plural(len(in_files), 'finding')} in {pictures}" if in_files else "nothing found in any picture"
    lines.append(f"{line}; {rest} on the whole" if rest else line)
    return [*lines, MARK_WORDS] if any(finding.place for finding in in_files) else lines


def _by_file(findings: Sequence[Finding]) -> _ByFile:
    found = defaultdict[str, list[Finding]](list)
    for finding in findings:
        found[finding.where].append(finding)
    return found


def _of_entry(entry: Entry, by_file: _ByFile) -> list[Finding]:
    return [finding for file in entry.files for finding in by_file.get(str(file), ())] if by_file else []


def _sample(entries: Sequence[Entry], limit: int, seed: int | None) -> Sequence[Entry]:
    count = len(entries)
    if count <= limit:
        return entries
    if seed is None:
        return [entries[(2 * place + 1) * count // (2 * limit)] for place in range(limit)]
    return [entries[index] for index in sorted(random.Random(seed).sample(range(count), limit))]


def _columns(tiles: int, pictures: int, cell: Size) -> int:
    """One column for a few pairs; else the number for which the sheet is about 4:3 and its last row full."""
    if pictures > 1 and tiles <= 4:
        return 1

    def away(columns: int) -> float:
        rows = math.ceil(tiles / columns)
        shape = columns * pictures * cell.width / (rows * (cell.height + 40))
        return abs(math.log(shape * 3 / 4)) + (rows * columns - tiles) / tiles

    return min(range(1, tiles + 1), key=away)

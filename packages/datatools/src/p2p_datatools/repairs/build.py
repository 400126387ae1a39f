"""Repairs a folder of masks: which there are, what each becomes, and what DEST holds afterwards.

Nothing here may decide what a pixel is, or write into the folder that is repaired.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import json_line, sha256_file, write_bytes, write_lines
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import CHANGES, REPAIRS, LeftOut, refuse_missing_folder
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.mask_folder import MASK_LINES, MaskLine, areas_of, look, read_mask_lines, write_records
from p2p_datatools.contract.names import PhotoFolder
from p2p_datatools.contract.pairs.manifest import refuse_pairs_as_photos
from p2p_datatools.contract.palette import Palette, palette_of
from p2p_datatools.contract.partners.mask_photos import MaskPhotos
from p2p_datatools.contract.pictures.header import any_header, decoded_bytes, open_picture
from p2p_datatools.contract.pictures.images import size_of, write_mask, write_png
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.kinds import prefer_photos
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size, is_same_shape
from p2p_datatools.contract.pictures.worn.reading import read_worn_mask
from p2p_datatools.contract.progress import MANY, QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_datatools.repairs.mend import MendResult, mend
from p2p_datatools.repairs.record import RepairLine, read_repairs, repair_from_json
from p2p_datatools.repairs.sheet import draw_changes
from p2p_datatools.repairs.specks import MOST_SPECK

_WEIGHT = 8  # bytes that a byte of the decoded picture may cost; sharpening and marks take most
_LOOKED_AT = 5  # pictures of a folder, before all of it is read for nothing
_OF_FOLDERS = frozenset({"photo-not-mask", "class-numbers", "unknown-class", "other-palette"})


@dataclass(frozen=True)
class RepairOptions:
    """How masks are repaired: below how many pixels an area is a speck (None: a share of the mask), and the photos.

    `read` says whether EXIF turns the photos, whose size the masks get. Raises UsageError for an impossible number.
    """

    specks: int | None = None
    photos: Path | None = None
    read: ReadOptions = AS_USUAL

    def __post_init__(self) -> None:
        if self.specks is not None and not 1 <= self.specks <= MOST_SPECK:
            what = f"is not a number of pixels from 1 to {MOST_SPECK}"
            to_do = "An area of fewer pixels than this is filled; 1 fills none."
            raise UsageError(f"specks {self.specks}", what, to_do, code="impossible-setting")


@dataclass(frozen=True)
class RepairSummary:
    """What `repair` did: masks `repaired` in this call and `kept` from an earlier one.

    Over all masks in `dest`: `exact` ones needed nothing, `changed` are the pixels by reason of the others, `pixels`
    all of them; `scaled` masks have the size of their photo; `before` and `after` are the pixels by class, by the
    nearest colour and as they became. `undecided` are areas that no class explains, with a place each: they are
    ignored. `skipped` masks could not be read.
    """

    repaired: int
    kept: int
    exact: int
    changed: dict[str, int]
    pixels: int
    scaled: int
    before: dict[str, int]
    after: dict[str, int]
    undecided: tuple[Skip, ...]
    skipped: tuple[Skip, ...]
    dest: Path
    left_out: LeftOut


@dataclass(frozen=True)
class _Item:
    """One mask to repair, its photo if there is one, and what an earlier record says of it."""

    name: str
    path: Path
    photo: Path | None = None
    known: MaskLine | None = None


@dataclass(frozen=True)
class _Signature:
    """What a repaired mask depends on: its source and the settings, and the size it must have."""

    text: str
    size: Size | None


_AS_ALWAYS = RepairOptions()


def repair(
    masks: Path | str,
    dest: Path | str,
    *,
    palette: Palette | None = None,
    how: RepairOptions = _AS_ALWAYS,
    keep_going: bool = False,
    report: Reporter = QUIET,
) -> RepairSummary:
    """Write the masks of a folder to the mask folder `dest`, with exact colours, without specks, in their photos' size.

    MASKS is a mask folder, or any folder of pictures in the colours of `palette`: JPEG, resized, drawn with soft edges.
    Blended colours become the class that explains what lies around them (see `contract.pictures.worn`); areas of few
    pixels are filled (see `specks.fill_specks`); what no class explains is ignored, and listed. DEST/changes has for
    each mask what was changed, as JSON and as a picture; MASKS stays as it is. On a DEST of the same settings new masks
    are added and others kept.

    Raises P2PError, and writes no DEST, when a mask is broken, a photo, or of another palette, unless `keep_going`:
    then those are in `skipped`, and in DEST/skipped.jsonl. Raises UsageError when DEST holds anything else.
    """
    masks, dest = Path(masks), Path(dest)
    palette = _palette(masks, palette)
    _refuse_places(masks, dest, how.photos)
    with report.tell("finding photos" if how.photos else "finding masks"):
        items, skipped, folder = _plan(masks, how, report)
    _refuse_others(masks, items, palette)
    recipe = _recipe(masks, palette, how)
    with Destination(dest, marker=REPAIRS, recipe=recipe) as destination:
        work = _RepairWork(destination, items, palette, how)
        done, lines = work.run(items, "masks", len(items), report=report), work.records()
        skipped += done.skipped
        if not keep_going or not lines:
            refuse(skipped, destination)
        totals = _totals(masks, lines, report)
        with report.tell("writing records"):
            destination.commit(partial(_write_records, palette, lines), skipped=skipped)
    return RepairSummary(
        repaired=done.made + done.resumed,
        kept=done.kept,
        **totals,
        skipped=tuple(skipped),
        dest=dest,
        left_out=folder.others,
    )


def _palette(masks: Path, given: Palette | None) -> Palette:
    """The palette of the masks; raises where there is none."""
    refuse_missing_folder(masks)
    palette = given or palette_of(masks)
    if palette is None:
        what, to_do = "has no palette.toml", "Say which classes there are: --palette NAME or FILE."
        raise UsageError(masks, what, to_do, code="missing-option")
    return palette


def _refuse_places(masks: Path, dest: Path, photos: Path | None) -> None:
    """Raise UsageError for a destination among what is read, or around it, and for pairs."""
    refuse_dest_inside(dest, masks, photos)
    for folder in (masks, photos):
        if folder and folder.resolve().is_relative_to(dest.resolve()):
            what = f"holds {folder}, which is read"
            raise UsageError(dest, what, "Choose a destination beside it.", code="source-inside-destination")
    refuse_pairs_as_photos(masks)


def _plan(masks: Path, how: RepairOptions, report: Reporter) -> tuple[list[_Item], list[Skip], PhotoFolder]:
    """The masks, those that cannot be told apart or have no photo, and the folder with what else it holds."""
    folder = PhotoFolder(masks)
    prefer_photos(folder, report)
    clear, skipped = folder.sort_out()
    folder.others.say(report)
    photos = MaskPhotos(masks, how.photos, report=report) if how.photos else None
    if photos:
        skipped += photos.skip_lost("Add it there, or remove the mask.")
    known = read_mask_lines(masks) if (masks / MASK_LINES).is_file() else {}
    items = list[_Item]()
    for name, path in folder.names.items():
        own = photos.of(path) if photos else (None,)
        if name.startswith(f"{CHANGES}/"):
            what = f"has a name of the folder {CHANGES}, in which the changes of masks are drawn"
            skipped.append(Skip(str(path), what, "Rename its folder.", "reserved-name"))
        elif own and name in clear:
            items.append(_Item(name, path, own[0], known.get(name)))
    return items, skipped, folder


def _refuse_others(masks: Path, items: Sequence[_Item], palette: Palette) -> None:
    """Raise P2PError where each of a few pictures, evenly chosen, is refused as no mask of this palette."""
    looked_at = items[:: -(-len(items) // _LOOKED_AT)] if items else ()
    errors = list[P2PError]()
    for item in looked_at:
        try:
            with open_picture(item.path) as picture:
                read_worn_mask(picture, palette, near_is_class=True)
            return
        except P2PError as error:
            errors.append(error)
    codes = {error.code for error in errors}
    if len(errors) > 1 and codes <= _OF_FOLDERS:
        first, code = errors[0], errors[0].code
        number = plural(len(errors), "picture was", "pictures were")
        raise P2PError(masks, f"{number} looked at, and none is a mask: the first {first.what}", first.to_do, code=code)


def _recipe(masks: Path, palette: Palette, how: RepairOptions) -> dict[str, Any]:
    return {
        "work": "repair",
        "masks": str(masks.resolve()),
        "photos": str(how.photos.resolve()) if how.photos else None,
        "palette": look(palette),
        "specks": how.specks,
        **how.read.to_json(),
    }


class _RepairWork(Work[_Item, RepairLine, _Signature]):
    """The masks of one call, each known again by the hash of its file, the settings and its size."""

    listing = REPAIRS

    def __init__(self, destination: Destination, items: Sequence[_Item], palette: Palette, how: RepairOptions) -> None:
        old = read_repairs(destination.dest) if destination.exists else {}
        super().__init__(destination, old, {item.name for item in items})
        self._palette, self._how = palette, how

    def list_sources(self, item: _Item) -> Sequence[str]:
        """Its file."""
        return (str(item.path),)

    def weight(self, item: _Item) -> int:
        """By the picture's own size."""
        return _WEIGHT * decoded_bytes(item.path)

    def sign(self, item: _Item) -> _Signature:
        """The hash of its file, with the settings; and the size of its photo."""
        size = None
        if item.photo:
            with open_picture(item.photo, self._how.read) as photo:
                size = any_header(photo).size
        classes = " ".join(f"{name}={color}" for name, color in look(self._palette))
        return _Signature(f"{sha256_file(item.path)} specks={self._how.specks} {classes}", size)

    def is_current(self, record: RepairLine, item: _Item, signature: _Signature) -> bool:
        """Whether it was made of the same file, in the same way, for a photo of the same size."""
        return record.signature == signature.text and signature.size in (None, record.size)

    def make(
        self, item: _Item, signature: _Signature, known: RepairLine | None, *, stands: bool
    ) -> Output[RepairLine] | None:
        """Repair the mask; only the user may delete one that stands and was made of another source."""
        if stands:
            made = self.destination.dest / f"{item.name}.png"
            what = f"it, its photo's size or the settings have changed since {made} was repaired from it"
            to_do = "Delete that mask and repair again, or choose another destination."
            raise P2PError(item.path, what, to_do, code="source-changed")
        relative_name(item.name, item.path, suffix=".json")
        with open_picture(item.path) as picture:
            worn = read_worn_mask(picture, self._palette, near_is_class=True)
        own = size_of(worn.indices)
        if signature.size is not None and not is_same_shape(own, signature.size):
            what = f"is {own}, but its photo {item.photo} is {signature.size}, which is another shape"
            raise P2PError(item.path, what, "Build it again from the labels of this photo.", code="mask-size")
        mending = mend(worn, self._palette, specks=self._how.specks, size=signature.size)
        line = self._line(item, signature, mending, own)
        return Output(line.files, partial(self._write, line, mending))

    def _line(self, item: _Item, signature: _Signature, mending: MendResult, own: Size) -> RepairLine:
        changed = mending.changed
        return RepairLine(
            name=item.name,
            source=item.path.name if item.name == item.path.stem else f"{item.name}{item.path.suffix}",
            signature=signature.text,
            size=size_of(mending.mask),
            areas=areas_of(histogram(mending.mask), self._palette),
            before=areas_of(mending.before, self._palette),
            changed=changed,
            scaled="" if own == size_of(mending.mask) else str(own),
            undecided=mending.undecided,
            split=item.known.split if item.known else "",
            exif="raw" if item.photo and self._how.read.exif == "raw" else item.known.exif if item.known else "",
            drawn=bool(changed),
        )

    def read_record(self, file: str, value: dict[str, Any]) -> RepairLine:
        """The line of repairs.jsonl."""
        return repair_from_json(value, self.destination.partial)

    def _write(self, line: RepairLine, mending: MendResult, paths: Sequence[Path]) -> RepairLine:
        write_mask(paths[0], mending.mask, self._palette, durable=False)
        write_bytes(paths[1], json_line(line.to_json()), durable=False)
        if line.drawn:
            changes = draw_changes(mending, self._palette, line.name)
            write_png(paths[2], changes, durable=False, role="contact sheet")
        return line


def _write_records(palette: Palette, lines: Mapping[str, RepairLine], folder: Path) -> None:
    """The records of a mask folder, and repairs.jsonl last, since a folder with it counts as complete."""
    names = sorted(lines)
    write_records(folder, palette, (lines[name].mask_line() for name in names))
    write_lines(folder / REPAIRS, (lines[name].to_json() for name in names))


def _totals(masks: Path, lines: Mapping[str, RepairLine], report: Reporter) -> dict[str, Any]:
    """What the records of all masks tell together."""
    changed, before, after = Counter[str](), Counter[str](), Counter[str]()
    exact, scaled, undecided = 0, 0, list[Skip]()
    for line in (lines[name] for name in report.track(sorted(lines), "adding up", len(lines), least=MANY)):
        changed.update(line.changed)
        before.update(line.before)
        after.update(line.areas)
        exact += not line.changed
        scaled += bool(line.scaled)
        undecided += [_skip_undecided(masks, line)] if line.undecided else []
    sums = {"changed": dict(changed), "before": dict(before), "after": dict(after), "pixels": before.total()}
    return {"exact": exact, "scaled": scaled, "undecided": tuple(undecided), **sums}


def _skip_undecided(masks: Path, line: RepairLine) -> Skip:
    places = ", ".join(f"x={x}, y={y}" for x, y in line.undecided)
    number = plural(line.changed["undecided"], "pixel has", "pixels have")
    what = f"{number} a colour that no class explains, and are ignored: at {places}"
    to_do = f"Look at {CHANGES}/{line.name}.png; paint them in the palette's colours, or add their class to it."
    return Skip(str(masks / line.source), what, to_do, "undecided")

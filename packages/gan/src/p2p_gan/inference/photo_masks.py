"""Builds a mask folder from photos without labels, by a model that gives masks: masks, how sure it was, and a list.

Nothing here may train, or take a mask that a model made for one that a person drew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import each_line, read_json, write_json, write_lines
from p2p_datatools.contract.files.destination import Destination, refuse, refuse_dest_inside
from p2p_datatools.contract.files.listing import CONFIDENCE, DOUBT
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.mask_folder import MaskLine, areas_of, line_from_json, look, read_mask_lines, write_records
from p2p_datatools.contract.pairs.manifest import refuse_pairs_as_photos
from p2p_datatools.contract.palette import IGNORED, Palette
from p2p_datatools.contract.pictures.formats.gdal import sign_picture
from p2p_datatools.contract.pictures.images import LabelMap, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.index import histogram
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.progress import QUIET, Note, Reporter, once
from p2p_gan.inference.apply import translator_of
from p2p_gan.inference.input_pictures import FittingInputs, InputPicture, list_inputs, split_by_fit
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.preview import find_beyond, look_at_inputs
from p2p_gan.inference.runtime_choice import ModelRequest, runtime_of
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.seen_sizes import note_sizes
from p2p_gan.inference.segmentation import WITHOUT_DROPOUT, Segmentation, segment
from p2p_gan.inference.shared import SharedTranslator
from p2p_gan.models.card import ModelCard

if TYPE_CHECKING:
    import torch

SEGMENTER = "segmenter.json"
_THREADS = 3  # of which one translates and the others read and write
_COPIES = 24  # bytes of a pixel while it is read, translated, counted and written
_LEVELS = 255
_TO_DO = "Delete the folder and build its masks again."


@dataclass(frozen=True)
class MaskDoubt:
    """How sure the model was of one mask: the mean `confidence` of its pixels, the `lowest` twentieth's highest.

    `ignored` is the share of the pixels that were left to ignore, since the confidence in them was too low.
    """

    confidence: float
    lowest: float
    ignored: float

    def to_json(self) -> dict[str, float]:
        """The numbers, as a line of doubt.jsonl has them beside the name."""
        return {name: round(value, 4) for name, value in vars(self).items()}


@dataclass(frozen=True)
class PhotoMask:
    """The record of a photo: the line of its mask, how sure the model was of it, and the runtime that computed it."""

    line: MaskLine
    doubt: MaskDoubt
    runtime: str = ""  # empty in records of earlier versions

    @property
    def name(self) -> str:
        """The name of the photo and of its mask."""
        return self.line.name

    @property
    def files(self) -> tuple[str, ...]:
        """The mask, and the picture of confidence."""
        return self.line.file, f"{CONFIDENCE}/{self.line.file}"

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value."""
        return {"line": self.line.to_json(), "doubt": self.doubt.to_json(), "runtime": self.runtime}

    def to_doubt_line(self) -> dict[str, Any]:
        """Its line of doubt.jsonl."""
        return {"name": self.name, **self.doubt.to_json()} | ({"runtime": self.runtime} if self.runtime else {})


@dataclass(frozen=True)
class PhotoMaskSummary:
    """What `segment_photos` did: masks `built` now, and `kept` from an earlier call; `areas` are pixels by class.

    `doubts` has all masks by name, the least sure first, as doubt.jsonl has them.
    """

    dest: Path
    built: int
    kept: int
    skipped: tuple[Skip, ...]
    areas: dict[str, int]
    palette: Palette
    doubts: dict[str, MaskDoubt]

    @property
    def confidence(self) -> float:
        """The mean over masks."""
        return float(np.mean([each.confidence for each in self.doubts.values()])) if self.doubts else 0.0


def segment_photos(
    photos: Path | str,
    dest: Path | str,
    model: Path | str,
    *,
    min_confidence: float = 0.0,
    palette: Palette | None = None,
    read: ReadOptions = AS_USUAL,
    keep_going: bool = False,
    device: "torch.device | str | None" = None,
    report: Reporter = QUIET,
) -> PhotoMaskSummary:
    """Write for each of the photos, a picture or a folder, the mask that a model finds in it: a mask folder.

    DEST receives NAME.png, exact in the model's palette; confidence/NAME.png, 0 to 255 for the confidence of 0 to 1 in
    each pixel, rounded down; palette.toml, masks.jsonl; doubt.jsonl, a line for each mask, the least sure first; and
    segmenter.json, which names the model. A pixel below `min_confidence` is ignored (255). `palette`, if given, has to
    be that of the model. The same call again adds the masks of new or changed photos. Raises P2PError for a model that
    gives no masks, and for photos that cannot be read, unless `keep_going`.
    """
    photos, dest = Path(photos), Path(dest)
    if not 0 <= min_confidence < 1:
        what, to_do = "is not possible", "Give a number from 0 up to 1, such as 0.8."
        raise UsageError(f"min_confidence={min_confidence}", what, to_do, code="impossible-setting")
    refuse_dest_inside(dest, photos)
    request = ModelRequest(Path(model), WITHOUT_DROPOUT, device=device)
    loaded = request.open(report)
    known = _palette_of(loaded.card, request.path, palette)
    inputs = _find_photos(photos, loaded, read, keep_going=keep_going, report=report)
    skipped = inputs.skipped
    recipe = _recipe(loaded, known, min_confidence, read)
    with Destination(dest, marker=SEGMENTER, recipe=recipe) as destination:
        old = _old_records(dest, recipe) if destination.exists else {}
        if not keep_going:
            refuse(skipped, destination)
        rest = {f"{each.name}.png": inputs.sizes.get(each.name) for each in inputs.fitting}
        loaded = request.settle_for_rest(loaded, rest, destination, old.values(), report)
        work = PhotoMaskWork(loaded, known, min_confidence, destination, old, inputs, once(report.note))
        done = work.run(inputs.fitting, "segmenting", len(inputs.fitting), threads=_THREADS, report=report)
        skipped += done.skipped
        records = work.records()
        if not (keep_going and records):
            refuse(skipped, destination)
        ordered = sorted(records.values(), key=lambda each: (each.doubt.confidence, each.name))
        destination.commit(partial(_write_records, recipe, known, ordered), skipped=skipped)
    work.changes.say(report)
    return PhotoMaskSummary(
        dest,
        built=done.made + done.resumed,
        kept=done.kept,
        skipped=tuple(skipped),
        areas=_sum_areas(ordered, known),
        palette=known,
        doubts={each.name: each.doubt for each in ordered},
    )


def _recipe(model: AnyModel, palette: Palette, min_confidence: float, read: ReadOptions) -> dict[str, Any]:
    """What the masks of one folder have in common, as segmenter.json has it."""
    return {
        **{"format": "p2p-segmented", "version": 1, "model": model.digest, "direction": model.card.direction},
        **{"trained_on": model.card.data_hash, "palette": look(palette), "min_confidence": min_confidence},
        **read.to_json(),
    }


def _sum_areas(records: Sequence[PhotoMask], palette: Palette) -> dict[str, int]:
    """The pixels of each class, and of those ignored, in all masks."""
    areas = Counter(dict.fromkeys((*palette.names, IGNORED), 0))
    for each in records:
        areas.update(each.line.areas)
    return dict(areas)


def _palette_of(card: ModelCard, model: Path, wanted: Palette | None) -> Palette:
    """The palette of the model's masks; raises P2PError if it gives none, UsageError if another is wanted."""
    if card.output.kind != "mask" or card.palette is None:
        what = f"has the direction {card.direction}, and gives no masks with a palette"
        if card.output.kind == "mask":
            what = "gives masks, but its description has no palette, without which colours have no classes"
        to_do = "Give a model from photo to mask, which 'p2p train PAIRS SEGMENTER --preset segment' trains."
        raise P2PError(model, what, to_do, code="unfit-segmenter")
    if wanted is not None and look(wanted) != look(card.palette):
        classes = ", ".join(card.palette.names)
        what = f"is not the palette of the model, which has the classes {classes}"
        raise UsageError(f"--palette {wanted.name}", what, "Leave it out.", code="other-palette")
    return card.palette


def _find_photos(
    photos: Path, model: AnyModel, read: ReadOptions, *, keep_going: bool, report: Reporter
) -> FittingInputs:
    """The photos that the model takes, looked at; raises P2PError for pairs, and leaves out those of a name of ours."""
    card = model.card
    if photos.is_dir():
        refuse_pairs_as_photos(photos)
    strange: list[Skip] | None = [] if keep_going else None
    listed = list_inputs([photos], read, report, strange=strange)
    if any(each.folder is not None for each in listed):
        what = "holds A|B pictures in train/, not photos"
        to_do = "Take them apart with 'p2p data halves', and give the folder of the photos."
        raise P2PError(photos, what, to_do, code="pairs-as-half")
    fitting, sizes, skipped = split_by_fit(listed, card, keep_going=keep_going, also=_refuse_name)
    if not look_at_inputs([each.path for each in fitting], card, read, keep_going=keep_going, report=report):
        note_sizes(model, sizes, WITHOUT_DROPOUT, report, may_choose=False)
    return FittingInputs(fitting, sizes, [*(strange or []), *skipped])


def _refuse_name(photo: InputPicture) -> None:
    if photo.name.startswith(f"{CONFIDENCE}/"):
        what = f"lies in a folder {CONFIDENCE}, which is the name of what is written beside masks"
        raise P2PError(photo.path, what, "Rename the folder.", code="name-taken")


def _write_records(recipe: dict[str, Any], palette: Palette, records: Sequence[PhotoMask], folder: Path) -> None:
    write_records(folder, palette, (each.line for each in sorted(records, key=lambda each: each.name)))
    write_lines(folder / DOUBT, (each.to_doubt_line() for each in records))
    write_json(folder / SEGMENTER, recipe)


def _old_records(dest: Path, recipe: dict[str, Any]) -> dict[str, PhotoMask]:
    """The records of an earlier call; raises UsageError if it used another model or other settings."""
    if read_json(dest / SEGMENTER) != recipe:
        what = "holds masks of another model, or with other settings of --min-confidence, --page or --exif"
        raise UsageError(dest, what, "Choose another destination.", code="other-settings")
    lines = read_mask_lines(dest)
    at = ForeignPlace(dest / DOUBT, _TO_DO)
    with catch_decoder(dest / DOUBT, "is damaged", _TO_DO):
        doubts = {
            str(value["name"]): (_doubt_of(value, at), str(value.get("runtime", "")))
            for _, value in each_line(dest / DOUBT)
        }
    return {name: PhotoMask(line, *doubts[name]) for name, line in lines.items() if name in doubts}


def _doubt_of(value: Mapping[str, Any], at: ForeignPlace) -> MaskDoubt:
    numbers = (at.read_number(value[name], name) for name in ("confidence", "lowest", "ignored"))
    return MaskDoubt(*numbers)


class PhotoMaskWork(Work[InputPicture, PhotoMask, str]):
    """The masks of one call; the model translates one photo at a time, while others are read and written."""

    listing = DOUBT

    def __init__(
        self,
        model: AnyModel,
        palette: Palette,
        min_confidence: float,
        destination: Destination,
        old: Mapping[str, PhotoMask],
        photos: FittingInputs,
        note: Note,
    ) -> None:
        super().__init__(destination, old, {each.name for each in photos.fitting})
        self._sizes = photos.sizes
        self._card, self._digest, self._palette, self._least = model.card, model.digest, palette, min_confidence
        self._runtime = runtime_of(model)
        self._translator = SharedTranslator(translator_of(model, note=note))
        self.changes = InputChanges()

    def list_sources(self, item: InputPicture) -> Sequence[str]:
        """The photo."""
        return (str(item.path),)

    def weight(self, item: InputPicture) -> int:
        """What its pixels take."""
        size = self._sizes.get(item.name)
        return size.width * size.height * _COPIES if size else 0

    def sign(self, item: InputPicture) -> str:
        """The hash of the photo's file, and the model's."""
        return f"model {self._digest}, photo {sign_picture(item.path)}"

    def is_current(self, record: PhotoMask, item: InputPicture, signature: str) -> bool:
        """Whether it is the mask of this photo by this model."""
        return record.line.signature == signature

    def make(
        self, item: InputPicture, signature: str, known: PhotoMask | None, *, stands: bool
    ) -> Output[PhotoMask] | None:
        """Find the classes; a mask that stands may have been corrected by hand, and is not overwritten."""
        if stands:
            what = f"has changed since its mask {self.destination.dest / item.name}.png was built"
            raise P2PError(item.path, what, "Delete that mask, and build again.", code="source-changed")
        pixels = item.read(self._card, self.changes).pixels
        if beyond := find_beyond(pixels, self._card):
            self.changes.beyond[item.path] = beyond
        found = segment(self._translator, self._card, pixels)
        labels = found.keep_sure(self._least)
        record = self._record_of(item, signature, found, labels)
        return Output(record.files, partial(self._write, record, labels, found.confidence))

    def read_record(self, file: str, value: dict[str, Any]) -> PhotoMask:
        """The record as the journal has it."""
        where = self.destination.partial
        doubt = _doubt_of(value["doubt"], ForeignPlace(where, _TO_DO))
        return PhotoMask(line_from_json(value["line"], where), doubt, str(value.get("runtime", "")))

    def _record_of(self, item: InputPicture, signature: str, found: Segmentation, labels: LabelMap) -> PhotoMask:
        areas = areas_of(histogram(labels), self._palette)
        raw = "raw" if item.options.exif == "raw" else ""
        line = MaskLine(item.name, size_of(labels), areas, str(item.path), signature, labels={}, exif=raw)
        numbers = float(found.confidence.mean()), float(np.quantile(found.confidence, 0.05))
        doubt = MaskDoubt(*(round(each, 4) for each in (*numbers, areas.get(IGNORED, 0) / labels.size)))
        return PhotoMask(line, doubt, self._runtime)

    def _write(self, record: PhotoMask, labels: Any, confidence: Any, paths: Sequence[Path]) -> PhotoMask:
        write_mask(paths[0], labels, self._palette, durable=False)
        shades = np.floor(confidence * _LEVELS).astype(np.uint8)
        write_png(paths[1], shades, durable=False, role="confidence of a mask")
        return record

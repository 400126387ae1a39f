"""Applies a model to files, folders and held-out pairs and writes the outputs: `p2p sample`.

Nothing here may decide how a model is applied; `apply` does, to each picture by itself.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2p_datatools.contract.differences import differences
from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import read_json, read_lines, write_bytes, write_json, write_lines
from p2p_datatools.contract.files.destination import Destination, refuse
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.files.relative import relative_name
from p2p_datatools.contract.files.work import BUDGET, Output, Work
from p2p_datatools.contract.foreign import catch_decoder
from p2p_datatools.contract.machine import cores
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.formats.gdal import PAM_SUFFIX
from p2p_datatools.contract.pictures.ground import GroundPlace, encode_ground
from p2p_datatools.contract.pictures.images import hash_pixels, write_png
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Note, Reporter, once
from p2p_datatools.contract.words import path_word, plural
from p2p_gan.data.recent import RecentValues
from p2p_gan.inference.apply import ApplyOptions, refuse_few_variants, seed_of, translate
from p2p_gan.inference.input_pictures import (
    FittingInputs,
    InputPicture,
    list_inputs,
    list_stacks,
    refuse_dest_among,
    split_by_fit,
)
from p2p_gan.inference.inputs import PictureBytes
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.outputs import columns_of_sheet, is_in_png, side_by_side, write_output
from p2p_gan.inference.preview import find_beyond, look_at_inputs
from p2p_gan.inference.runtime_choice import ModelRequest, pass_bytes, runtime_of
from p2p_gan.inference.runtimes.onnx_runtime import LARGE, OnnxModel
from p2p_gan.inference.runtimes.translator import AnyModel
from p2p_gan.inference.seen_sizes import note_sizes
from p2p_gan.inference.shared import PictureInWork, translator_for_threads
from p2p_gan.machine.memory import budget_of
from p2p_gan.models.card import ModelCard

if TYPE_CHECKING:
    import torch

_HEADER, _LINES = "samples.json", "samples.jsonl"
_OVERLAP = 3  # threads, of which one translates and the others read and write
_COPIES = 16  # bytes of a value while a picture is read, resized, translated and written
_UNNAMED = "unnamed"  # of systems of coordinates


@dataclass(frozen=True)
class SampleOptions:
    """Options of `sample`: `variants` of a picture differ in dropout and noise; `sheet` adds input and real output.

    `read` says which page of files with several is read.
    """

    how: ApplyOptions = ApplyOptions()
    variants: int = 1
    sheet: bool = False
    read: ReadOptions = AS_USUAL

    def __post_init__(self) -> None:
        refuse_few_variants(self.variants)

    def files(self, name: str, card: ModelCard) -> list[str]:
        """The files for the picture `name`: PNG for sheets and for outputs that PNG can hold, else TIFF."""
        suffix = ".png" if self.sheet or is_in_png(card) else ".tif"
        if self.variants == 1:
            return [f"{name}{suffix}"]
        return [f"{name}-{n}{suffix}" for n in range(1, self.variants + 1)]


@dataclass(frozen=True)
class SampleSummary:
    """The result of `sample`: outputs `written` by this call and `kept` from an earlier one, of all inputs given.

    `snapped` are the masks with blended or inexact colours, which became those of the model's palette.
    """

    dest: Path
    written: int
    kept: int
    skipped: tuple[Skip, ...]
    snapped: tuple[str, ...]
    model: AnyModel

    @property
    def runtime(self) -> str:
        """What computed the pictures: torch, onnxruntime or openvino."""
        return runtime_of(self.model)


def sample(
    model_path: Path | str,
    inputs: Path | str | PictureBytes | Sequence[Path | str | PictureBytes],
    dest: Path | str,
    sampling: SampleOptions | None = None,
    *,
    keep_going: bool = False,
    device: "torch.device | str | None" = None,
    runtime: str = "auto",
    report: Reporter = QUIET,
) -> SampleSummary:
    """Apply a model to pictures and write DEST/NAME.png, or NAME-1.png to NAME-n.png for n variants.

    `inputs` is one path or several: pictures, folders of pictures, or pair folders, of which the held-out pairs are
    used; or the bytes of a picture file, whose output is called stdin. The same call again adds the outputs of new
    pictures. `device` and `runtime` are those of `runtime_choice.open_model`; the pictures are the same within 1 of
    255. Raises P2PError for inputs that cannot be read or that the model does not take, such as photos for masks,
    unless `keep_going`; what is likely wrong is a note.
    """
    sampling = sampling or SampleOptions()
    dest, request = Path(dest), ModelRequest(Path(model_path), sampling.how, runtime, device)
    model = request.open(report)
    several = [inputs] if isinstance(inputs, Path | str | PictureBytes) else inputs
    given = [each if isinstance(each, PictureBytes) else Path(each) for each in several]
    _refuse_dest(dest, given)
    fitting, sizes, skipped = _find_inputs(given, model, sampling, keep_going=keep_going, report=report)
    variants = [
        Variant(each, number, file)
        for each in fitting
        for number, file in enumerate(sampling.files(each.name, model.card), start=1)
    ]
    recipe = {"model": model.digest, **sampling.how.to_json(), "variants": sampling.variants, "sheet": sampling.sheet}
    with Destination(dest, marker=_HEADER, recipe=recipe) as destination:
        old = _old_records(dest, recipe) if destination.exists else {}
        if not keep_going:
            refuse(skipped, destination)
        rest = {each.name: sizes.get(each.picture.name) for each in variants}
        model = request.settle_for_rest(model, rest, destination, old.values(), report)
        work = SampleWork(model, sampling, destination, old, variants, once(report.note), sizes)
        done = work.run(variants, "sampling", len(variants), threads=work.threads, report=report)
        failed = {skip.where: skip for skip in reversed(done.skipped)}  # once for all variants
        skipped += reversed(failed.values())
        if not keep_going:
            refuse(skipped, destination)
        _note_ground(work.records(), report)
        destination.commit(partial(_write_record, records=work.records(), recipe=recipe), skipped=skipped)
    work.changes.say(report)
    snapped = tuple(str(each.path) for each in fitting if each.path in work.changes.snapped)
    return SampleSummary(dest, done.made, done.resumed + done.kept, tuple(skipped), snapped, model)


def _find_inputs(
    given: Sequence[Path | PictureBytes],
    model: AnyModel,
    sampling: SampleOptions,
    *,
    keep_going: bool,
    report: Reporter,
) -> FittingInputs:
    """The inputs of a call, looked at; notes what is likely wrong with them, raises P2PError for what certainly is."""
    card = model.card
    strange: list[Skip] | None = [] if keep_going else None
    if len(given) > 1 and card.input.parts:
        pictures = list_stacks(given, card, sampling.read, report)
    else:
        pictures = list_inputs(given, sampling.read, report, strange=strange)
    fitting, sizes, skipped = split_by_fit(pictures, card, keep_going=keep_going)
    alone = [each for each in fitting if each.folder is None]
    if not look_at_inputs([each.source for each in alone], card, sampling.read, keep_going=keep_going, report=report):
        note_sizes(model, {each.name: sizes[each.name] for each in alone if each.name in sizes}, sampling.how, report)
    return FittingInputs(fitting, sizes, [*(strange or []), *skipped])


def _refuse_dest(dest: Path, given: Sequence[Path | PictureBytes]) -> None:
    """Raise UsageError for the name of a picture, which would become a folder, and for a place among the inputs."""
    if dest.suffix.lower() in SUFFIXES and not dest.is_dir():
        to_do = f"Give a folder such as {path_word(dest.with_suffix(''))}; for one picture write --out - > NAME.png."
        what = "is the name of a picture, but pictures are written to a folder"
        raise UsageError(dest, what, to_do, code="wrong-file-name")
    refuse_dest_among(dest, given)


def _write_record(folder: Path, *, records: Mapping[str, "SampleRecord"], recipe: dict[str, Any]) -> None:
    write_lines(folder / _LINES, ({"file": file, **records[file].to_json()} for file in sorted(records)))
    write_json(folder / _HEADER, recipe)


def _note_ground(records: Mapping[str, "SampleRecord"], report: Reporter) -> None:
    """Note how many outputs lie where their inputs do on the ground, and where that is written."""
    grounds = [ground for each in records.values() if (ground := each.ground)]
    if grounds:
        lie = plural(len(grounds), "output lies where its input does", "outputs lie where their inputs do")
        unnamed = sum(each.startswith(_UNNAMED) for each in grounds)
        which = f"; the system of coordinates of {unnamed} has no EPSG number and is not named" if unnamed else ""
        report.note(f"{lie} on the ground, as NAME{PAM_SUFFIX} beside each says to GDAL and QGIS{which}.")


def _old_records(dest: Path, recipe: dict[str, object]) -> dict[str, "SampleRecord"]:
    """The records of an earlier call; raises UsageError if it used another model or other settings."""
    if (made := read_json(dest / _HEADER)) != recipe:
        what = f"contains samples {_describe_other(made, recipe)}"
        raise UsageError(dest, what, "Choose another destination, or delete the folder.", code="other-settings")
    to_do = "If it was edited, restore a copy, or choose another destination."
    with catch_decoder(dest / _LINES, "is not the record of these samples", to_do):
        records = [_record_of(line, dest / _LINES) for line in read_lines(dest / _LINES)]
        return {record.name: record for record in records}


def _describe_other(made: Any, recipe: Mapping[str, object]) -> str:
    """How the samples that are there were made, as far as that is not by this recipe."""
    before = made if isinstance(made, dict) else {}
    settings = differences(before, {name: value for name, value in recipe.items() if name != "model"})
    words = ["of another model"] if before.get("model") != recipe["model"] else []
    words += [f"made with {settings}"] if settings else []
    return " and ".join(words) or "of another version of p2p"


def _record_of(line: Any, where: Path) -> "SampleRecord":
    file, columns = relative_name(line["file"], where), tuple(map(str, line.get("columns", ())))
    runtime, ground = (str(line.get(name, "")) for name in ("runtime", "ground"))
    return SampleRecord(file, str(line["source"]), str(line["input"]), columns, runtime, ground)


@dataclass(frozen=True)
class Variant:
    """An output file of a picture, whose name it has; the first is the one that is written if there is only one."""

    picture: InputPicture
    number: int
    name: str


@dataclass(frozen=True)
class SampleRecord:
    """The origin of an output file: the picture at `source`, whose pixels have the hash `input`, and the `runtime`.

    `columns` say what stands side by side on a sheet, from left to right; a picture that is not a sheet has none.
    `ground` says where the picture, and so the output, lies on the ground, if its file tells that.
    """

    name: str
    source: str
    input: str
    columns: tuple[str, ...] = ()
    runtime: str = ""  # empty in records of earlier versions
    ground: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The file, whose name is also that of the record, and the one that says where it lies on the ground."""
        return _files_of(self.name, self.ground)

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON value, without the file."""
        columns = {"columns": list(self.columns)} if self.columns else {}
        runtime = {"runtime": self.runtime} if self.runtime else {}
        ground = {"ground": self.ground} if self.ground else {}
        return {"source": self.source, "input": self.input} | columns | runtime | ground


def _files_of(name: str, ground: str) -> tuple[str, ...]:
    return (name, f"{name}{PAM_SUFFIX}") if ground else (name,)


def _ground_words(place: GroundPlace | None) -> str:
    """Where a picture lies, in a line for its record: the system, where it is named, and GDAL's six numbers."""
    return " ".join([place.system_name or _UNNAMED, *map(repr, map(float, place.transform))]) if place else ""


class SampleWork(Work[Variant, SampleRecord, PictureInWork]):
    """The outputs of one call; `changes` are what reading the inputs changed.

    Pictures are read, translated and written by some `threads`. In torch one is translated at a time, by all cores,
    while others are read and written; in onnxruntime small ones are translated side by side, each by one core.
    """

    listing = _LINES

    def __init__(
        self,
        model: AnyModel,
        sampling: SampleOptions,
        destination: Destination,
        old: Mapping[str, SampleRecord],
        variants: Sequence[Variant],
        note: Note,
        sizes: Mapping[str, Size],
    ) -> None:
        side_by_side = isinstance(model, OnnxModel)
        budget = max(BUDGET, budget_of()) if side_by_side else BUDGET
        super().__init__(destination, old, {each.name for each in variants}, budget=budget)
        self._model, self._sampling, self._sizes = model, sampling, sizes
        self._note, self._lock = note, threading.Lock()
        self._translator = translator_for_threads(model, sampling.how.tile, self._say)
        self.threads = min(len(variants), cores() + 1 if side_by_side else _OVERLAP) or 1
        self._pictures = RecentValues[str, PictureInWork](self.threads + 1)
        self.changes = InputChanges()

    def _say(self, line: str) -> None:
        with self._lock:
            self._note(line)

    def list_sources(self, item: Variant) -> Sequence[str]:
        """The input picture."""
        return (str(item.picture.path),)

    def weight(self, item: Variant) -> int:
        """What its pixels take, and the pass where several are made at once; torch has a memory budget of its own."""
        size, card = self._sizes.get(item.picture.name), self._model.card
        if size is None:
            return 0
        values = card.input.channels + card.output.channels
        pixels = size.width * size.height * values * _COPIES
        if not isinstance(self._model, OnnxModel):
            return pixels
        needed = pass_bytes(self._model, size, self._sampling.how)
        return pixels + (0 if needed >= LARGE else needed)  # large ones take turns anyway

    def sign(self, item: Variant) -> PictureInWork:
        """The picture, which has the hash of its pixels."""
        return self._pictures.get(item.picture.name, partial(self._read_picture, item.picture))

    def is_current(self, record: SampleRecord, item: Variant, signature: PictureInWork) -> bool:
        """Whether the input has the same pixels, and lies where it lay."""
        is_there = record.ground in ("", _ground_words(signature.ground))  # it is empty in records of earlier versions
        return record.input == signature.hash and is_there

    def make(
        self, item: Variant, signature: PictureInWork, known: SampleRecord | None, *, stands: bool
    ) -> Output[SampleRecord] | None:
        """Apply the model."""
        if stands:
            what = f"has an output {self.destination.dest / item.name} that was made from another picture"
            raise P2PError(item.picture.path, what, "Delete that file first.", code="other-source")
        how, card = self._sampling.how, self._model.card
        seed = seed_of(signature.hash, how.seed, item.number) if how.dropout else None
        output = translate(self._translator, card, signature.pixels, how, seed)
        files = _files_of(item.name, _ground_words(signature.ground))
        for file in set(known.files if known else ()) - set(files):  # where an output lay that is not there any more
            (self.destination.dest / file).unlink(missing_ok=True)
        return Output(files, partial(self._write, item, signature, output))

    def read_record(self, file: str, value: dict[str, Any]) -> SampleRecord:
        """The record from a line of samples.jsonl."""
        return _record_of({"file": file, **value}, self.destination.partial)

    def _write(self, item: Variant, picture: PictureInWork, output: Array, paths: Sequence[Path]) -> SampleRecord:
        card = self._model.card
        if self._sampling.sheet:
            sheet = side_by_side(card, picture.pixels, output, picture.real)
            write_png(paths[0], sheet, durable=False, role="sample sheet")
        else:
            write_output(paths[0], output, card)
        if picture.ground:
            write_bytes(paths[1], encode_ground(picture.ground), durable=False)
        columns = columns_of_sheet(card, has_real=picture.real is not None) if self._sampling.sheet else ()
        ground = _ground_words(picture.ground)
        return SampleRecord(item.name, str(item.picture.path), picture.hash, columns, runtime_of(self._model), ground)

    def _read_picture(self, picture: InputPicture) -> PictureInWork:
        found = picture.read(self._model.card, self.changes)
        if beyond := find_beyond(found.pixels, self._model.card):
            self.changes.beyond[picture.path] = beyond
        ground = None if self._sampling.sheet else found.ground
        return PictureInWork(found.pixels, found.real, hash_pixels(found.pixels), ground)

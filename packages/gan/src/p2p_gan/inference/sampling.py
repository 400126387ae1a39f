"""Folders of pictures through a model: what `p2p sample` does, one file out for each picture in.

Nothing here may decide how a model is applied; that is `apply`, and every picture goes through it by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import read_json, read_lines, write_json, write_lines
from p2p_datatools.contract.files.destination import Destination, refuse
from p2p_datatools.contract.files.listing import find_pictures, stem_of
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, is_manifested, open_pairs
from p2p_datatools.contract.pictures.arrays import ARRAYS, Array, write_tiff
from p2p_datatools.contract.pictures.images import hash_pixels, write_mask, write_png
from p2p_datatools.contract.progress import QUIET, Note, Reporter, once
from p2p_gan.data.coding import Coding
from p2p_gan.inference.apply import How, apply_model
from p2p_gan.inference.inputs import read_input, read_pair, refuse_file, refuse_folder, shown, task_for
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, load_model

HEADER, LINES = "samples.json", "samples.jsonl"


HELD_OUT = ("test", "val")


@dataclass(frozen=True)
class Given:
    """One picture to translate: a file, or a pair of a pair folder, whose other half is then known as the real one."""

    name: str
    path: Path
    folder: PairFolder | None = None
    pair: Pair | None = None

    def refuse(self, card: ModelCard) -> None:
        """Raise P2PError, without decoding, when the model takes other pictures."""
        if self.folder is None:
            refuse_file(self.path, card)
            return
        task = task_for(self.folder, card)
        refuse_folder(self.folder, (task.input, task.output), card)

    def read(self, card: ModelCard) -> tuple[Array, Array | None, bool]:
        """(input, real or None, whether the input has only colours the model knows)."""
        if self.folder is None or self.pair is None:
            picture, known = read_input(self.path, card)
            return picture, None, known
        swapped = task_for(self.folder, card).swapped
        return *read_pair(self.folder, self.pair, card, swapped=swapped), True


@dataclass(frozen=True)
class Sampling:
    """How many pictures come of one: `variants` differ by their dropout; `sheet` puts input and output side by side."""

    how: How = How()
    variants: int = 1
    sheet: bool = False

    def __post_init__(self) -> None:
        if self.variants < 1:
            raise UsageError(
                f"variants={self.variants}", "is not possible", "Give 1 or more.", code="impossible-setting"
            )

    def files(self, name: str, card: ModelCard) -> list[str]:
        """The files that the picture called `name` becomes: PNG where that can hold it (and for sheets), else TIFF."""
        suffix = ".png" if self.sheet or _in_png(card) else ".tif"
        if self.variants == 1:
            return [f"{name}{suffix}"]
        return [f"{name}-{n}{suffix}" for n in range(1, self.variants + 1)]


@dataclass(frozen=True)
class SampleSummary:
    """What `sample` did; `strange` are inputs with colours outside the model's palette."""

    dest: Path
    written: int
    kept: int
    skipped: tuple[Skip, ...]
    strange: tuple[str, ...]
    model: Model


def list_inputs(inputs: Sequence[Path]) -> list[Given]:
    """The pictures that are meant: files, those in folders, and the held-out pairs of pair folders.

    Raises P2PError when there are none, or two have one name.
    """
    found: dict[str, Given] = {}
    for each in inputs:
        for given in _given(each):
            if given.name in found and found[given.name].path != given.path:
                raise P2PError(
                    f"{found[given.name].path} and {given.path}",
                    f"have one name, {given.name}",
                    "Sample them separately.",
                    code="same-name",
                )
            found[given.name] = given
    return list(found.values())


def _given(place: Path) -> list[Given]:
    if not place.exists():
        raise P2PError(place, "there is no such picture or folder", "Check the path.", code="missing-path")
    if place.is_file():
        return [Given(place.stem, place)]
    if is_manifested(place) or (place / "train").is_dir():
        folder = open_pairs(place)
        pairs = next((folder.of(split) for split in HELD_OUT if folder.of(split)), ())
        if not pairs:
            raise P2PError(
                place,
                "has no held-out pairs",
                f"Run 'p2p data split {place}', or give a folder of pictures.",
                code="empty-split",
            )
        return [Given(pair.name, place / pair.file, folder, pair) for pair in pairs]
    files = find_pictures(place, ARRAYS)
    if not files:
        raise P2PError(place, "has no pictures", "Give a picture or a folder of pictures.", code="no-pictures")
    return [Given(stem_of(file, place), file) for file in files]


def sample(
    model_path: Path | str,
    inputs: Path | str | Sequence[Path | str],
    dest: Path | str,
    sampling: Sampling | None = None,
    *,
    keep_going: bool = False,
    device: torch.device | None = None,
    report: Reporter = QUIET,
) -> SampleSummary:
    """Apply a model to pictures and write DEST/NAME.png, or NAME-1.png to NAME-n.png for n variants.

    `inputs` are pictures, folders of them, or pair folders, whose held-out pairs are meant: one of these, or several.
    The same call again adds what is new. Raises P2PError for inputs that cannot be read, unless `keep_going`.
    """
    sampling = sampling or Sampling()
    model = load_model(model_path)
    if device is not None:
        model.generator.to(device)
    dest = Path(dest)
    given = list_inputs([Path(each) for each in ([inputs] if isinstance(inputs, Path | str) else inputs)])
    skipped, fitting = _fitting(given, model.card, keep_going=keep_going)
    recipe = {"model": model.digest, **sampling.how.to_json(), "variants": sampling.variants, "sheet": sampling.sheet}
    written, strange = 0, []
    note = once(report.note)
    with Destination(dest, marker=HEADER, recipe=recipe) as destination:
        kept = _kept(dest, recipe) if destination.exists else {}
        if skipped and not keep_going:
            refuse(skipped, destination)
        for each in report.track(fitting, "sampling", len(fitting)):
            try:
                new, known = _sample_one(each, model, sampling, (destination, kept), note)
            except UsageError:
                raise
            except P2PError as error:
                skipped.append(skip_of(error, str(each.path)))
                continue
            written += new
            strange += [] if known else [str(each.path)]
        if not keep_going:
            refuse(skipped, destination)
        lines = {**kept, **destination.done}

        def write_record(folder: Path) -> None:
            write_lines(folder / LINES, ({"file": file, **lines[file]} for file in sorted(lines)))
            write_json(folder / HEADER, recipe)

        destination.commit(write_record, skipped=skipped)
    old = (len(given) - len(skipped)) * sampling.variants - written
    return SampleSummary(dest, written, old, tuple(skipped), tuple(strange), model)


def _kept(dest: Path, recipe: dict[str, object]) -> dict[str, dict[str, object]]:
    """The records of an earlier call's pictures; refuses one of another model or other settings."""
    if read_json(dest / HEADER) != recipe:
        raise UsageError(
            dest,
            "holds samples of another model or other settings",
            "Choose another destination.",
            code="other-settings",
        )
    try:
        return {line.pop("file"): line for line in read_lines(dest / LINES)}
    except (TypeError, KeyError, AttributeError) as error:
        raise P2PError(
            dest / LINES,
            "is not the record of these samples",
            "Was it edited? Choose another destination.",
            code="damaged-file",
        ) from error


def _fitting(given: Sequence[Given], card: ModelCard, *, keep_going: bool) -> tuple[list[Skip], list[Given]]:
    """What the model does not take, told from headers before any work; and the others."""
    skipped, fitting = [], []
    for each in given:
        try:
            each.refuse(card)
        except UsageError:
            raise
        except P2PError as error:
            if each.folder is not None and not keep_going:
                raise  # it speaks of the folder, and is said once and not of every pair
            skipped.append(skip_of(error, str(each.path)))
            continue
        fitting.append(each)
    return skipped, fitting


def _sample_one(
    given: Given,
    model: Model,
    sampling: Sampling,
    place: tuple[Destination, dict[str, dict[str, object]]],
    note: Note,
) -> tuple[int, bool]:
    """Write what is not there yet of one picture; gives the number written, and whether its colours are known."""
    destination, kept = place
    picture, real, known = given.read(model.card)
    record: dict[str, object] = {"source": str(given.path), "input": hash_pixels(picture)}
    written = 0
    for variant, file in enumerate(sampling.files(given.name, model.card), start=1):
        there = kept.get(file) or destination.done.get(file)
        if there and there["input"] != record["input"]:
            raise P2PError(
                given.path,
                f"{destination.dest / file} was made from another picture",
                "Delete that one first.",
                code="other-source",
            )
        if there:
            continue
        # One picture alone is the first variant, so that --variants adds to what is known.
        output = apply_model(model, picture, sampling.how, variant=variant, note=note)
        if sampling.sheet:
            write_png(destination.path(file), side_by_side(model.card, picture, output, real), durable=False)
        else:
            write_output(destination.path(file), output, model.card)
        destination.record(file, record)
        written += 1
    return written, known


def side_by_side(card: ModelCard, picture: Array, output: Array, real: Array | None) -> Array:
    """Input, output and, where it is known, the real one, as one looks at them: uint8 RGB."""
    columns: list[tuple[Array, Half, Coding]] = [(picture, card.input, card.input_coding)]
    columns += [(each, card.output, card.output_coding) for each in (output, real) if each is not None]
    return np.concatenate([shown(pixels, half, coding, card.palette) for pixels, half, coding in columns], axis=1)


def _in_png(card: ModelCard) -> bool:
    half = card.output
    return card.output_coding.kind == "classes" or (half.channels in (1, 3) and half.dtype in ("uint8", "uint16"))


def write_output(path: Path, output: Array, card: ModelCard) -> None:
    """Write what a model gave, exactly: classes as an indexed mask, 8 and 16 bits as PNG, anything else as TIFF."""
    if card.output_coding.kind == "classes" and card.palette is not None:
        write_mask(path, output, card.palette, durable=False)
    elif _in_png(card):
        write_png(path, output, durable=False)
    else:
        write_tiff(path, output, durable=False)

"""Folders of pictures through a model: what `p2p sample` does, one file out for each picture in.

Nothing here may decide how a model is applied; that is `apply`, and every picture goes through it by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from p2p_datatools.contract.destination import Destination, Skip, refuse, skip_of
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import read_json, read_lines, write_json, write_lines
from p2p_datatools.contract.images import Photo, find_pictures, hash_pixels, stem_of, write_png
from p2p_datatools.contract.manifest import Pair, PairFolder, is_manifested, open_pairs
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.apply import How, apply_model, read_input
from p2p_gan.data import read_halves, task_of
from p2p_gan.model import Model, load_model

HEADER, LINES = "samples.json", "samples.jsonl"
HELD_OUT = ("test", "val")


@dataclass(frozen=True)
class Given:
    """One picture to translate: a file, or a pair of a pair folder, whose other half is then known as the real one."""

    name: str
    path: Path
    folder: PairFolder | None = None
    pair: Pair | None = None

    def read(self, model: Model) -> tuple[Photo, Photo | None, bool]:
        """(input, real or None, whether the input has only colours the model knows)."""
        if self.folder is None or self.pair is None:
            picture, known = read_input(self.path, model)
            return picture, None, known
        picture, real = read_halves(self.folder, self.pair, task_of(self.folder, model.card.direction))
        return picture, real, True


@dataclass(frozen=True)
class Sampling:
    """How many pictures come of one: `variants` differ by their dropout; `sheet` puts input and output side by side."""

    how: How = How()
    variants: int = 1
    sheet: bool = False

    def __post_init__(self) -> None:
        if self.variants < 1:
            raise UsageError(f"variants={self.variants}: is not possible; it is at least 1.")

    def files(self, name: str) -> list[str]:
        """The files that the picture called `name` becomes."""
        return [f"{name}.png"] if self.variants == 1 else [f"{name}-{n}.png" for n in range(1, self.variants + 1)]


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
                    f"{found[given.name].path} and {given.path}: have one name, {given.name}. Sample them separately."
                )
            found[given.name] = given
    return list(found.values())


def _given(place: Path) -> list[Given]:
    if not place.exists():
        raise P2PError(f"{place}: there is no such picture or folder. Check the path.")
    if place.is_file():
        return [Given(place.stem, place)]
    if is_manifested(place) or (place / "train").is_dir():
        folder = open_pairs(place)
        pairs = next((folder.of(split) for split in HELD_OUT if folder.of(split)), ())
        if not pairs:
            raise P2PError(
                f"{place}: has no held-out pairs. Run 'p2p data split {place}', or give a folder of pictures."
            )
        return [Given(pair.name, place / pair.file, folder, pair) for pair in pairs]
    files = find_pictures(place)
    if not files:
        raise P2PError(f"{place}: has no pictures. Give a picture or a folder of pictures.")
    return [Given(stem_of(file, place), file) for file in files]


def sample(
    model_path: Path,
    inputs: Sequence[Path],
    dest: Path,
    sampling: Sampling | None = None,
    *,
    keep_going: bool = False,
    device: torch.device | None = None,
    report: Reporter = QUIET,
) -> SampleSummary:
    """Apply a model to pictures and write DEST/NAME.png, or NAME-1.png to NAME-n.png for n variants.

    The same call again adds what is new. Raises P2PError for inputs that cannot be read, unless `keep_going`.
    """
    sampling = sampling or Sampling()
    model = load_model(model_path)
    if device is not None:
        model.generator.to(device)
    given = list_inputs(inputs)
    recipe = {"model": model.digest, **sampling.how.to_json(), "variants": sampling.variants, "sheet": sampling.sheet}
    written, skipped, strange = 0, [], []
    with Destination(dest, marker=HEADER, recipe=recipe) as destination:
        kept = _kept(dest, recipe) if destination.exists else {}
        for each in report.track(given, "sampling", len(given)):
            try:
                new, known = _sample_one(each, model, sampling, destination, kept)
            except UsageError:
                raise
            except P2PError as error:
                skipped.append(skip_of(error, str(each.path)))
                continue
            written += new
            strange += [] if known else [str(each.path)]
        if not keep_going:
            refuse(skipped, destination)
        lines = kept | destination.done

        def write_record(folder: Path) -> None:
            write_lines(folder / LINES, ({"file": file, **lines[file]} for file in sorted(lines)))
            write_json(folder / HEADER, recipe)

        destination.commit(write_record, skipped=skipped)
    old = (len(given) - len(skipped)) * sampling.variants - written
    return SampleSummary(dest, written, old, tuple(skipped), tuple(strange), model)


def _kept(dest: Path, recipe: dict[str, object]) -> dict[str, dict[str, object]]:
    """The records of an earlier call's pictures; refuses one of another model or other settings."""
    if read_json(dest / HEADER) != recipe:
        raise UsageError(f"{dest}: holds samples of another model or other settings. Choose another destination.")
    return {line.pop("file"): line for line in read_lines(dest / LINES)}


def _sample_one(
    given: Given, model: Model, sampling: Sampling, destination: Destination, kept: dict[str, dict[str, object]]
) -> tuple[int, bool]:
    """Write what is not there yet of one picture; gives the number written, and whether its colours are known."""
    picture, real, known = given.read(model)
    record: dict[str, object] = {"source": str(given.path), "input": hash_pixels(picture)}
    written = 0
    for variant, file in enumerate(sampling.files(given.name), start=1):
        there = kept.get(file) or destination.done.get(file)
        if there and there["input"] != record["input"]:
            raise P2PError(
                f"{given.path}: {destination.dest / file} was made from another picture. Delete that one first."
            )
        if there:
            continue
        # One picture alone is the first variant, so that --variants adds to what is known.
        output = apply_model(model, picture, sampling.how, variant=variant)
        shown = [picture, output, *([] if real is None else [real])] if sampling.sheet else [output]
        write_png(destination.path(file), np.concatenate(shown, axis=1), durable=False)
        destination.record(file, record)
        written += 1
    return written, known

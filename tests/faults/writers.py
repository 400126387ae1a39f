"""Every command that writes, on inputs of its own, so that tests can kill it, fill its disk, start it twice.

Nothing here may disturb anything.
"""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from p2p_cli import app
from p2p_datatools.contract.files.atomic import is_temporary
from p2p_datatools.contract.files.lock import LOCK_FILES

_SETTINGS = (
    "generator_filters=4 max_filters=32 discriminator_filters=4 bias_before_norm=off precision=float32 threads=1"
)
_TRAINED = [*["--preset", "tiny", "--size", "32", "--device", "cpu"], *(f"--set={each}" for each in _SETTINGS.split())]


@dataclass(frozen=True)
class Writer:
    """A command; `words` are its arguments with {given} for the inputs, and `copied` the inputs it changes.

    It runs in an empty folder, below which it writes `out`, or in the copies; `first` is what makes an `out` to add to.
    """

    words: str
    copied: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    needs_model: bool = False
    first: str = ""

    def lend(self, given: Path, place: Path) -> None:
        """Link the inputs that it is given into a folder, and what says where they are from, and nothing else.

        Many tests spend their time on folders.
        """
        named = {word.split("/")[1] for word in f"{self.words} {self.first}".split() if word.startswith("{given}/")}
        place.mkdir()
        for name in (*named, *self.copied, "provenance.json"):
            link = os.link if (given / name).is_file() else partial(shutil.copytree, copy_function=os.link)
            link(given / name, place / name)

    def prepare(self, place: Path, given: Path) -> None:
        """Make the folder in which it runs."""
        place.mkdir(parents=True)
        for name in self.copied:
            shutil.copytree(given / name, place / name)
        if self.first:
            code, said = self._do(self.first, place, given)
            assert code == 0, said

    def run(self, place: Path, given: Path) -> tuple[int, str]:
        """Its exit code, and what it says on standard error."""
        return self._do(self.words, place, given)

    @property
    def trains(self) -> bool:
        """Whether it trains models."""
        return self.words.startswith(("train ", "reproduce ", "experiments "))

    def differing(self, found: Mapping[str, bytes], whole: Mapping[str, bytes]) -> list[str]:
        """The files that are not alike, or are missing in one; those of a training run have its times in them."""
        both = sorted(found.keys() | whole.keys())
        return [file for file in both if found.get(file) != whole.get(file) and not self._is_dated(file)]

    def _is_dated(self, file: str) -> bool:
        of_a_run = "/runs/" in f"/{file}" or self.words.startswith(("train ", "reproduce "))
        return of_a_run and file.endswith((".json", ".jsonl"))

    def _do(self, command: str, place: Path, given: Path) -> tuple[int, str]:
        words = [word.format(given=given) for word in command.split()] + list(self.more)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()), _inside(place):
            code = app.main(words)
        return code, said.getvalue()


WRITERS = {
    "fetch synth-cars": Writer("data fetch synth-cars out --limit 3"),
    "fetch an archive": Writer("data fetch maps out --from {given}/maps.zip --limit 4"),
    "build-masks": Writer(
        "data build-masks {given}/labels out --palette cars --photos {given}/photos --map ids=palette"
    ),
    "build-masks by a model": Writer("data build-masks {given}/photos out --model {given}/segmenter", needs_model=True),
    "repair": Writer("data repair {given}/masks out --photos {given}/photos"),
    "pair": Writer("data pair {given}/masks {given}/photos out"),
    "merge": Writer("data merge {given}/part1 {given}/part2 out"),
    "merge --move": Writer("data merge part1 part2 out --move", copied=("part1", "part2")),
    "halves": Writer("data halves {given}/pairs out"),
    "derive": Writer("data derive {given}/photos out --op lab"),
    "split": Writer("data split pairs --val 0.25 --test 0.25", copied=("pairs",)),
    "split a foreign folder": Writer("data split maps --val 0.25 --test 0", copied=("maps",)),
    "export coco": Writer("data export {given}/masks out --format coco --photos {given}/photos"),
    "export voc": Writer("data export {given}/masks out --format voc"),
    "export webdataset": Writer("data export {given}/split out --format webdataset"),
    "export huggingface": Writer("data export {given}/split out --format huggingface"),
    "export fiftyone": Writer("data export {given}/split out --format fiftyone"),
    "show": Writer("data show {given}/pairs out.png"),
    "palette": Writer("data palette {given}/masks out.toml --picture out.png"),
    "sample": Writer("sample {given}/run {given}/masks --out out --variants 2 --device cpu", needs_model=True),
    "evaluate": Writer("evaluate {given}/run {given}/split --split train --out out --device cpu", needs_model=True),
    "report": Writer("report {given}/run out.html", needs_model=True),
    "export": Writer("export {given}/run out.pth --format reference", needs_model=True),
    "export safetensors": Writer("export {given}/run out.safetensors --format safetensors", needs_model=True),
    **(
        {"export onnx": Writer("export {given}/run out.onnx --format onnx", needs_model=True)}
        if find_spec("onnx") and find_spec("onnxruntime")
        else {}
    ),
    "import-model": Writer("import-model {given}/net.pth out.safetensors", needs_model=True),
}
AGAIN = {
    "fetch synth-cars again": Writer(
        "data fetch synth-cars out --limit 3", first="data fetch synth-cars out --limit 2"
    ),
    "build-masks again": Writer(
        "data build-masks {given}/labels out --palette cars --photos {given}/photos --map ids=palette",
        first="data build-masks {given}/few/labels out --palette cars --photos {given}/few/photos --map ids=palette",
    ),
    "build-masks by a model again": Writer(
        "data build-masks {given}/photos out --model {given}/segmenter --min-confidence 0.3",
        first="data build-masks {given}/few/photos out --model {given}/segmenter --min-confidence 0.3",
        needs_model=True,
    ),
    "repair again": Writer("data repair {given}/masks out", first="data repair {given}/few/masks out"),
    "pair again": Writer(
        "data pair {given}/masks {given}/photos out", first="data pair {given}/few/masks {given}/few/photos out"
    ),
    "halves again": Writer("data halves {given}/pairs out", first="data halves {given}/few/pairs out"),
    "derive again": Writer(
        "data derive {given}/photos out --op lab", first="data derive {given}/few/photos out --op lab"
    ),
    "export yolo again": Writer(
        "data export {given}/masks out --format yolo", first="data export {given}/few/masks out --format yolo"
    ),
    "sample again": Writer(
        "sample {given}/run {given}/masks --out out --device cpu",
        first="sample {given}/run {given}/few/masks --out out --device cpu",
        needs_model=True,
    ),
    "stats": Writer("data stats {given}/pairs --plots out.png"),
    "runs": Writer("runs {given}/run --curves out.png", needs_model=True),
}
"""Commands that add to what there is already."""
SLOW = {
    "train": Writer(
        "train {given}/split out --images 6 --set checkpoint_every=2 --set sample_every=2 --set keep_checkpoints=1",
        more=tuple(_TRAINED),
        needs_model=True,
    ),
    "train on": Writer(
        "train {given}/split run --images 6 --set checkpoint_every=2 --set sample_every=2 --set keep_checkpoints=1",
        more=tuple(_TRAINED),
        copied=("run",),
        needs_model=True,
    ),
    "reproduce": Writer("reproduce {given}/run out", needs_model=True),
    "experiments": Writer(
        "experiments {given}/split out --tables field --images 2", more=tuple(_TRAINED), needs_model=True
    ),
}


def make_inputs(given: Path, *, model: bool) -> None:
    """Write the inputs of all writers; those with a `model` train one, which takes seconds."""
    _do(f"data fetch synth-cars {given} --limit 4".split())
    for name in ("labels", "photos"):
        (given / "few" / name).mkdir(parents=True)
        for file in sorted((given / name).iterdir())[:2]:
            shutil.copy(file, given / "few" / name)
    photos, masks = f"{given}/photos", f"{given}/masks"
    for place in (given, given / "few"):
        built = f"{place}/labels {place}/masks --palette cars --photos {place}/photos --map ids=palette"
        _do(f"data build-masks {built}".split())
        _do(f"data pair {place}/masks {place}/photos {place}/pairs".split())
    for number in (1, 2):
        _do(f"data pair {masks} {photos} {given}/part --shard {number}/2".split())
    for number in (1, 2):
        next(given.glob(f"part.{number}-of-2")).rename(given / f"part{number}")
    for number, file in enumerate(sorted((given / "pairs" / "all").glob("*.png"))):
        target = given / "maps" / ("train" if number else "val") / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    shutil.make_archive(str(given / "maps"), "zip", given, "maps")
    shutil.copytree(given / "pairs", given / "split")
    _do(f"data split {given}/split --val 0.25 --test 0.25".split())
    if model:
        _do(["train", f"{given}/split", f"{given}/run", "--images", "2", "--set", "log_every=1", *_TRAINED])
        _do(f"export {given}/run {given}/net.pth --format reference".split())
        classes = ["--direction", "b-to-a", "--set", "a_encoding=classes", "--set", "gan_loss=none"]
        _do(["train", f"{given}/split", f"{given}/segmenter", "--images", "2", *classes, *_TRAINED])


def _do(words: list[str]) -> None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = app.main(words)
    if code:
        sys.exit(f"{' '.join(words)}: {said.getvalue()}")


def files_of(place: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, hidden ones too; what says when, or where it lies, is left out."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes() if path.name not in _DATED else b""
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


_DATED = {"provenance.json", "run.json", "stats.jsonl", "index.html"}


def leftovers(place: Path) -> list[str]:
    """What an undisturbed command leaves nothing of: temporary files, locks, unfinished work, plans."""
    return [
        path.relative_to(place).as_posix()
        for path in sorted(place.rglob("*"))
        if is_temporary(path)
        or (path.name in LOCK_FILES and not (path.parent / "run.json").is_file())  # a run keeps its lock
        or path.name.endswith(".partial")
        or path.name == "split-plan.json"
    ]


@contextlib.contextmanager
def _inside(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)

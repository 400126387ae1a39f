"""The translation to learn: the direction, the coding of both halves, and the checks of a config against the pairs.

Nothing here may decode pictures or know networks; pairs that cannot be trained on are refused before any work.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.files.destination import refuse_dest_inside
from p2p_datatools.contract.pairs.halves import refuse_odd
from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import SPLITS, UNSPLIT, Half, PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pairs.seam import refuse_drawn
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.header import open_picture, photo_size
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import refuse_setting
from p2p_datatools.contract.threads import parallel_map
from p2p_datatools.contract.words import p2p_command
from p2p_gan.config.config import Config
from p2p_gan.data.coding import Coding, coding_of

_T = TypeVar("_T")


@dataclass(frozen=True)
class Task:
    """The translation to learn: the input half, the output half, and whether they are `swapped` (b-to-a).

    `codings` are those of input and output, `palette` defines the classes of a mask half.
    """

    input: Half
    output: Half
    swapped: bool
    codings: tuple[Coding, Coding]
    palette: Palette | None = None

    def turn(self, a: _T, b: _T) -> tuple[_T, _T]:
        """(input, output) of the halves (a, b)."""
        return (b, a) if self.swapped else (a, b)

    def palette_of(self, half: Half) -> Palette | None:
        """The palette of a half that is a mask with it, and so is kept as class indices; None for other halves."""
        return self.palette if half.kind == "mask" and half.dtype == "uint8" and half.channels in (1, 3) else None

    @property
    def labels(self) -> int:
        """The number of classes for a segmentation head: those of the input mask; 0 unless a mask becomes a photo."""
        palette = self.palette_of(self.input)
        return len(palette.classes) if palette and self.output.kind != "mask" else 0


_SPELLED = {"atob": "a-to-b", "btoa": "b-to-a", "a2b": "a-to-b", "b2a": "b-to-a"}  # by other programs


def task_of(folder: PairFolder, direction: str, a_encoding: str = "values", b_encoding: str = "values") -> Task:
    """The task of a direction such as a-to-b or mask-to-photo, and of the encodings (values, classes or auto).

    Raises UsageError for a direction that the folder does not have, with those it has, and for classes of a half that
    is not a mask with a palette; P2PError for halves with more channels than networks accept.
    """
    words = {"a-to-b": False, "b-to-a": True}
    words[f"{folder.a.name}-to-{folder.b.name}"] = False
    words.setdefault(f"{folder.b.name}-to-{folder.a.name}", True)
    if direction not in words:
        meant = _SPELLED.get(direction.casefold())
        to_do = f"It is called {meant} here." if meant else f"Choose from {', '.join(words)}."
        raise UsageError(f"direction={direction}", "is not a direction of these pairs", to_do, code="unknown-direction")
    a = coding_of(folder.a, folder.palette, _resolve_encoding(folder.a, folder.palette, a_encoding), field="a_encoding")
    b = coding_of(folder.b, folder.palette, _resolve_encoding(folder.b, folder.palette, b_encoding), field="b_encoding")
    if words[direction]:
        return Task(folder.b, folder.a, True, (b, a), folder.palette)
    return Task(folder.a, folder.b, False, (a, b), folder.palette)


def _resolve_encoding(half: Half, palette: Palette | None, as_: str) -> str:
    """`auto` means classes for a mask with a palette, and values for anything else."""
    if as_ != "auto":
        return as_
    return "classes" if half.kind == "mask" and palette is not None else "values"


def refuse_unfit(task: Task, config: Config) -> None:
    """Raise UsageError for the first setting that these halves do not support."""
    a, b = task.input, task.output
    if config.rare_class_crops and not (task.palette_of(a) or task.palette_of(b)):
        what = f"needs a half that is a mask with a palette, but neither {a.name} nor {b.name} is one"
        refuse_setting(config, "rare_class_crops", what, "Add --set rare_class_crops=0.", code="unfit-setting")
    if config.color_jitter and (a.kind, b.kind) != ("photo", "mask"):
        what = f"changes input photos in the direction photo to mask, but here a {a.kind} is translated into a {b.kind}"
        refuse_setting(config, "color_jitter", what, "Add --set color_jitter=0.", code="unfit-setting")
    if config.class_adaptive_norm == "on" and task.codings[0].kind != "classes":
        what = f"needs an input of classes, but the input {a.name} is encoded as values"
        to_do = "Leave it at off, or pair masks with a palette."
        if task.palette_of(a):
            to_do = f"Add --set {'b' if task.swapped else 'a'}_encoding=classes."
        refuse_setting(config, "class_adaptive_norm", what, to_do, code="unfit-setting")
    for name, value, other in (("segmentation_head", "on", "off"), ("gan_loss", "segmentation", "bce")):
        if getattr(config, name) == value and not task.labels:
            given = f"a {a.kind}" if task.palette else f"a {a.kind} without a palette"
            what = f"needs masks with a palette that are translated into photos, but here {given} is translated into "
            refuse_setting(config, name, f"{what}a {b.kind}", f"Add --set {name}={other}.", code="unfit-setting")


def open_for_training(path: Path) -> PairFolder:
    """Open a pair folder with training pairs; raises P2PError if it is not split or has none."""
    folder = open_pairs(path)
    if not folder.of("train"):
        if folder.of(UNSPLIT):
            what = "is not split into train, val and test"
            raise P2PError(path, what, f"Run {p2p_command('data split', path)} first.", code="not-split")
        what = "has no training pairs"
        raise P2PError(path, what, f"Add pairs and run {p2p_command('data split', path)}.", code="no-training-pairs")
    return folder


def refuse_dest_in_splits(dest: Path, folder: PairFolder) -> None:
    """Raise UsageError where `dest` lies among the pairs of a split, of which its pictures would be the next time."""
    refuse_dest_inside(dest, *(folder.path / split for split in SPLITS))


def identify_files(folder: PairFolder, *, report: Reporter = QUIET) -> PairFolder:
    """The folder with the hash and size of every file, so that its data hash covers the pictures.

    A manifest has them already; for a folder without one the files are hashed and their headers read. Raises P2PError
    for a picture of odd width, and for one that p2p drew.
    """
    if all(each.is_hashed for each in traits_of(folder.pairs)):
        return folder

    def one(pair: Pair) -> Pair:
        path = folder.path / pair.file
        with open_picture(path) as picture:
            refuse_drawn(picture)
            size = photo_size(picture)
        refuse_odd(size.width, where=str(path))
        return replace(pair, size=Size(size.width // 2, size.height), sources={"sha256": sha256_file(path)})

    with closing(parallel_map(one, folder.pairs)) as found:
        pairs = tuple(report.track(found, "checking pairs", len(folder.pairs)))
    return replace(folder, pairs=pairs)

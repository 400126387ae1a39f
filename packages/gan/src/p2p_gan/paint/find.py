"""Finds models to paint with where none is named: runs in a folder, not deep below it, the latest first.

Nothing here may load weights, or walk through a whole disk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.listing import folders_in
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.models.model import read_card
from p2p_gan.paint.painters import Painter, brushless, can_segment, open_painters, refusal_of, same_classes
from p2p_gan.runs.runfolder import RUN

_DEPTH = 3  # folders below the place: where studies and the demo leave their runs
_MOST_FOLDERS = 2000
_MOST_MODELS = 6  # that are loaded: each takes memory, and a moment at the start


@dataclass(frozen=True)
class _RunCard:
    """A run and what its model says of itself."""

    path: Path
    card: ModelCard

    @property
    def paints(self) -> bool:
        return not refusal_of(self.card) and not brushless(self.card)


def find_models(places: Sequence[Path], report: Reporter = QUIET) -> list[Path]:
    """The runs at or below these folders whose models have brushes, the latest first, and a segmenter for them.

    At most six; more, and those that cannot be read, are noted. Raises P2PError if there is none.
    """
    found = [each for place in places for each in _read_runs(place, report)]
    painting = [each for each in found if each.paints]
    if not painting:
        where = " and ".join(str(place) for place in places)
        what = "has no run whose model takes masks" if len(places) == 1 else "have no run whose model takes masks"
        to_do = "Name one: p2p paint RUN. 'p2p demo' trains one in minutes."
        raise P2PError(where, what, to_do, code="no-models")
    if len(painting) > _MOST_MODELS:
        left = plural(len(painting) - _MOST_MODELS, "older run is", "older runs are")
        report.note(f"{left} left out; name those to paint with.")
    chosen = painting[:_MOST_MODELS]
    finding = [each for each in found if any(_finds(each, other) for other in chosen)]
    return [each.path for each in [*chosen, *finding[:1]]]


def with_segmenter(painters: Sequence[Painter], report: Reporter = QUIET) -> list[Painter]:
    """The models, and if none of them finds classes in photos one that lies in a run beside the first and does."""
    given = list(painters)
    first = next((each for each in given if each.why_not is None), None)
    if first is None or any(can_segment(each.card) for each in given):
        return given
    beside = _read_runs(first.run.resolve().parent, QUIET, depth=1)
    fitting = next((each for each in beside if _finds(each, _RunCard(first.path, first.card))), None)
    if fitting is None:
        return given
    [segmenter] = open_painters([fitting.path], report)
    return [*given, replace(segmenter, id=f"m{len(given)}")]


def _finds(one: _RunCard, other: _RunCard) -> bool:
    return can_segment(one.card) and same_classes(one.card, other.card)


def _read_runs(place: Path, report: Reporter, depth: int = _DEPTH) -> list[_RunCard]:
    """The runs with a model, the latest first."""
    found: list[tuple[float, _RunCard]] = []
    for path in _list_runs(place, depth):
        try:
            found.append(((path / MODEL_FILE).stat().st_mtime, _RunCard(path, read_card(path))))
        except P2PError as error:
            report.note(f"left out: {error}")
        except OSError:
            continue  # gone since it was listed
    return [each for _, each in sorted(found, key=lambda each: -each[0])]


def _list_runs(place: Path, depth: int) -> Iterator[Path]:
    """Folders with a run and its model, level by level; hidden ones, and those inside a run, are left out."""
    level, looked = [place], 0
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            looked += 1
            if looked > _MOST_FOLDERS:
                return
            if (folder / RUN).is_file():
                if (folder / MODEL_FILE).is_file():
                    yield folder
                continue
            below += [each for each in folders_in(folder) if not each.name.startswith(".")]
        level = below

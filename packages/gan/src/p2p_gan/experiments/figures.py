"""The pictures of a study: the same held-out inputs through every arm, and some outputs of one input for variety.

Nothing here may score; a figure is rows of picture files with a name for each column.
"""

from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.fit import resize_photo, scaled
from p2p_datatools.contract.images import Photo, size_of, write_png
from p2p_datatools.contract.manifest import open_pairs
from p2p_datatools.contract.sizes import Size
from p2p_gan.apply import How, apply_model
from p2p_gan.data import task_of
from p2p_gan.experiments.grid import TABLES
from p2p_gan.experiments.study import Study, Trial, slug
from p2p_gan.given import read_pair, shown
from p2p_gan.model import Model, load_model

FOLDER = "pictures"
INPUTS = 4  # held-out pairs in a figure
VARIANTS = 4  # outputs of one input in the figure on variety
BOX = Size(384, 384)  # pictures are shown no larger
VARIETY = "collapse"


@dataclass(frozen=True)
class Figure:
    """Rows of picture files, and what each column shows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Path, ...], ...]


def figures_of(study: Study) -> dict[str, Figure]:
    """A figure for each table that has a finished arm, drawn from the first seed; files that are there are kept."""
    figures = {}
    for table in study.tables:
        trials = [study.of(arm)[0] for arm in TABLES[table].arms if study.of(arm)]
        if trials:
            figures[table] = _variety(study, trials) if table == VARIETY else _side_by_side(study, trials)
    return figures


def _side_by_side(study: Study, trials: list[Trial]) -> Figure:
    columns = [_column(study, trial) for trial in trials]
    given, real = _ends(study, trials[0])
    rows = tuple(zip(given, *columns, real, strict=True))
    return Figure(("input", *(trial.arm for trial in trials), "real"), rows)


def _variety(study: Study, trials: list[Trial]) -> Figure:
    """A row for each arm: one input, and what its dropout or noise makes of it."""
    given = _ends(study, trials[0])[0][0]
    rows = tuple((given, *_column(study, trial, variants=VARIANTS)) for trial in trials)
    return Figure(("input", *(f"variant {number + 1}" for number in range(VARIANTS))), rows)


def _ends(study: Study, trial: Trial) -> tuple[list[Path], list[Path]]:
    """The inputs and the real outputs, as pictures."""
    given, real = [], []
    model = load_model(trial.run)
    for number, (a, b) in enumerate(_pairs(study, model)):
        given.append(_drawn(study, f"input-{number}", a))
        real.append(_drawn(study, f"real-{number}", b))
    return given, real


def _column(study: Study, trial: Trial, *, variants: int = 0) -> list[Path]:
    """What an arm makes of each input; with `variants`, so many outputs of the first."""
    name = f"{slug(trial.arm)}-{'variant' if variants else 'output'}"
    wanted = [study.dest / FOLDER / f"{name}-{number}.png" for number in range(variants or _shown(study))]
    if all(path.is_file() for path in wanted):
        return wanted
    model = load_model(trial.run)
    folder = open_pairs(study.pairs)
    task = task_of(folder, model.card.direction)
    given = [read_pair(folder, pair, model.card, swapped=task.swapped)[0] for pair in folder.of(study.split)[:INPUTS]]
    jobs = [(given[0], variant) for variant in range(1, variants + 1)] or [(each, 1) for each in given]
    card = model.card
    for number, (picture, variant) in enumerate(jobs):
        output = apply_model(model, picture, How(), variant=variant)
        _drawn(study, f"{name}-{number}", shown(output, card.output, card.output_coding, card.palette))
    return wanted


def _shown(study: Study) -> int:
    return min(INPUTS, len(open_pairs(study.pairs).of(study.split)))


def _pairs(study: Study, model: Model) -> list[tuple[Photo, Photo]]:
    folder, card = open_pairs(study.pairs), model.card
    task = task_of(folder, card.direction)
    pictures = []
    for pair in folder.of(study.split)[:INPUTS]:
        a, b = read_pair(folder, pair, card, swapped=task.swapped)
        pictures.append(
            (
                shown(a, card.input, card.input_coding, card.palette),
                shown(b, card.output, card.output_coding, card.palette),
            )
        )
    return pictures


def _drawn(study: Study, name: str, picture: Photo) -> Path:
    """Write a picture, shrunk into the box, unless it is there."""
    path = study.dest / FOLDER / f"{name}.png"
    if not path.is_file():
        own = size_of(picture)
        size = scaled(own, BOX, cover=False) if own.width > BOX.width or own.height > BOX.height else own
        write_png(path, resize_photo(picture, size), durable=False)
    return path

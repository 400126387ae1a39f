"""The pictures of a study: outputs of every arm for the same held-out inputs, and several outputs for one input.

Nothing here may score; a figure is rows of picture files with a name for each column.
"""

from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, size_of, write_png
from p2p_datatools.contract.pictures.resize import resize_photo, scale_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data.task import task_of
from p2p_gan.experiments.study import Study, Trial
from p2p_gan.experiments.tables import TABLES
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.inputs import read_model_pair
from p2p_gan.inference.outputs import to_rgb
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import model_file
from p2p_gan.models.model import read_model

FIGURES = "pictures"
INPUTS = 4  # held-out pairs in a figure
FIGURE_VARIANTS = 4  # outputs of one input in the figure on variety
BOX = Size(384, 384)  # the largest size of a picture
_VARIETY = "collapse"


@dataclass(frozen=True)
class Figure:
    """Rows of picture files with the name of each row, which may be empty, and the names of the columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Path, ...]], ...]


def figures_of(study: Study) -> dict[str, Figure]:
    """A figure for each table with a finished arm, from the first seed of each arm; files that are there are kept."""
    finished = {table: [study.of(arm)[0] for arm in TABLES[table].arms if study.of(arm)] for table in study.tables}
    if not any(finished.values()):
        return {}
    folder = open_pairs(study.pairs)  # once: there may be many thousands
    return {
        table: (_variety if table == _VARIETY else _side_by_side)(study, folder, trials)
        for table, trials in finished.items()
        if trials
    }


def _side_by_side(study: Study, folder: PairFolder, trials: list[Trial]) -> Figure:
    columns = [_outputs(study, folder, trial) for trial in trials]
    rows = zip(*_inputs_and_reals(study, folder, trials[0]), *columns, strict=True)
    return Figure(
        ("input", *(trial.arm for trial in trials), "real"),
        tuple(("", (picture, *outputs, real)) for picture, real, *outputs in rows),
    )


def _variety(study: Study, folder: PairFolder, trials: list[Trial]) -> Figure:
    """A row for each arm: one input and several outputs for it, which differ in dropout or noise."""
    picture = _inputs_and_reals(study, folder, trials[0])[0][0]
    rows = tuple((trial.arm, (picture, *_variants(study, folder, trial))) for trial in trials)
    return Figure(("input", *(f"output {number + 1}" for number in range(FIGURE_VARIANTS))), rows)


def _inputs_and_reals(study: Study, folder: PairFolder, trial: Trial) -> tuple[list[Path], list[Path]]:
    """The files of the inputs and of the real outputs, written if they do not exist."""
    numbers = range(min(INPUTS, len(folder.of(study.split))))
    inputs, reals = ([_place(study, f"{word}-{number}") for number in numbers] for word in ("input", "real"))
    if not all(path.is_file() for path in (*inputs, *reals)):
        card = read_model(trial.run).card
        for number, (a, b) in enumerate(_pairs(study, folder, card)):
            _write(inputs[number], to_rgb(a, card.coded_input))
            _write(reals[number], to_rgb(b, card.coded_output))
    return inputs, reals


def _outputs(study: Study, folder: PairFolder, trial: Trial) -> list[Path]:
    """The output of an arm for each input."""
    numbers = range(min(INPUTS, len(folder.of(study.split))))
    return _make_outputs(study, folder, trial, "output", [(number, 1) for number in numbers])


def _variants(study: Study, folder: PairFolder, trial: Trial) -> list[Path]:
    """Several outputs for the first input."""
    return _make_outputs(study, folder, trial, "variant", [(0, number + 1) for number in range(FIGURE_VARIANTS)])


def _make_outputs(
    study: Study, folder: PairFolder, trial: Trial, word: str, wanted: list[tuple[int, int]]
) -> list[Path]:
    """The outputs of an arm for each (index of the input, variant), written if missing or of an older model."""
    paths = [_place(study, f"{trial.run.name}-{word}-{number}") for number in range(len(wanted))]
    trained = model_file(trial.run).stat().st_mtime_ns
    if not all(path.is_file() and path.stat().st_mtime_ns >= trained for path in paths):
        model = read_model(trial.run)
        card = model.card
        inputs = [a for a, _ in _pairs(study, folder, card)]
        for path, (number, variant) in zip(paths, wanted, strict=True):
            output = apply_model(model, inputs[number], ApplyOptions(), variant=variant)
            _write(path, to_rgb(output, card.coded_output))
    return paths


def _pairs(study: Study, folder: PairFolder, card: ModelCard) -> list[tuple[Array, Array]]:
    swapped = task_of(folder, study.config.direction).swapped
    return [read_model_pair(folder, pair, card, swapped=swapped) for pair in folder.of(study.split)[:INPUTS]]


def _place(study: Study, name: str) -> Path:
    return study.dest / FIGURES / f"{name}.png"


def _write(path: Path, picture: Photo) -> None:
    """Write a picture, shrunk to the largest size."""
    own = size_of(picture)
    size = scale_to(own, BOX, cover=False) if own.width > BOX.width or own.height > BOX.height else own
    write_png(path, resize_photo(picture, size), durable=False, role="figure")

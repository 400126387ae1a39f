"""The pictures of a study."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from p2p_datatools.contract.pairs.halves import read_halves
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import colorize, read_photo
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.experiments.page_figures import BOX, FIGURE_VARIANTS, FIGURES, INPUTS, figures_of
from p2p_gan.experiments.study import Study, run_study
from p2p_gan.experiments.tables import TABLES
from p2p_gan.models.location import MODEL_FILE


def test_every_table_has_a_figure_of_the_arms_that_are_there(study: Study) -> None:
    figures = figures_of(study)
    assert list(figures) == list(study.tables)
    assert figures["loss"].columns == ("input", *TABLES["loss"].arms, "real")
    assert figures["field"].columns == ("input", "1x1 patches", "16x16 patches", "70x70 patches", "real")
    for figure in figures.values():
        for _, paths in figure.rows:
            assert len(paths) == len(figure.columns)
            assert all(path.is_file() for path in paths)
    assert len(figures["loss"].rows) == 2  # held-out pairs, fewer than at most
    assert INPUTS > 2


def test_the_ends_of_a_row_are_the_pair_itself(study: Study) -> None:
    folder = open_pairs(study.pairs)
    first, *_, last = figures_of(study)["loss"].rows[1][1]
    a, b, _ = read_halves(folder, folder.of("test")[1])
    assert folder.palette is not None
    shown = a if a.ndim == 3 else colorize(a, folder.palette)
    assert np.array_equal(read_photo(first), shown)
    assert np.array_equal(read_photo(last), b)


def test_variety_is_some_outputs_of_one_input_a_row_for_each_arm(study: Study) -> None:
    figure = figures_of(study)["collapse"]
    assert [name for name, _ in figure.rows] == list(TABLES["collapse"].arms)
    assert figure.columns == ("input", *(f"output {number + 1}" for number in range(FIGURE_VARIANTS)))
    outputs = {read_photo(path).tobytes() for path in figure.rows[0][1][1:]}
    assert len(outputs) == FIGURE_VARIANTS


def test_pictures_that_are_there_are_kept_and_others_drawn(study: Study) -> None:
    path = figures_of(study)["loss"].rows[0][1][1]
    before, whole = path.stat().st_mtime_ns, path.read_bytes()
    figures_of(study)
    assert path.stat().st_mtime_ns == before
    path.unlink()
    figures_of(study)
    assert path.read_bytes() == whole


def test_a_run_that_was_trained_again_gets_new_pictures(study: Study) -> None:
    path = figures_of(study)["loss"].rows[0][1][1]
    whole = path.read_bytes()
    path.write_bytes(b"of an older model")
    trained = next(trial.run for trial in study.trials if path.name.startswith(f"{trial.run.name}-output"))
    os.utime(path, ns=(0, (trained / MODEL_FILE).stat().st_mtime_ns - 1))
    figures_of(study)
    assert path.read_bytes() == whole


def test_an_arm_without_a_run_is_in_no_figure(study: Study) -> None:
    some = replace(study, trials=tuple(trial for trial in study.trials if trial.arm == "L1"))
    assert figures_of(some)["loss"].columns == ("input", "L1", "real")
    assert list(figures_of(some)) == ["loss", "architecture"]


def test_deep_pictures_are_shown_as_one_looks_at_them_and_large_ones_shrink(
    make_plain: Callable[..., Path], small: Config, tmp_path: Path
) -> None:
    scan = Half("scan", "photo", 1, "uint16", (0.0, 65535.0))
    pairs = make_plain(scan, Half("slice", "photo", 1), (800, 200))
    base = with_settings(small, {"images": 1, "b_encoding": "values"})
    study = run_study(pairs, tmp_path / "deep", base, tables=("features",), seeds=1)
    for _, paths in figures_of(study)["features"].rows:
        assert {read_photo(path).shape for path in paths} == {(96, BOX.width, 3)}
    assert (study.dest / FIGURES / "l1-cgan-0-output-0.png").is_file()

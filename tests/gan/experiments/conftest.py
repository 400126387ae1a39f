"""One small study that the tests of the page, the rows and the figures read, and what makes others."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.halves import files_of, store_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.experiments.page import write_page
from p2p_gan.experiments.study import Study, run_arms, run_study
from p2p_gan.experiments.tables import ARMS, TABLES

SMALL: dict[str, Any] = {
    **{
        "size": "32x32",
        "images": 4,
        "generator_filters": 2,
        "max_filters": 4,
        "discriminator_filters": 2,
        "dropout": 0.5,
    },
    **{"precision": "float32", "device": "cpu", "threads": 1, "log_every": 2, "sample_every": 10**6},
}
NAMES = '<b>&"'  # a folder that would break a page which does not escape names


@pytest.fixture(scope="session")
def small() -> Config:
    """A config whose arms train in a fraction of a second."""
    return with_settings(PRESETS["tiny"], SMALL)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, small: Config, make_pairs: Callable[..., Path]) -> Study:
    """All tables but the long last ones from one seed on cars with a palette, with its page; tests may read it only."""
    root = tmp_path_factory.mktemp("study")
    pairs = make_pairs(root / NAMES, {"train": 4, "test": 2})
    config = with_settings(small, {"images": 2, "log_every": 1})
    tables = tuple(name for name in TABLES if name != "later")
    found = run_study(pairs, root / "dest", config, tables=tables, seeds=1)
    write_page(found)
    return found


@pytest.fixture(scope="session")
def cars(tmp_path_factory: pytest.TempPathFactory, make_pairs: Callable[..., Path]) -> Path:
    """Four training pairs and one of test, of masks and photos; tests may read it only."""
    return make_pairs(tmp_path_factory.mktemp("cars") / "pairs", {"train": 4, "test": 1})


@pytest.fixture
def make_study(tmp_path: Path, small: Config) -> Callable[..., Study]:
    """make_study(pairs, seeds=1, tables="loss", report=QUIET, **settings) in tmp_path/study, without a page."""

    def make(pairs: Path, seeds: int = 1, tables: str = "loss", report: Reporter = QUIET, **settings: Any) -> Study:
        chosen, names = with_settings(small, settings), tuple(tables.split(","))
        return run_study(pairs, tmp_path / "study", chosen, tables=names, seeds=seeds, report=report)

    return make


@pytest.fixture
def make_arms(tmp_path: Path, small: Config) -> Callable[..., Study]:
    """make_arms(pairs, *names of arms, **settings) in tmp_path/study: these arms alone, which take less time."""

    def make(pairs: Path, *names: str, **settings: Any) -> Study:
        chosen = with_settings(small, settings)
        arms = {name: with_settings(chosen, ARMS[name]) for name in names}
        return run_arms(pairs, tmp_path / "study", arms, seeds=1, judged_like=chosen)

    return make


@pytest.fixture(scope="session")
def losses(tmp_path_factory: pytest.TempPathFactory, cars: Path, small: Config) -> Path:
    """The folder of a finished study of the losses on `cars`; tests may read it only."""
    dest = tmp_path_factory.mktemp("losses") / "study"
    run_study(cars, dest, small, tables=("loss",), seeds=1)
    return dest


@pytest.fixture
def finished(losses: Path, tmp_path: Path, cars: Path, make_study: Callable[..., Study]) -> Study:
    """A copy of it in tmp_path/study, as make_study(cars) would have made it."""
    shutil.copytree(losses, tmp_path / "study")
    return make_study(cars)


@pytest.fixture
def make_plain(tmp_path: Path) -> Callable[..., Path]:
    """make_plain(half a, half b, (width, height)): two training pairs and one of test of noise, without a palette."""

    def make(a: Half, b: Half, size: tuple[int, int]) -> Path:
        path, store, random, pairs = tmp_path / "plain", store_of(a, b), np.random.default_rng(0), []
        for number, split in enumerate(("train", "train", "test")):
            left, right = (
                random.integers(
                    0, int(half.range[1]) + 1, (size[1], size[0], half.channels)[: 2 + (half.channels > 1)]
                ).astype(half.dtype)
                for half in (a, b)
            )
            files = files_of(f"{split}/{number}", store)
            digest = write_halves([path / file for file in files], left, right, store, where="test")
            pairs.append(Pair(f"{number}", files[0], split, Size(*size), digest))
        write_manifest(PairFolder(path, a, b, None, tuple(pairs)))
        return path

    return make

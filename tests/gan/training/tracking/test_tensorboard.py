"""TensorBoard's files say what the record says; without them being asked for, nothing of it is loaded."""

import importlib
import importlib.util
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.training.run import train
from p2p_gan.training.tracking import tracker
from p2p_gan.training.tracking.tensorboard import EVENTS, EventBoard

if TYPE_CHECKING:
    from conftest import Refused

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)


def events(run: Path) -> Any:
    accumulator = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(run / EVENTS))
    found.Reload()
    return found


@needs_tensorboard
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scalars_grids_and_histograms_are_those_of_the_record(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, tensorboard=True))
    found = events(tmp_path / "run")
    lines = [line for line in read_lines(tmp_path / "run" / "stats.jsonl") if "g_l1" in line]
    assert [(each.step, each.value) for each in found.Scalars("g_l1")] == [
        (line["images"], pytest.approx(line["g_l1"])) for line in lines
    ]
    assert [each.step for each in found.Scalars("validation/l1")] == [12]
    assert [each.step for each in found.Images("samples")] == [6, 12]
    assert {"discriminator/real", "discriminator/generated"} <= set(found.Tags()["histograms"])
    assert importlib.import_module("tensorboard.compat").tf.__version__ == "stub"  # TensorFlow takes seconds to load


@needs_tensorboard
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_changes_nothing_that_is_trained(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    for name, wanted in (("with", True), ("without", False)):
        train(pair_folder, tmp_path / name, replace(tiny, tensorboard=wanted, images=6))
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("with", "without")]
    assert models[0] == models[1]


class Fails(Reporter):
    """Ends training as a crash does, after so many images of it."""

    def __init__(self, after: int) -> None:
        self._left = after

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self._counts = what == "training"

    def advance(self, units: int = 1, **figures: float) -> None:
        self._left -= units * self._counts
        if self._left == 0:
            raise RuntimeError


@needs_tensorboard
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_run_that_begins_again_after_a_crash_has_every_step_once(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(tiny, tensorboard=True, checkpoint_every=100, validate_every=100, checkpoint_minutes=60)
    with pytest.raises(RuntimeError):  # before its first checkpoint
        train(pair_folder, tmp_path / "run", config, report=Fails(8))
    train(pair_folder, tmp_path / "run", config)
    steps = [each.step for each in events(tmp_path / "run").Scalars("g_l1")]
    assert steps == sorted(set(steps))


@needs_tensorboard
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorflow_is_not_loaded_to_write_a_file(tmp_path: Path) -> None:
    EventBoard(tmp_path, 0).close()
    again = importlib.reload(importlib.import_module("tensorboard.compat"))  # as it is before its first use
    assert again.tf.__version__ == "stub"


def test_a_missing_package_is_reported_before_anything_is_done(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with refused("missing-package", "tensorboard=on", usage=True) as error:
        train(pair_folder, tmp_path / "run", replace(tiny, tensorboard=True))
    assert "pip install" in error.value.to_do
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_not_asked_for_boards_imports_none_of_their_packages(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = {"tensorboard", "wandb"}
    for name in packages | {each for each in sys.modules if each.split(".")[0] in packages}:
        monkeypatch.setitem(sys.modules, name, None)  # to import it fails
    for module in sorted(Path(tracker.__file__).parent.glob("*.py")):
        runpy.run_path(str(module))
    train(pair_folder, tmp_path / "run", replace(tiny, images=1))
    assert not (tmp_path / "run" / EVENTS).exists()

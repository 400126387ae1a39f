"""A run made again from its own record, and every way in which that may not be the same run."""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.models.model import read_model, save_model
from p2p_gan.training.reproduction import compare_records, reproduce
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused


class Events(Reporter):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.seen.append(what)

    def note(self, line: str) -> None:
        self.seen.append(line)


@pytest.fixture
def run(pair_folder: Path, run_folder: Path, tmp_path: Path) -> Path:
    """A finished run of the pairs of this test."""
    run = Path(shutil.copytree(run_folder, tmp_path / "run"))
    change_record(run, pairs=str(pair_folder))
    return run


@pytest.fixture
def short_run(pair_folder: Path, tiny: Config, tmp_path: Path) -> Path:
    """A run of two images, which takes as little to make again."""
    train(pair_folder, tmp_path / "run", replace(tiny, images=2))
    return tmp_path / "run"


def change_record(run: Path, **values: object) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | values))


def test_a_run_reproduces_bit_for_bit_from_its_record_alone(run: Path, tmp_path: Path) -> None:
    result = reproduce(run, tmp_path / "again")
    assert result.named == ()
    assert (result.lines, result.losses, result.model_identical, result.largest_weight) == (3, None, True, 0.0)
    assert result.identical
    assert reproduce(run, tmp_path / "again").identical  # the same call again finds it done

    model = read_model(run)
    save_model(run / MODEL_FILE, replace(model.card, proportions=None), model.generator)
    assert reproduce(run, tmp_path / "again").identical  # as an earlier p2p wrote it
    save_model(run / MODEL_FILE, replace(model.card, averaged=True), model.generator)
    assert not reproduce(run, tmp_path / "again").identical


def test_pairs_and_model_of_a_record_are_found_from_any_folder(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train("pairs", "runs/first", replace(tiny, images=1))
    train("pairs", "runs/second", replace(tiny, images=2), source="runs/first")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert reproduce("../runs/second", "again").identical
    assert pair_folder == tmp_path / "pairs"


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, P2PError)])
def test_a_signal_ends_it_as_any_command_and_the_same_call_completes_it(
    short_run: Path, tmp_path: Path, number: signal.Signals, ends: type[BaseException]
) -> None:
    class Signal(Reporter):
        def advance(self, units: int = 1, **figures: float) -> None:
            os.kill(os.getpid(), number)

    with pytest.raises(ends):
        reproduce(short_run, tmp_path / "again", report=Signal())
    assert reproduce(short_run, tmp_path / "again").identical


def test_what_differs_beforehand_is_named_before_training(short_run: Path, tmp_path: Path) -> None:
    record = json.loads((short_run / "run.json").read_text())
    change_record(short_run, machine={**record["machine"], "torch": "1.0"}, data_hash="0" * 64)
    events = Events()
    result = reproduce(short_run, tmp_path / "again", report=events)
    assert [line.split(" was")[0] for line in result.named] == ["torch", "the pairs or their split: data hash"]
    assert events.seen.index(f"differs: {result.named[0]}") < events.seen.index("training")
    assert "torch was 1.0, is now 2." in result.named[0]


def test_a_device_that_is_not_here_is_named_and_another_taken(short_run: Path, tmp_path: Path) -> None:
    record = json.loads((short_run / "run.json").read_text())
    change_record(short_run, config={**record["config"], "device": "cuda:7"})
    named = reproduce(short_run, tmp_path / "again").named
    assert "the device was cuda:7, which this machine does not have" in named


def test_other_losses_and_weights_are_reported_with_their_largest_difference(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(pair_folder, run, replace(tiny, seed=7, images=4))
    record = json.loads((run / "run.json").read_text())
    change_record(run, config={**record["config"], "seed": 8})
    result = reproduce(run, tmp_path / "again")
    assert not result.identical
    assert result.losses is not None
    assert result.losses.first == 4
    assert 0 < result.losses.largest <= 2
    assert result.model_identical is False
    assert (result.largest_weight or 0) > 0


def test_a_run_that_was_extended_is_the_same_as_one_that_was_as_long_at_once(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for images in (3, 8):  # the record has a line at 3, which the reproduction has not
        train(pair_folder, run, replace(tiny, lr_schedule="constant", ema_half_life=5.0, images=images))
    result = reproduce(run, tmp_path / "again")
    assert result.identical
    assert result.lines == 2


def test_the_largest_difference_of_two_records_is_relative_and_named(tmp_path: Path) -> None:
    for name, seconds, l1, ssim in (("one", 1, 2.0, 0.5), ("two", 9, 2.02, 0.25)):
        record = (
            {"images": 4, "g_l1": 1.0, "seconds": seconds},
            {"images": 8, "g_l1": l1, "validation": {"ssim": ssim}},
        )
        (tmp_path / name).mkdir()
        (tmp_path / name / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in record))
    lines, worst = compare_records(tmp_path / "one", tmp_path / "two")
    assert lines == 2
    assert worst is not None
    assert (worst.name, worst.images, worst.first, worst.largest) == ("validation ssim", 8, 8, 0.5)


def test_pairs_that_have_moved_are_asked_for_and_taken_from_where_they_are(
    short_run: Path, pair_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    moved = pair_folder.rename(tmp_path / "moved")
    with refused("missing-folder", pair_folder) as error:
        reproduce(short_run, tmp_path / "again")
    assert "Give their new folder with --pairs" in error.value.to_do
    assert not (tmp_path / "again").exists()
    assert reproduce(short_run, tmp_path / "again", pairs=moved).identical


def test_a_record_that_does_not_say_where_its_pairs_are_is_not_guessed_at(
    run: Path, tmp_path: Path, refused: "Refused"
) -> None:
    change_record(run, pairs="")
    with refused("missing-folder", run / "pairs") as error:
        reproduce(run, tmp_path / "again")
    assert "Give their new folder with --pairs" in error.value.to_do
    assert not (tmp_path / "again").exists()


def test_the_run_itself_and_a_folder_that_is_not_a_run_are_refused(
    run: Path, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("destination-inside-source", run, usage=True):
        reproduce(run, run)
    with refused("not-a-run", tmp_path / "pairs", usage=True):
        reproduce(tmp_path / "pairs", tmp_path / "again")


def test_that_several_devices_trained_it_is_named(short_run: Path, tmp_path: Path) -> None:
    change_record(short_run, processes=4)
    assert "the run was trained on 4 devices, now on 1: dropout and noise differ" in (
        reproduce(short_run, tmp_path / "again").named
    )

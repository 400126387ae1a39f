"""A run from start to end, and that no interruption changes what it ends with."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, read_photo, write_png
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, load_dataset
from p2p_gan.models.location import BEST, MODEL_FILE, model_file
from p2p_gan.models.model import read_card, read_model
from p2p_gan.runs import checkpoint, runfolder
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.training import trial
from p2p_gan.training.build import build
from p2p_gan.training.job import Job, learning_rate_at, make_job
from p2p_gan.training.planning import plan
from p2p_gan.training.run import _resume_or_begin, train
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.steps import update
from p2p_gan.training.tracking import tracker
from p2p_gan.training.tracking.saver import Saver
from p2p_gan.training.tracking.tracker import Tracker, probe_due
from p2p_gan.training.validation import Validator, sample_row
from p2p_gan.updates.optimise import restore_scalers, scaler_states
from p2p_gan.updates.step import Networks

if TYPE_CHECKING:
    from conftest import Refused


class Stop(Reporter):
    """Interrupts this process with a signal after so many images, and keeps what a person would read."""

    def __init__(self, after: int, number: signal.Signals = signal.SIGINT, *, during: str = "training") -> None:
        self.after, self.number, self.during = after, number, during
        self.lines: list[str] = []

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.what, self.seen = what, done

    def advance(self, units: int = 1, **figures: float) -> None:
        self.seen += units
        if self.what == self.during and self.seen == self.after:
            os.kill(os.getpid(), self.number)

    def note(self, line: str) -> None:
        self.lines.append(line)


def final_state(run: Path) -> tuple[bytes, bytes]:
    newest = max((run / checkpoint.CHECKPOINTS).glob("*.safetensors"))
    return (run / MODEL_FILE).read_bytes(), newest.read_bytes()


def stats(run: Path) -> list[dict[str, float]]:
    timings = {"seconds", "images_per_s", "waited"}
    return [{k: v for k, v in line.items() if k not in timings} for line in read_lines(run / "stats.jsonl")]


def test_a_run_writes_everything_a_person_looks_for(run_folder: Path) -> None:
    record = json.loads((run_folder / "run.json").read_text())
    assert record["config"]["precision"] == "float32"
    assert record["config"]["unet_depth"] == 5
    assert record["machine"]["torch"]
    assert [line["images"] for line in stats(run_folder) if "g_l1" in line] == [4, 8, 12]
    assert sorted(path.name for path in (run_folder / "samples").iterdir()) == ["0000000006.png", "0000000012.png"]
    assert read_photo(run_folder / "samples" / "0000000006.png").shape == (64, 96, 3)
    assert not list(run_folder.rglob("*.tmp"))


def test_two_runs_of_one_seed_are_alike_and_of_another_are_not(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    train(pair_folder, tmp_path / "two", tiny)
    train(pair_folder, tmp_path / "three", replace(tiny, seed=1, images=4))
    assert final_state(run_folder) == final_state(tmp_path / "two")
    first, other = (stats(run)[0] for run in (run_folder, tmp_path / "three"))
    assert first["images"] == other["images"]
    assert first["g_l1"] != other["g_l1"]


@pytest.mark.parametrize("after", [3, *(pytest.param(each, marks=pytest.mark.long) for each in (4, 7))])
def test_a_run_interrupted_by_ctrl_c_ends_bit_for_bit_like_one_that_was_not(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, after: int
) -> None:
    stopped = train(pair_folder, tmp_path / "run", tiny, report=Stop(after))
    assert (stopped.interrupted, stopped.images) == (True, after)
    resumed = train(pair_folder, tmp_path / "run", tiny)
    assert (resumed.interrupted, resumed.before, resumed.images) == (False, after, 12)
    assert final_state(tmp_path / "run") == final_state(run_folder)
    lines = stats(tmp_path / "run")
    assert {"resumed_at": after} in lines
    assert [line for line in lines if "images" in line] == stats(run_folder)


class Moves(Reporter):
    """Does something to the run folder after so many images of training."""

    def __init__(self, after: int, move: Callable[[], object]) -> None:
        self.after, self.move = after, move

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.seen = done if what == "training" else -1000

    def advance(self, units: int = 1, **figures: float) -> None:
        self.seen += units
        if self.seen == self.after and units:
            for thread in threading.enumerate():  # what is being written while a folder is renamed may be written anew
                if thread.name == "p2p-writer":
                    thread.join()
            self.move()


# A checkpoint, a line, a grid, the end.
@pytest.mark.parametrize("after", [7, *(pytest.param(each, marks=pytest.mark.long) for each in (5, 6, 11))])
def test_a_run_whose_folder_is_renamed_meanwhile_writes_nothing_where_it_was_and_continues_where_it_is(
    pair_folder: Path,
    run_folder: Path,
    tiny: Config,
    tmp_path: Path,
    after: int,
    refused: "Refused",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runfolder, "_LOOK", 0.001)
    run, moved = tmp_path / "run", tmp_path / "moved"
    config = replace(tiny, checkpoint_every=4, checkpoint_minutes=60)
    with refused("run-moved", run) as error:
        train(pair_folder, run, config, report=Moves(after, lambda: run.rename(moved)))
    assert "renamed" in error.value.what
    assert not run.exists()
    train(pair_folder, moved, config)
    assert final_state(moved) == final_state(run_folder)


def test_a_run_whose_place_another_run_has_taken_leaves_that_alone(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    run = tmp_path / "run"

    def move() -> None:
        run.rename(tmp_path / "moved")
        shutil.copytree(tmp_path / "other", run)
        (run / ".owner.json").write_text('{"pid": 1, "host": "elsewhere", "since": "now"}')

    train(pair_folder, tmp_path / "other", replace(tiny, seed=1, images=4))
    with refused("run-moved", run) as error:
        train(pair_folder, run, tiny, report=Moves(5, move))
    assert "process 1 on elsewhere" in error.value.what
    assert final_state(run) == final_state(tmp_path / "other")
    assert stats(run) == stats(tmp_path / "other")


def test_scores_that_a_kill_parted_from_their_checkpoint_stand_once_in_the_record(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tiny, validate_every=4, images=8)
    train(pair_folder, tmp_path / "whole", config)
    with monkeypatch.context() as context:  # a signal while the pairs are scored after image 4
        context.setattr(Validator, "score", lambda self, generator, stop: stop_at_once())
        train(pair_folder, tmp_path / "run", config)
    with monkeypatch.context() as context:  # a kill after that, before the checkpoint that knows of it
        context.setattr(Saver, "save", kill)
        with pytest.raises(RuntimeError):
            train(pair_folder, tmp_path / "run", config)
    train(pair_folder, tmp_path / "run", config)
    assert [line for line in stats(tmp_path / "run") if "images" in line] == stats(tmp_path / "whole")
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")


def stop_at_once() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def kill(*args: object, **named: object) -> None:
    raise RuntimeError


def test_a_finished_run_is_left_alone_and_more_images_extend_it(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    steady = replace(tiny, lr_schedule="constant", images=4)
    train(pair_folder, tmp_path / "run", steady)
    before = final_state(tmp_path / "run")
    again = train(pair_folder, tmp_path / "run", steady)
    assert (again.before, again.images, final_state(tmp_path / "run")) == (4, 4, before)
    assert again.plan is None
    longer = train(pair_folder, tmp_path / "run", replace(steady, images=10))
    assert (longer.before, longer.images) == (4, 10)
    train(pair_folder, tmp_path / "whole", replace(steady, images=10))
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")


def test_a_longer_run_says_where_its_learning_rate_decay_continues(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    short = replace(tiny, lr_schedule="linear", images=8)
    train(pair_folder, tmp_path / "run", short)
    heard = Stop(99)
    train(pair_folder, tmp_path / "run", replace(short, images=12), report=heard)
    said = [line for line in heard.lines if "lr_schedule" in line]
    assert said == [
        "lr_schedule=linear: the schedule now ends at image 12, not 8, so the learning rate jumps from 0 to 0.000267."
    ]
    assert [line["learning_rate"] for line in stats(tmp_path / "run") if "learning_rate" in line][-1] == 0
    train(pair_folder, tmp_path / "steady", replace(short, lr_schedule="constant", images=2))
    heard = Stop(99)
    train(pair_folder, tmp_path / "steady", replace(short, lr_schedule="constant", images=3), report=heard)
    assert not any("lr_schedule" in line for line in heard.lines)


@pytest.mark.parametrize(
    ("batch", "log_every", "probed"),
    [
        (1, 10, [100, 200, 300]),
        (1, 70, [140, 210, 350]),
        (1, 150, [150, 300]),
        (16, 5, [112, 208, 304]),
        (16, 70, [144, 224, 352]),
    ],
)
def test_networks_are_looked_at_every_hundred_images_whatever_the_interval_of_the_record(
    batch: int, log_every: int, probed: list[int]
) -> None:
    updates = [(seen, seen + batch) for seen in range(0, 355, batch)]
    lines = [(before, after) for before, after in updates if after // log_every > before // log_every]
    assert [after for before, after in lines if probe_due(before, after, log_every)] == probed


def test_a_finished_run_writes_models_that_are_missing_cut_or_changed_again_bit_for_bit(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    averaged, run = replace(tiny, ema_half_life=4, images=4), tmp_path / "run"
    train(pair_folder, run, averaged)
    before = {name: (run / name).read_bytes() for name in (MODEL_FILE, BEST)}
    assert (read_card(run).averaged, read_card(run).images) == (True, 4)

    (run / BEST).unlink()
    (run / MODEL_FILE).unlink()
    with refused("missing-model", run):
        model_file(run)
    again, report = train(pair_folder, run, averaged), Stop(-1)
    assert again.plan is None
    assert {name: (run / name).read_bytes() for name in before} == before

    (run / MODEL_FILE).write_bytes(before[MODEL_FILE][:-1000])
    with refused("damaged-file", run / MODEL_FILE):
        read_card(run)
    train(pair_folder, run, averaged, report=report)
    assert (run / MODEL_FILE).read_bytes() == before[MODEL_FILE]
    assert [MODEL_FILE in line for line in report.lines] == [True]
    train(pair_folder, run, averaged, report=report)
    assert len(report.lines) == 1

    last = before[BEST][-1:]
    (run / BEST).write_bytes(before[BEST][:-1] + bytes([last[0] ^ 1]))
    with refused("damaged-file", run / BEST) as error:
        read_model(run / BEST)
    assert "Repeat the 'p2p train' command" in error.value.to_do
    train(pair_folder, run, averaged, report=report)
    assert (run / BEST).read_bytes() == before[BEST]


def test_a_lost_model_whose_checkpoint_is_damaged_too_is_an_error(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    run = Path(shutil.copytree(run_folder, tmp_path / "run"))
    (run / MODEL_FILE).unlink()
    newest = max((run / checkpoint.CHECKPOINTS).glob("*.safetensors"))
    data = newest.read_bytes()
    newest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with refused("no-usable-checkpoint", run / MODEL_FILE):
        train(pair_folder, run, tiny)
    assert not (run / MODEL_FILE).exists()


@pytest.mark.parametrize("harm", [Path.unlink, lambda best: best.write_bytes(best.read_bytes()[:-1])])
def test_a_run_that_continues_has_its_best_model_again(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], object],
) -> None:
    monkeypatch.setattr(tracker, "improves", lambda score, best: best is None)  # the first stays the best
    run, config = (
        tmp_path / "run",
        replace(tiny, images=6, validate_every=2, checkpoint_every=2, lr_schedule="constant"),
    )
    train(pair_folder, run, replace(config, images=4))
    before = (run / BEST).read_bytes()
    harm(run / BEST)
    report = Stop(after=99)
    train(pair_folder, run, config, report=report)
    assert (run / BEST).read_bytes() == before
    assert [line for line in report.lines if str(run / BEST) in line and "image 2" in line]
    assert not read_card(run).averaged


def test_a_best_model_that_is_lost_with_its_checkpoint_does_not_end_the_run(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker, "improves", lambda score, best: best is None)
    config = replace(tiny, images=6, validate_every=2, checkpoint_every=2, lr_schedule="constant", keep_checkpoints=1)
    run = tmp_path / "run"
    train(pair_folder, run, replace(config, images=4))
    (run / BEST).unlink()
    for file in (run / checkpoint.CHECKPOINTS).glob("0000000002.*"):
        file.unlink()
    report = Stop(after=99)
    assert train(pair_folder, run, config, report=report).images == 6
    assert [line for line in report.lines if str(run / BEST) in line and "better score" in line]


def test_a_finished_run_needs_no_device_to_be_left_alone(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["config"]["device"] = "cuda:7"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    automatic = replace(tiny, device="auto")
    assert train(pair_folder, tmp_path / "run", automatic).plan is None
    with refused("missing-device", str(tmp_path / "run"), usage=True) as error:
        train(pair_folder, tmp_path / "run", replace(automatic, images=20))
    assert error.value.what.startswith("was started with device=cuda:7: this machine has no CUDA device")


def test_a_changed_setting_is_refused_by_name_before_anything_is_written(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    before = final_state(tmp_path / "run")
    with refused("other-settings", tmp_path / "run", usage=True) as error:
        train(pair_folder, tmp_path / "run", replace(tiny, learning_rate=0.001))
    assert "learning_rate was 0.0004, now 0.001" in error.value.what
    assert final_state(tmp_path / "run") == before


def test_a_place_that_holds_something_else_is_refused_before_any_work(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with refused("destination-taken", tmp_path / "mine", usage=True):
        train(pair_folder, tmp_path / "mine", tiny)


def test_a_run_does_not_lie_among_the_pairs_of_a_split(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("destination-inside-source", pair_folder / "train" / "run", usage=True):
        train(pair_folder, pair_folder / "train" / "run", tiny)
    assert not (pair_folder / "train" / "run").exists()


def test_a_run_whose_folder_another_process_has_meanwhile_shows_no_plan(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    report, first = Reporter(), RunFolder(tmp_path / "run")
    monkeypatch.setattr(report, "show", shown.append)
    first.hold()
    with refused("run-in-use", tmp_path / "run"):
        train(pair_folder, tmp_path / "run", tiny, report=report)
    first.release()
    assert shown == []


def test_bad_pairs_leave_no_run_folder(pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused") -> None:
    (pair_folder / "train" / "car-002.png").write_bytes(b"")
    with refused("empty-file", pair_folder / "train" / "car-002.png"):
        train(pair_folder, tmp_path / "run", tiny)
    assert not (tmp_path / "run").exists()


def test_a_pair_that_could_not_be_looked_at_is_refused_before_training(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    held_out = sorted((pair_folder / "val").glob("*.png"))[-1]
    held_out.write_bytes(held_out.read_bytes()[:60])
    with refused("damaged-file", held_out):
        train(pair_folder, tmp_path / "run", tiny)
    assert not (tmp_path / "run").exists()


def test_a_size_that_is_not_the_picture_s_is_refused_where_it_is_needed(
    pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    lines = (pair_folder / "pairs.jsonl").read_text().replace('"size": [32, 32]', '"size": [16, 64]', 1)
    (pair_folder / "pairs.jsonl").write_text(lines)
    with refused("size-differs", pair_folder / "train" / "car-000.png") as error:
        train(pair_folder, tmp_path / "run", replace(tiny, size=None, jitter=1.0))
    assert error.value.what == "is 32x32, but the manifest says 16x64"
    assert not (tmp_path / "run").exists()


def test_a_full_disk_stops_the_run_in_one_line_with_the_last_checkpoint_whole(
    pair_folder: Path,
    run_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: "Refused",
) -> None:
    train(pair_folder, tmp_path / "run", tiny, report=Stop(4))
    flush = os.fsync

    def full(handle: int) -> None:
        if threading.current_thread() is not threading.main_thread():  # as on the disk beside training
            raise OSError(28, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", full)
    with refused("cannot-write", tmp_path / "run" / "checkpoints" / "0000000008.safetensors") as error:
        train(pair_folder, tmp_path / "run", tiny)
    assert "No space left on device" in error.value.what
    monkeypatch.undo()
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert train(pair_folder, tmp_path / "run", tiny).before == 4
    assert final_state(tmp_path / "run") == final_state(run_folder)


def free_bytes(monkeypatch: pytest.MonkeyPatch, *answers: int) -> None:
    """Let the disk have so many bytes free when it is asked, the last answer from then on."""
    left = list(answers)

    def usage(place: Path) -> shutil._ntuple_diskusage:
        return shutil._ntuple_diskusage(10**12, 0, left.pop(0) if len(left) > 1 else left[0])

    monkeypatch.setattr(shutil, "disk_usage", usage)


def test_too_little_space_is_noticed_before_anything_is_begun(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    free_bytes(monkeypatch, 1_000_000)
    with refused("no-space", tmp_path / "run") as error:
        train(pair_folder, tmp_path / "run", replace(tiny, keep_checkpoints=9))
    assert "has 1 MB free, but the checkpoints and models of this run need 2 MB" in error.value.what
    assert not (tmp_path / "run").exists()


def test_too_little_space_before_a_write_leaves_the_last_checkpoint_and_resume_works_when_there_is_more(
    pair_folder: Path,
    run_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: "Refused",
) -> None:
    free_bytes(monkeypatch, 10**10, 10**10, 10**10, 1000)
    with refused("no-space", tmp_path / "run") as error:
        train(pair_folder, tmp_path / "run", tiny)
    assert "the next checkpoint needs " in error.value.what
    assert "has 1 KB free" in error.value.what
    assert "continues from the last checkpoint" in error.value.to_do
    assert checkpoint.latest(tmp_path / "run").images == 4
    monkeypatch.undo()
    assert train(pair_folder, tmp_path / "run", tiny).before == 4
    assert final_state(tmp_path / "run") == final_state(run_folder)


def test_a_damaged_newest_checkpoint_costs_the_images_since_the_one_before(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    (tmp_path / "run" / checkpoint.CHECKPOINTS / "0000000012.safetensors").write_bytes(b"")
    report = Stop(after=0)
    resumed = train(pair_folder, tmp_path / "run", tiny, report=report)
    assert resumed.before == 8
    assert [line for line in report.lines if "Training continues from image 8" in line]
    assert final_state(tmp_path / "run") == final_state(run_folder)


def test_the_plan_counts_from_the_checkpoint_that_is_whole(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=8))
    tensors = tmp_path / "run" / checkpoint.CHECKPOINTS / "0000000008.safetensors"
    damaged = bytearray(tensors.read_bytes())
    damaged[-1] ^= 1  # of the same length, so that only its hash tells
    tensors.write_bytes(damaged)
    assert plan(pair_folder, tiny, tmp_path / "run").done == 4
    resumed = train(pair_folder, tmp_path / "run", tiny)
    assert resumed.plan is not None
    assert (resumed.plan.done, resumed.plan.updates, resumed.before) == (4, 8, 4)


def test_the_clock_saves_between_two_intervals_of_images_and_changes_nothing_of_what_is_trained(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    often = replace(tiny, checkpoint_minutes=1e-9, checkpoint_every=1000, keep_checkpoints=50)
    train(pair_folder, tmp_path / "run", often)
    assert len(list((tmp_path / "run" / checkpoint.CHECKPOINTS).glob("*.json"))) > 1
    assert final_state(tmp_path / "run") == final_state(run_folder)
    assert stats(tmp_path / "run") == stats(run_folder)


@pytest.mark.parametrize("after", [0, 5])
def test_sigterm_saves_and_says_that_it_was_asked_to(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, after: int
) -> None:
    report = Stop(after, signal.SIGTERM) if after else Stop(3, signal.SIGTERM, during="reading pairs")
    stopped = train(pair_folder, tmp_path / "run", tiny, report=report)
    assert (stopped.interrupted, stopped.stopped_by, stopped.images) == (True, "SIGTERM", after)
    assert train(pair_folder, tmp_path / "run", tiny).before == after
    assert final_state(tmp_path / "run") == final_state(run_folder)


def test_ctrl_c_while_pairs_are_read_ends_at_once_and_leaves_nothing(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    stopped = train(pair_folder, tmp_path / "run", tiny, report=Stop(3, during="reading pairs"))
    assert (stopped.interrupted, stopped.stopped_by, stopped.images, stopped.plan) == (True, "SIGINT", 0, None)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("image", [6, pytest.param(12, marks=pytest.mark.long)])
def test_a_signal_while_samples_are_made_ends_that_and_resuming_makes_them(
    pair_folder: Path, run_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: int
) -> None:
    sample, images = Tracker.sample, 0

    def counted(self: Tracker) -> bool:
        nonlocal images
        images = self.images
        return sample(self)

    def interrupted(job: Job, a: Array, b: Array) -> tuple[Photo, Photo, Photo]:
        if images == image:
            os.kill(os.getpid(), signal.SIGTERM)
        return sample_row(job, a, b)

    monkeypatch.setattr(Tracker, "sample", counted)
    monkeypatch.setattr(tracker, "sample_row", interrupted)
    stopped = train(pair_folder, tmp_path / "run", tiny)
    assert (stopped.interrupted, stopped.images) == (True, image)
    grid = tmp_path / "run" / "samples" / f"{image:010d}.png"
    assert not grid.exists()
    monkeypatch.undo()
    resumed = train(pair_folder, tmp_path / "run", tiny)
    assert (resumed.before, resumed.interrupted) == (image, False)
    assert grid.read_bytes() == (run_folder / "samples" / grid.name).read_bytes()
    assert final_state(tmp_path / "run") == final_state(run_folder)
    assert train(pair_folder, tmp_path / "run", tiny).plan is None


def test_what_a_signal_left_undone_follows_from_the_update_that_was_made_and_not_from_a_whole_batch(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, batch=4, sample_every=9, validate_every=6))
    # Of pictures of many shapes a batch may be of one pair: the update before ended at 8, where 6 was long past.
    progress = checkpoint.Progress(9, [0.0] * 4, 0, 0.0, looked=False, extra={"previous": 8})
    dataset = load_dataset(job.folder, job.task, job.config)
    done: list[str] = []

    def doing(name: str) -> Callable[[Tracker], bool]:
        def do(_: Tracker) -> bool:
            done.append(name)
            return True

        return do

    for name in ("sample", "validate", "save"):
        monkeypatch.setattr(Tracker, name, doing(name))
    run_folder = RunFolder(tmp_path / "run")
    with Saver(run_folder, job, 9) as saver, StopRequest() as stop:
        Tracker(run_folder, job, dataset, progress, saver, stop, Reporter()).on_train_start()
    assert done == ["sample", "save"]


def test_a_checkpoint_knows_the_update_that_it_was_made_after(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, batch=5, images=12))
    record = json.loads((tmp_path / "run" / checkpoint.CHECKPOINTS / "0000000012.json").read_text())
    assert record["extra"]["previous"] == 10


def test_a_checkpoint_knows_the_time_of_training_and_the_scales_of_losses_in_float16_with_which_a_run_goes_on(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    def make() -> Job:
        job = make_job(open_pairs(pair_folder), tiny)
        return replace(job, nets=build(job.card.architecture, replace(job.config, precision="float16"), job.device))

    run_folder, job = RunFolder(tmp_path / "run"), make()
    _resume_or_begin(run_folder, job, Reporter())
    states = scaler_states(job.nets.optimizers)
    restore_scalers(
        job.nets.optimizers, [{**state, "scale": scale} for state, scale in zip(states, (8, 2), strict=True)]
    )
    dataset = load_dataset(job.folder, job.task, job.config)
    progress = checkpoint.Progress(4, [0.0] * len(job.recipe.names), 0, 3600.0)
    with Saver(run_folder, job, 0) as saver, StopRequest() as stop:
        Tracker(run_folder, job, dataset, progress, saver, stop, Reporter()).save()
    again = make()
    found, is_resumed = _resume_or_begin(RunFolder(tmp_path / "run"), again, Reporter())
    assert (is_resumed, found.images) == (True, 4)
    assert 3600 <= found.seconds < 3660
    assert [state["scale"] for state in scaler_states(again.nets.optimizers)] == [8, 2]


@pytest.mark.usefixtures("in_the_foreground")
def test_a_second_ctrl_c_does_not_wait_and_the_checkpoint_before_is_whole(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(state: object, progress: object, *, best: bool) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    train(pair_folder, tmp_path / "run", replace(tiny, images=4))
    monkeypatch.setattr(Saver, "save", lambda self, progress, best=False: impatient(self, progress, best=best))
    with pytest.raises(KeyboardInterrupt):
        train(pair_folder, tmp_path / "run", tiny, report=Stop(7))
    monkeypatch.undo()
    assert train(pair_folder, tmp_path / "run", tiny).before == 4


def test_a_run_continued_on_another_machine_notes_that_bits_may_differ(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=1))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["machine"]["device"] = "an abacus"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    report = Stop(after=0)
    train(pair_folder, tmp_path / "run", replace(tiny, images=2), report=report)
    assert [line for line in report.lines if "device was an abacus, now" in line and "not the same bit for bit" in line]


def test_a_val_that_is_copied_from_train_is_noted_of_a_folder_of_another_tool(tiny: Config, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for file in (*(f"train/{number}.png" for number in range(6)), "val/90.png", "val/91.png"):
        write_png(tmp_path / "maps" / file, random.integers(0, 256, (32, 64, 3), dtype=np.uint8))
    shutil.copy(tmp_path / "maps" / "train" / "3.png", tmp_path / "maps" / "val" / "93.png")
    planned, begun, config = Stop(after=0), Stop(after=0), replace(tiny, images=1)
    plan(tmp_path / "maps", config, tmp_path / "run", report=planned)
    train(tmp_path / "maps", tmp_path / "run", config, report=begun)
    for report in (planned, begun):
        (line,) = [line for line in report.lines if "in different splits show the same" in line]
        assert "has the same pixels as" in line


def test_changed_pairs_are_noticed_with_what_changed(
    pair_folder: Path, other_pairs: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=1))
    shutil.rmtree(pair_folder)
    other_pairs.rename(pair_folder)
    with refused("other-settings", tmp_path / "run", usage=True) as error:
        train(pair_folder, tmp_path / "run", tiny)
    assert "train had 8 pairs, now 9; " in error.value.what
    assert "Restore the pairs to resume" in error.value.to_do


def test_the_precision_and_threads_of_the_beginning_are_used_again(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=1, precision="bfloat16", threads=1))
    monkeypatch.setattr("p2p_gan.machine.device._cpu_multiplies_bfloat16", lambda: False)
    monkeypatch.setattr("torch.get_num_threads", lambda: 7)
    resumed = train(pair_folder, tmp_path / "run", replace(tiny, images=2, precision="auto", threads=0))
    assert resumed.plan is not None
    assert (resumed.plan.config.precision, resumed.plan.config.threads) == ("bfloat16", 1)


@pytest.mark.parametrize("kept", [1000, 1])  # updates between two lines are read before the device forgets them
def test_a_line_of_the_record_is_the_mean_over_the_images_since_the_one_before(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(update, "_MOST_KEPT", kept)

    def step(nets: Networks, batch: Batch, *_: Any) -> torch.Tensor:
        return torch.full((4,), float(len(batch.a)))

    monkeypatch.setattr(update, "train_step", step)
    train(pair_folder, tmp_path / "run", replace(tiny, batch=2, images=7, log_every=4))
    lines = [line for line in stats(tmp_path / "run") if "learning_rate" in line]
    assert [line["g_l1"] for line in lines] == pytest.approx([2.0, (2 * 2 + 1) / 3])


def test_linear_decay_falls_in_the_second_half_and_constant_does_not() -> None:
    linear = Config(images=100, lr_schedule="linear", learning_rate=1.0)
    assert [learning_rate_at(linear, seen) for seen in (0, 49, 50, 75, 100)] == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert learning_rate_at(Config(images=100, learning_rate=1.0), 99) == 1.0


def test_epochs_become_images_once(pair_folder: Path, tiny: Config) -> None:
    planned = plan(pair_folder, replace(tiny, images=None, epochs=3))
    assert planned.config.images == 24
    assert planned.direction == "mask-to-photo"


def test_batches_larger_than_one_train_and_take_gathered_statistics(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    summary = train(pair_folder, tmp_path / "run", replace(tiny, batch=5))
    assert summary.images == 12
    assert read_model(tmp_path / "run").card.statistics == "running"


def refuse_as_torch_does(*_: Any, **__: Any) -> None:
    """An operation that torch refuses in its own words; on CUDA others are, such as the gradient of mirrored edges."""
    torch.use_deterministic_algorithms(True)
    try:
        torch.zeros(2).put_(torch.tensor([0]), torch.tensor([1.0]))
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("place", [update, trial], ids=["while it trains", "while it finds its batch"])
def test_an_operation_that_cannot_be_deterministic_ends_training_in_one_line_that_names_it(
    refused: "Refused",
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: ModuleType,
) -> None:
    monkeypatch.setattr(place, "train_step", refuse_as_torch_does)
    with refused("not-deterministic", "deterministic=true") as error:
        train(pair_folder, tmp_path / "run", replace(tiny, deterministic=True, batch=0 if place is trial else 1))
    assert " put_" in error.value.what


def test_an_operation_that_cannot_be_deterministic_ends_a_plan_in_one_line_that_names_it(
    refused: "Refused", pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "train_step", refuse_as_torch_does)
    with refused("not-deterministic", "deterministic=true") as error:
        plan(pair_folder, replace(tiny, deterministic=True))
    assert " put_" in error.value.what


def test_accumulated_gradients_make_the_run_of_the_large_batch_and_resume_bit_for_bit(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(tiny, norm="instance", dropout=0.0, images=6, batch=2, accumulate=2, lr_schedule="constant")
    train(pair_folder, tmp_path / "whole", config)
    large = replace(config, batch=4, accumulate=1)
    train(pair_folder, tmp_path / "large", large)
    losses = [[line["g_l1"] for line in stats(tmp_path / run) if "g_l1" in line] for run in ("whole", "large")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    train(pair_folder, tmp_path / "run", replace(config, images=4))
    train(pair_folder, tmp_path / "run", config)
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")

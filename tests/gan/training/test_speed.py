"""With how many threads a run trains: chosen by time, kept with the machine, and never changed for a run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset
from p2p_gan.data.task import open_for_training
from p2p_gan.machine.kept import kept_folder
from p2p_gan.machine.load import Load, LoadMeter
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.training import run, speed, trial
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.planning import Plan, plan
from p2p_gan.training.run import train
from p2p_gan.training.speed import Speed, settle_speed, thread_counts
from p2p_gan.training.trial import Timing

if TYPE_CHECKING:
    from conftest import Notes

CORES = 8


class Machine:
    """A machine of eight cores whose other programs use `others`, and how long an update takes with n threads."""

    def __init__(self, job: Callable[..., Job]) -> None:
        self.others = 0.0
        self.seconds: dict[int, float] = {1: 0.8, 2: 0.45, 4: 0.3, 8: 0.3}
        self.raced: list[list[int]] = []
        self.timed: list[int] = []
        self._job = job

    def load(self) -> Load:
        return Load(CORES, self.others)

    def race(self, job: Job, dataset: PairDataset, counts: list[int], *, busy: bool) -> Timing:
        self.raced.append(counts)
        known = [count for count in counts if count in self.seconds]
        best = min(known, key=lambda count: (self.seconds[count], count))
        return Timing(self.seconds[best], 100, 10, best, best)

    def time(self, job: Job, dataset: PairDataset) -> Timing:
        self.timed.append(job.config.threads)
        return Timing(self.seconds[job.config.threads], 100, 10, job.config.threads, job.config.threads)

    def settle(self, *, automatic: bool = True, remeasure: bool = False, **changes: Any) -> tuple[int, Speed]:
        """The number of threads of a run with these settings, and what is known of it."""
        job, found = settle_speed(
            self._job(**changes),
            None,  # type: ignore[arg-type] # the fake timings need no pairs
            automatic=automatic,
            remeasure=remeasure,
        )
        return job.config.threads, found


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, pair_folder: Path, tiny: Config, tmp_path: Path) -> Machine:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("p2p_gan.machine.threads._THREADS_OF_TORCH", CORES)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    folder = open_for_training(pair_folder)
    made = Machine(lambda **changes: make_job(folder, replace(tiny, **({"threads": 0} | changes))))
    for place in ("machine.threads", "training.speed"):
        monkeypatch.setattr(f"p2p_gan.{place}.cores", lambda: CORES)
    monkeypatch.setattr(speed, "measure_load", made.load)
    monkeypatch.setattr(LoadMeter, "read", lambda _: made.load())
    monkeypatch.setattr(speed, "time_threads", made.race)
    monkeypatch.setattr(speed, "time_share", made.time)
    return made


def test_the_fastest_number_is_chosen_once_and_used_by_every_later_run_of_the_same_work(machine: Machine) -> None:
    threads, found = machine.settle()
    assert (threads, found.threads_by, found.slower) == (4, "measured", None)
    assert machine.raced == [[8, 4, 2, 1]]
    machine.seconds = dict.fromkeys(machine.seconds, 1.0) | {1: 0.1}  # another race would have another winner
    threads, again = machine.settle(seed=7, learning_rate=1e-5, lambda_l1=3.0)
    assert (threads, again.threads_by, again.timing) == (4, "kept", found.timing)
    assert (len(machine.raced), machine.timed) == (1, [])


@pytest.mark.parametrize("changes", [{"batch": 2}, {"lambda_l1": 0.0}, {"update_order": "simultaneous"}], ids=str)
def test_other_work_is_measured_for_itself(machine: Machine, changes: dict[str, Any]) -> None:
    machine.settle()
    machine.settle(**changes)
    assert len(machine.raced) == 2


def test_a_busy_machine_has_a_number_of_its_own_and_does_not_change_that_of_a_quiet_one(machine: Machine) -> None:
    machine.settle()
    machine.others, machine.seconds = 6.5, {1: 0.9, 2: 1.5, 4: 2.0, 8: 9.0}
    threads, found = machine.settle()
    assert (threads, found.threads_by, found.busy) == (1, "measured", True)
    assert machine.raced[-1] == [8, 4, 2, 1]
    assert found.slower is None  # with one thread, which was never timed on the quiet machine
    threads, found = machine.settle()
    assert (threads, found.threads_by) == (1, "kept")
    assert machine.timed == [1]  # how slow it is now is measured again
    machine.others = 0.0
    assert machine.settle()[0] == 4
    assert len(machine.raced) == 2


def test_how_much_slower_a_busy_machine_is_follows_from_what_was_kept(machine: Machine) -> None:
    machine.settle()
    machine.others, machine.seconds = 6.5, {4: 0.75}
    threads, found = machine.settle(automatic=False, threads=4)  # as a run that is resumed
    assert (threads, found.threads_by, found.busy) == (4, "setting", True)
    assert found.slower == pytest.approx(2.5)


def test_others_that_leave_enough_cores_do_not_make_a_machine_busy(machine: Machine) -> None:
    machine.settle()
    machine.others = 3.5
    threads, found = machine.settle()
    assert (threads, found.threads_by) == (4, "kept")
    assert machine.timed == []


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_number_in_the_environment_is_respected_and_not_kept(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(CORES))
    threads, found = machine.settle()
    assert (threads, found.threads_by, machine.raced) == (CORES, "environment", [])
    folder = kept_folder()
    assert folder is not None
    assert not folder.exists()


def test_what_cannot_be_kept_is_not_measured_since_the_next_call_might_choose_otherwise(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "kept_folder", lambda: None)
    assert machine.settle()[0] == CORES
    assert machine.raced == []


@pytest.mark.parametrize("damage", ['{"threads": "two"}', '{"seconds_per_image": -1.0}', "{}", "[]"])
def test_a_damaged_measurement_is_made_again(machine: Machine, damage: str) -> None:
    machine.settle()
    folder = kept_folder()
    assert folder is not None
    (file,) = folder.iterdir()
    kept = json.loads(file.read_text("utf-8"))
    change = json.loads(damage)
    kept["values"]["timing"] = kept["values"]["timing"] | change if change else change
    file.write_text(json.dumps(kept), "utf-8")
    machine.settle()
    assert len(machine.raced) == 2


def test_measuring_again_keeps_the_number_and_renews_the_time(machine: Machine) -> None:
    machine.settle()
    machine.seconds = dict.fromkeys(machine.seconds, 0.2)
    assert machine.settle(remeasure=True)[0] == 4
    assert machine.settle()[1].timing.seconds_per_image == 0.2
    assert machine.timed == [4]


@pytest.mark.parametrize(
    ("most", "free", "counts"),
    [(1, None, [1]), (2, 2.0, [2, 1]), (6, 6.0, [6, 3, 1]), (16, 15.1, [16, 15, 8, 4, 2, 1]), (4, 0.2, [4, 2, 1])],
)
def test_the_numbers_that_are_tried(most: int, free: float | None, counts: list[int]) -> None:
    assert thread_counts(most, free) == counts


@pytest.mark.parametrize(
    ("seconds", "tried", "best"),
    [
        ({8: 1.0, 4: 1.0, 2: 1.9, 1: 3.7}, [8, 4, 2, 4, 8], 4),  # as fast with fewer
        ({8: 1.0, 4: 1.9, 2: 3.7, 1: 7.0}, [8, 4], 8),
        ({8: 9.0, 4: 4.0, 2: 2.0, 1: 1.0}, [8, 4, 2, 1], 1),  # threads that wait for each other
        ({8: 1.0, 4: 1.1, 2: 2.0, 1: 4.0}, [8, 4, 2, 4, 8], 8),
    ],
)
def test_fewer_threads_are_tried_until_they_are_plainly_slower(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float], tried: list[int], best: int
) -> None:
    now: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", now.append)
    monkeypatch.setattr(trial, "_repeat_updates", lambda *_, **__: 0)
    monkeypatch.setattr(trial, "_time_block", lambda *_: (seconds[now[-1]], 1.0))
    near = trial._race(None, None, [8, 4, 2, 1])  # type: ignore[arg-type]
    assert now == tried
    assert min(count for count in near if near[count] <= 1.03 * min(near.values())) == best


def test_beside_others_threads_that_spin_are_left_out_however_fast_a_block_of_theirs_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now: list[int] = []
    seconds = {8: iter([0.5]), 4: iter([9.0, 1.0, 1.1, 1.2, 1.3]), 1: iter([2.0, 2.0, 0.1, 2.0, 2.0])}
    used = {8: 8.0, 4: 2 / 9, 1: 1.0}  # cores; eight threads take twice the processor time of four or one
    monkeypatch.setattr(torch, "set_num_threads", now.append)
    monkeypatch.setattr(trial, "_repeat_updates", lambda *_, **__: 0)
    monkeypatch.setattr(trial, "_time_block", lambda *_: (next(seconds[now[-1]]), used[now[-1]]))
    assert trial._race_beside_others(None, None, [8, 4, 1]) == {4: 1.2, 1: 2.0}  # type: ignore[arg-type]
    assert now == [8, 4, 1, *[4, 1] * 4]


def test_a_run_that_chose_its_threads_has_the_numbers_of_one_that_was_told_and_keeps_them(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("p2p_gan.machine.threads._THREADS_OF_TORCH", 2)
    monkeypatch.setattr("p2p_gan.machine.threads.cores", lambda: 2)
    monkeypatch.setattr(run, "TIMED_FROM", 1)
    monkeypatch.setattr(trial, "_BLOCK", 0.01)
    monkeypatch.setattr(speed, "measure_load", lambda: Load(2, 0.0))
    monkeypatch.setattr(LoadMeter, "read", lambda _: Load(2, 0.0))
    config = replace(tiny, threads=0, images=2)
    planned = plan(pair_folder, config)
    chosen = train(pair_folder, tmp_path / "chosen", config, report=notes).plan
    assert isinstance(chosen, Plan)
    assert chosen.config.threads == planned.config.threads > 0
    train(pair_folder, tmp_path / "told", replace(config, threads=chosen.config.threads))
    models = [(tmp_path / name / MODEL_FILE).read_bytes() for name in ("chosen", "told")]
    assert models[0] == models[1]
    monkeypatch.setattr("p2p_gan.machine.threads._THREADS_OF_TORCH", 1)  # another machine
    resumed = train(pair_folder, tmp_path / "chosen", replace(config, images=4)).plan
    assert isinstance(resumed, Plan)
    assert resumed.config.threads == chosen.config.threads
    assert plan(pair_folder, config, tmp_path / "chosen").config.threads == chosen.config.threads
    torch.set_num_threads(1)

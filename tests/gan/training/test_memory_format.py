"""In which memory format a run trains: chosen by time, kept with the machine, and never changed for a run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from p2p_gan.config.config import Config
from p2p_gan.data.task import open_for_training
from p2p_gan.machine.kept import kept_folder
from p2p_gan.training import memory_format, trial
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.memory_format import choose_format, settle_memory_format, time_formats, with_memory_format
from p2p_gan.training.trial import prepare_data

MakeJob = Callable[[str], Job]
LAST_IS_FASTER, IT_IS_NOT = [1.2, 1.3, 1.2], [0.9, 0.8]
LONG = memory_format.FORMATS_TIMED_FROM


@pytest.fixture
def job_of(pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeJob:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda name: make_job(open_for_training(pair_folder), replace(tiny, memory_format=name))


def formats_of(job: Job) -> set[bool]:
    """Whether the weights of whole kernels lie by pixels."""
    networks = (job.nets.generator, job.nets.discriminator)
    weights = [each for network in networks if network for each in network.parameters() if each.ndim == 4]
    return {each.is_contiguous(memory_format=torch.channels_last) for each in weights if min(each.shape) > 1}


def test_the_faster_format_is_chosen_and_the_same_the_next_time(
    job_of: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = iter([LAST_IS_FASTER])  # asked a second time, it has no more
    monkeypatch.setattr(memory_format, "time_formats", lambda *_: next(timed))
    for _ in range(2):
        job = settle_memory_format(job_of("auto"), None, updates=LONG, automatic=True)  # type: ignore[arg-type] # no pairs needed
        assert (job.config.memory_format, job.recipe.config.memory_format) == ("channels_last", "channels_last")
        assert formats_of(job) == {True}
    monkeypatch.setattr(memory_format, "time_formats", lambda *_: IT_IS_NOT)
    for remeasure, expected in ((False, "channels_last"), (True, "contiguous"), (False, "contiguous")):
        job = settle_memory_format(job_of("auto"), None, updates=LONG, automatic=True, remeasure=remeasure)  # type: ignore[arg-type]
        assert job.config.memory_format == expected
    assert formats_of(job) == {False}


def test_what_is_set_stays_and_nothing_is_timed_where_nothing_can_be_kept(
    job_of: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory_format, "time_formats", lambda *_: pytest.fail("was timed"))
    settled = settle_memory_format(job_of("channels_last"), None, updates=LONG, automatic=False)  # type: ignore[arg-type]
    assert settled.config.memory_format == "channels_last"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert kept_folder() is None
    settled = settle_memory_format(job_of("auto"), None, updates=LONG, automatic=True)  # type: ignore[arg-type]
    assert settled.config.memory_format == "contiguous"


def test_before_a_short_run_nothing_is_timed(job_of: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_format, "time_formats", lambda *_: pytest.fail("was timed"))
    settled = settle_memory_format(job_of("auto"), None, updates=LONG - 1, automatic=True)  # type: ignore[arg-type]
    assert settled.config.memory_format == "contiguous"


def test_neither_a_small_gain_nor_a_lucky_block_decides() -> None:
    assert choose_format([1.05, 1.05, 1.05]) == "contiguous"
    assert choose_format([1.4, 0.9, 1.4]) == "contiguous"
    assert choose_format([1.05, 1.2, 1.2]) == "channels_last"


@pytest.mark.parametrize(("seconds", "rounds", "updates"), [(0.1, 5, None), (3.0, 2, 8), (5.0, 2, 4), (30.0, 1, 2)])
def test_the_slower_updates_are_the_fewer_are_timed(
    job_of: MakeJob, monkeypatch: pytest.MonkeyPatch, seconds: float, rounds: int, updates: int | None
) -> None:
    # A plan of preset satellite, whose updates take half a minute on a laptop, timed ten of them.
    made = list[float]()
    clock = SimpleNamespace(perf_counter=lambda: sum(made))
    monkeypatch.setattr(trial, "time", clock)
    monkeypatch.setattr(memory_format, "time", clock)
    monkeypatch.setattr(trial, "_update", lambda *_: made.append(seconds))
    monkeypatch.setattr(trial, "os", SimpleNamespace(times=lambda: (sum(made), 0.0)))
    job, dataset = prepare_data(job_of("contiguous"), None)
    assert len(time_formats(job, dataset)) == rounds
    assert updates in (None, len(made))


def test_timing_both_formats_leaves_the_job_as_it_was(job_of: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_format, "_BLOCK", 0.01)
    job, dataset = prepare_data(job_of("contiguous"), None)
    before = {name: value.clone() for name, value in job.nets.generator.state_dict().items()}
    random = torch.get_rng_state()
    assert len(time_formats(job, dataset)) == 5
    assert formats_of(job) == {False}
    assert torch.equal(torch.get_rng_state(), random)
    after = job.nets.generator.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_another_format_keeps_the_values_and_what_the_optimiser_updates(job_of: MakeJob) -> None:
    job = job_of("contiguous")
    parameter = next(job.nets.generator.parameters())
    value = parameter.detach().clone()
    changed = with_memory_format(job, "channels_last")
    assert next(changed.nets.generator.parameters()) is parameter
    assert torch.equal(parameter, value)
    optimizer = changed.nets.generator_optimizer
    assert optimizer.param_groups[0]["params"][0] is parameter
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    moment = optimizer.state[parameter]["exp_avg"].clone()
    with_memory_format(changed, "contiguous")
    assert parameter.is_contiguous()
    assert optimizer.state[parameter]["exp_avg"].stride() == parameter.stride()
    assert torch.equal(optimizer.state[parameter]["exp_avg"], moment)

"""What is written beside training holds nobody up, one piece at a time, and its failure is heard."""

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.tracking import saver as saver_module
from p2p_gan.training.tracking.saver import Saver, Writer


def test_the_caller_goes_on_while_the_work_is_done() -> None:
    gate, writer = threading.Event(), Writer()
    writer.start(gate.wait)  # type: ignore[arg-type]  # what it gives is not looked at
    assert writer.busy
    writer.check()
    gate.set()
    writer.wait()
    assert not writer.busy


def test_the_next_piece_of_work_waits_for_the_one_before() -> None:
    order: list[str] = []
    gate, writer = threading.Event(), Writer()

    def first() -> None:
        gate.wait()
        order.append("first")

    writer.start(first)
    threading.Timer(0, gate.set).start()
    writer.start(lambda: order.append("second"))
    writer.wait()
    assert order == ["first", "second"]


def test_a_failure_is_raised_once_where_the_caller_asks_for_it() -> None:
    def fail() -> None:
        raise OSError("no space")

    writer = Writer()
    writer.start(fail)
    with pytest.raises(OSError, match="no space"):
        writer.wait()
    writer.check()
    writer.start(fail)
    while writer.busy:
        pass
    with pytest.raises(OSError, match="no space"):
        writer.check()
    writer.start(fail)
    with pytest.raises(OSError, match="no space"):
        writer.start(fail)


@pytest.fixture
def job(pair_folder: Path, tiny: Config) -> Job:
    """A job that keeps two checkpoints, and saves every ten minutes."""
    return make_job(open_pairs(pair_folder), replace(tiny, keep_checkpoints=2, checkpoint_minutes=10.0))


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """The folder of a run that has begun."""
    found = RunFolder(tmp_path / "run")
    found.hold()
    found.write({})
    return found


def progress_at(images: int) -> checkpoint.Progress:
    return checkpoint.Progress(images, [], 0, 0.0)


def test_what_is_being_written_is_not_changed_by_the_next_save(
    job: Job, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, go = checkpoint.write_state, threading.Event()

    def wait_and_write(*given: Any) -> Any:
        assert go.wait(30)
        return write(*given)

    monkeypatch.setattr(checkpoint, "write_state", wait_and_write)
    before = {name: value.clone() for name, value in job.nets.generator.state_dict().items()}
    with Saver(run_folder, job, 0) as saver:
        saver.save(progress_at(4))
        with torch.no_grad():
            for value in job.nets.generator.parameters():
                value.add_(1)
        threading.Timer(0.1, go.set).start()
        saver.save(progress_at(8))
    found = checkpoint.read_network(run_folder.path, 4, "generator")
    assert found is not None
    assert all(torch.equal(value, before[name]) for name, value in found.items())


def test_a_run_keeps_as_many_checkpoints_as_it_is_asked_to(job: Job, run_folder: RunFolder) -> None:
    with Saver(run_folder, job, 0) as saver:
        for images in (4, 8, 12):
            saver.save(progress_at(images))
    kept = sorted(path.stem for path in (run_folder.path / checkpoint.CHECKPOINTS).glob("*.json"))
    assert kept == ["0000000008", "0000000012"]


def test_a_checkpoint_is_due_so_many_minutes_after_the_last_one(
    job: Job, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 599.0, 600.0, 700.0, 1299.0, 1300.0])
    monkeypatch.setattr(saver_module, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    with Saver(run_folder, job, 0) as saver:
        found = [saver.due(), saver.due()]
        saver.save(progress_at(4))
        saver.wait()
        found += [saver.due(), saver.due()]
    assert found == [False, True, False, True]

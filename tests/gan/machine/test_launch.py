"""What the launcher gives when processes end well, fail or are killed; `nox -s distributed` has whole runs."""

import signal
import sys
import tempfile
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from p2p_gan.machine.launch import _first, launch

PROGRAM = """
import os, pathlib, signal, time
times = os.environ["TORCHELASTIC_RESTART_COUNT"]
pathlib.Path({folder!r}, os.environ["RANK"] + "-" + times).touch()
while not pathlib.Path({folder!r}, "0-" + times).exists():
    time.sleep(0.01)
{then}
"""


@pytest.mark.parametrize(
    ("then", "restarts", "said", "started"),
    [
        ("", 0, "", 2),
        pytest.param("os.environ['RANK'] == '1' and os._exit(3)", 0, "rank 1 (process", 2, marks=pytest.mark.long),
        ("os.environ['RANK'] == '1' and os.kill(os.getpid(), signal.SIGKILL)", 1, "was killed by SIGKILL.", 4),
    ],
)
def test_processes_are_started_again_and_the_one_that_failed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, restarts: int, said: str, started: int
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary := tmp_path / "temporary"))
    temporary.mkdir()
    found = launch([sys.executable, "-c", PROGRAM.format(folder=str(tmp_path), then=then)], 2, restarts)
    assert said in found
    assert bool(found) == bool(said)
    assert len(list(tmp_path.glob("[0-9]*"))) == started
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(("code", "said"), [(3, "ended with exit code 3."), (-9, "was killed by SIGKILL.")])
def test_a_process_that_the_launcher_has_ended_is_not_the_first_that_failed(code: int, said: str) -> None:
    failures = {rank: ProcessFailure(rank, 70 + rank, each, "") for rank, each in enumerate((-signal.SIGTERM, code))}
    for failure in failures.values():
        failure.timestamp = 1  # torch has whole seconds
    assert _first(ChildFailedError("p2p", failures)) == f"rank 1 (process 71) {said}"

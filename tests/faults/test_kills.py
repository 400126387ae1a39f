"""Commands that write, killed after every change of the file system: the same command then ends as undisturbed.

Here are those that no test of their library kills; `nox -s kills` kills all of them, at random moments.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.writers import AGAIN, SLOW, WRITERS, Writer, files_of, leftovers

_ALL = {**WRITERS, **AGAIN}
# How many changes further each kill is: all are tried where they are few.
_STEPS = {
    **{"split a foreign folder": 4, "export coco": 4, "export voc": 7, "export yolo again": 9},
    **{"show": 1, "palette": 1, "export": 1, "import-model": 1},
}
_CHANGES = ("replace", "rename", "unlink", "mkdir", "rmdir", "fsync", "link")
_SECONDS = 120  # after which a process ends that waits for something
_HUNG = 20  # seconds after which a process that a fork has made waits for a thread that it does not have
_MOST_HUNG = 2  # of a test: more often than that it is no accident of the fork


def run_and_kill(changes: int, writer: Writer, place: Path, given: Path) -> int:
    """Run the command in a process of its own, which is killed before one more change; its exit code."""
    child = os.fork()
    if child == 0:
        signal.alarm(_HUNG)
        left = changes

        def make_mortal(name: str) -> None:
            change: Callable[..., Any] = getattr(os, name)

            def counted(*words: Any, **more: Any) -> Any:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return change(*words, **more)

            setattr(os, name, counted)

        for name in _CHANGES:
            make_mortal(name)
        os._exit(writer.run(place, given)[0])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("name", _STEPS)
def test_a_kill_after_any_change_leaves_what_the_same_command_completes(
    name: str, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    writer = _ALL[name]
    inputs, place = given(writer.needs_model), tmp_path / "killed"
    writer.prepare(tmp_path / "whole", inputs)
    assert writer.run(tmp_path / "whole", inputs)[0] == 0
    whole = files_of(tmp_path / "whole")
    changes, hung, killed = 0, 0, True
    while killed:
        writer.prepare(place, inputs)
        before = files_of(place)
        ended = run_and_kill(changes, writer, place, inputs)
        # This process has threads, and a fork has none of them: it may wait for one until the alarm, which kills too.
        hung += ended == -signal.SIGALRM
        assert ended in (0, -signal.SIGKILL, -signal.SIGALRM)
        assert hung <= _MOST_HUNG
        killed = ended != 0
        after = files_of(place)
        assert not [file for file, data in before.items() if after.get(file) not in (data, whole.get(file))]
        code, said = writer.run(place, inputs)
        assert code == 0, f"killed after {changes} changes: {said}"
        assert not writer.differing(files_of(place), whole), f"killed after {changes} changes"
        assert not leftovers(place), f"killed after {changes} changes"
        shutil.rmtree(place)
        changes += _STEPS[name]
    assert changes > 2


def test_experiments_killed_at_each_of_its_steps_in_turn_end_as_undisturbed(
    given: Callable[[bool], Path], tmp_path: Path
) -> None:
    writer, inputs = SLOW["experiments"], given(True)
    writer.prepare(tmp_path / "whole", inputs)
    assert writer.run(tmp_path / "whole", inputs)[0] == 0
    place = tmp_path / "killed"
    writer.prepare(place, inputs)
    for step in ("study.json", "runs/*/run.json", "runs/*/model.safetensors", "scores/*.json"):
        child = os.fork()
        if child == 0:
            signal.alarm(_SECONDS)
            writer.run(place, inputs)
            os._exit(0)
        while not any((place / "out").glob(step)) and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG) is None:
            time.sleep(1e-3)
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, step
    code, said = writer.run(place, inputs)
    assert code == 0, said
    assert not writer.differing(files_of(place), files_of(tmp_path / "whole"))
    assert not leftovers(place)

"""Commands that write, killed after every change of the file system: the same command then ends as undisturbed.

Here are those that no test of their library kills; `nox -s kills` kills all of them, at random moments.
"""

import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.processes import start
from faults.writers import AGAIN, SLOW, WRITERS, files_of, leftovers

if TYPE_CHECKING:
    from conftest import Deaths

_ALL = {**WRITERS, **AGAIN}
_KILLED = (
    *("split a foreign folder", "export coco", "export voc", "export yolo again"),
    *("show", "palette", "export", "import-model"),
)
# Killed by tests of splits, and written as the other formats are.
_LIKE_OTHERS = ("split a foreign folder", "export voc")
_SECONDS = 120  # after which a process ends that waits for something


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in _LIKE_OTHERS else ()) for name in _KILLED]
)
def test_a_kill_after_any_change_leaves_what_the_same_command_completes(
    name: str, given: Callable[[bool], Path], tmp_path: Path, deaths: "Deaths"
) -> None:
    writer = _ALL[name]
    inputs, place = given(writer.needs_model), tmp_path / "killed"
    writer.prepare(tmp_path / "whole", inputs)
    assert writer.run(tmp_path / "whole", inputs)[0] == 0
    whole = files_of(tmp_path / "whole")
    writer.prepare(place, inputs)
    before = files_of(place)
    states = deaths(partial(writer.run, place, inputs), place)
    for changes in states:
        after = files_of(place)
        assert not [file for file, data in before.items() if after.get(file) not in (data, whole.get(file))]
        code, said = writer.run(place, inputs)
        assert code == 0, f"killed after {changes} changes: {said}"
        assert not writer.differing(files_of(place), whole), f"killed after {changes} changes"
        assert not leftovers(place), f"killed after {changes} changes"
    assert states.changes > 2


@pytest.mark.long
def test_experiments_killed_at_each_of_its_steps_in_turn_end_as_undisturbed(
    given: Callable[[bool], Path], tmp_path: Path
) -> None:
    writer, inputs = SLOW["experiments"], given(True)
    writer.prepare(tmp_path / "whole", inputs)
    assert writer.run(tmp_path / "whole", inputs)[0] == 0
    place = tmp_path / "killed"
    writer.prepare(place, inputs)
    for step in ("study.json", "runs/*/run.json", "runs/*/model.safetensors", "scores/*.json"):
        child = start(writer, place, inputs, tmp_path / "told")
        until = time.monotonic() + _SECONDS
        while not any((place / "out").glob(step)) and child.is_alive() and time.monotonic() < until:
            time.sleep(1e-3)
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL, step
    code, said = writer.run(place, inputs)
    assert code == 0, said
    assert not writer.differing(files_of(place), files_of(tmp_path / "whole"))
    assert not leftovers(place)

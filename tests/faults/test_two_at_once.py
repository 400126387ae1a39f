"""Every command that writes, started twice at the same moment: one of the two may be refused, and nothing is lost."""

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.writers import AGAIN, SLOW, WRITERS, Writer, files_of, leftovers

_ADDING = ("build-masks again", "pair again", "export yolo again", "sample again")
_ALL = {**WRITERS, **{name: AGAIN[name] for name in _ADDING}, "experiments": SLOW["experiments"]}

# This process has threads, and a fork has none of them: in few of thousands it waits for one for ever.
_HUNG, _TRIES = 45, 3  # seconds until a fork that waits ends, and how often two are started


def start(writer: Writer, place: Path, given: Path, told: Path) -> int:
    """The id of a process that runs the command and writes its exit code and its words to a file."""
    child = os.fork()
    if child == 0:
        signal.alarm(_HUNG)
        try:
            code, said = writer.run(place, given)
            told.write_text(f"{code}\n{said}")
        except BaseException:
            told.write_text(f"99\n{traceback.format_exc()}")
        os._exit(0)
    return child


def start_two(writer: Writer, given: Path, tmp_path: Path) -> tuple[Path, list[tuple[str, str, str]]]:
    """A place in which two processes ran the command, and the exit code and the words of each."""
    for attempt in range(_TRIES):
        place = tmp_path / f"place{attempt}"
        writer.prepare(place, given)
        files = [tmp_path / f"told{attempt}-{number}" for number in (1, 2)]
        children = [start(writer, place, given, file) for file in files]
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        if -signal.SIGALRM not in ends:
            return place, [file.read_text().partition("\n") for file in files]
    pytest.fail(f"forks hung in each of {_TRIES} tries")


@pytest.mark.parametrize("name", _ALL)
def test_two_at_once_end_as_one_and_who_is_refused_is_told_by_whom(
    name: str, given: Callable[[bool], Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--fast"):
        pytest.skip("starts processes")
    writer = _ALL[name]
    inputs = given(writer.needs_model)
    before = files_of(inputs)
    writer.prepare(tmp_path / "whole", inputs)
    assert writer.run(tmp_path / "whole", inputs)[0] == 0
    place, told = start_two(writer, inputs, tmp_path)
    codes = [code for code, _, _ in told]
    assert "0" in codes, told
    for code, _, said in told:
        # Of one that has ended by the time it is asked for nobody can tell more than that there was another.
        assert code == "0" or (code == "1" and ("is in use by " in said or "by another process" in said)), said
    assert not writer.differing(files_of(place), files_of(tmp_path / "whole"))
    assert not leftovers(place)
    assert writer.run(place, inputs)[0] == 0
    assert not writer.differing(files_of(place), files_of(tmp_path / "whole"))
    assert files_of(inputs) == before

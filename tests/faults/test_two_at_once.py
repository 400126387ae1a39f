"""Every command that writes, started twice at the same moment: one of the two may be refused, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faults.processes import start
from faults.writers import AGAIN, SLOW, WRITERS, Writer, files_of, leftovers

_ADDING = ("build-masks again", "pair again", "export yolo again", "sample again")
# Of each way to write one that is tried always: a file each, a folder in one go, what moves, adds, and uses a model.
_SOME = ("build-masks", "pair again", "split", "export coco", "palette", "sample")
_ALL = {**WRITERS, **{name: AGAIN[name] for name in _ADDING}, "experiments": SLOW["experiments"]}

_SECONDS = 300  # after which a process waits for something


def start_two(writer: Writer, given: Path, tmp_path: Path) -> tuple[Path, list[tuple[str, str, str]]]:
    """A place in which two processes ran the command, and the exit code and the words of each."""
    place = tmp_path / "place"
    writer.prepare(place, given)
    files = [tmp_path / f"told-{number}" for number in (1, 2)]
    children = [start(writer, place, given, file) for file in files]
    for child in children:
        child.join(_SECONDS)
        assert child.exitcode == 0
    return place, [file.read_text().partition("\n") for file in files]


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in _SOME else pytest.mark.long) for name in _ALL])
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

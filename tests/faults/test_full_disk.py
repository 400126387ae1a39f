"""A disk that is full from some write on: one line, and the same command completes; `nox -s kills` tries all writes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faults.full_disk import fill_at
from faults.writers import WRITERS

_TRIED = 14  # writes of each command, at even distances: every fifth of them always, the others with the long tests
_SOME = slice(0, None, 5)


@pytest.mark.parametrize("some", [True, pytest.param(False, marks=pytest.mark.long)], ids=["some", "others"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_and_the_same_command_completes(
    name: str, some: bool, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    rooms: list[int] = []

    def choose(writes: int) -> list[int]:
        tried = sorted({number * writes // _TRIED for number in range(_TRIED)})
        rooms.extend(tried[_SOME] if some else sorted({*tried} - {*tried[_SOME]}))
        return rooms

    assert fill_at(WRITERS[name], given(WRITERS[name].needs_model), tmp_path, choose) >= max(1, min(2, len(rooms) - 1))

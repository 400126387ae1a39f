"""A disk that is full from some write on: one line, and the same command completes; `nox -s kills` tries all writes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faults.full_disk import fill_at
from faults.writers import WRITERS

_TRIED = 14  # writes of each command, at even distances


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_and_the_same_command_completes(
    name: str, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    def rooms(writes: int) -> list[int]:
        return sorted({number * writes // _TRIED for number in range(_TRIED)})

    assert fill_at(WRITERS[name], given(WRITERS[name].needs_model), tmp_path, rooms) >= 2

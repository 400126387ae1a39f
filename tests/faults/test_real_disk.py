"""A disk that is really full, read-only or out of files; `nox -s kills` tries every command at many sizes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faults.real_disk import NoDiskError, RealDisk, disturb, with_real_disk
from faults.writers import AGAIN, WRITERS

_ALL = {**WRITERS, **AGAIN}
_ROOMS = 3  # sizes of the disk


_LONG = ("pair again", "split", "export coco")


@pytest.mark.parametrize(
    "name",
    ["build-masks", "merge --move", "palette", *(pytest.param(name, marks=pytest.mark.long) for name in _LONG)],
)
def test_a_disk_that_is_really_full_or_read_only_is_one_line_and_the_same_command_completes(
    name: str, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    inputs = given(False)

    def work(disk: RealDisk) -> dict[str, int]:
        return disturb(_ALL[name], inputs, disk, _ROOMS)

    try:
        refused = with_real_disk(tmp_path / "disk", work)
    except NoDiskError as error:
        pytest.skip(f"no disk can be mounted: {error}")
    assert refused["full"] >= 1
    assert refused["read-only"] == 1


def test_what_fails_on_the_disk_fails_the_test(tmp_path: Path) -> None:
    def work(disk: RealDisk) -> int:
        with disk.full(2):
            (disk.place / "a").write_bytes(bytes(3 * 4096))
        return 0

    try:
        with pytest.raises(AssertionError, match="No space left on device"):
            with_real_disk(tmp_path / "disk", work)
    except NoDiskError as error:
        pytest.skip(f"no disk can be mounted: {error}")

"""The room on a disk, and how it is said."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_gan.runs.disk import in_words, require_space

if TYPE_CHECKING:
    from conftest import Refused


def test_a_folder_that_is_not_there_yet_is_asked_for_at_the_one_above_it(tmp_path: Path, refused: "Refused") -> None:
    require_space(tmp_path / "not" / "yet", 1, "it takes", "Free space.")
    needed = shutil.disk_usage(tmp_path).total + 10**12
    with refused("no-space", tmp_path / "not" / "yet") as error:
        require_space(tmp_path / "not" / "yet", needed, "it takes", "Free space.")
    assert re.fullmatch(r"the disk has .* free, but it takes [\d.]+ GB", error.value.what)
    assert error.value.to_do == "Free space."


@pytest.mark.parametrize(("count", "words"), [(300, "0 KB"), (42_000, "42 KB"), (7e6, "7 MB"), (1.44e9, "1.4 GB")])
def test_bytes_are_written_as_a_person_reads_them(count: float, words: str) -> None:
    assert in_words(int(count)) == words

"""What the system refuses: memory, a disk that can be written, a home, a language with umlauts."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from faults.full_disk import FullDisk, filled
from faults.writers import WRITERS, files_of
from PIL import Image

from p2p_datatools.contract.pictures.pillow import explain_damage

COMMAND = [sys.executable, "-m", "p2p_cli"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_read_only_disk_is_one_line_and_nothing_changes(
    name: str, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    writer = WRITERS[name]
    inputs = given(writer.needs_model)
    writer.prepare(tmp_path / "place", inputs)
    before = files_of(tmp_path / "place")
    with filled(FullDisk(0, errno.EROFS)):
        code, said = writer.run(tmp_path / "place", inputs)
    assert code == 1
    assert "cannot be written: Read-only file system" in said
    assert said.count("Error: ") == 1
    assert files_of(tmp_path / "place") == before


@pytest.fixture(scope="module")
def large_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one photo of 108 MB."""
    place = tmp_path_factory.mktemp("large")
    Image.fromarray(np.zeros((6000, 6000, 3), np.uint8)).save(place / "a.png", compress_level=1)
    return place


@pytest.mark.parametrize("megabytes", [200, 400])
def test_too_little_memory_is_one_line_and_no_picture_is_called_damaged(
    megabytes: int, large_photo: Path, tmp_path: Path
) -> None:
    words = ["data", "derive", str(large_photo), str(tmp_path / "out"), "--op", "gray", "--keep-going"]

    # OpenBLAS does not bear that its further threads get no memory.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, preexec_fn=limit, env=environment
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert done.returncode == 1
    assert len(errors) == 1
    assert "out of memory" in errors[0] or "refuses another thread" in errors[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
    ],
)
def test_a_lack_of_memory_is_never_the_fault_of_the_picture(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(MemoryError), explain_damage(tmp_path / "a.png"):
        raise error


@pytest.mark.parametrize(
    "language",
    ["C", *(pytest.param(each, marks=pytest.mark.long) for each in ("POSIX", "en_US.ISO-8859-1", "no_SUCH.locale"))],
)
def test_without_home_and_in_any_language_a_command_works_on_any_name(language: str, tmp_path: Path) -> None:
    place = tmp_path / "Tür 車"
    place.mkdir()
    path = [f"PYTHONPATH={os.environ['PYTHONPATH']}"] if "PYTHONPATH" in os.environ else []
    words = ["data", "fetch", "synth-cars", str(place / "ü"), "--limit", "1"]
    settings = [f"LC_ALL={language}", f"LANG={language}", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0", *path]
    done = subprocess.run(["env", "-i", *settings, *COMMAND, *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (place / "ü" / "provenance.json").is_file()


def test_without_home_and_token_kaggle_is_one_line(tmp_path: Path) -> None:
    path = [f"PYTHONPATH={os.environ['PYTHONPATH']}"] if "PYTHONPATH" in os.environ else []
    words = ["data", "fetch", "car-parts", str(tmp_path / "cars"), "--from", "kaggle"]
    done = subprocess.run(["env", "-i", *path, *COMMAND, *words], capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())

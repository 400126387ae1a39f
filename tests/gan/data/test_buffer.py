"""Decoded pictures in one block: of any sizes, in memory or in a file that leaves nothing behind."""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data import buffer
from p2p_gan.data.buffer import BufferForm, room_for

if TYPE_CHECKING:
    from conftest import Refused

SIZES = [Size(5, 3), Size(64, 2), Size(1, 1)]
FORMS = [BufferForm(1, "uint8"), BufferForm(12, "float32")]


@pytest.mark.parametrize("memory", [1.0, 1e-9])
def test_each_picture_has_a_place_of_its_own_in_each_half(memory: float, tmp_path: Path) -> None:
    halves = room_for(SIZES, FORMS, memory=memory, near=tmp_path)
    for half, form in zip(halves, FORMS, strict=True):
        for index in range(3):
            half[index][...] = index + 1
        for index, size in enumerate(SIZES):
            assert half[index].shape == (size.height, size.width, form.channels)
            assert half[index].dtype == form.dtype
    assert all((half[index] == index + 1).all() for half in halves for index in range(3))
    assert list(tmp_path.iterdir()) == []


def test_a_mapped_file_needs_its_space_on_the_disk_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda place: usage(9, 9, 100))
    with refused("no-space", tmp_path) as error:
        room_for([Size(64, 64)], FORMS, memory=1e-9, near=tmp_path / "run")
    assert "has 0.0 GiB free" in error.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_after_all_is_an_error_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(buffer, "_reserve", full)
    with refused("cannot-write", tmp_path) as error:
        room_for([Size(64, 64)], FORMS, memory=1e-9, near=tmp_path)
    assert "No space left on device" in error.value.what


def test_a_run_that_does_not_exist_yet_maps_its_file_beside_the_place_it_will_have(tmp_path: Path) -> None:
    assert buffer._nearest_existing(tmp_path / "not" / "yet") == tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes the file by itself when its handles close")
def test_a_killed_process_leaves_no_file_behind(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from p2p_gan.data.buffer import BufferForm, room_for\n"
        "from p2p_datatools.contract.pictures.sizes import Size\n"
        "half = room_for([Size(999, 999)], [BufferForm(3, 'uint8')], memory=1e-9, near=Path(sys.argv[1]))[0]\n"
        "half[0][...] = 7; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert ended.returncode == -9
    assert list(tmp_path.iterdir()) == []

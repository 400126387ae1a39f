"""Decoded pictures in one block: of any sizes, in memory or in a file that leaves nothing behind and may be lost."""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.data import buffer
from p2p_gan.data.buffer import BufferForm, TemporaryBlock, room_for

if TYPE_CHECKING:
    from conftest import Refused

SIZES = [Size(5, 3), Size(64, 2), Size(1, 1)]
FORMS = [BufferForm(1, "uint8"), BufferForm(12, "float32")]


@pytest.mark.parametrize("memory", [1.0, 1e-9])
def test_each_picture_has_a_place_of_its_own_in_each_half(memory: float, tmp_path: Path) -> None:
    halves = room_for(SIZES, FORMS, memory=memory, near=tmp_path)
    for half, form in zip(halves, FORMS, strict=True):
        for index in range(3):
            half.write(index, np.full((SIZES[index].height, SIZES[index].width, form.channels), index + 1, form.dtype))
        for index, size in enumerate(SIZES):
            assert half[index].shape == (size.height, size.width, form.channels)
            assert half[index].dtype == form.dtype
    assert all((half[index] == index + 1).all() for half in halves for index in range(3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("memory", [1.0, 1e-9])
def test_a_crop_is_that_part_of_its_picture_whether_much_or_little_is_left_out(memory: float, tmp_path: Path) -> None:
    half = room_for([Size(3, 2), Size(90, 20)], FORMS, memory=memory, near=tmp_path)[1]
    picture = np.random.default_rng(0).normal(size=(20, 90, 12)).astype(np.float32)
    half.write(1, picture)
    for top, left, height, width in ((0, 0, 20, 90), (3, 40, 17, 50), (7, 88, 2, 2), (19, 5, 1, 4)):
        crop = half.crop(1, top, left, height, width)
        assert np.array_equal(crop, picture[top : top + height, left : left + width])


def test_a_temporary_file_that_is_lost_is_an_error_and_no_crash(tmp_path: Path, refused: "Refused") -> None:
    half = room_for(SIZES, FORMS, memory=1e-9, near=tmp_path)[1]
    half.write(1, np.ones((2, 64, 12), np.float32))
    assert isinstance(half.store, TemporaryBlock)
    half.store._file.truncate(100)
    with refused("temporary-file", tmp_path):
        half.crop(1, 0, 0, 2, 64)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a file of Linux")
def test_a_disk_that_is_full_when_pictures_are_written_is_an_error_and_no_crash(
    tmp_path: Path, refused: "Refused"
) -> None:
    half = room_for(SIZES, FORMS, memory=1e-9, near=tmp_path)[0]
    assert isinstance(half.store, TemporaryBlock)
    with Path("/dev/full").open("r+b", buffering=0) as full:
        half.store._file = full
        with refused("cannot-write", tmp_path) as error:
            half.write(1, np.ones((2, 64, 1), np.uint8))
    assert "No space left on device" in error.value.what


def test_a_temporary_file_needs_its_space_on_the_disk_before_it_is_written(
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


def test_a_run_that_does_not_exist_yet_makes_its_file_beside_the_place_it_will_have(tmp_path: Path) -> None:
    assert buffer._nearest_existing(tmp_path / "not" / "yet") == tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes the file by itself when its handles close")
def test_a_killed_process_leaves_no_file_behind(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from p2p_gan.data.buffer import BufferForm, room_for\n"
        "from p2p_datatools.contract.pictures.sizes import Size\n"
        "half = room_for([Size(999, 999)], [BufferForm(3, 'uint8')], memory=1e-9, near=Path(sys.argv[1]))[0]\n"
        "half.write(0, half[0] + 1); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert ended.returncode == -9
    assert list(tmp_path.iterdir()) == []

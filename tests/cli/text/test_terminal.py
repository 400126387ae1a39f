"""Broken outputs: closed, full, or left by their reader; a command does its work and ends with the right code."""

import os
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from p2p_cli import app
from p2p_datatools.contract.pictures.formats import png
from p2p_datatools.contract.pictures.images import write_png

COMMAND = [sys.executable, "-m", "p2p_cli"]


def run_in_shell(*words: str, redirect: str) -> subprocess.CompletedProcess[str]:
    """A command with its streams redirected as a shell does it."""
    line = f'"$@" {redirect}'
    return subprocess.run(["sh", "-c", line, "sh", *COMMAND, *words], capture_output=True, text=True, check=False)


_LIKE_OTHERS = (">&-", "2>&-", "<&- >&- 2>&-")


@pytest.mark.parametrize(
    "redirect",
    [">&- 2>&-", "2>/dev/full", *(pytest.param(redirect, marks=pytest.mark.long) for redirect in _LIKE_OTHERS)],
)
def test_a_command_with_a_closed_stream_does_its_work_and_prints_into_no_file_that_took_the_number_of_the_stream(
    tmp_path: Path, redirect: str
) -> None:
    done = run_in_shell("data", "fetch", "synth-cars", str(tmp_path / "cars"), "--limit", "2", redirect=redirect)
    assert done.returncode == 0
    assert len(list((tmp_path / "cars" / "photos").iterdir())) == 2
    assert "Traceback" not in done.stderr
    files = [*(tmp_path / "cars").rglob("*.*")]
    assert len(files) > 4
    assert not any(b"drawings:" in file.read_bytes() for file in files)


def test_a_deviation_in_a_table_is_legible_where_the_terminal_has_ascii_alone() -> None:
    table = "from p2p_cli.text.console import print_table; print_table(['train'], [['0.5 \\u00b1 0.1 \\u00e9']])"
    code = f"from p2p_cli.text.terminal import open_streams; open_streams(); {table}"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert b"\n0.5 +- 0.1 \\xe9" in subprocess.check_output([sys.executable, "-c", code], env=environment)


@pytest.mark.parametrize(
    "words",
    [
        *(("data", "palette", "cars", "--json"), ("--help",)),
        *(pytest.param(words, marks=pytest.mark.long) for words in (("data", "palette", "cars"), ("config",))),
    ],
)
def test_a_full_disk_behind_standard_output_is_one_line(words: Sequence[str]) -> None:
    done = run_in_shell(*words, redirect=">/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: standard output: cannot be written")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("nonsense",), ("data", "pair", "--nonsense")])
def test_a_wrong_command_has_its_code_where_nobody_is_told(words: Sequence[str]) -> None:
    assert run_in_shell(*words, redirect="2>/dev/full").returncode == 2


def test_a_reader_that_has_enough_is_no_error() -> None:
    for words in (("config",), ("data", "palette", "cars", "--json"), ("--help",)):
        with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            process.wait(60)
            assert process.stderr is not None
            assert (process.returncode, process.stderr.read()) == (0, b"")


def test_a_reader_that_has_enough_hides_no_fault_of_the_data(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_png(tmp_path / "photos" / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "photos" / "a.png").write_bytes((tmp_path / "photos" / "a.png").read_bytes()[:50])
    for command, code in (("check", 1), ("stats", 0)):  # a line, and a table of rich's
        words = [*COMMAND, "data", command, str(tmp_path / "photos")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(60) == code
        (tmp_path / "photos" / "a.png").unlink(missing_ok=True)


def test_an_output_without_the_letters_of_a_name_is_no_fault(tmp_path: Path) -> None:
    place = tmp_path / "Tür"
    settings = "PYTHONIOENCODING=latin-1", "LC_ALL=C"
    done = subprocess.run(
        ["env", *settings, *COMMAND, "data", "palette", f"{place}車"],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
    )
    assert done.returncode == 1
    assert "there is no such file or folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_escape_sequence_in_a_name_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["data", "palette", "a\x1b[2Jb\nError: c"]) == 1
    error = capsys.readouterr().err
    assert "a\\u001b[2Jb\\nError: c" in error
    assert error.count("\n") == 1


def test_what_libraries_write_by_themselves_does_not_reach_the_terminal(tmp_path: Path) -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    packed = bytearray(b"".join(png.encode(pixels)))
    start = packed.index(b"IDAT")
    length = int.from_bytes(packed[start - 4 : start], "big")
    packed[start + 8] ^= 255  # with its checksum right, so that libpng is asked
    packed[start + 4 + length : start + 8 + length] = zlib.crc32(packed[start : start + 4 + length]).to_bytes(4, "big")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(packed)
    places = [str(tmp_path / name) for name in ("a", "b", "pairs")]
    done = run_in_shell("data", "pair", *places, redirect="")
    assert done.returncode == 1
    assert "libpng" not in done.stderr
    assert "x.png: is cut off or damaged" in done.stderr


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals of its own")
def test_a_terminal_that_was_closed_is_a_reader_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        os.close(ours)
        assert app.main(["config"]) == 0

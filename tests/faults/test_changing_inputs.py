"""Inputs that vanish, are cut off or closed while a command reads them: one line, then the same command completes."""

import builtins
import errno
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from faults.writers import WRITERS, files_of

Fault = Callable[[Path], None]
SUFFIXES = (".png", ".jpg", "s.jsonl", ".toml", ".safetensors", ".zip", ".pth")


def _vanish(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def _become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _become_unreadable(path: Path) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


FAULTS = {"vanishes": _vanish, "cut": _cut, "folder": _become_folder, "unreadable": _become_unreadable}


@contextmanager
def broken(suffix: str, below: Path, at: int, fault: Fault) -> Iterator[list[Path]]:
    """The fault befalls the last input with a suffix just before it is opened for the `at`-th time; gives its path."""
    real, met, opened_before = io.open, list[Path](), Counter[str]()

    def befall(name: str) -> None:
        if not met and name.endswith(suffix):
            opened_before[name] += 1
            if opened_before[name] == at:
                met.append(Path(name))
                with pytest.MonkeyPatch.context() as undisturbed:
                    undisturbed.setattr(io, "open", real)
                    fault(Path(name))

    with _watched(below, befall):
        yield met


@contextmanager
def _watched(below: Path, see: Callable[[str], None]) -> Iterator[None]:
    """During the block `see` is told each file below a folder just before it is opened to be read."""
    real = io.open

    def opened(file: Any, mode: str = "r", *words: Any, **more: Any) -> Any:
        name = str(Path(file).absolute()) if isinstance(file, str | os.PathLike) else ""
        if name.startswith(str(below)) and "r" in mode:
            see(name)
        return real(file, mode, *words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        yield


@pytest.fixture(scope="session")
def openings(
    given: Callable[[bool], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, int]]:
    """openings(name of a writer): how often it opens that input of each suffix which it opens most often."""

    @cache
    def count(name: str) -> dict[str, int]:
        writer, top, seen = WRITERS[name], tmp_path_factory.mktemp("openings"), Counter[str]()
        inputs, place = top / "given", top / "place"
        writer.lend(given(writer.needs_model), inputs)
        writer.prepare(place, inputs)
        with _watched(place if writer.copied else inputs, lambda file: seen.update([file])):
            code, said = writer.run(place, inputs)
        assert code == 0, said
        shutil.rmtree(top)
        most = {suffix: max((seen[file] for file in seen if file.endswith(suffix)), default=0) for suffix in SUFFIXES}
        return {suffix: times for suffix, times in most.items() if times}

    return count


# The fault, and at which opening of the file it befalls that; "pair" meets all of them always.
_MOMENTS = (("vanishes", 1), ("cut", 1), ("vanishes", 2), ("cut", 2), ("folder", 1), ("unreadable", 1))


@pytest.mark.parametrize(
    ("name", "fault", "at"),
    [
        pytest.param(name, *moment, marks=pytest.mark.long if moment in _MOMENTS[2:] and name != "pair" else ())
        for name in WRITERS
        for moment in _MOMENTS
        if name not in ("fetch synth-cars", "merge --move")
    ],
)
def test_an_input_that_changes_while_it_is_read_is_one_error_and_the_command_completes_later(
    name: str,
    fault: str,
    at: int,
    given: Callable[[bool], Path],
    openings: Callable[[str], dict[str, int]],
    tmp_path: Path,
) -> None:
    writer = WRITERS[name]
    inputs = given(writer.needs_model)
    assert openings(name)
    for suffix in (suffix for suffix, times in openings(name).items() if times >= at):
        mine = tmp_path / "given"
        writer.lend(inputs, mine)
        place = tmp_path / "place"
        writer.prepare(place, mine)
        with broken(suffix, mine if not writer.copied else place, at, FAULTS[fault]) as met:
            code, said = writer.run(place, mine)
        assert met
        assert code in (0, 1, 2)
        assert "Traceback" not in said
        assert code == 0 or "Error: " in said
        if not writer.copied and code:
            shutil.rmtree(mine)
            writer.lend(inputs, mine)
            code, said = writer.run(place, mine)
            assert code == 0, said
            assert not [file for file in files_of(place) if ".partial" in file]
        shutil.rmtree(mine)
        shutil.rmtree(place)

"""Inputs that vanish, are cut off or closed while a command reads them: one line, then the same command completes."""

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults.writers import WRITERS, files_of

Fault = Callable[[Path], None]


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
    real, met, opened_before = io.open, list[Path](), dict[str, int]()

    def opened(file: Any, mode: str = "r", *words: Any, **more: Any) -> Any:
        name = str(Path(file).absolute()) if isinstance(file, str | os.PathLike) else ""
        if not met and name.endswith(suffix) and name.startswith(str(below)) and "r" in mode:
            opened_before[name] = opened_before.get(name, 0) + 1
            if opened_before[name] == at:
                met.append(Path(name))
                with pytest.MonkeyPatch.context() as undisturbed:
                    undisturbed.setattr(io, "open", real)
                    fault(Path(name))
        return real(file, mode, *words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        yield met


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("fetch synth-cars", "merge --move")])
def test_an_input_that_changes_while_it_is_read_is_one_error_and_the_command_completes_later(
    name: str, fault: str, given: Callable[[bool], Path], tmp_path: Path
) -> None:
    writer = WRITERS[name]
    inputs = given(writer.needs_model)
    met_any = False
    for at in (1, 2) if fault in ("vanishes", "cut") else (1,):
        for suffix in (".png", ".jpg", "s.jsonl", ".toml", ".safetensors", ".zip", ".pth"):
            mine = tmp_path / "given"
            shutil.copytree(inputs, mine, copy_function=os.link)
            place = tmp_path / "place"
            writer.prepare(place, mine)
            with broken(suffix, mine if not writer.copied else place, at, FAULTS[fault]) as met:
                code, said = writer.run(place, mine)
            if met:
                met_any = True
                assert code in (0, 1, 2)
                assert "Traceback" not in said
                assert code == 0 or "Error: " in said
                if not writer.copied and code:
                    shutil.rmtree(mine)
                    shutil.copytree(inputs, mine, copy_function=os.link)
                    code, said = writer.run(place, mine)
                    assert code == 0, said
                    assert not [file for file in files_of(place) if ".partial" in file]
            shutil.rmtree(mine)
            shutil.rmtree(place)
    assert met_any

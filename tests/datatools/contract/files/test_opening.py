"""What is opened to be read is a file, or a pipe that somebody writes to; nothing else is waited for."""

import ast
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from source_code import walk_source

from p2p_datatools.contract.files.atomic import OpenLines, read_json, read_lines, read_text, sha256_file, write_bytes
from p2p_datatools.contract.files.opening import is_special, open_file
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.partners.pair_lists import is_list, read_rows
from p2p_datatools.contract.pictures.header import read_header
from p2p_datatools.labels.read import read_labels
from p2p_datatools.sources.unpack import contents_of

if TYPE_CHECKING:
    from conftest import Refused

PACKAGES = Path(__file__).parents[4] / "packages"
# Of the system, of this installation, or a temporary file of our own: no path that somebody gives.
MAY_OPEN = {
    *("contract/files/opening.py", "contract/files/destination.py", "contract/machine.py", "contract/palette.py"),
    *("contract/pages/elements.py", "contract/pictures/formats/video.py", "checks/page.py", "exports/work.py"),
    *("sources/catalog.py", "training/speed.py", "training/trial.py", "machine/driver.py", "machine/memory.py"),
    *("machine/waiting.py", "machine/load.py", "machine/device.py", "paint/page_files.py", "paint/static_site.py"),
    "launch.py",
}
READERS: dict[str, Callable[[Path], object]] = {
    "text": read_text,
    "palette": load_palette,
    "json": read_json,
    "lines": read_lines,
    "open lines": OpenLines,
    "hash": sha256_file,
    "list": lambda path: list(read_rows(path)),
    "labels": read_labels,
    "picture": read_header,
    "archive": lambda path: contents_of(path).__enter__(),
}


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe that nobody writes to: to open it to read would wait for ever."""
    os.mkfifo(tmp_path / "a.json")
    return tmp_path / "a.json"


@contextmanager
def filled(data: bytes) -> Iterator[Path]:
    """A pipe that a thread writes to, as the shell makes it of `<(...)`."""
    handle, end = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), os.fdopen(end, "wb") as file:  # it may be refused unread
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    yield Path(f"/dev/fd/{handle}")
    os.close(handle)
    thread.join()


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(
    reader: str, pipe: Path, refused: "Refused"
) -> None:
    with refused("special-file", pipe):
        READERS[reader](pipe)


@pytest.mark.parametrize("length", [1, 200_000])
def test_text_out_of_a_pipe_is_read_to_its_end(length: int) -> None:
    with filled(b"a" * length) as pipe:
        assert read_text(pipe) == "a" * length


def test_a_list_out_of_a_pipe_tells_which_pictures_belong_together() -> None:
    with filled("a,b\r\nx,\u00fc\r\n".encode("utf-16")) as pipe:
        assert is_list(str(pipe))
        assert list(read_rows(pipe)) == [(2, ["x", "\u00fc"])]


def test_a_pipe_that_was_read_is_not_called_empty_text(refused: "Refused") -> None:
    with filled(b"a") as pipe:
        assert read_text(pipe) == "a"
        with refused("special-file", pipe):
            read_text(pipe)


def test_what_is_read_several_times_is_never_taken_from_a_pipe(refused: "Refused") -> None:
    with filled(b"{}") as pipe, refused("special-file", pipe):
        read_json(pipe)


def test_a_device_is_refused_but_for_the_one_that_is_always_empty(refused: "Refused") -> None:
    assert read_text(Path(os.devnull)) == ""
    with refused("special-file"):
        read_text(Path("/dev/zero"))


def test_no_file_takes_the_place_of_a_pipe_or_device(pipe: Path, tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "null").symlink_to(os.devnull)
    for place in (pipe, tmp_path / "null"):
        with refused("special-file", place):
            write_bytes(place, b"{}")
        assert is_special(place)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_name_that_cannot_be_is_no_pipe(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 5000):
        assert not is_special(tmp_path / name)
        assert not is_list(str(tmp_path / name))
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")


def test_files_are_opened_to_be_read_in_one_place_only() -> None:
    others = {
        f"{file.relative_to(PACKAGES)}:{node.lineno}"
        for file in PACKAGES.rglob("src/**/*.py")
        if not file.as_posix().endswith(tuple(f"/{each}" for each in MAY_OPEN))
        for node in walk_source(file)
        if isinstance(node, ast.Call) and _reads_a_path(node)
    }
    assert not others


def _reads_a_path(call: ast.Call) -> bool:
    """Whether a call reads a path by itself: path.open("rb"), path.read_bytes(), path.read_text("utf-8"), os.open."""
    if not isinstance(call.func, ast.Attribute):
        return isinstance(call.func, ast.Name) and call.func.id == "open"
    words = [each.value for each in call.args if isinstance(each, ast.Constant)]
    keys = {each.arg for each in call.keywords}
    return {
        "open": words == ["rb"] or ("encoding" in keys and "fileobj" not in keys),
        "read_bytes": not call.args,
        "read_text": not call.args or words == ["utf-8"] or words == ["ascii"],
    }.get(call.func.attr, False)

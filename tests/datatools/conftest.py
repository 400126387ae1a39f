"""What tests of data tools share: deaths at any moment, and what a folder holds after them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHANGES = ("replace", "rename", "unlink", "mkdir", "rmdir", "fsync")

KilledAfter = Callable[[Callable[[], object], int], bool]


class Killed(BaseException):
    """The process is dead: nothing it would do after this has an effect."""


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk takes most of the time of small work, and shows only where the power fails."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> KilledAfter:
    """Do a piece of work and die after so many changes of the file system; says whether it died."""

    def run(work: Callable[[], object], changes: int) -> bool:
        left = changes

        def mortal(name: str) -> Callable[..., Any]:
            real: Callable[..., Any] = getattr(os, name)

            def change(*args: Any, **keywords: Any) -> Any:
                nonlocal left
                if left <= 0:
                    raise Killed
                left -= 1
                return real(*args, **keywords)

            return change

        with monkeypatch.context() as patch:
            for name in CHANGES:
                patch.setattr(os, name, mortal(name))
            try:
                work()
            except Killed:
                return True
        return False

    return run


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder by its path, hidden ones too; folders as empty."""

    def read(folder: Path) -> dict[str, bytes]:
        found = sorted(folder.rglob("*"))
        return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in found}

    return read

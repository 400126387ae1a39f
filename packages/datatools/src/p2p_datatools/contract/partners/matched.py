"""The files of two folders that belong together, by name, in little memory: there may be millions.

Nothing here may list a folder, or decide what belongs together.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Files = tuple[Path, Path]  # the A and the B of one name


class MatchedFiles(Mapping[str, Files]):
    """Files of two folders by name, in the order in which they were added."""

    def __init__(self, a: Path, b: Path) -> None:
        self._folders = a, b
        self._kept: dict[str, tuple[str, str]] = {}
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, name: str, a: str, b: str) -> None:
        """Add the files of a name, as paths below their folders or as `shorten_file` gives them."""
        kept = shorten_file(a, name), shorten_file(b, name)
        # Most files have their pair's name and one of few suffixes, so that all of these share one tuple.
        self._kept[name] = self._known.setdefault(kept, kept) if all(map(_is_suffix, kept)) else kept

    def only(self, has: Callable[[str], bool]) -> "MatchedFiles":
        """Those for whose names `has` is true."""
        found = MatchedFiles(*self._folders)
        found._kept = {name: kept for name, kept in self._kept.items() if has(name)}
        return found

    def files_of(self, name: str) -> tuple[str, str]:
        """The files of a name, as paths below their folders."""
        a, b = self._kept[name]
        return lengthen_file(a, name), lengthen_file(b, name)

    def __getitem__(self, name: str) -> Files:
        (a, b), (folder_a, folder_b) = self.files_of(name), self._folders
        return folder_a / a, folder_b / b

    @property
    def folders(self) -> Files:
        """The two folders."""
        return self._folders

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _is_suffix(kept: str) -> bool:
    return kept.startswith(".")


def shorten_file(file: str, name: str) -> str:
    """A file's suffix if the rest is its name; else the path as it is, which does not begin with a dot."""
    suffix = file[file.rfind(".") :]
    return sys.intern(suffix) if len(file) == len(name) + len(suffix) and file.startswith(name) else file


def lengthen_file(kept: str, name: str) -> str:
    """The path that `shorten_file` made shorter."""
    return name + kept if _is_suffix(kept) else kept

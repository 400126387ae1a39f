"""The two files of each name, held in little memory: there may be millions.

Nothing here may look at the disk or decide what belongs together.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Files = tuple[Path, Path]  # the A and the B of one name


class Matched(Mapping[str, Files]):
    """Files of two folders by name, in the order in which they were added."""

    def __init__(self, a: Path, b: Path) -> None:
        self._folders = a, b
        self._kept: dict[str, tuple[str, str]] = {}
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, name: str, a: str, b: str) -> None:
        """Add the files of a name, as paths below their folders or as `shortened` gives them."""
        kept = shortened(a, name), shortened(b, name)
        # Most files are called as their pair and have one of few suffixes, so that all of them share one tuple.
        self._kept[name] = self._known.setdefault(kept, kept) if all(map(_is_suffix, kept)) else kept

    def only(self, has: Callable[[str], bool]) -> "Matched":
        """Those whose names `has` says yes to."""
        found = Matched(*self._folders)
        found._kept = {name: kept for name, kept in self._kept.items() if has(name)}
        return found

    def __getitem__(self, name: str) -> Files:
        (a, b), (folder_a, folder_b) = self._kept[name], self._folders
        return folder_a / lengthened(a, name), folder_b / lengthened(b, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _is_suffix(kept: str) -> bool:
    return kept.startswith(".")


def shortened(file: str, name: str) -> str:
    """A file's suffix where the rest is its name; else the path as it is, which begins with no dot."""
    suffix = file[file.rfind(".") :]
    return sys.intern(suffix) if len(file) == len(name) + len(suffix) and file.startswith(name) else file


def lengthened(kept: str, name: str) -> str:
    """The path that `shortened` made shorter."""
    return name + kept if _is_suffix(kept) else kept

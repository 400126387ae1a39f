"""Mappings of which only the names are in memory: a value is read or made when it is asked for.

Nothing here may keep a value, or know what it is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

ValueT = TypeVar("ValueT")


class LazyMapping(Mapping[str, ValueT]):
    """The values that `read` gives for the keys of `names`, in their order."""

    def __init__(self, names: Mapping[str, object], read: Callable[[str], ValueT]) -> None:
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> ValueT:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

"""Values that threads share while they are in use, such as decoded pictures: each is made once, and the latest stay.

Nothing here may know what the values are.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class RecentValues(Generic[_Key, _Value]):
    """The `most` values that were asked for last; any thread may ask, and another that asks for the same waits."""

    def __init__(self, most: int) -> None:
        self.most, self._lock = most, threading.Lock()
        self._places: OrderedDict[_Key, _Place[_Value]] = OrderedDict()

    def __contains__(self, key: _Key) -> bool:
        return key in self._places

    def get(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """The value of a key, made now if it is not there; from now on among the recent ones."""
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self.most:
                self._places.popitem(last=False)
        with place.lock:
            if not place.values:
                place.values.append(make())
            return place.values[0]


class _Place(Generic[_Value]):
    """Where a value stands once it is made."""

    def __init__(self) -> None:
        self.lock, self.values = threading.Lock(), list[_Value]()

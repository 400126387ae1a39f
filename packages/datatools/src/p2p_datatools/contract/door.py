"""The door of a package: its public names, each loaded when it is first asked for (PEP 562).

Nothing here may import a room; a package passes the names of the modules that define its public names.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def open_door(package: str, **modules: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of `package`; to each of its `modules` the names it defines, between spaces.

    `dir()` of the package then shows what is in its `__all__` and nothing else. mypy and editors read the imports that
    stand under TYPE_CHECKING beside the call; a test holds the three lists together.
    """
    origin = {name: f"{package}.{module}" for module, names in modules.items() for name in names.split()}
    door = sys.modules[package]

    def load(name: str) -> Any:
        if name not in origin:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(origin[name]), name)
        setattr(door, name, value)  # so that Python finds it by itself from now on
        return value

    def names() -> list[str]:
        return sorted(door.__all__)

    return load, names

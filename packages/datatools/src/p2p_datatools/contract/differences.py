"""Describes in which values two sets of settings differ, so that a user can repeat the one or change the other.

Nothing here may know what a setting means.
"""

from collections.abc import Mapping
from typing import Any


def differences(made: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Each setting of `wanted` that is another in `made`: `fit crop, not stretch`; empty when there is none."""
    found = (_difference(key, made.get(key), value) for key, value in wanted.items() if made.get(key) != value)
    return "; ".join(found)


def _difference(key: str, was: Any, now: Any) -> str:
    if isinstance(was, Mapping) and isinstance(now, Mapping) and was.keys() == now.keys() and "name" not in was:
        return differences(was, now)
    if _text(was) == _text(now):  # two values of one name differ in their contents
        return f"{key} {was}, not {now}"
    return f"{key} {_text(was)}, not {_text(now)}"


def _text(value: Any) -> str:
    """A setting as a user would type it; for one with a name (a palette, a half) the name."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return (
            str(value["name"]) if "name" in value else " ".join(f"{key}={_text(each)}" for key, each in value.items())
        )
    if isinstance(value, list | tuple):
        return (
            "x".join(map(str, value)) if all(isinstance(each, int) for each in value) else ",".join(map(_text, value))
        )
    return str(getattr(value, "name", value))

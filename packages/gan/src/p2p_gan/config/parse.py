"""Words become settings: fields of the config out of `--set`, TOML files and the JSON of a run.

Nothing here may know what a field means; that is the config's.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import Size, parse_size
from p2p_gan.config.config import NATIVE, Config

_AUTO_IS_0 = ("batch", "threads", "depth")


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """The config with fields replaced, by values or by their text; raises UsageError for a wrong name or type."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    values = {}
    for name, value in settings.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(fields)}."
            raise UsageError(name, f"is no field of the config; {hint}", code="?")
        values[name] = _value(name, value)
    return dataclasses.replace(config, **values)


def _value(name: str, value: Any) -> Any:
    default = getattr(Config, name)
    try:
        if name == "crop":
            return None if value in (None, "", "none") else value if isinstance(value, Size) else parse_size(str(value))
        if name == "size":
            return None if value in (None, NATIVE) else value if isinstance(value, Size) else parse_size(str(value))
        if name == "images":
            return None if value is None else _whole(value)
        if value == "auto" and name in _AUTO_IS_0:
            return 0
        if isinstance(default, bool):
            return _switch(value)
        if isinstance(default, int):
            return _whole(value)
        if isinstance(default, float) and isinstance(value, bool):
            raise TypeError(value)
        return type(default)(value)
    except (ValueError, TypeError, OverflowError) as error:
        kind = {"bool": "on or off", "int": "a whole number", "float": "a number"}.get(type(default).__name__, "an int")
        raise UsageError(
            f"{name}={value}", f"is not {'a whole number' if name == 'images' else kind}", code="?"
        ) from error


def _switch(value: Any) -> bool:
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    text = str(value).lower()
    if text not in words:
        raise ValueError(text)
    return words[text]


def _whole(value: Any) -> int:
    text = str(value).replace("_", "")
    if text.lstrip("+-").isdecimal():
        return int(text)  # exactly, which a large number is not as a float
    number = float(text)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def config_from_json(value: Any, *, where: str) -> Config:
    """Read what `Config.to_json` gave."""
    if not isinstance(value, dict):
        raise UsageError(where, "its config is not a table of fields", code="?")
    try:
        return with_settings(Config(), value)
    except UsageError as error:
        raise UsageError(where, f"{error}", code="?") from error


def settings_from_toml(path: Path) -> dict[str, Any]:
    """The fields that a TOML file sets; raises UsageError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(path, f"is not a readable TOML file: {error}", code="bad-toml") from error

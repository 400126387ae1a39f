"""Reads settings from text: `--set`, TOML files and the JSON of a run become a config.

Nothing here may know what a setting means; the config declares that.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.foreign import parse_toml
from p2p_datatools.contract.settings import Setting, nearest, read_settings, settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.foreign_words import refuse_foreign_words
from p2p_gan.config.old_names import NAMES, refuse_old_names

_LISTED = "'p2p config' lists all."


@dataclass(frozen=True)
class SettingRequest:
    """A setting that a command asks for: its name, its value or that as text, and the words that say so (--size 64)."""

    name: str
    value: Any
    words: str


def read_asked(asked: Sequence[SettingRequest]) -> dict[str, Any]:
    """The values of these settings, of which a later one wins; raises UsageError as `with_settings` does."""
    return _read({each.name: each.value for each in asked})


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """The config with settings replaced, by values or by their text.

    Raises UsageError for an unknown name (with the nearest one), an old name (with the new one), or a wrong value.
    """
    return dataclasses.replace(config, **_read(settings))


def _read(settings: Mapping[str, Any]) -> dict[str, Any]:
    refuse_old_names(settings)
    refuse_foreign_words(Config, settings)
    return read_settings(Config, settings, of="the config", listed=_LISTED)


def apply_requests(start: Config, asked: Sequence[SettingRequest]) -> Config:
    """The config `start` with what is asked for; epochs replace its own number of images. Raises UsageError."""
    values = read_asked(asked)
    if "epochs" in values:
        values = {"images": None, **values}
    return dataclasses.replace(start, **values)


def find_setting(name: str) -> Setting:
    """The declaration of a setting of the config; raises UsageError for an unknown name, with the nearest one."""
    known = settings_of(Config)
    if name in NAMES:
        what = f"is called {NAMES[name]} now"
        raise UsageError(name, what, f"Ask 'p2p config {NAMES[name]}'.", code="renamed-setting")
    refuse_foreign_words(Config, {name: None})
    if name not in known:
        raise UsageError(name, "is not a setting of the config", nearest(name, known, _LISTED), code="unknown-setting")
    return known[name]


def config_from_json(value: Any, *, where: str) -> Config:
    """Read what `Config.to_json` returned; raises UsageError with `where`."""
    if not isinstance(value, dict):
        to_do = "If it was edited, restore a copy."
        raise UsageError(where, "its config is not a table of settings", to_do, code="damaged-file")
    try:
        return with_settings(Config(), value)
    except UsageError as error:
        what = f"its config has {error.where}, which {error.what}"
        raise UsageError(where, what, error.to_do, code=error.code) from error


def settings_from_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file; raises UsageError if it is not readable."""
    to_do = "Write a line such as batch = 4 for each setting."
    try:
        settings = parse_toml(read_text(path), path, to_do=to_do)
    except P2PError as error:
        to_do = error.to_do if error.code == "special-file" else to_do
        raise UsageError(path, error.what, to_do, code="bad-toml") from error
    for name, value in settings.items():
        if isinstance(value, dict):
            what, to_do = f"has the table [{name}], but settings are in no table", f"Leave the line [{name}] out."
            raise UsageError(path, what, to_do, code="bad-toml")
    return settings

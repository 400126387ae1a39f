"""The settings of a run beside those of the preset that is nearest, and the command that trains with them.

Nothing here may know what a setting does.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from p2p_datatools.contract.settings import Setting, settings_of
from p2p_datatools.contract.words import path_word
from p2p_gan.config.config import Config
from p2p_gan.config.presets import PRESETS

_OPTIONS = ("direction", "size", "fit", "images", "batch", "seed")  # of 'p2p train', in the order of its help
_OF_THE_MACHINE = ("threads", "memory_format", "device", "precision", "cuda_graph")  # settled anew on another


class SettingChange(NamedTuple):
    """A setting in which a run differs from a preset: both values as a person types them, and its meaning."""

    name: str
    preset: str
    run: str
    doc: str


@dataclass(frozen=True)
class SettingFacts:
    """The `preset` that differs in the fewest settings, what differs, what `auto` became, and all settings as text."""

    preset: str
    changed: tuple[SettingChange, ...]
    settled: tuple[SettingChange, ...]
    every: Mapping[str, str]


def compare_with_preset(config: Config) -> SettingFacts:
    """Compare the settings of a run with every preset, and keep the nearest one; of several the first."""
    found = {name: _compare(config, preset) for name, preset in PRESETS.items()}
    nearest = min(found, key=lambda name: len(found[name][0]))
    return SettingFacts(nearest, *found[nearest], config.as_typed())


def _compare(config: Config, preset: Config) -> tuple[tuple[SettingChange, ...], tuple[SettingChange, ...]]:
    changed, settled = list[SettingChange](), list[SettingChange]()
    for name, declared in settings_of(Config).items():
        ours, theirs = getattr(config, name), getattr(preset, name)
        if ours == theirs or (name == "epochs" and config.images is not None):  # by which the images were settled
            continue
        line = SettingChange(name, declared.text(theirs), declared.text(ours), declared.doc)
        (settled if _is_settled(declared, theirs) else changed).append(line)
    return tuple(changed), tuple(settled)


def _is_settled(declared: Setting, preset: object) -> bool:
    """Whether the preset leaves the value to the program."""
    return preset == declared.automatic or (declared.name == "images" and preset is None)


def train_command(facts: SettingFacts, pairs: str, run: str, *, origin: Mapping[str, Any] | None = None) -> str:
    """The command that trains such a run: the preset, what differs from it, and the model that it began with."""
    words = ["p2p", "train", path_word(pairs), path_word(run), "--preset", facts.preset]
    words += ["--from", path_word(origin["path"])] if origin else []
    changed = {each.name: each.run for each in (*facts.settled, *facts.changed) if each.name not in _OF_THE_MACHINE}
    changed |= {each.name: each.run for each in facts.changed}
    for name in _OPTIONS:
        if name in changed:
            words += [f"--{name}", shlex.quote(changed.pop(name))]
    for name, value in changed.items():
        words += ["--set", shlex.quote(f"{name}={value}")]
    return " ".join(words)

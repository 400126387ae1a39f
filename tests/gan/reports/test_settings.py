"""A run's settings beside those of the nearest preset, and a command that gives them again."""

import shlex
from dataclasses import replace

import pytest

from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.reports.settings import compare_with_preset, train_command


@pytest.mark.parametrize("name", PRESETS)
def test_an_unchanged_preset_is_recognised(name: str) -> None:
    facts = compare_with_preset(PRESETS[name])
    assert (facts.preset, facts.changed) == (name, ())


def test_what_differs_stands_beside_the_preset_and_what_auto_became_apart() -> None:
    facts = compare_with_preset(replace(PRESETS["paper"], lambda_l1=50.0, images=400, threads=2))
    assert [(each.name, each.preset, each.run) for each in facts.changed] == [("lambda_l1", "100", "50")]
    assert [(each.name, each.preset, each.run) for each in facts.settled] == [
        ("images", "none", "400"),
        ("threads", "auto", "2"),
    ]


def test_the_command_gives_the_same_settings_again() -> None:
    config = with_settings(PRESETS["tiny"], {"size": "160x96", "dropout": "0.5", "batch": "2", "mirror": "off"})
    words = shlex.split(train_command(compare_with_preset(config), "my pairs", "run"))
    assert words[:4] == ["p2p", "train", "my pairs", "run"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    table = {name[2:]: value for name, value in options.items() if name not in ("--preset", "--set")}
    table |= dict(word.split("=") for option, word in zip(words[4::2], words[5::2], strict=True) if option == "--set")
    assert with_settings(PRESETS[options["--preset"]], table) == config

"""The presets are what their sources state, construct, survive JSON, train on fitting pairs, and stand in docs/."""

import os
from pathlib import Path
from typing import Any

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.parse import config_from_json
from p2p_gan.config.presets import PRESETS, TABLE

PAGE = Path(__file__).parents[3] / "docs" / "presets.md"
JITTER = 286 / 256

# What the sources state, written down by hand: Isola et al. 2017 (section 3.3, appendix 6), and the texts and code of
# the earlier works. A preset may not leave it unless its `changed` says so.
PAPER: dict[str, Any] = {
    **{
        "size": Size(256, 256),
        "batch": 1,
        "epochs": 200,
        "images": None,
        "learning_rate": 2e-4,
        "beta1": 0.5,
        "beta2": 0.999,
    },
    **{
        "lr_schedule": "constant",
        "lambda_l1": 100.0,
        "gan_loss": "bce",
        "lambda_gan": 1.0,
        "halve_discriminator_loss": True,
    },
    **{"update_order": "alternating", "jitter": JITTER, "mirror": True, "generator": "unet", "generator_filters": 64},
    **{"max_filters": 512, "unet_depth": 0, "norm": "batch", "dropout": 0.5, "dropout_blocks": 3, "dropout_skip": 0},
    **{"upsampling": "transposed", "discriminator_filters": 64, "discriminator_layers": 3, "conditional": True},
    **{
        "a_encoding": "values",
        "b_encoding": "values",
        "noise_channels": 0,
        "pixel_noise": 0,
        "ema_half_life": 0.0,
        "discriminator_augment": "none",
    },
}
WRITTEN: dict[str, dict[str, Any]] = {
    "paper": PAPER,
    "paper-maps": {**PAPER, "direction": "a-to-b"},
    # Both networks from one forward pass, the loss not halved, 40,000 steps of batch 1, jitter and mirror.
    "cars": {**PAPER, "images": 40_000, "update_order": "simultaneous", "halve_discriminator_loss": False},
    # One more C512 in the discriminator (receptive field 142), 100 epochs, no jitter.
    "maps": {**PAPER, "epochs": 100, "jitter": 1.0, "mirror": False, "discriminator_layers": 4},
    # Mixed precision is what precision=auto takes on a GPU; 30x30 logits come from three strided layers at 256x256.
    "satellite": {
        **PAPER,
        **{"batch": 16, "epochs": 500, "lambda_gp": 10.0, "precision": "auto", "discriminator_norm": "instance"},
    },
    "experiments": {**PAPER, "batch": 16},
    # Appendix 6.2, black and white to colour: batch 4, mirror, no jitter; 6 epochs of 1.2 million photos.
    "colourise": {**PAPER, "batch": 4, "jitter": 1.0, "epochs": 100},
    "segment": {
        **PAPER,
        **{
            "direction": "b-to-a",
            "a_encoding": "classes",
            "gan_loss": "none",
            "lambda_ce": 1.0,
            "class_balanced": True,
        },
        **{"epochs": 100, "dropout": 0.0},
    },
    "best": {
        **PAPER,
        **{
            "a_encoding": "auto",
            "b_encoding": "auto",
            "ema_half_life": 2000.0,
            "upsampling": "resize",
            "segmentation_head": "auto",
            "lambda_perceptual": 10.0,
            "learning_rate": -1.0,
            "noise_channels": -1,
            "pixel_noise": -1,
            "dropout": -1.0,
            "lambda_mode_seeking": -1.0,
        },
    },
    "tiny": {
        **PAPER,
        **{
            "size": Size(128, 128),
            "jitter": 1.0,
            "images": 2800,
            "generator_filters": 32,
            "max_filters": 128,
            "dropout": 0.0,
        },
        **{"discriminator_filters": 16, "discriminator_layers": 2, "learning_rate": 4e-4, "lr_schedule": "linear"},
    },
}


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_is_what_is_written_of_it(name: str) -> None:
    config = PRESETS[name]
    assert {field: getattr(config, field) for field in WRITTEN[name]} == WRITTEN[name]


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_sets_nothing_that_is_not_written_but_how_often_things_are_saved(name: str) -> None:
    intervals = {"log_every", "sample_every", "checkpoint_every", "validate_every"}
    assert differing(PRESETS[name], Config()).keys() - intervals <= WRITTEN[name].keys()


def test_the_written_list_has_every_preset_and_the_paper_is_the_default() -> None:
    assert list(WRITTEN) == list(TABLE)
    assert PRESETS["paper"] == Config()


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_survives_json_and_says_where_it_comes_from(name: str) -> None:
    preset = TABLE[name]
    assert config_from_json(preset.config.to_json(), where="run.json") == preset.config
    assert preset.line
    assert preset.source
    assert preset.changed
    assert preset.states or preset.source.startswith("ours")
    assert len(preset.line) <= 80


def differing(config: Config, base: Config) -> dict[str, Any]:
    old, new = base.to_json(), config.to_json()
    return {field: value for field, value in new.items() if value != old[field]}


def page() -> str:
    """docs/presets.md, made of the table."""
    parts = [
        "# Presets",
        "`p2p train PAIRS RUN --preset NAME` starts from one of these; `--config`, `--set FIELD=VALUE` and the options "
        "change it. This page is made of the table in `packages/gan/src/p2p_gan/config/presets.py`.",
        "| preset | for | fields that differ from `paper` |\n| --- | --- | --- |\n"
        + "\n".join(f"| [`{name}`](#{name}) | {preset.line} | {_fields(name)} |" for name, preset in TABLE.items()),
    ]
    for name, preset in TABLE.items():
        states = [f"**It states:** {preset.states}."] if preset.states else []
        parts += [f"## {name}", f"**Source:** {preset.source}.", *states, f"**What we changed:** {preset.changed}."]
    return "\n\n".join(parts) + "\n"


def _fields(name: str) -> str:
    known, config = settings_of(Config), PRESETS[name]
    fields = (f"`{field}={known[field].text(getattr(config, field))}`" for field in differing(config, Config()))
    return ", ".join(fields) or "none"


def test_the_page_of_presets_is_the_table() -> None:
    if os.environ.get("P2P_WRITE_GOLDEN"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page(), "write it anew with P2P_WRITE_GOLDEN=1"

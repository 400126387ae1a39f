"""What is compared: the arms of the paper's tables as changes to one config, and the tables that put them side by side.

Nothing here may run anything; an arm is a name and the fields in which it differs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings

BASE = "L1+cGAN"  # the paper's method


# No discriminator, and nothing that speaks of one.
WITHOUT_GAN: dict[str, Any] = {
    **{"gan_loss": "none", "lambda_features": 0, "lambda_gp": 0, "lambda_r1": 0, "label_smoothing": 0},
    **{"discriminator_augment": "none", "update_order": "alternating", "segmentation_head": "off"},
}


# No likeness to the real picture, in whatever way the output is coded.
_UNLED: dict[str, Any] = {"lambda_l1": 0, "lambda_l2": 0, "lambda_ce": 0, "class_balanced": False}


ARMS: dict[str, dict[str, Any]] = {
    "L1": WITHOUT_GAN,
    "GAN": {**_UNLED, "conditional": False},
    "cGAN": _UNLED,
    "L1+GAN": {"conditional": False},
    BASE: {},
    "encoder-decoder L1": {**WITHOUT_GAN, "generator": "encoder-decoder"},
    "encoder-decoder L1+cGAN": {"generator": "encoder-decoder"},
    "1x1 patches": {"discriminator_layers": 0},
    "16x16 patches": {"discriminator_layers": 1},
    "70x70 patches": {"discriminator_layers": 3},
    "286x286 patches": {"discriminator_layers": 5},
    # The paper's dropout, whatever the settings start from: without it one input has one output.
    "cGAN, dropout": {**_UNLED, "dropout": 0.5},
    "L1+cGAN, dropout": {"dropout": 0.5},
    "cGAN, noise": {**_UNLED, "noise_channels": 8},
    "L1+cGAN, noise": {"noise_channels": 8},
    "L1+cGAN, noise, mode seeking": {"noise_channels": 8, "lambda_mode_seeking": 1},
}


@dataclass(frozen=True)
class Table:
    """Arms side by side; `paper` has what the paper's own table says of an arm, in `unit`, on other data.

    `paper_real` is what it says of the real pictures.
    """

    title: str
    question: str
    arms: tuple[str, ...]
    unit: str = ""
    paper: tuple[tuple[str, str], ...] = ()
    paper_real: str = ""


TABLES: dict[str, Table] = {
    "loss": Table(
        "Which loss",
        "Does L1 with a conditional GAN beat either alone (Isola et al. 2017, table 1)?",
        ("L1", "GAN", "cGAN", "L1+GAN", BASE),
        unit="pixel accuracy / class accuracy / IoU on Cityscapes",
        paper=(
            *(("L1", ".42 / .15 / .11"), ("GAN", ".22 / .05 / .01"), ("cGAN", ".57 / .22 / .16")),
            *(("L1+GAN", ".64 / .20 / .15"), (BASE, ".66 / .23 / .17")),
        ),
        paper_real=".80 / .26 / .21",
    ),
    "architecture": Table(
        "Which generator",
        "Does a U-Net beat an encoder-decoder without skips, with and without the GAN (table 2)?",
        ("encoder-decoder L1", "encoder-decoder L1+cGAN", "L1", BASE),
        unit="pixel accuracy / IoU on Cityscapes, there at batch 10",
        paper=(
            *(("encoder-decoder L1", ".35 / .08"), ("encoder-decoder L1+cGAN", ".29 / .05")),
            *(("L1", ".48 / .13"), (BASE, ".55 / .14")),
        ),
    ),
    "field": Table(
        "Which patch",
        "Do 70x70 patches beat single pixels and whole pictures (table 3)?",
        ("1x1 patches", "16x16 patches", "70x70 patches", "286x286 patches"),
        unit="pixel accuracy / IoU on Cityscapes",
        paper=(
            *(("1x1 patches", ".39 / .10"), ("16x16 patches", ".65 / .17")),
            *(("70x70 patches", ".66 / .17"), ("286x286 patches", ".42 / .11")),
        ),
    ),
    "collapse": Table(
        "Does one input give more than one output",
        "Dropout (0.5) is the paper's only randomness, and it found little variety; how much is there with and without "
        "L1, with an input of noise, and with a loss that asks for variety?",
        ("cGAN, dropout", "L1+cGAN, dropout", "cGAN, noise", "L1+cGAN, noise", "L1+cGAN, noise, mode seeking"),
    ),
}
"""The paper's tables, by the names that `run_study` takes."""


def chosen_tables(words: str) -> tuple[str, ...]:
    """The names in `loss,field`, or all; raises UsageError for one that is not there."""
    names = tuple(TABLES) if words == "all" else tuple(word.strip() for word in words.split(","))
    for name in names:
        if name not in TABLES:
            raise UsageError(
                f"tables={name}", "is not a table", f"Choose from all, {', '.join(TABLES)}.", code="unknown-table"
            )
    return names


def with_gan(config: Config) -> Config:
    """The settings that arms start from: those given, with a conditional discriminator of patches alone.

    A segmentation head would tell every arm what is wanted, those too that are to show what happens where nothing does.
    """
    gan_loss = "bce" if config.gan_loss == "none" else config.gan_loss
    return with_settings(config, {"conditional": True, "gan_loss": gan_loss, "segmentation_head": "off"})


def arms_of(
    tables: tuple[str, ...], base: Config, refuse: Callable[[Config], None] = lambda config: None
) -> tuple[dict[str, Config], dict[str, str]]:
    """The arms of the tables as configs, and those that cannot be with the reason; `refuse` raises UsageError for more.

    Raises UsageError where none can be.
    """
    possible: dict[str, Config] = {}
    refused: dict[str, UsageError] = {}
    for name in dict.fromkeys(arm for table in tables for arm in TABLES[table].arms):
        try:
            config = with_settings(base, ARMS[name])
            refuse(config)
            possible[name] = config
        except UsageError as error:
            refused[name] = error
    if not possible:
        first = next(iter(refused.values()))
        raise UsageError(
            f"tables={','.join(tables)}",
            f"none of their arms is possible: {first.where}: {first.what}",
            first.to_do,
            code="no-possible-arm",
        )
    return possible, {name: str(error) for name, error in refused.items()}


def changes_text(config: Config, base: Config) -> str:
    """The fields in which an arm differs from another config, as `--set` would say them."""
    old, new = base.to_json(), config.to_json()
    return " ".join(f"{name}={value}" for name, value in new.items() if value != old[name]) or "nothing"

"""The arms of a study as changes to one config, and the paper's tables that compare them.

Nothing here may run anything; an arm is a name and the fields in which it differs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.conflicts import WITHOUT_DISCRIMINATOR
from p2p_gan.config.parse import with_settings

BASE = "L1+cGAN"  # the paper's method
WITHOUT_GAN: dict[str, Any] = {"gan_loss": "none", **WITHOUT_DISCRIMINATOR, "segmentation_head": "off"}
# No loss against the real picture, for an output of values or of classes.
_WITHOUT_TARGET: dict[str, Any] = {
    **{"lambda_l1": 0, "lambda_l2": 0, "lambda_ce": 0, "lambda_frequency": 0, "class_balanced": False}
}
_PLAIN_DISCRIMINATOR: dict[str, Any] = {
    **{"label_smoothing": 0, "lambda_features": 0, "discriminator_scales": 1, "spectral_norm": False}
}
# Dropout alone, or noise alone, with no loss that makes it count, whatever the base config has.
_DROPOUT: dict[str, Any] = {"dropout": 0.5, "noise_channels": 0, "pixel_noise": 0, "lambda_mode_seeking": 0}
_NOISE: dict[str, Any] = {"noise_channels": 8, "lambda_mode_seeking": 0}
_AS_CLASSES: dict[str, Any] = {"a_encoding": "auto", "b_encoding": "auto"}
ARMS: dict[str, dict[str, Any]] = {
    "L1": WITHOUT_GAN,
    "GAN": {**_WITHOUT_TARGET, "conditional": False},
    "cGAN": _WITHOUT_TARGET,
    "L1+GAN": {"conditional": False},
    BASE: {},
    "encoder-decoder L1": {**WITHOUT_GAN, "generator": "encoder-decoder"},
    "encoder-decoder L1+cGAN": {"generator": "encoder-decoder"},
    "1x1 patches": {"discriminator_layers": 0},
    "16x16 patches": {"discriminator_layers": 1},
    "70x70 patches": {"discriminator_layers": 3},
    "286x286 patches": {"discriminator_layers": 5},
    # The paper's dropout: without it an input has one output only.
    "cGAN, dropout": {**_WITHOUT_TARGET, **_DROPOUT},
    "L1+cGAN, dropout": _DROPOUT,
    "cGAN, noise": {**_WITHOUT_TARGET, **_NOISE},
    "L1+cGAN, noise": _NOISE,
    "L1+cGAN, noise, mode seeking": {**_NOISE, "lambda_mode_seeking": 1},
    "L1+cGAN, two learning rates": {"discriminator_learning_rate": 1e-4},
    "L1+cGAN, focal frequency": {"lambda_frequency": 100},
    "L1+cGAN, LeCam": {"lambda_lecam": 0.1},
    "L1+cGAN, segmentation": {**{"gan_loss": "segmentation", "lambda_gan": 10}, **_PLAIN_DISCRIMINATOR},
    "L1+cGAN, masks as classes": _AS_CLASSES,
    "L1+cGAN, class-adaptive norm": {**_AS_CLASSES, "class_adaptive_norm": "on"},
    # Required, so that an arm without them is listed as impossible and not trained as another one.
    "L1+cGAN, perceptual": {"features": "on", "lambda_perceptual": 10},
    "L1+cGAN, projected heads": {"features": "on", "lambda_projected": 1},
}


@dataclass(frozen=True)
class Table:
    """A comparison of arms; `paper` has the scores of the arms in the paper's own table, in `unit`, on other data.

    `paper_real` are its scores of the real pictures.
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
        unit="pixel accuracy / IoU on Cityscapes at batch 10",
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
        "How many outputs does one input have",
        "The paper's only randomness is dropout (0.5), with which it found little diversity; how much is there with "
        "and without L1, with noise as input, and with a mode-seeking loss?",
        ("cGAN, dropout", "L1+cGAN, dropout", "cGAN, noise", "L1+cGAN, noise", "L1+cGAN, noise, mode seeking"),
    ),
    "later": Table(
        "What came later",
        "Do later ideas help the paper's method: a learning rate of the discriminator's own (Heusel et al. 2017), the "
        "focal frequency loss (Jiang et al. 2021), LeCam regularisation (Tseng et al. 2021), a discriminator that "
        "segments (Schönfeld et al. 2021), norms that adapt to the class (Tan et al. 2021)?",
        (
            BASE,
            "L1+cGAN, two learning rates",
            "L1+cGAN, focal frequency",
            "L1+cGAN, LeCam",
            "L1+cGAN, segmentation",
            "L1+cGAN, masks as classes",
            "L1+cGAN, class-adaptive norm",
        ),
    ),
    "features": Table(
        "Do pretrained features help",
        "Does it help to compare photos in the features of a pretrained network, by a perceptual loss (Johnson et al. "
        "2016) or by discriminators on them (Sauer et al. 2021)?",
        (BASE, "L1+cGAN, perceptual", "L1+cGAN, projected heads"),
    ),
}
"""The paper's tables, by the names that `run_study` takes."""


def chosen_tables(words: str) -> tuple[str, ...]:
    """The table names in a text such as `loss,field`, or all; raises UsageError for an unknown name."""
    names = tuple(dict.fromkeys(word for each in words.lower().split(",") if (word := each.strip())))
    for name in names or ("",):
        if name not in (*TABLES, "all"):
            raise UsageError(
                f"tables={name}", "is not a table", f"Choose from all, {', '.join(TABLES)}.", code="unknown-table"
            )
    return tuple(TABLES) if "all" in names else names


def tables_beside(asked: Sequence[str], arms: Iterable[str]) -> tuple[str, ...]:
    """The tables that were not asked for, and of which there are arms that no table asked for has."""
    others = set(arms) - {arm for name in asked for arm in TABLES[name].arms}
    return tuple(name for name, table in TABLES.items() if name not in asked and others & set(table.arms))


def with_gan(config: Config) -> Config:
    """The base config of the arms: the given one, with a conditional discriminator and without a segmentation head.

    A segmentation head would show the mask to every arm, even to those that measure training without it.
    """
    gan_loss = "bce" if config.gan_loss in ("none", "segmentation") else config.gan_loss
    return with_settings(config, {"conditional": True, "gan_loss": gan_loss, "segmentation_head": "off"})


def arms_of(
    tables: tuple[str, ...], base: Config, refuse: Callable[[Config], object] = lambda config: None
) -> tuple[dict[str, Config], dict[str, str]]:
    """(the possible arms of the tables with their configs, the impossible ones with the reason).

    `refuse` raises UsageError for a config that is impossible for another reason. Raises UsageError if no arm is
    possible.
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
        what = f"have no possible arm: {first.where}: {first.what}"
        raise UsageError(f"tables={','.join(tables)}", what, first.to_do, code="no-possible-arm")
    return possible, {name: str(error) for name, error in refused.items()}


def changes_text(config: Config, base: Config) -> str:
    """The fields in which an arm differs from another config, in the form of `--set`."""
    known, values = settings_of(Config), vars(config)
    changes = [f"{name}={known[name].text(values[name])}" for name in known if values[name] != getattr(base, name)]
    return " ".join(changes) or "nothing"

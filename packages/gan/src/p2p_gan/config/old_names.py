"""The old names of settings and of their values, and the new ones.

Nothing here may decide whether an old name is taken: a command takes what a person wrote, a record of a run is refused.
"""

from collections.abc import Mapping
from typing import Any

from p2p_datatools.contract.errors import UsageError

NAMES = {
    "a_as": "a_encoding",
    "augment": "discriminator_augment",
    "average": "ema_half_life",
    "b_as": "b_encoding",
    "balanced": "class_balanced",
    "biases": "bias_before_norm",
    "blocks": "resnet_blocks",
    "class_weight": "lambda_ce",
    "colour_jitter": "color_jitter",
    "depth": "unet_depth",
    "discriminator": "segmentation_head",
    "discriminators": "discriminator_scales",
    "feature_weight": "lambda_features",
    "filters": "generator_filters",
    "game": "gan_loss",
    "game_weight": "lambda_gan",
    "gradient_penalty": "lambda_gp",
    "halved": "halve_discriminator_loss",
    "l1_weight": "lambda_l1",
    "l2_weight": "lambda_l2",
    "label_weight": "lambda_segmentation",
    "memory": "cache_gib",
    "mode_seeking": "lambda_mode_seeking",
    "noise": "noise_channels",
    "r1": "lambda_r1",
    "rare_crops": "rare_class_crops",
    "rate": "learning_rate",
    "schedule": "lr_schedule",
    "smoothing": "label_smoothing",
    "sync_norm": "sync_batchnorm",
    "updates": "update_order",
}
VALUES = {
    "discriminator_augment": {"colour": "color"},
    "gan_loss": {"cross-entropy": "bce", "least-squares": "lsgan", "wasserstein": "wgan"},
    "segmentation_head": {"patches": "off", "labels": "on"},
}


def by_new_name(name: str, value: Any) -> tuple[str, Any]:
    """The new name of a setting and the new word for its value; both as they are where neither is old."""
    new = NAMES.get(name, name)
    return new, VALUES.get(new, {}).get(value, value) if isinstance(value, str) else value


def refuse_old_names(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for the first setting under an old name, or with an old value, naming the new one."""
    for name, value in settings.items():
        new_name, new_value = by_new_name(name, value)
        if (new_name, new_value) == (name, value):
            continue
        new = f"{new_name}={new_value}" if new_value != value else new_name
        what = f"is called {new} now"
        raise UsageError(f"{name}={value}", what, f"Write {new_name}={new_value}.", code="renamed-setting")

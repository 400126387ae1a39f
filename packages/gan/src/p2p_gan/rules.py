"""What a config may hold: the choices, the ranges, and the settings that exclude each other.

Nothing here may change a setting; a config that cannot work is refused with the field, the reason and a way out.
"""

from typing import NoReturn

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.sizes import FITS
from p2p_gan.config import Config
from p2p_gan.sides import deepest_unet, nearest_size, smallest_side

NORMS = ("batch", "instance", "none")
CHOICES: dict[str, tuple[str, ...]] = {
    "fit": FITS,
    "a_as": ("values", "classes"),
    "b_as": ("values", "classes"),
    "generator": ("unet", "encoder-decoder", "resnet"),
    "upsampling": ("transposed", "resize"),
    "norm": NORMS,
    "discriminator_norm": ("same", *NORMS),
    "game": ("cross-entropy", "least-squares", "hinge", "wasserstein", "none"),
    "updates": ("alternating", "simultaneous"),
    "augment": ("none", "colour", "geometry", "all"),
    "schedule": ("constant", "linear"),
    "precision": ("auto", "float32", "tf32", "bfloat16", "float16"),
}
# (lowest, highest) of a number, and what the person should know of it.
RANGES: dict[str, tuple[float, float, str]] = {
    "jitter": (1, 2, "it lies between 1 (off) and 2"),
    "rare_crops": (0, 1, "it is a share between 0 (off) and 1"),
    "colour_jitter": (0, 0.9, "it lies between 0 (off) and 0.9"),
    "depth": (0, 8, "it lies between 1 and 8, or is 0 for the deepest possible"),
    "blocks": (1, 32, "it lies between 1 and 32; the paper's reference code has 6 and 9"),
    "dropout_blocks": (0, 8, "it lies between 0 and 8"),
    "dropout_skip": (0, 8, "it lies between 0 and 8"),
    "noise": (0, 64, "it lies between 0 (none) and 64 channels"),
    "discriminator_layers": (0, 6, "it lies between 0 (single pixels) and 6"),
    "discriminators": (1, 3, "it lies between 1 and 3"),
    "smoothing": (0, 0.5, "it lies between 0 (off) and 0.5"),
}
AT_LEAST_1 = (*("epochs", "filters", "max_filters", "discriminator_filters", "keep_checkpoints", "validate_pairs"),)
INTERVALS = ("log_every", "sample_every", "checkpoint_every", "validate_every")
NOT_NEGATIVE = (
    *("seed", "threads", "batch", "game_weight", "l1_weight", "l2_weight", "class_weight", "feature_weight"),
    *("gradient_penalty", "r1", "mode_seeking", "average"),
)


def check(config: Config) -> None:
    """Raise UsageError for the first field that cannot work."""
    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            _refuse(config, name, f"choose from {', '.join(choices)}")
    for name, (low, high, why) in RANGES.items():
        if not low <= getattr(config, name) <= high:
            _refuse(config, name, why)
    for name in AT_LEAST_1:
        if getattr(config, name) < 1:
            _refuse(config, name, "it is at least 1")
    for name in INTERVALS:
        if getattr(config, name) < 1:
            _refuse(config, name, "it is a number of images, at least 1")
    for name in NOT_NEGATIVE:
        if not getattr(config, name) >= 0:
            _refuse(config, name, "it is 0 or more")
    _check_numbers(config)
    _check_sizes(config)
    _check_losses(config)


def _refuse(config: Config, name: str, why: str) -> NoReturn:
    raise UsageError(f"{name}={getattr(config, name)}: is not possible; {why}.")


def _check_numbers(config: Config) -> None:
    if not 0 <= config.dropout < 1:
        _refuse(config, "dropout", "it lies between 0 (off) and 1")
    if not 0 < config.rate < float("inf"):
        _refuse(config, "rate", "it is above 0; the paper takes 0.0002")
    for name in ("beta1", "beta2"):
        if not 0 <= getattr(config, name) < 1:
            _refuse(config, name, "it lies between 0 and 1")
    for name in ("checkpoint_minutes", "memory"):
        if not getattr(config, name) > 0:
            _refuse(config, name, "it is above 0")
    if config.images is not None and config.images < 1:
        _refuse(config, "images", "it is at least 1")


def _check_sizes(config: Config) -> None:
    for name, size in (("size", config.size), ("crop", config.crop)):
        if size is not None and size != nearest_size(size):
            _refuse(config, name, f"the nearest that works is {nearest_size(size)}")
    if config.crop and (config.crop.width > config.size.width or config.crop.height > config.size.height):
        _refuse(config, "crop", f"it does not fit into size {config.size}")
    field = "crop" if config.crop else "size"
    needed = smallest_side(config.discriminator_layers)
    if min(config.seen) < needed:
        _refuse(config, field, f"{config.discriminator_layers} discriminator layers need sides from {needed}")
    deepest = deepest_unet(config.seen)
    if config.depth > deepest:
        _refuse(config, "depth", f"size {config.seen} can be halved {deepest} times")


def _check_losses(config: Config) -> None:
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
    if config.gradient_penalty and norm == "batch":
        _refuse(
            config,
            "gradient_penalty",
            "it holds for each picture by itself, and batch norm mixes them; add --set discriminator_norm=instance",
        )
    if config.mode_seeking and not config.noise:
        _refuse(config, "mode_seeking", "it compares two draws of the noise input; add --set noise=8")

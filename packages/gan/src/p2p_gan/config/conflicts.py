"""The settings of a run that exclude each other: each refused by name, with the reason and a way out.

Nothing here may declare a setting or change one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import refuse_setting, settings_of
from p2p_gan.config.sides import deepest_unet, discriminator_side, nearest_size, unit_of
from p2p_gan.networks.architecture import GENERATORS

if TYPE_CHECKING:
    from p2p_gan.config.config import Config

# What gan_loss=none leaves of the settings of a discriminator, but for its segmentation head.
WITHOUT_DISCRIMINATOR: dict[str, Any] = {
    **{"lambda_features": 0, "lambda_gp": 0, "lambda_r1": 0, "lambda_lecam": 0, "label_smoothing": 0},
    **{"lambda_projected": 0, "discriminator_augment": "none", "update_order": "alternating"},
    "discriminator_learning_rate": 0.0,
}


def refuse_conflicts(config: "Config") -> None:
    """Raise UsageError for the first setting that others exclude."""
    _check_sizes(config)
    _check_networks(config)
    _check_losses(config)


def _check_sizes(config: "Config") -> None:
    unit = unit_of(config.generator, config.unet_depth)
    for name, size in (("size", config.size), ("crop", config.crop)):
        if size is not None and size != nearest_size(size, unit):
            what = f"must have sides that are multiples of {unit} pixels, at least 32"
            refuse_setting(config, name, what, f"The nearest that works is {nearest_size(size, unit)}.")
    if config.size is None and config.fit != "stretch":
        what = "says how pictures are brought to a size, but size=native keeps their own"
        refuse_setting(config, "fit", what, "Set a --size, or leave fit at stretch.")
    if config.size and config.crop and any(part > whole for part, whole in zip(config.crop, config.size, strict=True)):
        refuse_setting(config, "crop", f"does not fit into size {config.size}", "Set a smaller crop.")
    if config.rare_class_crops and not config.crop and (config.jitter == 1 or config.size is None):
        what = "chooses crops, but this config trains on whole pictures"
        refuse_setting(config, "rare_class_crops", what, "Add --set crop=128, or jitter above 1.")
    halvings = GENERATORS[config.generator].halvings
    if halvings is not None and config.unet_depth not in (0, halvings):
        what = f"does not apply to a {config.generator}, which always halves its input {halvings} times"
        refuse_setting(config, "unet_depth", what, "Leave it out; the depth of a resnet is resnet_blocks.")
    if config.input_size is not None:
        _check_depths(config, config.input_size)


def _check_networks(config: "Config") -> None:
    if config.class_adaptive_norm != "on":
        return
    if config.generator == "resnet":
        what = "changes the norms of a decoder, which a resnet does not have"
        refuse_setting(config, "class_adaptive_norm", what, "Use --set generator=unet, or leave it at off.")
    if config.norm == "none":
        what = "changes the decoder's norms, but norm=none has none"
        refuse_setting(config, "class_adaptive_norm", what, "Use --set norm=batch or instance, or leave it at off.")


def _check_depths(config: "Config", size: Size) -> None:
    field = "crop" if config.crop else "size"
    needed = discriminator_side(config)
    if min(size) < needed:
        scales = f" at {config.discriminator_scales} scales" if config.discriminator_scales > 1 else ""
        what = f"is too small: {config.discriminator_layers} discriminator layers{scales} need at least {needed} pixels"
        refuse_setting(config, field, what, "Use larger pictures, or fewer discriminator_layers.")
    deepest = deepest_unet(size)
    if GENERATORS[config.generator].halvings is None and config.unet_depth > deepest:
        refuse_setting(
            config, "unet_depth", f"is too deep: size {size} can be halved {deepest} times", "Leave unet_depth at auto."
        )


def _check_losses(config: "Config") -> None:
    if config.gan_loss == "segmentation":
        _check_segmentation(config)
    if config.gan_loss == "none":
        _check_without_gan(config)
    elif not (config.lambda_gan or config.lambda_features or (config.lambda_projected and config.features != "off")):
        what = "leaves the discriminator without effect on the generator, since lambda_features is 0 too"
        refuse_setting(config, "lambda_gan", what, "Use --set gan_loss=none.")
    if config.gan_loss == "wgan" and not config.lambda_gp:
        refuse_setting(config, "gan_loss", "needs a gradient penalty", "Add --set lambda_gp=10.")
    if config.label_smoothing and config.gan_loss not in ("bce", "lsgan"):
        what = f"has no effect with gan_loss={config.gan_loss}, which has no target values"
        refuse_setting(config, "label_smoothing", what, "Leave it at 0.")
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
    for name in ("lambda_gp", "lambda_r1"):
        if getattr(config, name) and norm == "batch":
            what = "is a penalty on each picture, but batch norm in the discriminator mixes the pictures of a batch"
            refuse_setting(config, name, what, "Add --set discriminator_norm=instance.")
    if config.lambda_mode_seeking > 0 and not config.noise_channels:
        what = "compares the outputs for two draws of noise_channels, but the generator has none"
        refuse_setting(config, "lambda_mode_seeking", what, "Add --set noise_channels=8.")


def _off_head(config: "Config") -> dict[str, Any]:
    """The settings of a segmentation head where there can be none; auto is then off."""
    head = {"segmentation_head": "off"} if config.segmentation_head == "on" else {}
    return {**head, "segmentation_balanced": False, "segmentation_hinge": True}


def _check_segmentation(config: "Config") -> None:
    """Refuse settings that a discriminator that segments does not have."""
    off: dict[str, Any] = {"lambda_features": 0, "discriminator_scales": 1, "spectral_norm": False, "conditional": True}
    what = "is a setting of a PatchGAN, but with gan_loss=segmentation the discriminator segments instead"
    _refuse_others(config, off | _off_head(config), what)


def _check_without_gan(config: "Config") -> None:
    """Refuse settings of the discriminator if there is none."""
    what = "is a setting of the discriminator, but gan_loss=none trains without one"
    _refuse_others(config, WITHOUT_DISCRIMINATOR | _off_head(config), what)


def _refuse_others(config: "Config", off: Mapping[str, Any], what: str) -> None:
    """Refuse other values of settings than those that a gan_loss leaves."""
    for name, value in off.items():
        if getattr(config, name) != value:
            text = settings_of(type(config))[name].text(value)
            refuse_setting(config, name, what, f"Leave it at {text}, or choose another gan_loss.")

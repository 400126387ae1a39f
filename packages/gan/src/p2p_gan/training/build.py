"""Builds the networks and their optimisers from a config: shapes, initial weights from the seed, Adam.

Nothing here may read a pair, update a network or write a file.
"""

import torch
from torch import nn

from p2p_gan.config.config import Config
from p2p_gan.data.task import Task
from p2p_gan.machine.device import memory_format_of
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Discriminator
from p2p_gan.networks.discriminators import MultiScale, PatchGAN, PixelClassifier, SegmentationHead
from p2p_gan.networks.efficientnet import CHANNELS, FeatureNetwork
from p2p_gan.networks.projected import ProjectedDiscriminator
from p2p_gan.networks.weights import initialise
from p2p_gan.updates.lecam import LeCam
from p2p_gan.updates.optimise import EagerAdam, GradScalerAdam, new_ema
from p2p_gan.updates.step import Networks

# A segmentation head halves pictures at most 4 times, since the objects that it must find are small. It has half as
# many filters as the discriminator, but at least 16: more cost time and hardly improve it (benchmarks/quality).
_HEAD_DEPTH, _HEAD_FILTERS = 4, 16
_SEGMENTER_DEPTH = 5  # at most, of a discriminator that segments; it grows to 8 times its filters, as a PatchGAN
_NARROWEST_HEAD = 32  # channels of projected heads, however few filters the discriminator has
_FIRST_HEAD = 1  # the stages of a pretrained network before the first with a projected head (Sauer et al. 2021)


def architecture_of(config: Config, task: Task) -> Architecture:
    """The generator's architecture for this task; the config's unet_depth must be resolved."""
    head = "logits" if task.codings[1].kind == "classes" else "tanh"
    return generator_shape(config, task.codings[0].channels, task.codings[1].channels, head=head)


def generator_shape(config: Config, inputs: int, outputs: int, *, head: str = "tanh") -> Architecture:
    """The generator's architecture for these numbers of channels; the config's unet_depth must be resolved."""
    return Architecture(
        inputs=inputs,
        outputs=outputs,
        depth=config.unet_depth,
        filters=config.generator_filters,
        max_filters=config.max_filters,
        norm=config.norm,
        dropout=config.dropout,
        kind=config.generator,
        blocks=config.resnet_blocks,
        upsampling=config.upsampling,
        dropout_blocks=config.dropout_blocks,
        dropout_skip=config.dropout_skip,
        biases=config.bias_before_norm,
        noise=config.noise_channels,
        pixel_noise=config.pixel_noise,
        head=head,
        class_adaptive=config.class_adaptive_norm == "on",
    )


def discriminator_of(config: Config, inputs: int, outputs: int, labels: int = 0) -> Discriminator:
    """The discriminator for these numbers of channels, not initialised; `labels` is how many classes the mask has."""
    others = _judges_of_pixels(config, inputs, outputs, labels)
    if not config.lambda_projected or config.features == "off":
        return others
    channels = CHANNELS[_FIRST_HEAD:][: config.projected_stages]
    condition = (labels or inputs) if config.conditional else 0
    width = max(_NARROWEST_HEAD, config.discriminator_filters)
    return ProjectedDiscriminator(others, channels, width=width, condition=condition, skipped=_FIRST_HEAD)


def _judges_of_pixels(config: Config, inputs: int, outputs: int, labels: int) -> Discriminator:
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
    if config.gan_loss == "segmentation":
        filters = config.discriminator_filters
        widths = [filters * 2 ** min(level, 3) for level in range(min(_SEGMENTER_DEPTH, config.unet_depth))]
        return PixelClassifier(outputs, classes=labels, widths=widths, norm=norm)
    scales = [
        PatchGAN(
            inputs + outputs if config.conditional else outputs,
            filters=config.discriminator_filters,
            layers=config.discriminator_layers,
            norm=norm,
            spectral=config.spectral_norm,
            conditional=config.conditional,
        )
        for _ in range(config.discriminator_scales)
    ]
    patches = MultiScale(scales) if len(scales) > 1 else scales[0]
    if config.segmentation_head != "on":
        return patches
    filters = max(_HEAD_FILTERS, config.discriminator_filters // 2)
    widths = [filters * 2**level for level in range(min(_HEAD_DEPTH, config.unet_depth))]
    return SegmentationHead(patches, outputs, classes=labels, widths=widths, norm=norm)


def build(
    architecture: Architecture,
    config: Config,
    device: torch.device,
    labels: int = 0,
    features: FeatureNetwork | None = None,
) -> Networks:
    """Networks and optimisers on the device; weights are drawn from the seed on the CPU, the same for every device.

    `labels` is the number of classes of the input mask, `features` the pretrained network, which is shared.
    """
    random = torch.Generator().manual_seed(config.seed)
    discriminator = discriminator_of(config, architecture.inputs, architecture.outputs, labels)
    generator = architecture.build()
    memory_format = memory_format_of(config.memory_format)
    for network in (generator, discriminator):
        initialise(network, random)
        network.to(device=device, memory_format=memory_format)  # type: ignore[call-overload]
    ema = new_ema(generator) if config.ema_half_life else None
    if config.gan_loss == "none":
        return Networks(generator, None, _adam(generator, config, device), None, ema, features=features)
    generator_optimizer, discriminator_optimizer = (_adam(each, config, device) for each in (generator, discriminator))
    lecam = LeCam(config.discriminator_scales).to(device) if config.lambda_lecam else None
    return Networks(
        generator, discriminator, generator_optimizer, discriminator_optimizer, ema, lecam, features=features
    )


def _adam(network: nn.Module, config: Config, device: torch.device) -> torch.optim.Adam:
    # The learning rates of an update are set before it (`training.steps.update`).
    settings = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2), "fused": True}
    if config.precision == "float16":
        return GradScalerAdam(network.parameters(), device=device, **settings)
    return EagerAdam(network.parameters(), **settings)  # type: ignore[arg-type]

"""Networks and their optimisers out of a config: shapes, weights drawn from the seed, Adam.

Nothing here may read a pair, update a network or write a file.
"""

import torch
from torch import nn

from p2p_gan.config.config import Config
from p2p_gan.data.task import Task
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Discriminator
from p2p_gan.networks.discriminators import MultiScale, PatchGAN, SegmentationHead
from p2p_gan.networks.weights import initialise
from p2p_gan.updates.optimise import GradScalerAdam, new_ema
from p2p_gan.updates.step import Networks

# A labeller halves pictures so often, for what it is to see is small; and it has half of the patches' filters, at least
# so many: more cost time and see hardly better (benchmarks/quality).
_LABELLER_DEPTH, _LABELLER_FILTERS = 4, 16


def architecture_of(config: Config, task: Task) -> Architecture:
    """The generator's shape for this task, its depth resolved."""
    return Architecture(
        inputs=task.codings[0].channels,
        outputs=task.codings[1].channels,
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
        head="logits" if task.codings[1].kind == "classes" else "tanh",
    )


def discriminator_of(config: Config, inputs: int, outputs: int, labels: int = 0) -> Discriminator:
    """The discriminator for pictures of so many channels, its weights not yet drawn; `labels` are a mask's classes."""
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
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
    filters = max(_LABELLER_FILTERS, config.discriminator_filters // 2)
    widths = [filters * 2**level for level in range(min(_LABELLER_DEPTH, config.unet_depth))]
    return SegmentationHead(patches, outputs, classes=labels, widths=widths, norm=norm)


def build(architecture: Architecture, config: Config, device: torch.device, labels: int = 0) -> Networks:
    """Networks and optimisers on the device, weights drawn from the seed on the CPU, the same for every device.

    `labels` is the number of classes that a segmentation head sees.
    """
    random = torch.Generator().manual_seed(config.seed)
    discriminator = discriminator_of(config, architecture.inputs, architecture.outputs, labels)
    generator = architecture.build()
    for network in (generator, discriminator):
        initialise(network, random)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = new_ema(generator) if config.ema_half_life else None
    if config.gan_loss == "none":
        return Networks(generator, None, _adam(generator, config, device), None, ema)
    ours, theirs = (_adam(network, config, device) for network in (generator, discriminator))
    return Networks(generator, discriminator, ours, theirs, ema)


def _adam(network: nn.Module, config: Config, device: torch.device) -> torch.optim.Adam:
    settings = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2), "fused": True}
    if config.precision == "float16":
        return GradScalerAdam(network.parameters(), device=device, **settings)
    return torch.optim.Adam(network.parameters(), **settings)  # type: ignore[arg-type]

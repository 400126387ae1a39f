"""The networks of pix2pix as modules: generators, discriminators, and the blocks that they share.

Nothing here may know losses, optimisers or data; a network has no state but its weights and statistics.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.networks.architecture import Architecture
    from p2p_gan.networks.base import Discriminator, Generator, Judgement
    from p2p_gan.networks.blocks import Style
    from p2p_gan.networks.discriminators import MultiScale, PatchGAN, receptive_fields
    from p2p_gan.networks.resnet import ResNet
    from p2p_gan.networks.unet import Levels, UNet
    from p2p_gan.networks.weights import count_parameters
else:
    __getattr__, __dir__ = open_door(
        __name__,
        architecture="Architecture",
        base="Discriminator Generator Judgement",
        blocks="Style",
        discriminators="MultiScale PatchGAN receptive_fields",
        resnet="ResNet",
        unet="Levels UNet",
        weights="count_parameters",
    )

__all__ = [
    "Architecture",
    "Discriminator",
    "Generator",
    "Judgement",
    "Levels",
    "MultiScale",
    "PatchGAN",
    "ResNet",
    "Style",
    "UNet",
    "count_parameters",
    "receptive_fields",
]

"""The weights of a network: how they are drawn before training, and how many there are.

Nothing here may know what a network is for, or draw from torch's own random state.
"""

import torch
from torch import nn

from p2p_gan.networks.blocks import SpectralConv
from p2p_gan.networks.norms import BatchNorm
from p2p_gan.networks.projected import RandomMixer

_INITIAL_STD = 0.02  # of weights around 0, and of the norms' scales around 1


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights from N(0, 0.02), norm scales from N(1, 0.02); biases are 0 (appendix 6.2; the authors' code)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, _INITIAL_STD, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
            if isinstance(module, SpectralConv):
                module.draw(generator)
        elif isinstance(module, BatchNorm):
            nn.init.normal_(module.weight, 1.0, _INITIAL_STD, generator=generator)
        elif isinstance(module, RandomMixer):
            module.draw(generator)


def count_parameters(network: nn.Module) -> int:
    """The number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())

"""The first weights follow from the seed, as the paper draws them."""

import pytest
import torch
from torch import nn

from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.contract import Generator
from p2p_gan.networks.initial import count_parameters, initialise
from p2p_gan.networks.norms import Norm


def drawn(kind: str) -> Generator:
    network = Architecture(3, 3, 5, 8, 32, "batch", 0.5, kind, blocks=2).build()
    initialise(network, torch.Generator().manual_seed(0))
    return network


@pytest.mark.parametrize("kind", ["unet", "encoder-decoder", "resnet"])
def test_weights_are_drawn_from_the_seed(kind: str) -> None:
    first, second = drawn(kind), drawn(kind)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    convs = [module for module in first.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    weights = torch.cat([conv.weight.flatten() for conv in convs])
    assert weights.std().item() == pytest.approx(0.02, rel=0.05)
    assert all((conv.bias == 0).all() for conv in convs if conv.bias is not None)
    scales = torch.cat([module.weight for module in first.modules() if isinstance(module, Norm)])
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.3)


def test_parameters_are_counted_without_gathered_statistics() -> None:
    assert count_parameters(Norm(7)) == 14

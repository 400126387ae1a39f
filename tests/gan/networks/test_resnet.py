"""The ResNet generator, checked against its published layers, and how it behaves when applied."""

from typing import TYPE_CHECKING

import pytest
import torch

from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.networks.blocks import Residual
from p2p_gan.networks.resnet import ResNet
from p2p_gan.networks.weights import count_parameters, initialise

if TYPE_CHECKING:
    from gan.conftest import RandomInput


def resnet(norm: str = "batch", *, blocks: int = 2, dropout: float = 0.5, upsampling: str = "transposed") -> Generator:
    network = Architecture(3, 3, 2, 4, 16, norm, dropout, "resnet", blocks=blocks, upsampling=upsampling).build()
    initialise(network, torch.Generator().manual_seed(0))
    return network


def test_it_has_the_layers_of_the_reference_with_nine_blocks() -> None:
    with torch.device("meta"):
        network = Architecture(3, 3, 2, 64, 512, "instance", 0.0, "resnet", blocks=9).build()
    assert isinstance(network, ResNet)
    shapes = [tuple(value.shape) for name, value in network.named_parameters() if name.endswith("weight")]
    assert shapes[:3] == [(64, 3, 7, 7), (128, 64, 3, 3), (256, 128, 3, 3)]
    assert shapes[3:-3] == [(256, 256, 3, 3)] * 18
    assert shapes[-3:] == [(256, 128, 3, 3), (128, 64, 3, 3), (3, 64, 7, 7)]
    # 11.378 M, as the reference implementation prints for resnet_9blocks with instance norm.
    assert count_parameters(network) == pytest.approx(11.378e6, rel=1e-4)


@pytest.mark.parametrize("upsampling", ["transposed", "resize", "bilinear"])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (36, 52), (20, 96)])
def test_it_takes_any_multiple_of_4(upsampling: str, height: int, width: int) -> None:
    network = resnet(upsampling=upsampling)
    assert network.unit == 4
    assert network(torch.zeros(1, 3, height, width)).shape == (1, 3, height, width)


def test_every_block_has_dropout() -> None:
    blocks = [module for module in resnet(blocks=6, dropout=0.5).modules() if isinstance(module, Residual)]
    assert [block.dropout for block in blocks] == [0.5] * 6


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_a_picture_is_the_same_alone_and_among_others_when_it_is_normalised_by_itself(
    norm: str, random_input: "RandomInput"
) -> None:
    network, pictures = resnet(norm).eval(), random_input(3, height=24)
    with torch.inference_mode():
        together = network(pictures, InferencePass("picture"))
        alone = torch.cat([network(one[None], InferencePass("picture")) for one in pictures])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_dropout_outside_training_comes_from_the_noise_alone(random_input: "RandomInput") -> None:
    network = resnet()

    def drawn(seed: int) -> torch.Tensor:
        with torch.inference_mode():
            return network(random_input(height=24), InferencePass(noise=(torch.Generator().manual_seed(seed),)))

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    with torch.inference_mode():
        assert torch.equal(
            network(random_input(height=24), InferencePass()), network(random_input(height=24), InferencePass())
        )

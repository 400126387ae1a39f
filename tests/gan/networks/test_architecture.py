"""A shape as a value: what older model files leave out, and what it refuses."""

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from p2p_gan.networks.architecture import GENERATORS, Architecture, DropoutLayer
from p2p_gan.networks.base import Generator
from p2p_gan.networks.norms import BatchNorm
from p2p_gan.networks.resnet import ResNet
from p2p_gan.networks.unet import UNet
from p2p_gan.networks.weights import count_parameters, initialise

if TYPE_CHECKING:
    from conftest import Refused

# What the card of a model file held before there were other generators than the U-Net.
OLD = {"inputs": 3, "outputs": 3, "depth": 5, "filters": 4, "max_filters": 8, "norm": "batch", "dropout": 0.5}


def test_an_older_file_s_shape_is_the_u_net_that_it_was() -> None:
    network = Architecture(**OLD).build()  # type: ignore[arg-type]
    assert isinstance(network, UNet)
    assert [block.dropout for block in network.up] == [0.5, 0.5, 0.5, 0.0]
    assert (network.skips, network.noise.count, network.head) == (True, 0, "tanh")
    assert all(name in network.state_dict() for name in ("down.2.conv.bias", "up.0.conv.bias", "last.bias"))


@pytest.mark.parametrize(("kind", "network"), [("unet", UNet), ("encoder-decoder", UNet), ("resnet", ResNet)])
def test_each_kind_is_built(kind: str, network: type) -> None:
    assert isinstance(Architecture(3, 3, 5, 4, 8, "batch", 0.5, kind).build(), network)


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("depth", [3, 5])
def test_sides_are_halved_as_often_as_the_table_of_generators_says(kind: str, depth: int) -> None:
    # The config reads the table, for it may not load the networks.
    assert Architecture(3, 3, depth, 4, 8, "batch", 0.5, kind).build().unit == 2 ** (GENERATORS[kind].halvings or depth)


def test_an_unknown_kind_asks_for_an_update(refused: "Refused") -> None:
    with refused("unknown-generator", "generator=diffusion"):
        Architecture(3, 3, 5, 4, 8, "batch", 0.5, "diffusion").build()


@pytest.mark.parametrize("kind", ["unet", "encoder-decoder", "resnet"])
def test_without_biases_only_the_last_convolution_has_one(kind: str) -> None:
    with torch.device("meta"):
        network = Architecture(3, 3, 5, 4, 8, "none", 0.5, kind, biases=False).build()
    assert [name for name in network.state_dict() if name.endswith("bias")] == ["last.bias"]


def test_variants_differ_only_where_there_is_something_to_draw() -> None:
    assert Architecture(3, 3, 5, 4, 8, "batch", 0.5).random
    assert not Architecture(3, 3, 5, 4, 8, "batch", 0.0).random
    assert not Architecture(3, 3, 5, 4, 8, "batch", 0.5, dropout_blocks=0).random
    assert Architecture(3, 3, 5, 4, 8, "batch", 0.0, noise=1).random
    assert Architecture(3, 3, 5, 4, 8, "batch", 0.0, noise=1, pixel_noise=1).random
    assert Architecture(3, 3, 2, 4, 8, "batch", 0.5, "resnet", dropout_blocks=0).random


@pytest.mark.parametrize(
    "shape",
    [
        Architecture(3, 3, 5, 4, 64, "instance", 0.5),
        Architecture(3, 3, 5, 4, 16, "instance", 0.25, dropout_blocks=2, dropout_skip=1),
        Architecture(3, 3, 5, 4, 64, "instance", 0.5, "encoder-decoder", dropout_blocks=9),
        Architecture(3, 3, 5, 4, 64, "instance", 0.5, "resnet", blocks=3),
        Architecture(3, 3, 5, 4, 8, "instance", 0.5, "resnet", blocks=2),
        Architecture(3, 3, 5, 4, 64, "instance", 0.0),
        Architecture(3, 3, 5, 4, 64, "instance", 0.0, "resnet", blocks=2),
    ],
    ids=lambda shape: f"{shape.kind} {shape.dropout}",
)
def test_the_layers_with_dropout_are_those_in_which_the_network_drops_something(
    shape: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Runtimes other than torch make the random numbers from this list alone.
    dropped: list[DropoutLayer] = []
    sides = 3 * shape.unit, 2 * shape.unit

    def drop(x: torch.Tensor, share: float, *, training: bool) -> torch.Tensor:
        dropped.append(DropoutLayer(x.shape[1], sides[1] // x.shape[3], share))
        return x

    monkeypatch.setattr("torch.nn.functional.dropout", drop)
    assert shape.build().unit == shape.unit
    shape.build()(torch.zeros(1, 3, *sides))
    assert shape.dropout_layers() == dropped


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
    assert not torch.cat([conv.bias for conv in convs if conv.bias is not None]).any()
    scales = torch.cat([module.weight for module in first.modules() if isinstance(module, BatchNorm)])
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.3)


def test_parameters_are_counted_without_gathered_statistics() -> None:
    assert count_parameters(BatchNorm(7)) == 14

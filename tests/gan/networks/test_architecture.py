"""A shape as a value: what older model files leave out, and what it refuses."""

import pytest
import torch

from p2p_datatools.contract.errors import P2PError
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.resnet import ResNet
from p2p_gan.networks.unet import UNet

# What the card of a model file held before there were other generators than the U-Net.
OLD = {"inputs": 3, "outputs": 3, "depth": 5, "filters": 4, "max_filters": 8, "norm": "batch", "dropout": 0.5}


def test_an_older_file_s_shape_is_the_u_net_that_it_was() -> None:
    network = Architecture(**OLD).build()  # type: ignore[arg-type]
    assert isinstance(network, UNet)
    assert [block.dropout for block in network.up] == [0.5, 0.5, 0.5, 0.0]
    assert (network.skips, network.noise, network.head) == (True, 0, "tanh")
    assert all(name in network.state_dict() for name in ("down.2.conv.bias", "up.0.conv.bias", "last.bias"))


@pytest.mark.parametrize(("kind", "network"), [("unet", UNet), ("encoder-decoder", UNet), ("resnet", ResNet)])
def test_each_kind_is_built(kind: str, network: type) -> None:
    assert isinstance(Architecture(3, 3, 5, 4, 8, "batch", 0.5, kind).build(), network)


def test_an_unknown_kind_asks_for_an_update() -> None:
    with pytest.raises(P2PError, match=r"the generator 'diffusion' is unknown\. Update p2p"):
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
    assert Architecture(3, 3, 2, 4, 8, "batch", 0.5, "resnet", dropout_blocks=0).random

"""The U-Net and the encoder-decoder, checked against the paper's text, and how they behave when applied."""

from typing import TYPE_CHECKING

import pytest
import torch

from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Generator, InferencePass
from p2p_gan.networks.blocks import BilinearConv, ResizeConv
from p2p_gan.networks.norms import BatchNorm
from p2p_gan.networks.unet import UNet
from p2p_gan.networks.weights import count_parameters, initialise

if TYPE_CHECKING:
    from gan.conftest import RandomInput


def unet(depth: int = 5, *, dropout: float = 0.5, norm: str = "batch", kind: str = "unet", **more: object) -> Generator:
    network = Architecture(3, 3, depth, 4, 16, norm, dropout, kind, **more).build()  # type: ignore[arg-type]
    initialise(network, torch.Generator().manual_seed(0))
    return network


@pytest.mark.parametrize(("kind", "joined"), [("unet", 2), ("encoder-decoder", 1)])
def test_the_paper_s_generators_have_their_blocks(kind: str, joined: int) -> None:
    with torch.device("meta"):
        network = Architecture(3, 3, 8, 64, 512, "batch", 0.5, kind).build()
    assert isinstance(network, UNet)
    encoder = [block.conv.out_channels for block in network.down]  # type: ignore[union-attr]
    decoder = [block.conv.out_channels for block in network.up]  # type: ignore[union-attr]
    taken = [block.conv.in_channels for block in network.up]  # type: ignore[union-attr]
    assert encoder == [64, 128, 256, 512, 512, 512, 512, 512]
    assert decoder == [512, 512, 512, 512, 256, 128, 64]
    # Appendix 6.1.1: with skips the decoder sees 1024 channels where it gave 512, and so on.
    assert taken == [512, *(joined * width for width in (512, 512, 512, 512, 256, 128))]
    assert [block.dropout for block in network.up] == [0.5] * 3 + [0.0] * 4


def test_the_paper_s_u_net_has_as_many_weights_as_the_public_ones() -> None:
    with torch.device("meta"):
        network = Architecture(3, 3, 8, 64, 512, "batch", 0.5).build()
    # 54.4 M weights and biases, known from the public implementations of this shape (with biases beside norms).
    assert count_parameters(network) == pytest.approx(54.4e6, rel=0.01)


def test_the_names_of_its_weights_are_those_of_models_already_trained() -> None:
    names = set(unet(3).state_dict())
    norms = {f"{part}.norm.{name}" for part in ("down.1", "up.0", "up.1") for name in BatchNorm(1).state_dict()}
    convs = {
        f"{part}.conv.{name}" for part in ("down.0", "down.1", "down.2", "up.0", "up.1") for name in ("weight", "bias")
    }
    assert names == norms | convs | {"last.weight", "last.bias"}


def test_the_first_layer_and_the_bottleneck_have_no_norm() -> None:
    network = unet(6)
    assert isinstance(network, UNet)
    assert [isinstance(block.norm, BatchNorm) for block in network.down] == [False, True, True, True, True, False]


def test_dropout_is_in_n_blocks_after_those_left_out() -> None:
    network = unet(7, dropout=0.3, dropout_blocks=2, dropout_skip=1)
    assert isinstance(network, UNet)
    assert [block.dropout for block in network.up] == [0.0, 0.3, 0.3, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("depth", [1, 2, 8])
@pytest.mark.parametrize("kind", ["unet", "encoder-decoder"])
def test_it_can_be_as_shallow_or_deep_as_one_likes(depth: int, kind: str, random_input: "RandomInput") -> None:
    network = unet(depth, kind=kind)
    assert network.unit == 2**depth
    side = 256 if depth == 8 else 8
    assert network(random_input(2, height=side, width=side)).shape[2:] == (side, side)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (32, 96), (96, 160)])
@pytest.mark.parametrize("upsampling", ["transposed", "resize", "bilinear"])
def test_the_generator_keeps_any_size_its_depth_divides(height: int, width: int, upsampling: str) -> None:
    assert unet(upsampling=upsampling)(torch.zeros(1, 3, height, width)).shape == (1, 3, height, width)


def test_an_encoder_decoder_s_detail_goes_through_the_bottleneck_alone(random_input: "RandomInput") -> None:
    def fine_detail(kind: str) -> float:
        network = unet(kind=kind, dropout=0.0, norm="none")
        assert isinstance(network, UNet)
        # A bottleneck that says nothing: only a skip can then carry a picture through.
        torch.nn.init.zeros_(network.down[-1].conv.weight)  # type: ignore[union-attr, arg-type]
        with torch.no_grad():
            return float((network(random_input()) - network(-random_input())).abs().max())

    assert fine_detail("encoder-decoder") == 0
    assert fine_detail("unet") > 0


def test_a_unet_of_classes_looks_at_the_mask_in_each_block_of_its_decoder() -> None:
    plain, network = unet(3, dropout=0.0), unet(3, dropout=0.0, class_adaptive=True)
    names = {f"up.{block}.by_class.{table}.weight" for block in (0, 1) for table in ("scale", "shift")}
    assert set(network.state_dict()) == set(plain.state_dict()) | names
    for name, value in network.named_parameters():
        if "by_class" in name:
            torch.nn.init.zeros_(value)
    network.load_state_dict(plain.state_dict(), strict=False)
    mask = torch.zeros(1, 3, 16, 24)
    mask[:, 0, :, :9] = mask[:, 2, :, 9:] = 1
    assert torch.equal(network(mask, InferencePass()), plain(mask, InferencePass()))
    with torch.no_grad():
        network.get_parameter("up.1.by_class.shift.weight")[:, 2] += 1
    changed = network(mask, InferencePass()) != plain(mask, InferencePass())
    assert changed[..., 12:].all()
    assert not changed[..., :6].any(), "one pixel of a block at half the size sees so far"


def test_resizing_leaves_no_transposed_convolution() -> None:
    modules = list(unet(upsampling="resize").modules())
    assert not any(isinstance(module, torch.nn.ConvTranspose2d) for module in modules)
    assert sum(isinstance(module, ResizeConv) for module in modules) == 5


def test_bilinear_upsampling_leaves_the_two_outermost_layers_crisp() -> None:
    layers = [each for each in unet(upsampling="bilinear").modules() if isinstance(each, ResizeConv)]
    assert [isinstance(each, BilinearConv) for each in layers] == [True, True, True, False, False]


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("kind", ["unet", "encoder-decoder"])
def test_a_picture_is_the_same_alone_and_among_others_when_it_is_normalised_by_itself(
    norm: str, kind: str, random_input: "RandomInput"
) -> None:
    network = unet(norm=norm, kind=kind).eval()
    pictures = random_input(3)
    with torch.inference_mode():
        together = network(pictures, InferencePass("picture"))
        alone = torch.cat([network(one[None], InferencePass("picture")) for one in pictures])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_at_batch_1_a_pass_by_its_own_statistics_is_the_training_pass_without_dropout(
    norm: str, random_input: "RandomInput"
) -> None:
    network = unet(dropout=0.0, norm=norm)
    with torch.no_grad():
        torch.testing.assert_close(
            network(random_input()), network(random_input(), InferencePass("picture")), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("kind", ["unet", "encoder-decoder"])
def test_dropout_outside_training_comes_from_the_noise_alone(kind: str, random_input: "RandomInput") -> None:
    network = unet(kind=kind)

    def drawn(seed: int) -> torch.Tensor:
        with torch.inference_mode():
            return network(random_input(), InferencePass(noise=(torch.Generator().manual_seed(seed),)))

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    with torch.inference_mode():
        assert torch.equal(network(random_input(), InferencePass()), network(random_input(), InferencePass()))

"""The shapes and habits of the two networks, checked against the paper's text and against autograd."""

import pytest
import torch

from p2p_gan.networks.applying import Applying
from p2p_gan.networks.initial import count_parameters, initialise
from p2p_gan.networks.norms import Norm
from p2p_gan.networks.patchgan import PatchGAN, receptive_field
from p2p_gan.networks.unet import DROPOUT_BLOCKS, UNet


def unet(depth: int = 5, *, dropout: float = 0.5, norm: str = "batch") -> UNet:
    network = UNet(3, 3, depth=depth, filters=4, max_filters=16, norm=norm, dropout=dropout)
    initialise(network, torch.Generator().manual_seed(0))
    return network


def test_the_paper_s_generator_has_its_blocks() -> None:
    network = UNet(3, 3, depth=8, filters=64, max_filters=512, norm="batch", dropout=0.5)
    encoder = [block.conv.out_channels for block in network.down]  # type: ignore[union-attr]
    decoder = [block.conv.out_channels for block in network.up]  # type: ignore[union-attr]
    assert encoder == [64, 128, 256, 512, 512, 512, 512, 512]
    assert decoder == [512, 512, 512, 512, 256, 128, 64]
    assert [block.dropout for block in network.up] == [0.5] * DROPOUT_BLOCKS + [0.0] * 4
    # 54.4 M weights and biases, known from the public implementations of this shape (with biases beside norms).
    assert count_parameters(network) == pytest.approx(54.4e6, rel=0.01)


def test_the_first_layer_and_the_bottleneck_have_no_norm() -> None:
    normed = [isinstance(block.norm, Norm) for block in unet(6).down]
    assert normed == [False, True, True, True, True, False]


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_the_receptive_field_is_what_autograd_sees(layers: int, field: int) -> None:
    assert receptive_field(layers) == field
    side = field + 64
    network = PatchGAN(2, filters=1, layers=layers, norm="none")
    initialise(network, torch.Generator().manual_seed(0))
    for parameter in network.parameters():
        parameter.data.fill_(0.1)
    a = torch.ones(1, 1, side, side, requires_grad=True)
    logits = network(a, torch.ones(1, 1, side, side)).logits[0]
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert int((a.grad[0, 0].abs().sum(dim=0) > 0).sum()) == field


def test_the_patchgan_of_the_paper_gives_30x30_logits_for_256() -> None:
    a = torch.zeros(1, 3, 256, 256)
    assert PatchGAN(6, filters=4, layers=3, norm="batch")(a, a).logits[0].shape == (1, 1, 30, 30)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (32, 96), (96, 160)])
def test_the_generator_keeps_any_size_its_depth_divides(height: int, width: int) -> None:
    assert unet()(torch.zeros(1, 3, height, width)).shape == (1, 3, height, width)


def test_a_picture_is_the_same_alone_and_among_others_when_it_is_normalised_by_itself() -> None:
    network = unet().eval()
    pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        together = network(pictures, Applying("picture"))
        alone = torch.cat([network(picture[None], Applying("picture")) for picture in pictures])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_at_batch_1_a_pass_by_its_own_statistics_is_the_training_pass_without_dropout() -> None:
    network = unet(dropout=0.0)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(network(picture), network(picture, Applying("picture")), atol=1e-5, rtol=1e-4)


def test_statistics_leave_padding_out() -> None:
    norm = Norm(2)
    picture = torch.rand(1, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(picture, (0, 8, 0, 8), value=100.0)
    inside = norm(padded, Applying("picture", (0.5, 0.5)))[:, :, :8, :8]
    torch.testing.assert_close(inside, norm(picture, Applying("picture")), atol=1e-5, rtol=1e-4)


def test_dropout_outside_training_comes_from_the_noise_alone() -> None:
    network = unet()
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def drawn(seed: int) -> torch.Tensor:
        with torch.inference_mode():
            result: torch.Tensor = network(picture, Applying(noise=(torch.Generator().manual_seed(seed),)))
        return result

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    with torch.inference_mode():
        assert torch.equal(network(picture, Applying()), network(picture, Applying()))


def test_running_statistics_are_gathered_in_training() -> None:
    norm = Norm(1)
    for _ in range(200):
        norm(torch.full((2, 1, 4, 4), 3.0) + torch.tensor([-1.0, 1.0])[:, None, None, None])
    assert norm.running_mean.item() == pytest.approx(3.0, abs=1e-3)
    normed = norm(torch.full((1, 1, 2, 2), 3.0), Applying("running"))
    assert normed.abs().max().item() < 1e-2


def test_weights_are_drawn_from_the_seed() -> None:
    first, second = unet(), unet()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    weights = torch.cat([p.flatten() for name, p in first.named_parameters() if name.endswith("conv.weight")])
    assert weights.std().item() == pytest.approx(0.02, rel=0.05)
    assert all((p == 0).all() for name, p in first.named_parameters() if name.endswith("conv.bias"))

"""The discriminator: its patches against autograd, its condition, its scales."""

import pytest
import torch
import torch.nn.functional as F

from p2p_gan.config.sides import smallest_side
from p2p_gan.networks.blocks import SpectralConv
from p2p_gan.networks.discriminators import (
    MultiScale,
    PatchGAN,
    PixelClassifier,
    SegmentationHead,
    receptive_field,
    receptive_fields,
)
from p2p_gan.networks.norms import BatchNorm
from p2p_gan.networks.weights import initialise

FIELDS = [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142), (5, 286), (6, 574)]


def patchgan(
    layers: int, *, inputs: int = 2, filters: int = 1, norm: str = "none", conditional: bool = True
) -> PatchGAN:
    network = PatchGAN(inputs, filters=filters, layers=layers, norm=norm, conditional=conditional)
    initialise(network, torch.Generator().manual_seed(0))
    return network


def positive(network: torch.nn.Module) -> None:
    """Weights under which nothing cancels out, so that whatever is seen leaves a gradient."""
    for parameter in network.parameters():
        parameter.data.fill_(0.1)


def seen(logits: torch.Tensor, picture: torch.Tensor) -> int:
    """How many columns of the picture the logit in the middle depends on."""
    (gradient,) = torch.autograd.grad(
        logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2], picture, retain_graph=True
    )
    return int((gradient[0, 0].abs().sum(dim=0) > 0).sum())


@pytest.mark.parametrize(("layers", "field"), FIELDS)
def test_the_receptive_field_is_what_autograd_sees(layers: int, field: int) -> None:
    assert receptive_field(layers) == field
    network, side = patchgan(layers), field + 64
    positive(network)
    a = torch.ones(1, 1, side, side, requires_grad=True)
    assert seen(network(a, torch.ones(1, 1, side, side)).logits[0], a) == field


def test_at_each_scale_a_logit_sees_twice_as_far() -> None:
    assert receptive_fields(1, 3) == (16, 32, 64)
    network = MultiScale([patchgan(1) for _ in range(3)])
    positive(network)
    a = torch.ones(1, 1, 160, 160, requires_grad=True)
    logits = network(a, torch.ones(1, 1, 160, 160)).logits
    assert tuple(seen(each, a) for each in logits) == (16, 32, 64)


@pytest.mark.parametrize("layers", range(7))
@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_side_gives_one_logit_and_one_pixel_less_gives_none(layers: int, scales: int) -> None:
    network = MultiScale([patchgan(layers) for _ in range(scales)])
    side = smallest_side(layers, scales)
    a = torch.zeros(1, 1, side, side)
    assert network(a, a).logits[-1].shape == (1, 1, 1, 1)
    with pytest.raises(RuntimeError):
        network(a[..., 1:, 1:], a[..., 1:, 1:])


def test_the_patchgan_of_the_paper_gives_30x30_logits_for_256() -> None:
    a = torch.zeros(1, 3, 256, 256)
    assert patchgan(3, inputs=6, filters=4, norm="batch")(a, a).logits[0].shape == (1, 1, 30, 30)


def test_its_layers_are_the_paper_s() -> None:
    with torch.device("meta"):
        widths = {
            layers: [conv.out_channels for conv in PatchGAN(6, filters=64, layers=layers, norm="batch").convs]
            for layers in (0, 1, 3, 5)
        }
    # Appendix 6.1.2: 1x1, 16x16, 70x70 and 286x286.
    assert widths == {0: [64, 128], 1: [64, 128], 3: [64, 128, 256, 512], 5: [64, 128, 256, 512, 512, 512]}


def test_every_layer_has_a_norm_but_the_first_and_the_last() -> None:
    for layers in (0, 1, 3):
        network = PatchGAN(6, filters=4, layers=layers, norm="batch")
        assert [isinstance(norm, BatchNorm) for norm in network.norms] == [False, *[True] * max(1, layers)]


def test_spectral_norm_is_that_of_every_layer_the_last_one_too() -> None:
    # Without it there the discriminator has no bound on its Lipschitz constant (Miyato et al. 2018, section 2.1).
    network = PatchGAN(2, filters=2, layers=1, norm="none", spectral=True)
    assert all(isinstance(layer, SpectralConv) for layer in network.modules() if isinstance(layer, torch.nn.Conv2d))


def test_single_pixels_are_judged_each_by_itself() -> None:
    network, a = patchgan(0), torch.rand(1, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    whole = network(a, -a).logits[0]
    assert whole.shape == (1, 1, 6, 6)
    torch.testing.assert_close(whole[..., 2:3, 2:3], network(a[..., 2:3, 2:3], -a[..., 2:3, 2:3]).logits[0])


def test_without_its_condition_it_does_not_look_at_the_input() -> None:
    a, b = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blind = patchgan(2, inputs=3, conditional=False)
    assert torch.equal(blind(a, b).logits[0], blind(-a, b).logits[0])
    seeing = patchgan(2, inputs=6)
    assert not torch.equal(seeing(a, b).logits[0], seeing(-a, b).logits[0])


def test_the_features_are_what_each_layer_gives_before_the_last() -> None:
    a = torch.zeros(1, 1, 64, 64)
    judgement = MultiScale([patchgan(2, filters=4), patchgan(2, filters=4)])(a, a)
    assert len(judgement.logits) == 2
    assert [feature.shape[2] for feature in judgement.features] == [32, 16, 15, 16, 8, 7]


def test_a_smaller_scale_sees_the_averaged_picture() -> None:
    a, b = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    network = MultiScale([patchgan(1), patchgan(1)])
    coarse = network.scales[1](F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)).logits[0]
    assert torch.equal(network(a, b).logits[1], coarse)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_only_batch_norm_lets_one_pair_speak_for_another(norm: str) -> None:
    a, b = torch.rand(2, 3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    network = patchgan(2, filters=4, norm=norm)
    with torch.no_grad():
        together, alone = network(a, b).logits[0][:1], network(a[:1], b[:1]).logits[0]
    assert torch.allclose(together, alone, atol=1e-5, rtol=1e-4) == (norm != "batch")


RANDOM = torch.Generator().manual_seed(3)
A, OTHER, B = (torch.rand(2, channels, 32, 64, generator=RANDOM) for channels in (5, 5, 3))


def labelling() -> SegmentationHead:
    patches = PatchGAN(8, filters=4, layers=2, norm="none")
    network = SegmentationHead(patches, 3, classes=5, widths=[4, 8, 8], norm="none")
    initialise(network, torch.Generator().manual_seed(0))
    return network


def test_every_pixel_gets_a_logit_for_each_class_if_asked_for() -> None:
    network = labelling()
    assert network(A, B).labels is None
    labels = network(A, B, labels=True).labels
    assert labels is not None
    assert labels.shape == (2, 5, 32, 64)
    assert labels.abs().max() > 0


def test_labels_are_seen_in_the_photo_and_never_read_off_the_mask() -> None:
    network = labelling()
    one, other, photo = (network(a, b, labels=True).labels for a, b in ((A, B), (OTHER, B), (A, B.flip(3))))
    assert one is not None
    assert other is not None
    assert photo is not None
    assert torch.equal(one, other)
    assert not torch.equal(one, photo)


def test_the_patches_judge_as_they_would_alone() -> None:
    network = labelling()
    for labels in (False, True):
        found, alone = network(A, B, labels=labels), network.patches(A, B)
        assert torch.equal(found.logits[0], alone.logits[0])
        assert len(found.features) == len(alone.features)


def test_a_pixel_is_real_as_probably_as_it_is_of_some_class() -> None:
    network = PixelClassifier(3, classes=4, widths=[4, 8], norm="none")
    initialise(network, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(10)  # so that pixels differ in what they look like
        judgement = network(A, B)
    assert judgement.labels is not None
    fake = judgement.labels.softmax(dim=1)[:, -1:]
    assert fake.std() > 0.01
    torch.testing.assert_close(judgement.logits[0].sigmoid(), 1 - fake)

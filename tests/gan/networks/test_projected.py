"""Projected heads: the mixing that never learns, and what the heads judge by."""

import pytest
import torch
import torch.nn.functional as F

from p2p_gan.networks.base import PhotoFeatures
from p2p_gan.networks.discriminators import PatchGAN, SegmentationHead
from p2p_gan.networks.projected import ProjectedDiscriminator, ProjectedHead, RandomMixer, _double
from p2p_gan.networks.weights import initialise

CHANNELS, SIDES = (4, 6), (5, 3)


def discriminator(condition: int = 3, seed: int = 0) -> ProjectedDiscriminator:
    patches = PatchGAN(6, filters=2, layers=1, norm="none")
    found = ProjectedDiscriminator(patches, CHANNELS, width=8, condition=condition, skipped=1)
    initialise(found, torch.Generator().manual_seed(seed))
    return found


def features(seed: int = 1) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(seed)
    shapes = ((2, 10, 10), *zip(CHANNELS, SIDES, SIDES, strict=True))
    return tuple(torch.randn(2, *shape, generator=random) for shape in shapes)


def logits(
    found: ProjectedDiscriminator, stages: tuple[torch.Tensor, ...], condition: torch.Tensor | None
) -> tuple[torch.Tensor, ...]:
    pair = torch.zeros(2, 3, 16, 16)
    return found.eval()(pair, pair, seen=PhotoFeatures(stages, condition)).projected


def test_each_head_gives_a_logit_for_each_position_of_its_stage_and_none_without_features() -> None:
    found, pair = discriminator(), torch.zeros(2, 3, 16, 16)
    classes = torch.zeros(2, 16, 16, dtype=torch.int64)
    assert [each.shape for each in logits(found, features(), classes)] == [(2, 1, 5, 5), (2, 1, 3, 3)]
    assert found(pair, pair).projected == ()


def test_a_segmentation_head_below_projected_heads_segments_without_them() -> None:
    head = SegmentationHead(PatchGAN(6, filters=2, layers=1, norm="none"), 3, classes=2, widths=[4], norm="none")
    found, photo = ProjectedDiscriminator(head, CHANNELS, width=8, condition=3, skipped=1), torch.rand(1, 3, 16, 16)
    assert torch.equal(found.segment(photo), head.labeller(photo))


def test_the_mixing_is_drawn_from_the_seed_kept_in_the_state_and_not_trained() -> None:
    one, same, other = discriminator(), discriminator(), discriminator(seed=1)
    names = [name for name, _ in one.mixing.named_buffers()]
    assert {f"mixing.{name}" for name in names} <= one.state_dict().keys()
    assert not list(one.mixing.parameters())
    for name in names:
        assert torch.equal(one.mixing.get_buffer(name), same.mixing.get_buffer(name))
        assert not torch.equal(one.mixing.get_buffer(name), other.mixing.get_buffer(name))


def test_a_finer_stage_is_mixed_with_the_coarser_ones_and_not_the_other_way_round() -> None:
    found, before = discriminator(), features()
    changes = []
    for stage in (1, 2):
        changed = [*before]
        changed[stage] = changed[stage] + 1
        pairs = zip(found.mixing(before[1:]), found.mixing(tuple(changed)[1:]), strict=True)
        changes.append([not torch.allclose(one, other) for one, other in pairs])
    assert changes == [[True, False], [True, True]]


def test_the_mixing_keeps_the_size_of_what_it_mixes() -> None:
    random = torch.Generator().manual_seed(2)
    mixed = discriminator().mixing([torch.randn(1, each, 32, 32, generator=random) for each in CHANNELS])
    assert 0.5 < mixed[-1][..., 2:-2, 2:-2].std() < 2


def test_the_heads_judge_by_the_classes_of_the_mask_and_a_pixel_without_a_class_has_none() -> None:
    found, classes = discriminator(), torch.zeros(2, 16, 16, dtype=torch.int64)
    plain, other, none = (logits(found, features(), each)[0] for each in (classes, classes + 1, classes - 1))
    one_hot = F.one_hot(classes, 3).permute(0, 3, 1, 2).float()
    assert torch.allclose(plain, logits(found, features(), one_hot)[0])
    assert not torch.allclose(plain, other)
    assert torch.allclose(none, logits(found, features(), one_hot * 0)[0])


def test_a_coarse_position_sees_the_share_of_each_class_in_its_part_of_the_mask() -> None:
    # Of 4x4 pixels in one position a quarter are of class 1, the others of class 0; the features are 0.
    classes = torch.zeros(1, 4, 4, dtype=torch.int64)
    classes[0, :2, :2] = 1
    beside = discriminator()._beside(torch.zeros(1, 2, 1, 1), classes)
    assert beside.flatten().tolist() == [0, 0, 0.75, 0.25, 0]


def test_a_coarser_stage_lies_over_the_finer_one_from_its_first_pixel_on_where_a_side_is_odd() -> None:
    mixing = RandomMixer((1, 1), 1)
    for stage in (0, 1):
        mixing.get_buffer(f"channels{stage}").fill_(1)
        mixing.get_buffer(f"scales{stage}")[0, 0, 1, 1] = 1
    coarse = torch.tensor([1.0, 0.0]).view(1, 1, 2, 1).expand(1, 1, 2, 2)
    assert mixing((torch.zeros(1, 1, 3, 3), coarse))[0][0, 0, :, 0].tolist() == [1, 0.75, 0.25]


def test_a_head_is_two_layers_of_spectral_norm_1_with_a_leaky_relu_between() -> None:
    torch.manual_seed(0)
    head = ProjectedHead(2, 1).eval()
    for layer in (head.conv, head.last):
        torch.nn.init.dirac_(layer.weight)
        layer.weight.data *= 3
        layer.draw(torch.Generator().manual_seed(0))
        torch.nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    x = torch.tensor([-1.0, 0, 0]).view(1, 3, 1, 1)
    assert head(x).item() == pytest.approx(-0.2)
    assert head(-x).item() == pytest.approx(1)


def test_heads_without_a_condition_judge_the_photo_alone() -> None:
    assert len(logits(discriminator(condition=0), features(), None)) == 2


@pytest.mark.parametrize("side", [2, 3])
def test_doubling_is_linear_interpolation(side: int) -> None:
    x = features()[1]
    size = (10, 5) if side == 2 else (5, 10)
    assert torch.allclose(_double(x, side), F.interpolate(x, size=size, mode="bilinear"), atol=1e-6)

"""The losses as numbers one can work out by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from p2p_gan.networks.base import Discriminator, Judgement
from p2p_gan.networks.discriminators import PatchGAN
from p2p_gan.updates.losses import (
    WEIGHT_CAP,
    class_loss,
    discriminator_loss,
    feature_loss,
    focal_frequency_loss,
    generator_loss,
    gradient_penalty,
    l1_loss,
    l2_loss,
    mode_seeking_loss,
    perceptual_loss,
    pixel_weights,
    projection_generator_loss,
    projection_loss,
    r1_penalty,
    segmentation_loss,
)

GAN_LOSSES = ("bce", "lsgan", "hinge", "wgan")


def judged(*logits: float) -> Judgement:
    """Scales of 2x2 patches that all say the same."""
    return Judgement(tuple(torch.full((1, 1, 2, 2), logit) for logit in logits), ())


def judging(gan_loss: str, logit: float, *, real: bool, smoothing: float = 0.0) -> float:
    return discriminator_loss(gan_loss, judged(logit), real=real, smoothing=smoothing).item()


def test_an_undecided_discriminator_costs_the_logarithm_of_two() -> None:
    assert judging("bce", 0, real=True) == pytest.approx(math.log(2))
    assert judging("bce", 0, real=False) == pytest.approx(math.log(2))


def test_a_confident_logit_costs_little_when_right_and_much_when_wrong() -> None:
    assert judging("bce", 10, real=True) < 1e-4
    assert judging("bce", 10, real=False) == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize(
    ("gan_loss", "for_real", "for_fake"),
    [
        ("lsgan", 0.25, 2.25),  # (1.5 - 1)^2, 1.5^2
        ("hinge", 0.0, 2.5),  # beyond the margin; 1 + 1.5
        ("wgan", -1.5, 1.5),
    ],
)
def test_a_logit_of_one_and_a_half_costs_what_its_loss_says(gan_loss: str, for_real: float, for_fake: float) -> None:
    assert judging(gan_loss, 1.5, real=True) == pytest.approx(for_real)
    assert judging(gan_loss, 1.5, real=False) == pytest.approx(for_fake)


def test_the_hinge_asks_for_a_margin_on_either_side() -> None:
    assert judging("hinge", 0.25, real=True) == pytest.approx(0.75)
    assert judging("hinge", -2.0, real=False) == 0


@pytest.mark.parametrize(
    ("gan_loss", "cost"),
    [("bce", math.log(1 + math.e)), ("lsgan", 4.0), ("hinge", 1), ("wgan", 1)],
)
def test_the_generator_pays_for_a_fake_that_the_discriminator_recognises(gan_loss: str, cost: float) -> None:
    assert generator_loss(gan_loss, judged(-1.0)).item() == pytest.approx(cost)


@pytest.mark.parametrize(("gan_loss", "best"), [("bce", math.log(9)), ("lsgan", 0.9)])
def test_the_best_logit_for_a_smoothed_target_has_probability_nine_in_ten(gan_loss: str, best: float) -> None:
    logit = torch.tensor([[[[best]]]], requires_grad=True)
    discriminator_loss(gan_loss, Judgement((logit,), ()), real=True, smoothing=0.1).backward()  # type: ignore[no-untyped-call]
    assert logit.grad is not None
    assert logit.grad.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("gan_loss", GAN_LOSSES)
def test_smoothing_is_one_sided(gan_loss: str) -> None:
    assert judging(gan_loss, 0.7, real=False, smoothing=0.3) == judging(gan_loss, 0.7, real=False)


@pytest.mark.parametrize("gan_loss", GAN_LOSSES)
def test_scales_count_alike_however_many_patches_they_have(gan_loss: str) -> None:
    scales = Judgement((torch.full((1, 1, 4, 4), 2.0), torch.full((1, 1, 2, 2), -1.0)), ())
    alone = [judging(gan_loss, logit, real=False) for logit in (2.0, -1.0)]
    assert discriminator_loss(gan_loss, scales, real=False).item() == pytest.approx(sum(alone) / 2)


def test_features_are_summed_over_layers_and_averaged_over_scales() -> None:
    def seen(*values: float) -> Judgement:
        return Judgement(judged(0.0, 0.0).logits, tuple(torch.full((1, 3, 4, 4), value) for value in values))

    assert feature_loss(seen(1, 2, 3, 4), seen(0, 0, 0, 0)).item() == pytest.approx(10 / 2)


def test_no_gradient_goes_through_the_features_of_the_real() -> None:
    fake, real = (torch.full((1, 1, 2, 2), value, requires_grad=True) for value in (1.0, 0.0))
    logits = judged(0.0).logits
    feature_loss(Judgement(logits, (fake,)), Judgement(logits, (real,))).backward()  # type: ignore[no-untyped-call]
    assert real.grad is None
    assert fake.grad is not None


def test_l1_is_the_mean_absolute_and_l2_the_mean_squared_difference() -> None:
    fake, real = torch.tensor([[[[1.0, -1.0]]]]), torch.tensor([[[[0.0, 1.0]]]])
    assert l1_loss(fake, real).item() == pytest.approx(1.5)
    assert l2_loss(fake, real).item() == pytest.approx(2.5)


@pytest.mark.parametrize("loss", [l1_loss, l2_loss, focal_frequency_loss, class_loss])
def test_an_output_of_16_bits_is_compared_in_float32(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    random = torch.Generator().manual_seed(5)
    output, real = (torch.rand(2, 3, 8, 8, generator=random) * 2 - 1 for _ in range(2))
    assert loss(output.bfloat16(), real).item() == loss(output.bfloat16().float(), real).item()


def test_logits_that_know_nothing_cost_the_logarithm_of_the_classes() -> None:
    one_hot = torch.eye(5).reshape(1, 5, 5, 1)
    assert class_loss(torch.zeros(1, 5, 5, 1), one_hot).item() == pytest.approx(math.log(5))


def test_class_loss_is_torch_s_cross_entropy_where_pixels_are_ignored() -> None:
    random = torch.Generator().manual_seed(1)
    logits, classes = torch.randn(2, 4, 3, 3, generator=random), torch.randint(-1, 4, (2, 3, 3), generator=random)
    one_hot = torch.stack([classes == index for index in range(4)], dim=1).float()
    weights = pixel_weights((classes < 0)[:, None], None)
    expected = torch.nn.functional.cross_entropy(logits, classes, ignore_index=-1)
    torch.testing.assert_close(class_loss(logits, one_hot, weights), expected)


def test_labels_cost_the_balanced_surprise_of_the_mask_s_classes() -> None:
    classes = torch.tensor([[[0, 0, 0, 1], [0, 0, 0, -1]]])
    weights = pixel_weights(None, classes)
    assert weights is not None
    assert segmentation_loss(torch.zeros(1, 3, 2, 4), classes, weights).item() == pytest.approx(math.log(3))
    sure = 20 * torch.nn.functional.one_hot(classes.clamp(min=0), 3).movedim(3, 1).float()
    assert segmentation_loss(sure, classes, weights).item() == pytest.approx(0, abs=1e-6)
    blind = sure.clone()
    blind[..., 0, 3] = blind[..., 0, 0]  # the one pixel of class 1 is taken for class 0: half of all that counts
    assert segmentation_loss(blind, classes, weights).item() == pytest.approx(10, rel=1e-3)
    unsure = torch.zeros_like(sure)
    assert segmentation_loss(blind, classes, weights, real=blind).item() == 0
    assert (
        segmentation_loss(sure, classes, weights, real=blind).item() == 0
    )  # plainer than the real photo gains nothing
    above = segmentation_loss(blind, classes, weights, real=unsure)
    assert above.item() == pytest.approx((20 - math.log(3)) / 2, rel=1e-3)


def test_a_repeatable_run_has_the_same_segmentation_loss_and_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = torch.randint(-1, 5, (2, 6, 7), generator=torch.Generator().manual_seed(1))
    drawn = torch.randn(2, 5, 6, 7, generator=torch.Generator().manual_seed(2))
    weights, found = pixel_weights(None, classes), list[Tensor]()
    assert weights is not None
    for repeatable in (False, True):
        monkeypatch.setattr(torch, "are_deterministic_algorithms_enabled", lambda given=repeatable: given)
        logits = drawn.clone().requires_grad_()
        loss = segmentation_loss(logits, classes, weights, real=drawn.flip(0))
        (gradient,) = torch.autograd.grad(loss, logits)
        found += [loss.detach(), gradient]
    torch.testing.assert_close(found[:2], found[2:])
    assert found[1].any()


def test_ignored_pixels_are_left_out_of_the_mean() -> None:
    fake, real = torch.tensor([[[[1.0, 9.0]]]]), torch.zeros(1, 1, 1, 2)
    weights = pixel_weights(torch.tensor([[[[False, True]]]]), None)
    assert l1_loss(fake, real, weights).item() == pytest.approx(1.0)
    assert l2_loss(fake, real, weights).item() == pytest.approx(1.0)


def test_a_batch_without_a_pixel_that_counts_costs_nothing() -> None:
    weights = pixel_weights(torch.ones(1, 1, 2, 2, dtype=torch.bool), -torch.ones(1, 2, 2, dtype=torch.int64))
    assert l1_loss(torch.ones(1, 3, 2, 2), torch.zeros(1, 3, 2, 2), weights).item() == 0


def class_map(*areas: int) -> torch.Tensor:
    """A picture (1, 1, w) with so many pixels of class 0, 1, ..."""
    return torch.cat([torch.full((1, 1, area), index) for index, area in enumerate(areas)], dim=2)


def test_balanced_classes_share_a_picture_s_weight_equally() -> None:
    weights = pixel_weights(None, class_map(12, 3, 1))
    assert weights is not None
    shares = torch.tensor_split(weights.flatten(), [12, 15])
    assert [share.sum().item() for share in shares] == pytest.approx([16 / 3] * 3)
    assert weights.mean().item() == pytest.approx(1)


def test_a_few_stray_pixels_weigh_at_most_the_cap() -> None:
    weights = pixel_weights(None, class_map(9_999, 1))
    assert weights is not None
    common, stray = weights.flatten()[[0, -1]].tolist()
    assert stray / common == pytest.approx(WEIGHT_CAP / (10_000 / (2 * 9_999)))
    assert weights.mean().item() == pytest.approx(1)


def test_a_picture_s_weights_do_not_depend_on_its_neighbours() -> None:
    one, other = class_map(12, 3, 1), class_map(1, 1, 14)
    both = pixel_weights(None, torch.cat((one, other)))
    alone = pixel_weights(None, one)
    assert both is not None
    assert alone is not None
    assert torch.equal(both[:1], alone)


def test_pixels_without_a_class_and_ignored_ones_are_not_counted_as_a_class() -> None:
    classes = torch.tensor([[[0, 0, 1, -1, 2]]])
    ignored = torch.tensor([[[[False, False, False, False, True]]]])
    weights = pixel_weights(ignored, classes)
    assert weights is not None
    assert weights.flatten().tolist() == pytest.approx([0.75, 0.75, 1.5, 0, 0])


def test_the_perceptual_loss_is_the_squared_distance_of_unit_vectors_summed_over_stages() -> None:
    ours = (torch.tensor([3.0, 4.0]), torch.tensor([1.0, 0.0]))
    theirs = (torch.tensor([0.0, 2.0]), torch.tensor([0.0, 5.0]))
    fake, real = (tuple(each.view(1, 2, 1, 1).expand(1, 2, 3, 2) for each in stages) for stages in (ours, theirs))
    # (.6, .8) and (0, 1) are sqrt(.4) apart, (1, 0) and (0, 1) sqrt(2).
    assert perceptual_loss(fake, real).item() == pytest.approx(0.4 + 2, rel=1e-5)
    assert perceptual_loss(fake[:1], real[:1]).item() == pytest.approx(0.4, rel=1e-5)


def test_the_perceptual_loss_of_features_that_are_all_zero_has_a_finite_gradient() -> None:
    fake = torch.zeros(1, 2, 3, 2, requires_grad=True)
    perceptual_loss([fake], [torch.ones(1, 2, 3, 2)]).backward()  # type: ignore[no-untyped-call]
    assert fake.grad is not None
    assert fake.grad.isfinite().all()


def test_projected_heads_have_a_hinge_each_and_the_generator_pays_for_their_mean_logits() -> None:
    found = Judgement((), (), projected=tuple(torch.full((1, 1, 2, 2), logit) for logit in (0.25, -2.0)))
    assert projection_loss(found, real=True).item() == pytest.approx(0.75 + 3)
    assert projection_loss(found, real=False).item() == pytest.approx(1.25 + 0)
    assert projection_generator_loss(found).item() == pytest.approx(-0.25 + 2)


def test_the_less_two_noises_move_a_picture_the_more_that_costs() -> None:
    still, noises = torch.zeros(1, 3, 2, 2), (torch.zeros(1, 4, 1, 1), torch.full((1, 4, 1, 1), 2.0))
    costs = [mode_seeking_loss((still, torch.full_like(still, moved)), noises).item() for moved in (1.0, 0.5, 0.0)]
    assert costs == pytest.approx([2.0, 4.0, 1e5], rel=1e-3)


SHAPE = (2, 3, 4, 4)


class Slope(Discriminator):
    """Judges b by one weight for each of its values: its gradient is those weights, everywhere, of norm `norm`."""

    def __init__(self, norm: float) -> None:
        super().__init__()
        weights = torch.randn(SHAPE[1:], generator=torch.Generator().manual_seed(3))
        self.weights = nn.Parameter(weights * (norm / weights.norm()))
        self.seen: list[Tensor] = []

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        self.seen.append(b)
        value = (b * self.weights).sum(dim=(1, 2, 3))
        # Four patches whose mean is the value, at one scale.
        return Judgement((value[:, None, None, None] * torch.tensor([[0.0, 2.0], [0.5, 1.5]]),), ())


def pictures(seed: int) -> Tensor:
    return torch.rand(SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("norm", "cost"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_the_gradient_penalty_is_the_squared_distance_of_the_slope_from_one(norm: float, cost: float) -> None:
    penalty = gradient_penalty(Slope(norm), pictures(0), pictures(1), pictures(2))
    assert penalty.item() == pytest.approx(cost, abs=1e-6)


def test_r1_is_the_squared_slope() -> None:
    assert r1_penalty(Slope(3.0), pictures(0), pictures(1)).item() == pytest.approx(9.0)


def test_the_penalties_teach_the_discriminator_by_their_own_gradient() -> None:
    critic = Slope(3.0)
    with torch.no_grad():
        unit = critic.weights / 3
    for penalty, factor in (
        (gradient_penalty(critic, pictures(0), pictures(1), pictures(2)), 2 * (3 - 1)),
        (r1_penalty(critic, pictures(0), pictures(1)), 2 * 3),
    ):
        (gradient,) = torch.autograd.grad(penalty, critic.weights)
        torch.testing.assert_close(gradient, factor * unit)


def test_the_points_lie_between_real_and_fake_one_for_each_picture() -> None:
    critic = Slope(1.0)
    torch.manual_seed(4)
    gradient_penalty(critic, pictures(0), torch.zeros(SHAPE), torch.ones(SHAPE))
    shares = critic.seen[0].flatten(1)
    assert torch.equal(shares.amin(dim=1), shares.amax(dim=1))
    assert 0 <= shares.min() < shares.max() <= 1
    assert shares[0, 0] != shares[1, 0]


def test_ignored_pixels_are_left_out_of_the_slope() -> None:
    critic = Slope(1.0)
    ignored = torch.zeros(SHAPE[0], 1, *SHAPE[2:], dtype=torch.bool)
    ignored[:, :, 1:] = True
    kept = critic.weights[:, :1].square().sum().item()
    assert r1_penalty(critic, pictures(0), pictures(1), ignored).item() == pytest.approx(kept)
    penalty = gradient_penalty(critic, pictures(0), pictures(1), pictures(2), ignored)
    assert penalty.item() == pytest.approx((kept**0.5 - 1) ** 2)


def test_a_picture_ignored_as_a_whole_gives_no_nan_gradient() -> None:
    critic = Slope(1.0)
    ignored = torch.ones(SHAPE[0], 1, *SHAPE[2:], dtype=torch.bool)
    penalty = gradient_penalty(critic, pictures(0), pictures(1), pictures(2), ignored)
    (gradient,) = torch.autograd.grad(penalty, critic.weights)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_a_penalty_is_computed_in_float32_whatever_the_run_computes_in() -> None:
    convolution = nn.Conv2d(3, 1, 1)

    class Convolution(Discriminator):
        def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
            return Judgement((convolution(b),), ())

    expected = convolution.weight.detach().square().sum().item() / 16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = r1_penalty(Convolution(), pictures(0), pictures(1).bfloat16())
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_penalty_on_a_single_picture_has_the_gradient_that_it_has_in_a_batch(layout: torch.memory_format) -> None:
    network = PatchGAN(6, filters=4, layers=2, norm="instance").to(memory_format=layout)  # type: ignore[call-overload]
    random = torch.Generator().manual_seed(1)
    a, b = (torch.rand(2, 3, 32, 32, generator=random).contiguous(memory_format=layout) for _ in range(2))
    weights = [network.convs[0].weight, network.convs[1].weight]

    def gradient(pictures: slice) -> torch.Tensor:
        found = torch.autograd.grad(r1_penalty(network, a[pictures], b[pictures]), weights)
        return torch.cat([each.flatten() for each in found])

    apart = gradient(slice(0, 2)) - (gradient(slice(0, 1)) + gradient(slice(1, 2))) / 2
    assert apart.norm() < 1e-4 * gradient(slice(0, 2)).norm()


def focal_frequency(fake: Tensor, real: Tensor) -> Tensor:
    """The loss as Jiang et al. 2021 write it, eq. 3, 7 and 8: a sum over all frequencies, term by term."""
    height, width = real.shape[-2:]
    rows, columns = (torch.arange(side, dtype=torch.float64) for side in (height, width))
    found = []
    for one in (fake - real).double().flatten(0, 1):
        spectrum = torch.stack(
            [
                torch.stack(
                    [
                        (one * torch.exp(-2j * math.pi * (u * rows[:, None] / height + v * columns / width))).sum()
                        for v in range(width)
                    ]
                )
                for u in range(height)
            ]
        ) / math.sqrt(height * width)
        found.append((spectrum.abs() / spectrum.abs().max().detach() * spectrum.abs() ** 2).mean())
    return torch.stack(found).mean()


@pytest.mark.parametrize("size", [(4, 6), (3, 5)])
def test_the_focal_frequency_loss_is_its_equation(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    fake, real = (torch.randn(2, 3, *size, requires_grad=True) for _ in range(2))
    loss = focal_frequency_loss(fake, real)
    assert loss.item() == pytest.approx(focal_frequency(fake, real).item(), rel=1e-5)
    assert loss <= l2_loss(fake, real)


def test_differences_half_as_large_cost_a_quarter_in_any_frequency_however_small_they_are() -> None:
    difference = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = focal_frequency_loss(difference, torch.zeros_like(difference)).item()
    for share in (2.0**-1, 2.0**-10):
        found = focal_frequency_loss(share * difference, torch.zeros_like(difference)).item()
        assert found == pytest.approx(share**2 * whole, rel=1e-5)


def test_the_focal_frequency_loss_grows_with_the_frequency_that_is_missing_and_leads_to_the_real_picture() -> None:
    real = torch.cos(torch.arange(16) * math.pi / 4).expand(1, 1, 16, 16)
    fake = (0.5 * real).clone().requires_grad_()
    # One frequency differs: its weight is 1, and the loss is that of the values.
    assert focal_frequency_loss(fake, real).item() == pytest.approx(l2_loss(fake, real).item(), rel=1e-4)
    (slope,) = torch.autograd.grad(focal_frequency_loss(fake, real), fake)
    assert focal_frequency_loss(fake - slope, real) < focal_frequency_loss(fake, real)
    same = real.clone().requires_grad_()
    (slope,) = torch.autograd.grad(focal_frequency_loss(same, real), same)
    assert slope.abs().max() == 0

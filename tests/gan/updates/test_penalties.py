"""The penalties against critics whose steepness is known."""

import pytest
import torch
from torch import Tensor, nn

from p2p_gan.networks.contract import Discriminator, Judgement
from p2p_gan.updates.penalties import gradient_penalty, r1_penalty

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


def test_ignored_pixels_are_no_part_of_the_slope() -> None:
    critic = Slope(1.0)
    ignored = torch.zeros(SHAPE[0], 1, *SHAPE[2:], dtype=torch.bool)
    ignored[:, :, 1:] = True
    kept = critic.weights[:, :1].square().sum().item()
    assert r1_penalty(critic, pictures(0), pictures(1), ignored).item() == pytest.approx(kept)
    penalty = gradient_penalty(critic, pictures(0), pictures(1), pictures(2), ignored)
    assert penalty.item() == pytest.approx((kept**0.5 - 1) ** 2)


def test_a_picture_ignored_as_a_whole_gives_no_gradient_that_is_no_number() -> None:
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

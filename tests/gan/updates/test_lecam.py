"""LeCam regularisation: the equation of its authors, and averages that no update can spoil."""

import pytest
import torch

from p2p_gan.networks.base import Judgement
from p2p_gan.updates.lecam import DECAY, LeCam, lecam_loss, mean_logits


def judged(*scales: list[float]) -> Judgement:
    return Judgement(tuple(torch.tensor(values).reshape(1, 1, 1, -1).requires_grad_() for values in scales), ())


def test_the_loss_is_the_distance_from_the_other_s_average() -> None:
    real, fake = judged([1.0, 3.0], [2.0]), judged([0.0, -2.0], [1.0])
    averages = torch.tensor([[1.5, 4.0], [-0.5, 3.0]])  # real, fake
    first = ((1 + 0.5) ** 2 + (3 + 0.5) ** 2) / 2 + ((0 - 1.5) ** 2 + (-2 - 1.5) ** 2) / 2
    second = (2 - 3) ** 2 + (1 - 4) ** 2
    loss = lecam_loss(real, fake, averages)
    assert loss.item() == pytest.approx((first + second) / 2)
    (slope,) = torch.autograd.grad(loss, real.logits[1])
    assert slope.item() == pytest.approx(2 * (2 - 3) / 2), "the average is a constant"


def test_averages_begin_with_the_first_update_and_follow_the_next_ones() -> None:
    lecam = LeCam(scales=1)
    assert lecam.follow(mean_logits(judged([1.0, 3.0]), judged([-4.0]))).flatten().tolist() == pytest.approx([2, -4])
    found = lecam.follow(torch.tensor([[5.0], [-4.0]]))
    assert found.flatten().tolist() == pytest.approx([(DECAY * 2 + 5) / (DECAY + 1), -4])
    assert not found.requires_grad


def test_an_update_that_overflows_leaves_the_averages_as_they_were() -> None:
    lecam = LeCam(scales=1)
    before = lecam.follow(torch.tensor([[1.0], [2.0]]))
    for value in (float("inf"), float("nan")):
        assert torch.equal(lecam.follow(torch.tensor([[value], [0.0]])), before)


def test_a_checkpoint_s_averages_go_on_bit_for_bit() -> None:
    lecam, other = LeCam(scales=2), LeCam(scales=2)
    lecam.follow(torch.randn(2, 2))
    other.load_state_dict(lecam.state_dict())
    means = torch.randn(2, 2)
    assert torch.equal(lecam.follow(means), other.follow(means))

"""The losses as numbers one can work out by hand."""

import math

import pytest
import torch

from p2p_gan.losses import discriminator_loss, l1_loss
from p2p_gan.networks.contract import Judgement


def judged(logits: torch.Tensor) -> Judgement:
    return Judgement((logits,), ())


def test_an_undecided_discriminator_costs_the_logarithm_of_two() -> None:
    assert discriminator_loss("cross-entropy", judged(torch.zeros(1, 1, 30, 30)), real=True).item() == pytest.approx(
        math.log(2)
    )
    assert discriminator_loss("cross-entropy", judged(torch.zeros(1, 1, 30, 30)), real=False).item() == pytest.approx(
        math.log(2)
    )


def test_a_sure_logit_is_cheap_when_right_and_dear_when_wrong() -> None:
    sure = torch.full((1, 1, 2, 2), 10.0)
    assert discriminator_loss("cross-entropy", judged(sure), real=True).item() < 1e-4
    assert discriminator_loss("cross-entropy", judged(sure), real=False).item() == pytest.approx(10.0, rel=1e-3)


def test_l1_is_the_mean_absolute_difference() -> None:
    assert l1_loss(torch.tensor([1.0, -1.0]), torch.tensor([0.0, 1.0])).item() == pytest.approx(1.5)

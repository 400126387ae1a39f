"""A discriminator that segments into classes and "fake", and LabelMix: the equations of their authors."""

import math
from functools import partial
from itertools import product

import pytest
import torch
from torch import Tensor

from p2p_gan.config.config import Config
from p2p_gan.networks.base import Discriminator, Judgement
from p2p_gan.networks.discriminators import PixelClassifier
from p2p_gan.networks.weights import initialise
from p2p_gan.updates.augment import DiscriminatorView
from p2p_gan.updates.label_mix import Mixture, draw_mixture, label_mix_loss
from p2p_gan.updates.losses import Verdicts
from p2p_gan.updates.recipe import Recipe

COUNT = 3
RECIPE = Recipe(Config(gan_loss="segmentation"))


def segmented(seed: int) -> Judgement:
    logits = torch.randn(1, COUNT + 1, 4, 6, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    return Judgement((), (), logits)


def verdicts(real: Judgement, fake: Judgement, classes: Tensor, ignored: Tensor | None = None) -> Verdicts:
    b = torch.zeros(1, 3, 4, 6)
    view = DiscriminatorView(b, b, b, ignored, classes)
    mixture = Mixture(draw_mixture(classes, COUNT), segmented(3))
    whole = partial(Verdicts, share_of=lambda *_, **__: 1.0, mean_of=lambda values: (values, 1.0), mixture=mixture)
    return whole(RECIPE.config, Discriminator(), view, real, fake)


def test_the_losses_are_cross_entropies_of_n_and_one_classes_balanced_by_area() -> None:
    """Schönfeld et al. 2021, eq. 1 and 2; each divided by pixels and classes, as all means here are."""
    real, fake = segmented(1), segmented(2)
    classes = torch.randint(COUNT, (1, 4, 6), generator=torch.Generator().manual_seed(0))
    assert real.labels is not None
    assert fake.labels is not None
    at = verdicts(real, fake, classes)
    losses = RECIPE.judge("d", at) | RECIPE.judge("g", at)
    of_real, of_fake = (each.labels.detach().softmax(dim=1)[0] for each in (real, fake))  # type: ignore[union-attr]
    sums = {"d_real": 0.0, "d_fake": 0.0, "g_gan": 0.0}
    for row, column in product(range(4), range(6)):
        own = int(classes[0, row, column])
        alpha = 24 / int((classes == own).sum())
        sums["d_real"] -= alpha * math.log(of_real[own, row, column]) / COUNT
        sums["g_gan"] -= alpha * math.log(of_fake[own, row, column]) / COUNT
        sums["d_fake"] -= math.log(of_fake[COUNT, row, column])
    assert {name: losses[name].item() for name in sums} == pytest.approx({k: v / 24 for k, v in sums.items()}, rel=1e-5)


def test_ignored_pixels_and_those_without_a_class_teach_nothing() -> None:
    real, fake = segmented(1), segmented(2)
    classes, ignored = torch.zeros(1, 4, 6, dtype=torch.long), torch.zeros(1, 1, 4, 6, dtype=torch.bool)
    classes[:, :, 3:], ignored[:, :, :, :1] = -1, True
    at = verdicts(real, fake, classes, ignored)
    losses = RECIPE.judge("d", at)
    (of_real,) = torch.autograd.grad(losses["d_real"], real.labels)  # type: ignore[arg-type]
    (of_fake,) = torch.autograd.grad(losses["d_fake"], fake.labels)  # type: ignore[arg-type]
    assert (of_real != 0).any(dim=1)[0].tolist() == [[False, True, True, False, False, False]] * 4
    assert (of_fake != 0).any(dim=1)[0].tolist() == [[False, True, True, True, True, True]] * 4


def test_a_mixture_is_real_or_generated_by_whole_classes() -> None:
    torch.manual_seed(0)
    classes = torch.randint(-1, COUNT, (40, 8, 8))
    real = draw_mixture(classes, COUNT)[:, 0]
    drawn = set()
    for picture, index in product(range(40), range(-1, COUNT)):
        values = set(real[picture][classes[picture] == index].tolist())
        assert len(values) == 1
        drawn.add((index, *values))
    assert len(drawn) == 2 * (COUNT + 1), "each class is either, at some time"


def test_labelmix_compares_the_output_for_a_mixture_with_the_mixture_of_outputs() -> None:
    real, fake = segmented(1), segmented(2)
    chosen = torch.arange(24).reshape(1, 1, 4, 6) % 2 == 0
    assert real.labels is not None
    assert fake.labels is not None
    exact = real.labels * chosen + fake.labels * ~chosen
    assert label_mix_loss(Mixture(chosen, Judgement((), (), exact)), real, fake) == 0
    assert label_mix_loss(Mixture(chosen, Judgement((), (), exact + 3)), real, fake).item() == pytest.approx(9)
    assert label_mix_loss(Mixture(~chosen, Judgement((), (), exact)), real, fake) > 0


def test_a_pixel_s_logit_is_that_of_being_any_class_but_fake() -> None:
    network = PixelClassifier(3, classes=COUNT, widths=[4, 8], norm="none")
    initialise(network, torch.Generator().manual_seed(0))
    b = torch.rand(2, 3, 16, 24)
    judgement = network(torch.zeros(2, 1, 16, 24), b)
    assert judgement.labels is not None
    assert judgement.labels.shape == (2, COUNT + 1, 16, 24)
    fake = judgement.labels.softmax(dim=1)[:, -1:]
    torch.testing.assert_close(judgement.logits[0].sigmoid(), 1 - fake)


def test_every_class_and_what_has_none_are_drawn_at_even_chances_apart_from_each_other() -> None:
    torch.manual_seed(0)
    classes = (torch.arange(COUNT + 1) - 1).expand(4000, 1, -1)
    real = draw_mixture(classes, COUNT)[:, 0, 0].float()
    assert real.mean(dim=0).tolist() == pytest.approx([0.5] * (COUNT + 1), abs=0.04)
    alike = torch.corrcoef(real.T) - torch.eye(COUNT + 1)
    assert alike.abs().max().item() < 0.08

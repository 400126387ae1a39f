"""One update of the networks as a function of its arguments.

Nothing here may read data, write files or know how long training lasts.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from p2p_gan.data.dataset import Batch
from p2p_gan.networks.base import Discriminator, Generator, Judgement
from p2p_gan.networks.norms import Across
from p2p_gan.updates.augment import Seen, augmented
from p2p_gan.updates.losses import (
    class_loss,
    discriminator_loss,
    feature_loss,
    generator_loss,
    gradient_penalty,
    l1_loss,
    l2_loss,
    label_loss,
    modes_loss,
    pixel_weights,
    r1_penalty,
)
from p2p_gan.updates.optimise import follow, scaled
from p2p_gan.updates.recipe import Recipe

Autocast = Callable[[], AbstractContextManager[object]]
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Passes:
    """How networks are called that several processes train: gradients come out as the mean over all of them.

    `mean` takes that of any tensor; `across` are the processes that share batch statistics, where they do.
    """

    generator: Callable[..., Tensor]
    discriminator: Callable[..., Judgement] | None
    mean: Callable[[Tensor], Tensor]
    across: Across | None = None


@dataclass(frozen=True)
class Networks:
    """What training changes; without a game there is no discriminator, without a half-life no average.

    `passes` are there where other processes train the same networks.
    """

    generator: Generator
    discriminator: Discriminator | None
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer | None
    averaged: Generator | None = None
    passes: Passes | None = None

    @property
    def making(self) -> Callable[..., Tensor]:
        """The pass of the generator whose gradient is followed."""
        return self.generator if self.passes is None else self.passes.generator

    @property
    def judging(self) -> Callable[..., Judgement]:
        """The pass of the discriminator whose gradient is followed."""
        found = self.discriminator if self.passes is None else self.passes.discriminator
        assert found is not None, "there is no game"
        return found

    @property
    def applied(self) -> Generator:
        """The generator that a model file gets: the average, where there is one."""
        return self.averaged if self.averaged is not None else self.generator

    @property
    def optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """The optimisers that there are."""
        return tuple(each for each in (self.generator_optimizer, self.discriminator_optimizer) if each is not None)

    @property
    def opponent(self) -> tuple[Discriminator, torch.optim.Optimizer]:
        """The discriminator and its optimiser, in a game."""
        discriminator, optimizer = self.discriminator, self.discriminator_optimizer
        assert discriminator is not None, "there is no game"
        assert optimizer is not None, "a discriminator has an optimiser"
        return discriminator, optimizer


@dataclass(frozen=True)
class Made:
    """What the generator made of a batch: its `output`, and `fake`, which is that as the discriminator takes it.

    `fake` is the values, or the probabilities of the classes, with the real ones where pixels are ignored; `noise` is
    what it was made of.
    """

    output: Tensor
    fake: Tensor
    noise: Tensor | None


def train_step(nets: Networks, batch: Batch, recipe: Recipe, autocast: Autocast) -> Tensor:
    """One update, of both networks where there is a game: by turns or from one forward pass, as the recipe says.

    Returns the losses in the order of `recipe.names`, unweighted, a tensor on the device that nobody has to wait for.
    """
    made = _make(nets, batch, recipe, autocast)
    losses = _likeness(made, batch, recipe, nets.passes)
    if "g_modes" in recipe.weights:
        losses["g_modes"] = _modes(nets, made, batch, recipe, autocast)
    if not recipe.plays:
        update(nets.generator_optimizer, _generator_objective(losses, recipe, batch))
    elif recipe.simultaneous:
        losses = _simultaneously(nets, batch, made, losses, recipe, autocast)
    else:
        losses = _by_turns(nets, batch, made, losses, recipe, autocast)
    return torch.stack([losses[name] for name in recipe.names]).detach()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Follow the gradient of `loss` for one step."""
    _differentiate(optimizer, loss)
    follow(optimizer)


def _differentiate(optimizer: torch.optim.Optimizer, loss: Tensor, *, again: bool = False) -> None:
    """Take the gradient of `loss` for the optimiser's own parameters; `again`: another follows."""
    optimizer.zero_grad(set_to_none=True)
    own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    scaled(optimizer, loss).backward(inputs=own, retain_graph=again)  # type: ignore[no-untyped-call]


def _by_turns(nets: Networks, batch: Batch, made: Made, likeness: Losses, recipe: Recipe, autocast: Autocast) -> Losses:
    """First the discriminator, then the generator against what it became (Isola et al. 2017, section 3.3)."""
    discriminator, optimizer = nets.opponent
    discriminator.requires_grad_(True)
    seen = _look(batch, made.fake.detach(), recipe)
    with autocast():
        real, fake = nets.judging(seen.a, seen.b, labels=recipe.labels), nets.judging(seen.a, seen.fake)
    losses = _discriminator_losses(discriminator, seen, real, fake, recipe)
    if recipe.labels:
        losses["d_labels"] = _labels(real, seen, batch, nets.passes)
    update(optimizer, _discriminator_objective(losses, recipe, batch))

    discriminator.requires_grad_(False)
    seen = _look(batch, made.fake, recipe)
    with autocast():
        fake = discriminator(seen.a, seen.fake, labels=recipe.labels)
        real = discriminator(seen.a, seen.b) if "g_features" in recipe.weights else real
    losses |= likeness | _generator_losses(real, fake, recipe)
    if "g_labels" in recipe.weights:
        losses["g_labels"] = _labels(fake, seen, batch, nets.passes)
    update(nets.generator_optimizer, _generator_objective(losses, recipe, batch))
    return losses


def _simultaneously(
    nets: Networks, batch: Batch, made: Made, likeness: Losses, recipe: Recipe, autocast: Autocast
) -> Losses:
    """Both gradients from the same networks and one pass through each, then both steps (the car work's code)."""
    discriminator, optimizer = nets.opponent
    discriminator.requires_grad_(True)
    seen = _look(batch, made.fake, recipe)
    with autocast():
        real, fake = (nets.judging(seen.a, each, labels=recipe.labels) for each in (seen.b, seen.fake))
    losses = _discriminator_losses(discriminator, seen, real, fake, recipe)
    if recipe.labels:
        losses["d_labels"] = _labels(real, seen, batch, nets.passes)
    losses |= likeness | _generator_losses(real, fake, recipe)
    if "g_labels" in recipe.weights:
        losses["g_labels"] = _labels(fake, seen, batch, nets.passes)
    _differentiate(optimizer, _discriminator_objective(losses, recipe, batch), again=True)
    _differentiate(nets.generator_optimizer, _generator_objective(losses, recipe, batch))
    for each in (optimizer, nets.generator_optimizer):
        follow(each)
    return losses


def _make(nets: Networks, batch: Batch, recipe: Recipe, autocast: Autocast) -> Made:
    """One pass of the generator; the noise is torch's own, so that a checkpoint knows where it goes on."""
    noise = nets.generator.draw_noise(batch.a) if nets.generator.noise else None
    with autocast():
        output = nets.making(batch.a, noise=noise)
    fake = output.float().softmax(dim=1) if recipe.classes else output
    if batch.ignored is not None:
        # Ignored pixels of the fake are those of the real: no loss sees them, and no gradient comes from them.
        fake = torch.where(batch.ignored, batch.b, fake.float())
    return Made(output, fake, noise)


def _look(batch: Batch, fake: Tensor, recipe: Recipe) -> Seen:
    """What the discriminator sees, drawn anew at each look."""
    classes = batch.classes if recipe.labels else None
    return augmented(Seen(batch.a, batch.b, fake, batch.ignored, classes), recipe.augment, recipe.colours)


def _likeness(made: Made, batch: Batch, recipe: Recipe, passes: Passes | None) -> Losses:
    """How far the fakes are from what was wanted."""
    assert batch.classes is not None or not recipe.balanced, "the recipe was refused where pairs have no classes"
    weights = pixel_weights(batch.ignored, batch.classes if recipe.balanced else None)
    losses = {}
    if "g_l1" in recipe.weights:
        losses["g_l1"] = l1_loss(made.fake, batch.b, weights)
    if "g_l2" in recipe.weights:
        losses["g_l2"] = l2_loss(made.fake, batch.b, weights)
    if "g_classes" in recipe.weights:
        losses["g_classes"] = class_loss(made.output, batch.b, weights)
    share = _share(weights, batch, passes)
    return {name: loss * share for name, loss in losses.items()}


def _share(weights: Tensor | None, batch: Batch, passes: Passes | None) -> Tensor | float:
    """What a mean over this part of the batch counts: with many ignored pixels it says less than one with few."""
    if passes is None or weights is None:
        return 1.0
    mine = weights.mean()
    return mine / passes.mean(mine * batch.factor).clamp(min=1e-12)


def _modes(nets: Networks, made: Made, batch: Batch, recipe: Recipe, autocast: Autocast) -> Tensor:
    """How alike two fakes of one input are; the second is made for this loss alone."""
    other = _make(nets, batch, recipe, autocast)
    assert made.noise is not None, "the rules ask for noise"
    assert other.noise is not None, "the rules ask for noise"
    return modes_loss((made.fake, other.fake), (made.noise, other.noise))


def _discriminator_losses(
    discriminator: Discriminator, seen: Seen, real: Judgement, fake: Judgement, recipe: Recipe
) -> Losses:
    losses = {
        "d_real": discriminator_loss(recipe.game, real, real=True, smoothing=recipe.smoothing),
        "d_fake": discriminator_loss(recipe.game, fake, real=False),
    }
    if "d_penalty" in recipe.weights:
        losses["d_penalty"] = gradient_penalty(discriminator, seen.a, seen.b, seen.fake, seen.ignored)
    if "d_r1" in recipe.weights:
        losses["d_r1"] = r1_penalty(discriminator, seen.a, seen.b, seen.ignored)
    return losses


def _generator_losses(real: Judgement, fake: Judgement, recipe: Recipe) -> Losses:
    losses = {"g_gan": generator_loss(recipe.game, fake)} if "g_gan" in recipe.weights else {}
    if "g_features" in recipe.weights:
        losses["g_features"] = feature_loss(fake, real)
    return losses


def _labels(judgement: Judgement, seen: Seen, batch: Batch, passes: Passes | None) -> Tensor:
    """What is not seen of the mask; each class weighs the same, however few its pixels are."""
    assert judgement.labels is not None, "the recipe asked for them"
    assert seen.classes is not None, "labels were refused where pairs have no classes"
    weights = pixel_weights(seen.ignored, seen.classes)
    assert weights is not None, "there are classes"
    return label_loss(judgement.labels, seen.classes, weights) * _share(weights, batch, passes)


def _discriminator_objective(losses: Losses, recipe: Recipe, batch: Batch) -> Tensor:
    # Halved, penalties too, which slows the discriminator against the generator (section 3.3).
    total = _weighted(losses, recipe, "d_", batch.factor)
    return total / 2 if recipe.halved else total


def _generator_objective(losses: Losses, recipe: Recipe, batch: Batch) -> Tensor:
    return _weighted(losses, recipe, "g_", batch.factor)


def _weighted(losses: Losses, recipe: Recipe, player: str, factor: float) -> Tensor:
    terms = [factor * weight * losses[name] for name, weight in recipe.weights.items() if name.startswith(player)]
    return reduce(torch.add, terms)

"""One training step of generator and discriminator as a function of its arguments (Isola et al. 2017, section 3.3).

Nothing here may read data, write files or know how long training lasts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from p2p_gan.data.dataset import Batch
from p2p_gan.networks.base import Discriminator, Generator, Judgement, PhotoFeatures
from p2p_gan.networks.casts import cast_together
from p2p_gan.networks.efficientnet import FeatureNetwork
from p2p_gan.networks.norms import SyncBatchNorm, in_one_pass, keep_running
from p2p_gan.updates.augment import DiscriminatorView, augment
from p2p_gan.updates.label_mix import Mixture, draw_mixture
from p2p_gan.updates.lecam import LeCam
from p2p_gan.updates.losses import (
    FeaturePair,
    GeneratorOutput,
    Losses,
    MeanShare,
    PictureComparison,
    Verdicts,
    pixel_weights,
)
from p2p_gan.updates.micro import MicroBatch, split_batch
from p2p_gan.updates.optimise import optimizer_step, scale_loss
from p2p_gan.updates.recipe import Recipe

_Autocast = Callable[[], AbstractContextManager[object]]
_SHORT_FLOATS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Passes:
    """The networks as several processes call them, so that gradients are averaged over all processes.

    `mean` averages any tensor over them; `across` synchronises the statistics of batch norm, None if each process has
    its own.
    """

    generator: Callable[..., Tensor]
    discriminator: Callable[..., Judgement] | None
    mean: Callable[[Tensor], Tensor]
    across: SyncBatchNorm | None = None


@dataclass(frozen=True)
class Networks:
    """The networks and their optimisers; `discriminator` is None with gan_loss=none, `ema` and `lecam` if switched off.

    `passes` are set if several processes train the same networks. `features` is pretrained and never changes, so that
    no checkpoint holds it; None if no loss uses it.
    """

    generator: Generator
    discriminator: Discriminator | None
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer | None
    ema: Generator | None = None
    lecam: LeCam | None = None
    passes: Passes | None = None
    features: FeatureNetwork | None = None

    @property
    def generator_pass(self) -> Callable[..., Tensor]:
        """The generator as it is called for a forward pass with gradients."""
        return self.generator if self.passes is None else self.passes.generator

    @property
    def discriminator_pass(self) -> Callable[..., Judgement]:
        """The discriminator as it is called for a forward pass with gradients."""
        found = self.discriminator if self.passes is None else self.passes.discriminator
        assert found is not None, "there is no discriminator"
        return found

    @property
    def inference_generator(self) -> Generator:
        """The generator that is saved as the model: the EMA if there is one."""
        return self.ema if self.ema is not None else self.generator

    @property
    def optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """The optimisers of generator and discriminator."""
        return tuple(each for each in (self.generator_optimizer, self.discriminator_optimizer) if each is not None)

    @property
    def discriminator_and_optimizer(self) -> tuple[Discriminator, torch.optim.Optimizer]:
        """The discriminator and its optimiser; only with a gan_loss other than none."""
        discriminator, optimizer = self.discriminator, self.discriminator_optimizer
        assert discriminator is not None, "there is no discriminator"
        assert optimizer is not None, "a discriminator has an optimiser"
        return discriminator, optimizer


def train_step(nets: Networks, batch: Batch, recipe: Recipe, autocast: _Autocast) -> Tensor:
    """One update of the generator and, if there is one, the discriminator: alternating or simultaneous, as configured.

    A batch of several parts has one step of each optimiser with the sum of the parts' gradients. Returns the losses in
    the order of `recipe.names`, without their weights, as a tensor on the device.
    """
    if len(batch.parts) > 1:
        losses = _accumulate(nets, split_batch(batch), recipe, autocast)
        return torch.stack([losses[name] for name in recipe.names]).detach()
    whole = _BatchPass(nets, batch, recipe, autocast)
    generated = whole.generate_and_look()
    losses = whole.compare(generated)
    if recipe.config.gan_loss == "none":
        update(nets.generator_optimizer, recipe.objective("g", losses, batch.factor))
    elif recipe.config.update_order == "simultaneous":
        losses |= whole.update_simultaneously(generated, losses)
    else:
        losses |= whole.update_alternately(generated, losses)
    return torch.stack([losses[name] for name in recipe.names]).detach()


def _accumulate(nets: Networks, parts: Sequence[MicroBatch], recipe: Recipe, autocast: _Autocast) -> Losses:
    """One update of each network from the parts of a batch, of which one is computed at a time.

    It is the update of the whole batch, but for norms over the batch, which see a part at a time, and for dropout,
    noise and augmentation in an alternating update: the discriminator is updated from all parts before the generator
    sees the first, so that each part is generated twice, with draws of their own.
    """
    config, found, known = recipe.config, list[Losses](), list[Tensor | None]()
    if config.gan_loss != "none" and config.update_order == "alternating":
        optimizer = nets.discriminator_and_optimizer[1]
        optimizer.zero_grad(set_to_none=True)
        for part in parts:
            with _communicate(nets, part):
                losses, labels = _BatchPass(nets, part, recipe, autocast).add_discriminator_gradient()
            known.append(labels)
            found.append({name: value.detach() * part.factor for name, value in losses.items()})
        optimizer_step(optimizer)
    steps = nets.optimizers if config.update_order == "simultaneous" else (nets.generator_optimizer,)
    for optimizer in steps:
        optimizer.zero_grad(set_to_none=True)
    for part, labels in zip_longest(parts, known):
        with _communicate(nets, part):
            losses = _BatchPass(nets, part, recipe, autocast).add_generator_gradient(labels)
        found.append({name: value.detach() * part.factor for name, value in losses.items()})
    for optimizer in steps:
        optimizer_step(optimizer)
    names = dict.fromkeys(name for losses in found for name in losses)
    return {name: torch.stack([losses[name] for losses in found if name in losses]).sum(dim=0) for name in names}


@contextmanager
def _communicate(nets: Networks, part: MicroBatch) -> Iterator[None]:
    """While this is open, gradients are averaged over processes if the part is the last, which has the sum of all."""
    with ExitStack() as open_until_last:
        if nets.passes is not None and nets.passes.across is not None:
            nets.passes.across.weight = part.weight
        if nets.passes is not None and not part.last:
            wrapped: tuple[Any, ...] = (nets.passes.generator, nets.passes.discriminator)
            for each in wrapped:
                if each is not None:
                    open_until_last.enter_context(each.no_sync())
        yield


class _FeatureInputs(NamedTuple):
    """What the discriminator is given beside a pair: the features of real and fake b, and these without gradient."""

    real: dict[str, PhotoFeatures]
    fake: dict[str, PhotoFeatures]
    detached: dict[str, PhotoFeatures]


@dataclass(frozen=True)
class _BatchPass:
    """What the networks compute from one batch, or from one part of a batch whose gradients are accumulated.

    Nothing is kept here: what one method returns is handed to the next.
    """

    nets: Networks
    batch: Batch
    recipe: Recipe
    autocast: _Autocast

    def update_alternately(self, generated: GeneratorOutput, pictures: Losses) -> Losses:
        """The discriminator first, then the generator against the updated one (Isola et al. 2017, section 3.3)."""
        losses, labels = self._judge_discriminator(generated)
        update(self.nets.discriminator_and_optimizer[1], self.recipe.objective("d", losses, self.batch.factor))
        losses |= self._judge_generator(generated, labels)
        update(self.nets.generator_optimizer, self.recipe.objective("g", pictures | losses, self.batch.factor))
        return losses

    def update_simultaneously(self, generated: GeneratorOutput, pictures: Losses) -> Losses:
        """Both gradients from one forward pass of each network, then both steps (as in the code of preset `cars`)."""
        optimizers = (self.nets.discriminator_and_optimizer[1], self.nets.generator_optimizer)
        for each in optimizers:
            each.zero_grad(set_to_none=True)
        losses = self._add_both_gradients(generated, pictures)
        for each in optimizers:
            optimizer_step(each)
        return losses

    def _judge_discriminator(self, generated: GeneratorOutput) -> tuple[Losses, Tensor | None]:
        """The discriminator's losses in an alternating update: no gradient reaches the generator.

        Also the class logits of the real photo, for the generator's turn; None if it has to ask for them again.
        """
        verdicts = self._judge_pairs(generated, for_both=False)
        labels = verdicts.real.labels if self.recipe.keeps_labels else None
        return self.recipe.judge("d", verdicts), None if labels is None else labels.detach()

    def _judge_generator(self, generated: GeneratorOutput, labels: Tensor | None) -> Losses:
        """The generator's losses that need the discriminator, in an alternating update: the discriminator is frozen.

        `labels` are the class logits of the real photo, if they are known.
        """
        discriminator, _ = self.nets.discriminator_and_optimizer
        discriminator.requires_grad_(False)
        view = self._view(generated.fake_b)
        seen = self._see(view, generated.features)
        with self.autocast(), self._cast(discriminator):
            fake = discriminator(view.real_a, view.fake_b, labels=self.recipe.has_segmentation_head, **seen.fake)
            real = self._judge_real(discriminator, view, labels) if self.recipe.matches_real else fake
        return self.recipe.judge("g", self._verdicts(view, real, fake))

    def _judge_real(self, discriminator: Discriminator, view: DiscriminatorView, labels: Tensor | None) -> Judgement:
        """What the generator's losses need of the output for the real pair: features, the head's classes, or both."""
        config = self.recipe.config
        if labels is not None:
            return Judgement((), (), labels)
        hinge = self.recipe.has_segmentation_head and config.segmentation_hinge
        # With spectral norm a pass is also a step of the estimate of the norm: it stays where the photo is asked again.
        if hinge and "g_features" not in self.recipe.weights and not config.spectral_norm:
            return Judgement((), (), discriminator.segment(view.real_b))
        return discriminator(view.real_a, view.real_b, labels=hinge)

    def _add_both_gradients(self, generated: GeneratorOutput, pictures: Losses) -> Losses:
        """Add the gradients of a simultaneous update to those of both networks; returns the losses."""
        verdicts = self._judge_pairs(generated, for_both=True)
        losses = self.recipe.judge("d", verdicts) | self.recipe.judge("g", verdicts)
        optimizer = self.nets.discriminator_and_optimizer[1]
        _add_gradient(optimizer, self.recipe.objective("d", losses, self.batch.factor), retain_graph=True)
        _add_gradient(self.nets.generator_optimizer, self.recipe.objective("g", pictures | losses, self.batch.factor))
        return losses

    def _judge_pairs(self, generated: GeneratorOutput, *, for_both: bool) -> Verdicts:
        """The discriminator's output for real and fake pairs: for its own losses alone, or `for_both` networks'.

        For its own, no gradient reaches the generator, and the head is not asked about the fake.
        """
        discriminator, _ = self.nets.discriminator_and_optimizer
        discriminator.requires_grad_(True)
        view = self._view(generated.fake_b if for_both else generated.fake_b.detach())
        seen = self._see(view, generated.features)
        head, seen_fake = self.recipe.has_segmentation_head, seen.fake if for_both else seen.detached
        with self.autocast(), self._cast(discriminator):
            real = self.nets.discriminator_pass(view.real_a, view.real_b, labels=head, **seen.real)
            fake = self.nets.discriminator_pass(view.real_a, view.fake_b, labels=head and for_both, **seen_fake)
            return self._verdicts(view, real, fake, self._mix(discriminator, view, real))

    def add_discriminator_gradient(self) -> tuple[Losses, Tensor | None]:
        """Add a part's gradient to the discriminator's in an alternating update; its losses, and labels of its head."""
        with torch.no_grad(), keep_running(self.nets.generator):
            noise = self._draw_noise()
            generated = self._generate(noise)  # `_see` looks where heads need it
        losses, labels = self._judge_discriminator(generated)
        _add_gradient(self.nets.discriminator_and_optimizer[1], self.recipe.objective("d", losses, self.batch.factor))
        return losses, labels

    def add_generator_gradient(self, labels: Tensor | None) -> Losses:
        """Add a part's gradient to the generator's, in a simultaneous update to the discriminator's too."""
        generated = self.generate_and_look()
        losses = self.compare(generated)
        if self.recipe.config.update_order == "simultaneous":
            return losses | self._add_both_gradients(generated, losses)
        if self.recipe.config.gan_loss != "none":
            losses |= self._judge_generator(generated, labels)
        _add_gradient(self.nets.generator_optimizer, self.recipe.objective("g", losses, self.batch.factor))
        return losses

    def generate_and_look(self) -> GeneratorOutput:
        """The output, with another one and with the pretrained features of the photos where losses use them."""
        if "g_modes" in self.recipe.weights:
            generated, other = self._generate_two()
            generated = replace(generated, other=other)
        else:
            generated = self._generate(self._draw_noise())
        if self.nets.features is None or not self.recipe.uses_features:
            return generated
        color = self.recipe.config.perceptual_color if "g_perceptual" in self.recipe.weights else 1.0
        return replace(generated, features=_features_of(self.nets.features, self.batch.b, generated.fake_b, color))

    def _generate(self, noise: Tensor | None) -> GeneratorOutput:
        """One forward pass of the generator."""
        with self.autocast(), self._cast(self.nets.generator):
            output = self.nets.generator_pass(self.batch.a, noise=noise)
        return self._generator_output(output, noise)

    def _generate_two(self) -> tuple[GeneratorOutput, GeneratorOutput]:
        """Two outputs for the same input and different noise: in one pass, if that draws what two passes draw."""
        first = self._draw_noise()
        assert first is not None, "the config check refuses mode seeking without noise"
        if self.nets.passes is not None or self.recipe.config.dropout:
            one = self._generate(first)
            return one, self._generate(self._draw_noise(first))
        second = self._draw_noise(first)
        assert second is not None, "as the first"
        inputs, noises = torch.cat((self.batch.a, self.batch.a)), torch.cat((first, second))
        with self.autocast(), self._cast(self.nets.generator), in_one_pass(self.nets.generator, 2):
            outputs = self.nets.generator(inputs, noise=noises).chunk(2)
        pairs = zip(outputs, (first, second), strict=True)
        one, other = (self._generator_output(output, noise) for output, noise in pairs)
        return one, other

    def _draw_noise(self, before: Tensor | None = None) -> Tensor | None:
        """Noise from torch's random state, which a checkpoint holds; with `before` its noise of pixels, the texture."""
        channels = self.nets.generator.noise
        if not channels.count:
            return None
        noise = self.nets.generator.draw_noise(self.batch.a)
        return noise if before is None else torch.cat((noise[:, : channels.whole], before[:, channels.whole :]), dim=1)

    def _generator_output(self, output: Tensor, noise: Tensor | None) -> GeneratorOutput:
        fake_b = output.float().softmax(dim=1) if self.recipe.classes else output
        if self.batch.ignored is not None:
            # Ignored pixels of the fake are copied from the real: they add nothing to a loss or a gradient.
            fake_b = torch.where(self.batch.ignored, self.batch.b, fake_b.float())
        return GeneratorOutput(output, fake_b, None if noise is None else noise[:, : self.nets.generator.noise.whole])

    def compare(self, generated: GeneratorOutput) -> Losses:
        """The losses that need no discriminator: those of the table that compare pictures."""
        batch, balanced = self.batch, self.recipe.config.class_balanced
        assert batch.classes is not None or not balanced, "make_recipe refuses class_balanced if pairs have no classes"
        weights = pixel_weights(batch.ignored, batch.classes if balanced else None)
        return self.recipe.compare(
            PictureComparison(
                batch.b,
                generated,
                weights,
                _share(batch, self.nets.passes, weights, balanced=balanced),
                self.recipe.config.perceptual_stages,
            )
        )

    def _verdicts(
        self, view: DiscriminatorView, real: Judgement, fake: Judgement, mixture: Mixture | None = None
    ) -> Verdicts:
        """What the losses are given of the discriminator's output for `view`."""
        nets, config = self.nets, self.recipe.config
        share_of, mean_of = partial(_share, self.batch, nets.passes), partial(_mean, self.batch, nets.passes)
        discriminator, _ = nets.discriminator_and_optimizer
        return Verdicts(config, discriminator, view, real, fake, share_of, mean_of, nets.lecam, mixture)

    def _mix(self, discriminator: Discriminator, view: DiscriminatorView, real: Judgement) -> Mixture | None:
        """The discriminator's output for real and generated classes in one picture, for LabelMix; None without it."""
        if "d_labelmix" not in self.recipe.weights:
            return None
        assert view.classes is not None, "the config check refuses segmentation if pairs have no classes"
        assert real.labels is not None, "the discriminator segments"
        chosen = draw_mixture(view.classes, real.labels.shape[1] - 1)
        mixed = torch.where(chosen, view.real_b, view.fake_b.detach().to(view.real_b))
        return Mixture(chosen, discriminator(view.real_a, mixed))

    def _view(self, fake_b: Tensor) -> DiscriminatorView:
        """The discriminator's input, augmented with a new random draw at each call."""
        classes = self.batch.classes if self.recipe.sees_classes else None
        view = DiscriminatorView(self.batch.a, self.batch.b, fake_b, self.batch.ignored, classes)
        return augment(view, self.recipe.config.discriminator_augment, self.recipe.photos)

    def _see(self, view: DiscriminatorView, known: FeaturePair | None) -> _FeatureInputs:
        """The features for the projected heads: those that are `known`, or of the photos that it is given."""
        if self.nets.features is None or not self.recipe.has_projected_heads:
            return _FeatureInputs({}, {}, {})
        if known is None or not self.recipe.shares_features:
            known = _features_of(self.nets.features, view.real_b, view.fake_b)
        given = view.real_a if view.classes is None else view.classes
        condition = given if self.recipe.config.conditional else None
        stages = (known.real, known.fake, tuple(each.detach() for each in known.fake))
        return _FeatureInputs(*({"seen": PhotoFeatures(each, condition)} for each in stages))

    def _cast(self, network: nn.Module) -> AbstractContextManager[None]:
        """The network with its weights in the type of autocast, where each cast would be a launch of its own."""
        dtype = _SHORT_FLOATS.get(self.recipe.config.precision)
        if dtype is None or self.batch.a.device.type != "cuda" or self.nets.passes is not None:
            return nullcontext()
        return cast_together(network, dtype)


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimiser with the gradient of `loss`."""
    optimizer.zero_grad(set_to_none=True)
    _add_gradient(optimizer, loss)
    optimizer_step(optimizer)


def _add_gradient(optimizer: torch.optim.Optimizer, loss: Tensor, *, retain_graph: bool = False) -> None:
    """Add the gradient of `loss` to that of the optimiser's own parameters alone."""
    own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    scale_loss(optimizer, loss).backward(inputs=own, retain_graph=retain_graph)  # type: ignore[no-untyped-call]


def _share(batch: Batch, passes: Passes | None, weights: Tensor | None, *, balanced: bool = True) -> MeanShare:
    """The weight of a mean over this part of the batch: with many ignored pixels it counts less than with few."""
    if weights is None:
        return 1.0
    if isinstance(batch, MicroBatch):
        whole = batch.mean_weight(balanced=balanced)
        whole = whole if passes is None else passes.mean(whole)
        return batch.own_weight(balanced=balanced) / whole.clamp(min=1e-12)
    if passes is None:
        return 1.0
    own = weights.mean()
    return own / passes.mean(own * batch.factor).clamp(min=1e-12)


def _mean(batch: Batch, passes: Passes | None, values: Tensor) -> tuple[Tensor, float | Tensor]:
    """(the mean of a tensor over the processes' shares of the batch, the part of the update that these are).

    The part is 1 but for accumulated batches, whose parts add up to 1.
    """
    if passes is None:
        return values, batch.factor if isinstance(batch, MicroBatch) else 1.0
    mean = passes.mean(values * batch.factor)
    if not isinstance(batch, MicroBatch):
        return mean, 1.0
    part = passes.mean(values.new_full((), batch.factor))
    return mean / part, part


def _features_of(network: FeatureNetwork, real_b: Tensor, fake_b: Tensor, color: float = 1.0) -> FeaturePair:
    """The features of real and generated photos with that share of their colour; real ones keep no gradient."""

    def fade(photos: Tensor) -> Tensor:
        return photos if color == 1 else torch.lerp(photos.mean(dim=1, keepdim=True), photos, color)

    return FeaturePair(*network.compare(fade(real_b), fade(fake_b)))

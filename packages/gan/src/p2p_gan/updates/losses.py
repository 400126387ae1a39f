"""The losses as functions of tensors that return one number each, and the table with the name and weight of each.

Nothing here may change a network or know an optimiser; a row of the table says which tensors a function is called with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_gan.config.config import Config
from p2p_gan.networks.base import Discriminator, Judgement
from p2p_gan.networks.norms import differentiate_twice
from p2p_gan.updates.augment import DiscriminatorView
from p2p_gan.updates.label_mix import Mixture, fake_class_losses, label_mix_loss
from p2p_gan.updates.lecam import LeCam, lecam_loss, mean_logits

WEIGHT_CAP = 50.0  # the largest weight of a pixel of a rare class; without balancing every pixel has 1
_MODES_EPSILON = 1e-5  # Mao et al. 2019, code
_UNIT_EPSILON = 1e-8  # added to a squared length
_CLASSES = 256  # masks hold 8-bit class indices


def discriminator_loss(gan_loss: str, judgement: Judgement, *, real: bool, smoothing: float = 0.0) -> Tensor:
    """The discriminator's GAN loss for pairs that are all `real` or all fake: the mean over patches, then over scales.

    bce: Isola et al. 2017, eq. 1. lsgan: Mao et al. 2017, eq. 9, targets 1 and 0, without its factor 1/2, which
    `halve_discriminator_loss` is. hinge: Miyato et al. 2018, eq. 16. wgan: Arjovsky et al. 2017, eq. 2.
    `smoothing` lowers the target of real pairs by that much, not that of fake ones (Salimans et al. 2016, section 3.4).
    """
    return _over_scales([_patch_loss(gan_loss, logits, real=real, smoothing=smoothing) for logits in judgement.logits])


def _patch_loss(gan_loss: str, logits: Tensor, *, real: bool, smoothing: float = 0.0) -> Tensor:
    """The mean over the patches of one scale, or of one projected head."""
    logits, sign = logits.float(), 1.0 if real else -1.0
    target = 1.0 - smoothing if real else 0.0
    if gan_loss == "bce":
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    if gan_loss == "lsgan":
        return (logits - target).square().mean()
    if gan_loss == "hinge":
        return F.relu(1 - sign * logits).mean()
    return -sign * logits.mean()


def _over_scales(values: Sequence[Tensor]) -> Tensor:
    """The mean over the scales of a discriminator, of which there is mostly one."""
    return values[0] if len(values) == 1 else torch.stack(list(values)).mean(dim=0)


def generator_loss(gan_loss: str, judgement: Judgement) -> Tensor:
    """The generator's GAN loss for its fakes.

    With bce and lsgan it is the discriminator's loss with the target of real pairs: the generator maximises
    log D(a, G(a)) instead of minimising log(1 - D) (section 3.3). With hinge and wgan it is minus the mean logit.
    """
    return discriminator_loss("wgan" if gan_loss == "hinge" else gan_loss, judgement, real=True)


def feature_loss(fake: Judgement, real: Judgement) -> Tensor:
    """Feature matching (pix2pixHD): the distance of the discriminator's features of fake pairs from those of real ones.

    The mean L1 distance of each layer, summed over layers, averaged over scales (Wang et al. 2018, eq. 4, and its
    code). The features of real pairs are detached.
    """
    pairs = zip(fake.features, real.features, strict=True)
    layers = [F.l1_loss(ours.float(), theirs.detach().float()) for ours, theirs in pairs]
    total, scales = torch.stack(layers).sum(), len(fake.logits)
    return total if scales == 1 else total / scales


def l1_loss(fake: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean absolute difference of values in -1..1 (eq. 3); `weights` (n, 1, h, w) weight each pixel."""
    if weights is None:
        return F.l1_loss(fake.float(), real.float())
    return _mean((fake.float() - real.float()).abs().mean(dim=1, keepdim=True), weights)


def l2_loss(fake: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean squared difference of values in -1..1; `weights` as in `l1_loss`."""
    return _mean((fake.float() - real.float()).square().mean(dim=1, keepdim=True), weights)


def focal_frequency_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Mean squared difference of the spectra, in which frequencies that differ most weigh most (Jiang et al. 2021).

    The mean over frequencies, channels and pictures of w |F(fake) - F(real)|^2 (eq. 8), where F is the orthonormal 2D
    discrete Fourier transform of each channel, and w (eq. 7, alpha = 1) the size of the same difference, divided by the
    largest of its picture and channel, as a constant. Thus it is at most the L2 loss.
    """
    width = real.shape[-1]
    with torch.autocast(real.device.type, enabled=False):
        difference = torch.fft.rfft2(fake.float() - real.float(), norm="ortho")  # it is symmetric: half of it will do
        squares: Tensor = difference.real.square() + difference.imag.square()
    with torch.no_grad():
        sizes = squares.sqrt()
        weights = sizes / sizes.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
        column = torch.arange(squares.shape[-1], device=real.device)
        weights *= torch.where((column == 0) | (2 * column == width), 1.0, 2.0)  # others stand for two columns
    loss: Tensor = (weights * squares).sum() / real.numel()
    return loss


def class_loss(logits: Tensor, one_hot: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of class logits (n, classes, h, w) and one-hot classes, in nats per pixel; weighted like L1."""
    cross_entropy = -(one_hot * F.log_softmax(logits.float(), dim=1)).sum(dim=1, keepdim=True)
    return _mean(cross_entropy, weights)


def segmentation_loss(logits: Tensor, classes: Tensor, weights: Tensor, real: Tensor | None = None) -> Tensor:
    """Cross-entropy of the head's logits (n, classes, h, w) and the mask's `classes` (n, h, w), in nats per pixel.

    It trains the segmentation head on real photos and the generator through generated ones (Odena et al. 2017, eq. 3).
    The `weights` (n, 1, h, w) balance the classes; a pixel without a class (-1) has weight 0. With `real`, the logits
    for the real photos, which get no gradient, it is max(0, H(fake) - H(real)) in each pixel, H being the cross-entropy
    (ours): where a photo is as plain as the real one, nothing makes it plainer.
    """
    found = _cross_entropies(logits, classes)
    if real is not None:
        found = F.relu(found - _cross_entropies(real.detach(), classes))
    return _mean(found[:, None], weights)


def _cross_entropies(logits: Tensor, classes: Tensor) -> Tensor:
    """The cross-entropy (n, h, w) of each pixel in nats; 0 where it has no class."""
    if not torch.are_deterministic_algorithms_enabled():
        return F.cross_entropy(logits.float(), classes, ignore_index=-1, reduction="none")
    # torch's own is not deterministic on CUDA; a sum over classes is, of which all but one are 0.
    numbers = torch.arange(logits.shape[1], device=logits.device)[:, None, None]
    likelihoods = torch.where(classes[:, None] == numbers, F.log_softmax(logits.float(), dim=1), 0.0)
    return -likelihoods.sum(dim=1)


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """The weighted mean of values (n, 1, h, w); 0 if all weights are 0."""
    if weights is None:
        return values.mean()
    return (values * weights).sum() / weights.sum().clamp(min=1e-12)


def pixel_weights(ignored: Tensor | None, classes: Tensor | None) -> Tensor | None:
    """The weight of each pixel, (n, 1, h, w): 0 where `ignored`, else 1, or that of its class; None if all are 1.

    With `classes` (n, h, w), -1 for none, every class of a picture has the same weight in total: with N pixels that
    have a class, N_c of class c, and K classes, a pixel of c has the weight min(50, N / (K N_c)); all are then scaled
    to a mean of 1, so that the loss keeps its scale. N, N_c and K are counted in each picture, as Xie and Tu 2015
    (eq. 2) balance edges, so that the loss of a picture does not depend on the others of the batch. The cap keeps a
    class of a few stray pixels from dominating the loss.
    """
    kept = None if ignored is None else ~ignored
    if classes is None:
        return None if kept is None else kept.float()
    flat = classes.flatten(1)
    counts = (flat >= 0) if kept is None else (flat >= 0) & kept.flatten(1)
    index = flat.clamp(min=0)
    # Along a single side: for more, deterministic sums of some versions of torch wait for CUDA.
    firsts = torch.arange(0, len(flat) * _CLASSES, _CLASSES, device=flat.device)[:, None]
    areas = torch.zeros(len(flat) * _CLASSES, device=flat.device)
    areas = areas.scatter_add_(0, (index + firsts).flatten(), counts.float().flatten()).view(-1, _CLASSES)
    pixels, present = areas.sum(dim=1, keepdim=True), (areas > 0).sum(dim=1, keepdim=True)
    balanced = pixels / (present * areas.gather(1, index)).clamp(min=1)
    weights = balanced.clamp(max=WEIGHT_CAP) * counts
    scaled = weights * (pixels / weights.sum(dim=1, keepdim=True).clamp(min=1e-12))
    return scaled.reshape(classes.shape)[:, None]


def perceptual_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """The distance of photos in the features of a pretrained network (Johnson et al. 2016, eq. 2).

    At every position of a stage the features (n, channels, h, w) are a vector, which is scaled to length 1; the loss is
    the squared distance of the two vectors, averaged over positions and summed over stages (Zhang et al. 2018, eq. 1,
    with all weights 1).
    """
    stages = [(_unit(ours) - _unit(theirs)).square().sum(dim=1).mean() for ours, theirs in zip(fake, real, strict=True)]
    return torch.stack(stages).sum()


def _unit(features: Tensor) -> Tensor:
    """Features (n, channels, h, w) with vectors of length 1 along the channels; 0 stays 0."""
    wide = features.float()
    return wide * torch.rsqrt(wide.square().sum(dim=1, keepdim=True) + _UNIT_EPSILON)


def projection_loss(judgement: Judgement, *, real: bool) -> Tensor:
    """The hinge loss of the projected heads for photos that are all `real` or fake, summed over heads.

    Sauer et al. 2021, eq. 4, with the hinge of its section 4 as the GAN loss; the mean over the patches of a head.
    """
    return torch.stack([_patch_loss("hinge", logits, real=real) for logits in judgement.projected]).sum()


def projection_generator_loss(judgement: Judgement) -> Tensor:
    """Minus the mean logit of each projected head for the generator's fakes, summed over heads (Sauer et al. 2021)."""
    return -torch.stack([logits.float().mean() for logits in judgement.projected]).sum()


def mode_seeking_loss(fakes: tuple[Tensor, Tensor], noises: tuple[Tensor, Tensor]) -> Tensor:
    """The inverse of the difference of two outputs relative to that of their noise (Mao et al. 2019, eq. 3, its code).

    1 / (|G(z1) - G(z2)| / |z1 - z2|), both means of absolute differences in each picture.
    """
    output_distance, noise_distance = (
        (first.float() - second.float()).abs().mean(dim=(1, 2, 3)) for first, second in (fakes, noises)
    )
    return (1 / (output_distance / noise_distance + _MODES_EPSILON)).mean()


def gradient_penalty(
    discriminator: Discriminator, a: Tensor, real: Tensor, fake: Tensor, ignored: Tensor | None = None
) -> Tensor:
    """The mean of (|gradient| - 1)^2 at points between `real` and `fake`, given `a` (Gulrajani et al. 2017, eq. 3).

    One point for each picture, uniform between the two. The gradient is that of the picture's mean logit with respect
    to b, without `ignored` pixels (n, 1, h, w). It can be differentiated again, for the discriminator's weights.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = real.detach().float().lerp(fake.detach().float(), share)
    norms = torch.linalg.vector_norm(_gradient(discriminator, a, between, ignored).flatten(1), dim=1)
    return torch.mean((norms - 1) ** 2)


def r1_penalty(discriminator: Discriminator, a: Tensor, real: Tensor, ignored: Tensor | None = None) -> Tensor:
    """The mean of |gradient|^2 at the real pictures, given `a` (Mescheder et al. 2018, eq. 9, without its factor)."""
    return _gradient(discriminator, a, real.detach().float(), ignored).square().flatten(1).sum(dim=1).mean()


def _gradient(discriminator: Discriminator, a: Tensor, b: Tensor, ignored: Tensor | None) -> Tensor:
    b = b.detach().requires_grad_(True)
    with torch.autocast(b.device.type, enabled=False), differentiate_twice(discriminator):
        total = _mean_logit(discriminator(a.float(), b)).sum()
    (gradient,) = torch.autograd.grad(total, b, create_graph=True)
    return gradient if ignored is None else gradient.masked_fill(ignored, 0)


def _mean_logit(judgement: Judgement) -> Tensor:
    """One number for each picture, (n,): the mean over patches, then over scales, as in the GAN loss."""
    return _over_scales([logits.float().mean(dim=(1, 2, 3)) for logits in judgement.logits])


def times(value: Tensor, factor: "MeanShare") -> Tensor:
    """The product, where the factor is not the number 1: on a GPU each operation is a launch."""
    return value if isinstance(factor, float) and factor == 1.0 else value * factor


Network = Literal["d", "g"]  # discriminator, generator
Losses = dict[str, Tensor]
MeanShare = Tensor | float


class FeaturePair(NamedTuple):
    """A pretrained network's features of the real and of the generated photos, (n, channels, h', w') for each stage."""

    real: tuple[Tensor, ...]
    fake: tuple[Tensor, ...]


@dataclass(frozen=True)
class GeneratorOutput:
    """The generator's `output` for a batch, the noise it was made with, and `fake_b`, the discriminator's input.

    `noise` (n, channels, h or 1, w or 1) is that of whole pictures. `fake_b` holds the output's values, or the
    probabilities of its classes; ignored pixels are those of the real b. `features` are those of `fake_b` and of the
    real b, and `other` is the output for the same input, the same noise of pixels and other noise of whole pictures,
    each None if no loss uses any.
    """

    output: Tensor
    fake_b: Tensor
    noise: Tensor | None
    features: FeaturePair | None = None
    other: "GeneratorOutput | None" = None


@dataclass(frozen=True)
class PictureComparison:
    """A batch and the output for it: the arguments of the losses that need no discriminator.

    `weights` weight each pixel, and `share` the mean over this part of the batch. Of the features as many `stages` are
    compared.
    """

    real_b: Tensor
    generated: GeneratorOutput
    weights: Tensor | None
    share: MeanShare
    stages: int = 0


class _ShareOf(Protocol):
    def __call__(self, weights: Tensor, *, balanced: bool = True) -> MeanShare: ...


@dataclass(frozen=True)
class Verdicts:
    """A discriminator's output for real and fake pairs: the arguments of the losses that need a discriminator.

    `share_of` gives the weight of a mean over this part of the batch, from the weights of its pixels, `balanced` if
    each class has the same weight; `mean_of` the mean of a tensor over the processes' shares, and what part of the
    update these are. `lecam` has the moving averages, `mixture` what LabelMix mixed, if there are any.
    """

    config: Config
    discriminator: Discriminator
    view: DiscriminatorView
    real: Judgement
    fake: Judgement
    share_of: _ShareOf
    mean_of: Callable[[Tensor], tuple[Tensor, float | Tensor]]
    lecam: LeCam | None = None
    mixture: Mixture | None = None


@dataclass(frozen=True)
class Loss:
    """A row of the table: a name, which begins with d_ or g_ for the network that it trains, its weight, its function.

    The function is either `of_pictures`, which needs no discriminator, or `of_verdicts`. `output` restricts the loss to
    outputs that are values or classes; `matches_real` says that a loss of the generator needs the discriminator's
    output for the real pair too.
    """

    name: str
    weight: Callable[[Config], float]
    of_pictures: Callable[[PictureComparison], Tensor] | None = None
    of_verdicts: Callable[[Verdicts], Tensor] | None = None
    output: Literal["values", "classes", "any"] = "any"
    matches_real: Callable[[Config], bool] = lambda _: False

    @property
    def network(self) -> Network:
        """The network that the loss trains: d, the discriminator, or g, the generator."""
        return "d" if self.name.startswith("d_") else "g"


def _adversarial(config: Config) -> float:
    return float(config.gan_loss != "none")


def _head(config: Config) -> float:
    return float(config.segmentation_head == "on")


def _mode_seeking(at: PictureComparison) -> Tensor:
    one, other = at.generated, at.generated.other
    assert other is not None, "the recipe asked for it"
    assert one.noise is not None, "the config asks for noise"
    assert other.noise is not None, "the config asks for noise"
    return mode_seeking_loss((one.fake_b, other.fake_b), (one.noise, other.noise))


def _compare_with(loss: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> Callable[[PictureComparison], Tensor]:
    """A loss of generated values, real values and the weights of pixels, as a row of the table calls it."""
    return lambda at: times(loss(at.generated.fake_b, at.real_b, at.weights), at.share)


def _perceptual(config: Config) -> float:
    return config.lambda_perceptual * float(config.features != "off")


def _projection(config: Config) -> float:
    return config.lambda_projected * float(config.features != "off")


def _compare_features(at: PictureComparison) -> Tensor:
    pair = at.generated.features
    assert pair is not None, "the recipe asked for them"
    stages = slice(at.stages)
    return perceptual_loss(pair.fake[stages], pair.real[stages])


def _segmentation(
    judgement: Judgement, at: Verdicts, *, balanced: bool = True, above: Judgement | None = None
) -> Tensor:
    """The cross-entropy of the mask's classes; every class has the same weight, or every pixel if not `balanced`.

    With `above`, only what is above the cross-entropy of that output.
    """
    assert judgement.labels is not None, "the recipe asked for them"
    assert at.view.classes is not None, "the config check refuses a head if pairs have no classes"
    weights = pixel_weights(at.view.ignored, at.view.classes)
    assert weights is not None, "there are classes"
    weights = weights if balanced else (weights > 0).float()  # of the same mean, by which parts of a batch are weighed
    real = None if above is None else above.labels
    return times(segmentation_loss(judgement.labels, at.view.classes, weights, real), at.share_of(weights))


def _judge_classes(at: Verdicts) -> Tensor:
    """What the generator pays for the classes that a segmentation head does not find in its photo."""
    config = at.config
    above = at.real if config.segmentation_hinge else None
    return _segmentation(at.fake, at, balanced=config.segmentation_balanced, above=above)


def _real(at: Verdicts) -> Tensor:
    if _segments(at.config):
        return _segmentation(at.real, at)
    return discriminator_loss(at.config.gan_loss, at.real, real=True, smoothing=at.config.label_smoothing)


def _fake(at: Verdicts) -> Tensor:
    if not _segments(at.config):
        return discriminator_loss(at.config.gan_loss, at.fake, real=False)
    assert at.fake.labels is not None, "the discriminator segments"
    weights = pixel_weights(at.view.ignored, None)
    loss = _mean(fake_class_losses(at.fake.labels), weights)
    return loss if weights is None else times(loss, at.share_of(weights, balanced=False))


def _fool(at: Verdicts) -> Tensor:
    return _segmentation(at.fake, at) if _segments(at.config) else generator_loss(at.config.gan_loss, at.fake)


def _segments(config: Config) -> bool:
    return config.gan_loss == "segmentation"


def _label_mix(at: Verdicts) -> Tensor:
    assert at.mixture is not None, "the recipe asked for it"
    return label_mix_loss(at.mixture, at.real, at.fake)


def _lecam(at: Verdicts) -> Tensor:
    assert at.lecam is not None, "the networks have it if its weight is above 0"
    averages = at.lecam.follow(*at.mean_of(mean_logits(at.real, at.fake)))
    return lecam_loss(at.real, at.fake, averages)


# All losses, in the order in which they are reported and summed. The factor 1/2 of R1 is that of its source (Mescheder
# et al. 2018, eq. 9).
LOSSES: tuple[Loss, ...] = (
    Loss("d_real", _adversarial, of_verdicts=_real),
    Loss("d_fake", _adversarial, of_verdicts=_fake),
    Loss("g_gan", lambda config: config.lambda_gan * _adversarial(config), of_verdicts=_fool),
    Loss("g_l1", lambda config: config.lambda_l1, of_pictures=_compare_with(l1_loss), output="values"),
    Loss("g_l2", lambda config: config.lambda_l2, of_pictures=_compare_with(l2_loss), output="values"),
    Loss(
        "g_frequency",
        lambda config: config.lambda_frequency,
        of_pictures=lambda at: focal_frequency_loss(at.generated.fake_b, at.real_b),
        output="values",
    ),
    Loss(
        "g_classes",
        lambda config: config.lambda_ce,
        of_pictures=lambda at: times(class_loss(at.generated.output, at.real_b, at.weights), at.share),
        output="classes",
    ),
    Loss(
        "g_features",
        lambda config: config.lambda_features,
        of_verdicts=lambda at: feature_loss(at.fake, at.real),
        matches_real=lambda _: True,
    ),
    Loss(
        "g_labels",
        lambda config: config.lambda_segmentation * _head(config),
        of_verdicts=_judge_classes,
        matches_real=lambda config: config.segmentation_hinge,
    ),
    Loss("d_labels", _head, of_verdicts=lambda at: _segmentation(at.real, at)),
    Loss(
        "d_penalty",
        lambda config: config.lambda_gp,
        of_verdicts=lambda at: gradient_penalty(
            at.discriminator, at.view.real_a, at.view.real_b, at.view.fake_b, at.view.ignored
        ),
    ),
    Loss(
        "d_r1",
        lambda config: config.lambda_r1 / 2,
        of_verdicts=lambda at: r1_penalty(at.discriminator, at.view.real_a, at.view.real_b, at.view.ignored),
    ),
    Loss("d_labelmix", lambda config: config.lambda_labelmix * _segments(config), of_verdicts=_label_mix),
    Loss("d_lecam", lambda config: config.lambda_lecam, of_verdicts=_lecam),
    Loss("g_perceptual", _perceptual, of_pictures=_compare_features, output="values"),
    Loss(
        "d_projected",
        lambda config: float(_projection(config) > 0),
        of_verdicts=lambda at: projection_loss(at.real, real=True) + projection_loss(at.fake, real=False),
    ),
    Loss("g_projected", _projection, of_verdicts=lambda at: projection_generator_loss(at.fake)),
    Loss("g_modes", lambda config: config.lambda_mode_seeking, of_pictures=_mode_seeking),
)

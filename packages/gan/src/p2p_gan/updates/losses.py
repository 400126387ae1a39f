"""The losses of pix2pix and of the games that can take the place of its cross-entropy; each gives one number.

Nothing here may know networks or optimisers; a loss takes tensors, never a picture or a setting it does not need.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_gan.networks.base import Discriminator, Judgement

WEIGHT_CAP = 50.0  # what a pixel of a rare class weighs at most, against 1 for every pixel unbalanced


MODES_EPSILON = 1e-5  # Mao et al. 2019, code


_CLASSES = 256  # masks hold 8-bit class indices


def discriminator_loss(game: str, judgement: Judgement, *, real: bool, smoothing: float = 0.0) -> Tensor:
    """What the discriminator pays for judging pairs that are all `real` or all fake; the mean of patches, then scales.

    cross-entropy: Isola et al. 2017, eq. 1. least-squares: Mao et al. 2017, eq. 9, targets 1 and 0, without its factor
    1/2, which `halved` is. hinge: Miyato et al. 2018, eq. 16. wasserstein: Arjovsky et al. 2017, eq. 2.
    `smoothing` takes that much off the target of real pairs alone (Salimans et al. 2016, section 3.4).
    """
    sign = 1.0 if real else -1.0
    target = 1.0 - smoothing if real else 0.0

    def one(logits: Tensor) -> Tensor:
        if game == "cross-entropy":
            return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
        if game == "least-squares":
            return (logits - target).square().mean()
        if game == "hinge":
            return F.relu(1 - sign * logits).mean()
        return -sign * logits.mean()

    return torch.stack([one(logits.float()) for logits in judgement.logits]).mean()


def generator_loss(game: str, judgement: Judgement) -> Tensor:
    """What the generator pays for fakes that are not taken for real.

    With cross-entropy and least squares that is what a real pair would cost the discriminator: it maximises
    log D(a, G(a)) instead of minimising log(1 - D) (section 3.3). With the others it is minus the mean logit.
    """
    game = "wasserstein" if game == "hinge" else game
    return discriminator_loss(game, judgement, real=True)


def feature_loss(fake: Judgement, real: Judgement) -> Tensor:
    """Distance of what the discriminator saw in the fakes from what it saw in the real pairs (pix2pixHD).

    The L1 mean of each layer, summed over layers, averaged over scales (Wang et al. 2018, eq. 4, and its code). No
    gradient goes through the real ones.
    """
    pairs = zip(fake.features, real.features, strict=True)
    layers = [F.l1_loss(ours.float(), theirs.detach().float()) for ours, theirs in pairs]
    return torch.stack(layers).sum() / len(fake.logits)


def l1_loss(fake: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean absolute difference of values in -1..1 (eq. 3); `weights` (n, 1, h, w) say how much each pixel counts."""
    if weights is None:
        return F.l1_loss(fake.float(), real.float())
    return _mean((fake.float() - real.float()).abs().mean(dim=1, keepdim=True), weights)


def l2_loss(fake: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean squared difference of values in -1..1; `weights` as in `l1_loss`."""
    return _mean((fake.float() - real.float()).square().mean(dim=1, keepdim=True), weights)


def class_loss(logits: Tensor, one_hot: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of class logits (n, classes, h, w) against one-hot classes, in nats a pixel that counts."""
    surprise = -(one_hot * F.log_softmax(logits.float(), dim=1)).sum(dim=1, keepdim=True)
    return _mean(surprise, weights)


def label_loss(logits: Tensor, classes: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of what is seen, (n, classes, h, w), against the mask's `classes` (n, h, w), in nats a pixel.

    Real photos teach the labeller to see, generated ones pay for what it does not see (Odena et al. 2017, eq. 3). The
    `weights` (n, 1, h, w) balance the classes; a pixel of none (-1) weighs nothing.
    """
    surprise = F.cross_entropy(logits.float(), classes, ignore_index=-1, reduction="none")
    return _mean(surprise[:, None], weights)


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of (n, 1, h, w), of the pixels that count; 0 where none does."""
    if weights is None:
        return values.mean()
    return (values * weights).sum() / weights.sum().clamp(min=1e-12)


def pixel_weights(ignored: Tensor | None, classes: Tensor | None) -> Tensor | None:
    """How much each pixel counts, (n, 1, h, w): nothing where `ignored`, else 1, or what its class is given.

    With `classes` (n, h, w), -1 for none, every class of a picture weighs the same: of N pixels with a class, N_c of
    class c and K classes in all, a pixel of c weighs min(50, N / (K N_c)), then all are scaled to a mean of 1, so that
    the loss keeps its scale. Shares are taken in each picture by itself, as Xie and Tu 2015 (eq. 2) balance edges: what
    a picture teaches does not depend on its neighbours in the batch. The cap keeps a class of a few stray pixels from
    drowning the rest. None where every pixel counts 1.
    """
    kept = None if ignored is None else ~ignored
    if classes is None:
        return None if kept is None else kept.float()
    flat = classes.flatten(1)
    counts = (flat >= 0) if kept is None else (flat >= 0) & kept.flatten(1)
    index = flat.clamp(min=0)
    areas = torch.zeros(len(flat), _CLASSES, device=flat.device).scatter_add_(1, index, counts.float())
    pixels, present = areas.sum(dim=1, keepdim=True), (areas > 0).sum(dim=1, keepdim=True)
    fair = pixels / (present * areas.gather(1, index)).clamp(min=1)
    weights = fair.clamp(max=WEIGHT_CAP) * counts
    scaled = weights * (pixels / weights.sum(dim=1, keepdim=True).clamp(min=1e-12))
    return scaled.reshape(classes.shape)[:, None]


def modes_loss(fakes: tuple[Tensor, Tensor], noises: tuple[Tensor, Tensor]) -> Tensor:
    """The inverse of how far two draws of the noise move the picture (Mao et al. 2019, eq. 3, and its code).

    |G(z1) - G(z2)| / |z1 - z2|, both means of absolute differences in each picture; the smaller, the dearer.
    """
    moved, drawn = ((first.float() - second.float()).abs().mean(dim=(1, 2, 3)) for first, second in (fakes, noises))
    return (1 / (moved / drawn + MODES_EPSILON)).mean()


def gradient_penalty(
    discriminator: Discriminator, a: Tensor, real: Tensor, fake: Tensor, ignored: Tensor | None = None
) -> Tensor:
    """The mean of (|gradient| - 1)^2 at points between `real` and `fake`, given `a` (Gulrajani et al. 2017, eq. 3).

    One point a picture, uniform between the two. The gradient is that of the picture's mean logit with respect to b;
    it is not asked at `ignored` pixels (n, 1, h, w). It can be differentiated again, for the discriminator's weights.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = real.detach().float().lerp(fake.detach().float(), share)
    steepness = torch.linalg.vector_norm(_gradient(discriminator, a, between, ignored).flatten(1), dim=1)
    return torch.mean((steepness - 1) ** 2)


def r1_penalty(discriminator: Discriminator, a: Tensor, real: Tensor, ignored: Tensor | None = None) -> Tensor:
    """The mean of |gradient|^2 at the real pictures, given `a` (Mescheder et al. 2018, eq. 9, without its factor)."""
    return _gradient(discriminator, a, real.detach().float(), ignored).square().flatten(1).sum(dim=1).mean()


def _gradient(discriminator: Discriminator, a: Tensor, b: Tensor, ignored: Tensor | None) -> Tensor:
    b = b.detach().requires_grad_(True)
    with torch.autocast(b.device.type, enabled=False):
        total = critic(discriminator(a.float(), b)).sum()
    (gradient,) = torch.autograd.grad(total, b, create_graph=True)
    return gradient if ignored is None else gradient.masked_fill(ignored, 0)


def critic(judgement: Judgement) -> Tensor:
    """One number a picture, (n,): the mean of its patches' logits, then of the scales, as the losses average them."""
    return torch.stack([logits.float().mean(dim=(1, 2, 3)) for logits in judgement.logits]).mean(dim=0)

"""Applies the networks to a few pairs of a batch and measures their outputs, for the guards and the record.

Nothing here may change what is trained: no gradient, no random state, no running statistics.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from p2p_gan.data.dataset import Batch
from p2p_gan.networks.base import InferencePass
from p2p_gan.networks.norms import by_itself
from p2p_gan.runs.state import network_states
from p2p_gan.training.job import Job

_PAIRS = 2  # of a batch that are probed
# A pair with a logit above this is classified as real. A critic (wgan) has no threshold: only differences count.
_THRESHOLDS = {"bce": 0.0, "hinge": 0.0, "lsgan": 0.5, "segmentation": 0.0}


@dataclass(frozen=True)
class Probe:
    """The measurements. Ranges and differences are shares of the whole range of values, 0 to 1.

    `output_range` and `real_range`: the largest difference of two pixels of one picture and channel, in the generated
    and in the real pictures. `variants`: the largest difference of two outputs for one input; None without dropout and
    noise. `d_accuracy`: the share of patches that the discriminator classifies correctly; None without a threshold.
    `scores`: its logits for the real and for the generated pairs.
    """

    output_range: float
    real_range: float
    variants: float | None
    d_accuracy: float | None
    scores: tuple[NDArray[np.float32], NDArray[np.float32]]

    def to_json(self) -> dict[str, Any]:
        """The numbers that are not None, rounded."""
        names = ("output_range", "variants", "d_accuracy")
        return {name: round(value, 4) for name in names if (value := getattr(self, name)) is not None}


def probe(job: Job, batch: Batch) -> Probe:
    """Measure the first pairs of a batch on the device; waits for the device."""
    a, b = batch.a[:_PAIRS], batch.b[:_PAIRS]
    with torch.no_grad():
        fake = _apply(job, a, variant=0)
        variants = None
        if job.card.architecture.random:
            variants = float((fake[:1] - _apply(job, a[:1], variant=1)).abs().max() / _width(job))
        real_scores, fake_scores = _scores(job, a, b), _scores(job, a, fake)
    threshold = _THRESHOLDS.get(job.config.gan_loss)
    accuracy = None
    if threshold is not None and len(real_scores):
        accuracy = float(((real_scores > threshold).mean() + (fake_scores <= threshold).mean()) / 2)
    fake_range, real_range = (_span(values) / _width(job) for values in (fake, b))
    return Probe(fake_range, real_range, variants, accuracy, (real_scores, fake_scores))


def _apply(job: Job, a: Tensor, variant: int) -> Tensor:
    noise = tuple(torch.Generator().manual_seed(job.config.seed + variant) for _ in a)
    with job.autocast():
        output = job.nets.generator(a, InferencePass(job.card.statistics, noise=noise)).float()
    return output.softmax(dim=1) if job.recipe.classes else output


def _scores(job: Job, a: Tensor, b: Tensor) -> NDArray[np.float32]:
    discriminator = job.nets.discriminator
    if discriminator is None:
        return np.zeros(0, np.float32)
    with _keep_statistics(discriminator), by_itself(discriminator), job.autocast():
        logits = discriminator(a, b).logits
    return torch.cat([each.float().flatten() for each in logits]).cpu().numpy()


def _span(values: Tensor) -> float:
    flat = values.flatten(2)
    return float((flat.amax(-1) - flat.amin(-1)).max())


def _width(job: Job) -> float:
    """The width of the output's range: values are in -1..1, probabilities of classes in 0..1."""
    return 1.0 if job.recipe.classes else 2.0


@contextmanager
def _keep_statistics(network: nn.Module) -> Iterator[None]:
    """Restore, bit for bit, the running statistics that a pass in training mode changes."""
    kept = {name: value.clone() for name, value in network.named_buffers()}
    try:
        yield
    finally:
        for name, value in network.named_buffers():
            value.copy_(kept[name])


def first_bad_tensor(job: Job) -> str | None:
    """The first weight or statistic that is not finite, in the order of the networks; None if all are finite."""
    for name_of, part in network_states(job.nets).items():
        tensors = {name: value for name, value in part.network.state_dict().items() if value.is_floating_point()}
        if not tensors:
            continue
        good = torch.stack([value.isfinite().all() for value in tensors.values()]).cpu()  # one wait, not hundreds
        for name, fine in zip(tensors, good.tolist(), strict=True):
            if not fine:
                return f"{name_of}.{name}"
    return None

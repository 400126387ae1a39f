"""The moving average of the generator, which gives steadier pictures than its last update.

Nothing here may know losses or how long training lasts; the average is a function of what came before it.
"""

import copy

import torch

from p2p_gan.networks.contract import Generator

RAMP = 0.05  # the half-life is at most this share of the images seen so far (Karras et al. 2020a, code)


def average_of(generator: Generator) -> Generator:
    """A generator of its own that begins where this one is and that no optimiser moves."""
    return copy.deepcopy(generator).requires_grad_(False)


def decay(seen: int, count: int, half_life: float) -> float:
    """What the average keeps of itself in an update of `count` images after `seen`: 0.5 ** (count / half-life).

    Karras et al. 2020a (StyleGAN2-ADA, code). Early on the half-life is 5% of what was seen, so that the draw of the
    weights is soon forgotten; at image 0 nothing is kept.
    """
    length = min(half_life, RAMP * seen)
    return float(0.5 ** (count / length)) if length > 0 else 0.0


@torch.no_grad()
def follow(average: Generator, generator: Generator, kept: float) -> None:
    """Move the average towards the generator: average = kept * average + (1 - kept) * generator.

    Weights and running statistics alike: statistics belong to the weights that gave them. Counters are copied.
    """
    mine, theirs = average.state_dict(), generator.state_dict()
    for name, value in mine.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1 - kept)
        else:
            value.copy_(theirs[name])

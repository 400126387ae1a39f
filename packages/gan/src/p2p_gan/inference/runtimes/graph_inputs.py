"""What an exported network takes beside its image: what is padding, noise, and what dropout multiplies by.

Nothing here may know which program computes the network.
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_gan.inference.runtimes.random_draws import RandomSource
from p2p_gan.inference.runtimes.translator import PassOptions
from p2p_gan.models.card import ModelCard
from p2p_gan.models.onnx_file import NOISE, VALID, dropout_input, takes_padding
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.pixel_noise import KEYS, pixel_noise


class _ThreadSource(threading.local):
    """The source of random numbers of each thread, which is seeded anew for each pass."""

    def __init__(self) -> None:
        self.source = RandomSource(0)


_OWN = _ThreadSource()


def graph_inputs(card: ModelCard, height: int, width: int, options: PassOptions) -> dict[str, Any]:
    """The inputs beside the image (1, channels, height, width), by name; those that have their default are left out."""
    return {**_valid_part(card, height, width, options), **_draw(card, height, width, options)}


def _valid_part(card: ModelCard, height: int, width: int, options: PassOptions) -> dict[str, Any]:
    """The rows and columns that are picture, after each halving, if some are not."""
    if options.valid == (1.0, 1.0) or not takes_padding(card):
        return {}
    parts = [
        [max(1, round((side >> level) * share)) for side, share in zip((height, width), options.valid, strict=True)]
        for level in range(card.architecture.unit.bit_length())
    ]
    return {VALID: np.array(parts, np.int64)}


def _draw(card: ModelCard, height: int, width: int, options: PassOptions) -> dict[str, Any]:
    """Noise and dropout, drawn in the order of the network."""
    if options.seed is None:
        return {}
    architecture, source = card.architecture, _OWN.source
    source.seed(options.seed)
    draws: dict[str, Any] = {}
    if architecture.noise or architecture.pixel_noise:
        draws[NOISE] = _noise(architecture, source, height, width)
    for number, layer in enumerate(architecture.dropout_layers()):
        sides = height // layer.divisor, width // layer.divisor
        draws[dropout_input(number)] = source.dropout(layer, *sides)
    return draws


def _noise(architecture: Architecture, source: RandomSource, height: int, width: int) -> NDArray[np.float32]:
    """(1, channels, height, width), or (1, channels, 1, 1) where none is of pixels."""
    whole = source.normal(architecture.noise).reshape(1, -1, 1, 1)
    if not architecture.pixel_noise:
        return whole
    pixels = pixel_noise(source.below(KEYS), architecture.pixel_noise, range(height), width)
    return np.concatenate([np.broadcast_to(whole, (*whole.shape[:2], height, width)), pixels[None]], axis=1)

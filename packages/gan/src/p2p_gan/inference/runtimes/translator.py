"""What every runtime does with a picture whose sides fit: one pass of the network, from pixels to pixels or values.

Nothing here may load torch or another runtime; each has a module of its own.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_gan.data.coding import Coding
from p2p_gan.models.card import ModelCard
from p2p_gan.networks.architecture import Statistics

Values = NDArray[np.float32]
"""A network's input or output (n, channels, height, width) on the CPU."""


class AnyModel(Protocol):
    """A model, whatever computes it; `digest` names its weights."""

    @property
    def card(self) -> ModelCard:
        """Its description."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the weights' file."""


@runtime_checkable
class ModelHolder(Protocol):
    """What holds a model and is taken for it, as a `Predictor` is."""

    @property
    def model(self) -> AnyModel:
        """The model."""


@dataclass(frozen=True)
class PassOptions:
    """The options of one pass over one picture.

    `valid` is the share (height, width) of the input that is picture and not padding. `seed` is that of dropout and
    noise; None switches dropout off, and takes 0, the mean of all draws, as noise.
    """

    statistics: Statistics
    valid: tuple[float, float] = (1.0, 1.0)
    seed: int | None = None


class Translator(Protocol):
    """A model in one runtime."""

    @property
    def output(self) -> Coding:
        """The coding of the output."""

    def pixels(self, padded: Array, options: PassOptions) -> Array:
        """The output for a picture (height, width[, channels]) as pixels of the same size."""
        return np.asarray(self.output.decode(self.values(padded, options))[0])

    def values(self, padded: Array, options: PassOptions) -> Values:
        """The output before it becomes pixels, (1, channels, height, width)."""


def probabilities(logits: Values) -> Values:
    """The probability of each class, from logits (n, classes, height, width)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def not_finite() -> P2PError:
    """The error for an output with values that are not numbers, which would become black pixels."""
    what = "the model's output has values that are infinite or not numbers"
    to_do = "Use an earlier model or checkpoint, and look at the losses of its training."
    return P2PError("the model", what, to_do, code="not-finite")

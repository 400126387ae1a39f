"""Computes a TorchScript archive that has just been made, to compare it with its model.

Nothing here may be given an archive from a file: loading one runs its code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from p2p_datatools.contract.pictures.arrays import Array
from p2p_gan.data.coding import Coding
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.inference.runtimes.translator import PassOptions, Translator, Values, not_finite
from p2p_gan.models.card import ModelCard
from p2p_gan.models.onnx_file import NOISE, VALID
from p2p_gan.models.torchscript import load_script


@dataclass(frozen=True)
class ScriptTranslator(Translator):
    """A TorchScript module with the codings of its input and output."""

    card: ModelCard
    module: Any

    @property
    def output(self) -> Coding:
        """The coding of the output."""
        return self.card.output_coding

    def values(self, padded: Array, options: PassOptions) -> Values:
        """The network's output (1, channels, height, width)."""
        height, width = padded.shape[:2]
        given = graph_inputs(self.card, height, width, options)
        tensors = {name: torch.from_numpy(value) for name, value in given.items()}
        noise, valid = tensors.pop(NOISE, None), tensors.pop(VALID, None)
        image = torch.from_numpy(self.card.input_coding.encode(padded[None]))
        with torch.inference_mode():
            output = np.asarray(self.module(image, list(tensors.values()) or None, noise, valid).numpy())
        if not np.isfinite(output).all():
            raise not_finite()
        return output


def script_translator(card: ModelCard, data: bytes) -> ScriptTranslator:
    """The module of an archive that `torchscript.script_bytes` has just made."""
    return ScriptTranslator(card, load_script(data))

"""A second model, photo to mask, as the judge of generated photos: the idea of the paper's FCN-score (section 4.1).

Nothing here may change what is judged; the judge's own score on the real photos stands beside it.
"""

from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_gan.evaluation.mask_agreement import Confusion, labels_of_input, labels_of_output
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.model import Model, load_model


class Segmenter:
    """The judge: `generated` and `real` count how its masks of either agree with the masks the photos belong to.

    It is applied without dropout. Raises P2PError when it does not turn the judged model's photos into its masks.
    """

    def __init__(self, path: Path, judged: Model, device: torch.device | None) -> None:
        self._model, self._judged = load_model(path), judged
        if device is not None:
            self._model.generator.to(device)
        _refuse_unfit(path, self._model, judged)
        assert judged.card.palette is not None, "a mask half without a palette was not refused"
        self.generated, self.real = (Confusion(judged.card.palette.names) for _ in range(2))

    def add(self, given: Array, fake: Array, real: Array) -> dict[str, Any]:
        """Judge one picture: the lines of its own agreement, generated and real."""
        truth = labels_of_input(given, self._judged.card)
        return {
            "judged": self.generated.add(truth, self._mask(fake)).rows(),
            "judged_real": self.real.add(truth, self._mask(real)).rows(),
        }

    def _mask(self, photo: Array) -> LabelMap:
        return labels_of_output(apply_model(self._model, photo, ApplyOptions(dropout=False)), self._model.card)


def _refuse_unfit(path: Path, segmenter: Model, judged: Model) -> None:
    judge, card = segmenter.card, judged.card
    if card.input.kind != "mask" or card.palette is None:
        raise P2PError(
            "--segmenter",
            f"judges photos made from masks, and this model is {card.direction}",
            "Leave it off.",
            code="unfit-segmenter",
        )
    if judge.output.kind != "mask" or judge.palette is None:
        raise P2PError(
            path,
            f"is {judge.direction} and gives no masks of a palette",
            "Give a photo-to-mask model.",
            code="unfit-segmenter",
        )
    if (judge.input.channels, judge.input.dtype) != (card.output.channels, card.output.dtype):
        raise P2PError(
            path,
            f"takes {judge.input.channels} x {judge.input.dtype}, and the judged model gives {card.output.channels} "
            f"x {card.output.dtype}",
            "Train a segmenter on the same pairs.",
            code="other-channels",
        )
    if judge.palette.classes != card.palette.classes and judge.palette.names != card.palette.names:
        raise P2PError(
            path,
            f"knows the classes {', '.join(judge.palette.names)}, the judged model {', '.join(card.palette.names)}",
            "Train a segmenter on the same pairs.",
            code="other-classes",
        )

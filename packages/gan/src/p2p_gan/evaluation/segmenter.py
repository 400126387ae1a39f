"""Scores generated photos by a segmenter, a second model from photo to mask, as in the paper's FCN-score (section 4.1).

Nothing here may change the photos; the segmenter's score on the real photos is reported too.
"""

from pathlib import Path

import torch

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import LabelMap
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_gan.evaluation.mask_agreement import Confusion, labels_of_input, labels_of_output, without_gaps
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.model import Model, read_model


class Segmenter:
    """A photo-to-mask model, whose masks of generated and of real photos are compared with the true ones.

    It is applied without dropout; `digest` is that of its file, `card` its card. Raises P2PError if its input or its
    classes do not fit the scored model.
    """

    def __init__(self, path: Path, judged: Model, device: torch.device | None) -> None:
        self._model, self._judged = read_model(path, device), judged
        _refuse_unfit(path, self._model, judged)
        self.digest, self.card = self._model.digest, self._model.card

    def judge(self, picture: Array, fake: Array, real: Array, gaps: Gaps | None = None) -> tuple[Confusion, Confusion]:
        """The classes that are found in the generated and in the real photo of one picture, against the true mask.

        Pixels in `gaps`, where the photo has no data, are not counted.
        """
        truth, palette = without_gaps(labels_of_input(picture, self._judged.card), gaps), self._judged.card.palette
        assert palette is not None, "a mask half without a palette has been refused"
        names = palette.names
        return Confusion(names).add(truth, self._mask(fake)), Confusion(names).add(truth, self._mask(real))

    def _mask(self, photo: Array) -> LabelMap:
        return labels_of_output(apply_model(self._model, photo, ApplyOptions(dropout=False)), self._model.card)


def _refuse_unfit(path: Path, segmenter: Model, judged: Model) -> None:
    judge, card = segmenter.card, judged.card
    if card.input_palette is None:
        what = f"scores photos generated from masks, but the direction of this model is {card.direction}"
        raise P2PError("--segmenter", what, "Omit the option.", code="unfit-segmenter")
    if judge.output.kind != "mask" or judge.palette is None:
        what = f"has the direction {judge.direction} and does not generate masks with a palette"
        raise P2PError(path, what, "Give a model that generates masks from photos.", code="unfit-segmenter")
    to_do = "Train a segmenter on the same pairs."
    takes, gives = (f"{half.channels} x {half.dtype}" for half in (judge.input, card.output))
    if takes != gives:
        what = f"takes {takes}, but the scored model gives {gives}"
        raise P2PError(path, what, to_do, code="other-channels")
    own, known = judge.palette, card.input_palette
    if own.classes != known.classes and own.names != known.names:
        what = f"has the classes {', '.join(own.names)}, but the scored model {', '.join(known.names)}"
        raise P2PError(path, what, to_do, code="other-classes")

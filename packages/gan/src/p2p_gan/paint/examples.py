"""The masks that a page can begin with: those of the pairs that a run records, if the pairs are still there.

Nothing here may look for a file by what a request says: it names an example by its number in a list made before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.mask_halves import class_indices
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import encode_mask
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.inference.inputs import read_model_pair, refuse_folder, task_for
from p2p_gan.inference.outputs import encode_output
from p2p_gan.models.card import ModelCard
from p2p_gan.runs.runfolder import RUN, find_recorded, read_run_record

_MOST = 24


@dataclass(frozen=True)
class MaskExamples:
    """Some pairs of a run; each is read when it is asked for."""

    card: ModelCard
    folder: PairFolder | None = None
    pairs: Sequence[Pair] = ()
    swapped: bool = False

    def to_json(self) -> list[dict[str, Any]]:
        """The examples as a page lists them; their ids are their numbers."""
        return [{"id": str(n), "name": pair.name, "has_photo": True} for n, pair in enumerate(self.pairs)]

    def read(self, number: str, *, photo: bool) -> bytes:
        """The mask, or the photo beside it, as the bytes of a PNG; raises P2PError if there is no such example."""
        known = {str(n): pair for n, pair in enumerate(self.pairs)}
        if number not in known or self.folder is None or self.card.palette is None:
            what, to_do = "is not an example of this model", "Ask for the list of its examples."
            raise P2PError(f"example {number[:20]}", what, to_do, code="no-example")
        pair = known[number]
        mask, real = read_model_pair(self.folder, pair, self.card, swapped=self.swapped)
        if photo:
            return encode_output(real, self.card)
        indices = self.card.input_coding.kind == "classes"
        labels = mask if indices else class_indices(mask, self.card.palette, where=pair.name)
        return encode_mask(labels, self.card.palette)


def find_examples(run: Path, card: ModelCard, report: Reporter = QUIET) -> MaskExamples:
    """The examples of a model for masks: held-out pairs spread over all, none where the run's pairs are not there.

    Pairs that do not fit the model any more are left out, which is noted.
    """
    none = MaskExamples(card)
    if card.input.kind != "mask" or card.palette is None or not (run / RUN).is_file():
        return none
    try:
        place = find_recorded(run, read_run_record(run).get("pairs"))
        if place is None:
            return none
        folder = open_pairs(place)
        task = task_for(folder, card)
        refuse_folder(folder, (task.input, task.output), card)
        pairs = folder.of(folder.held_out or "train") or folder.pairs
        chosen = pairs[:: max(1, len(pairs) // _MOST)][:_MOST]
        return MaskExamples(card, folder, chosen, task.swapped)
    except P2PError as error:
        report.note(f"No examples: {error}")
        return none

"""Whether the pairs that score a model were held out when it was trained, as far as its file and run.json tell.

Nothing here may read a picture; where nothing is known, nothing is said.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.lines import Pair, traits_of
from p2p_datatools.contract.pairs.manifest import PairFolder, has_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.evaluation.cautions import Caution
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import BEST
from p2p_gan.runs.runfolder import RUN, describe_splits, read_run_record

TRAINING, _VALIDATION = "train", "val"
# The field of what run.json says of a model that a run began with: the splits from which that one may have learned.
MAY_KNOW = "may_know"


def find_seen(
    path: Path, card: ModelCard, folder: PairFolder, split: str, *, who: str = "model"
) -> tuple[Caution, ...]:
    """What to say of the model at `path`, called `who`, where it has or may have learned from the pairs of the split.

    Training pairs are always told, and pairs of val/ by which the best model of a run was chosen. Of others it is known
    by the hash of all pairs in the model, and where that is another by those of single splits in the run.json beside
    it, to which newer files may have been added, and by the training pairs themselves where their folder is still
    there; a folder without hashes tells nothing.
    """
    if split == TRAINING:
        text = (
            f"These are training pairs: where the {who} learned from them, the scores say how well it knows them, not "
            "what it makes of new pictures."
        )
        return (Caution("training-pairs", text),)
    if may_have_learned(path, card, folder, split):
        text = (
            f"The {who}, or one that it began with, was trained on other pairs, or before these were split as they are "
            f"now: where it learned from pictures of {split}, the scores are too good."
        )
        return (Caution("other-pairs", text),)
    if split == _VALIDATION and path.name == BEST:
        return (Caution("chosen-by-val", f"The {who} was chosen by its scores on val/: these are a little too good."),)
    return ()


def may_have_learned(path: Path, card: ModelCard, folder: PairFolder, split: str) -> bool:
    """Whether the model at `path`, or one that it began with (--from), may have learned from these held-out pairs."""
    if not card.data_hash or not all(each.is_hashed for each in traits_of(folder.of(split))):
        return False
    record = _record_beside(path, card)
    began = record.get("from")
    if card.data_hash == folder.data_hash or _is_as_before(record.get("splits"), folder, split):
        return isinstance(began, dict) and split in (began.get(MAY_KNOW) or ())
    if began is not None:  # of what that model learned only the pairs of this run were asked
        return True
    return not (
        _holds_what_was(record.get("splits"), folder, TRAINING)
        or _are_strange(record.get("pairs"), card, folder, split)
    )


def _is_as_before(recorded: object, folder: PairFolder, split: str) -> bool:
    """Whether the pairs of a split are those that it had when the model was trained."""
    return isinstance(recorded, dict) and split in recorded and recorded[split] == describe_splits(folder).get(split)


def _holds_what_was(recorded: object, folder: PairFolder, split: str) -> bool:
    """Whether a split has all pairs that it had, and others that were only added: its oldest files are these."""
    if not isinstance(recorded, dict) or split not in recorded:
        return False
    oldest = sorted(folder.of(split), key=partial(_age_of, folder))[: recorded[split]["pairs"]]
    return bool(recorded[split] == describe_splits(replace(folder, pairs=tuple(oldest))).get(split))


def _age_of(folder: PairFolder, pair: Pair) -> float:
    with suppress(OSError):
        return (folder.path / pair.files[0]).stat().st_mtime
    return 0


def _are_strange(trained_on: object, card: ModelCard, folder: PairFolder, split: str) -> bool:
    """Whether the folder that the model was trained on is still there, and has none of the scored pairs in training.

    A pair is known by its pixels, and in another size by its name or by a file that it was made of.
    """
    if not isinstance(trained_on, str) or not has_manifest(Path(trained_on)):
        return False
    with suppress(P2PError):
        known = open_pairs(Path(trained_on))
        if known.data_hash == card.data_hash:
            scored = {mark for pair in folder.of(split) for mark in _marks_of(pair)}
            return all(scored.isdisjoint(_marks_of(pair)) for pair in known.of(TRAINING))
    return False


def _marks_of(pair: Pair) -> set[str]:
    """By what a pair is known again."""
    return {pair.hash, pair.name} | {value for key, value in pair.sources.items() if key.endswith("_sha256")}


def _record_beside(path: Path, card: ModelCard) -> dict[str, Any]:
    """The run.json of the model; empty if it has none, or that of another run."""
    run = path if path.is_dir() else path.parent
    if (run / RUN).is_file():
        with suppress(P2PError):
            record = read_run_record(run)
            if record.get("data_hash") == card.data_hash:
                return record
    return {}

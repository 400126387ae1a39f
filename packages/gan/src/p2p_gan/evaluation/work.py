"""Scores pairs into a folder, and goes on where it was interrupted: what is recorded of each pair, and the files.

Nothing here may decide how a pair is scored or how scores add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.atomic import OpenLines, each_line, read_json, write_json, write_lines
from p2p_datatools.contract.files.destination import JOURNAL, Destination, refuse
from p2p_datatools.contract.files.work import Output, Work
from p2p_datatools.contract.lazy import LazyMapping
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.data.read import places_of
from p2p_gan.data.task import refuse_dest_in_splits
from p2p_gan.evaluation.metrics import METRICS
from p2p_gan.evaluation.pair_scores import PairRecord, PairScorer, record_from_json, sign_pair
from p2p_gan.evaluation.scores import Evaluation, EvaluationRequest, Scores, open_evaluation
from p2p_gan.evaluation.tally import Tally
from p2p_gan.inference.outputs import side_by_side

_SUMMARY, _LINES, _RECORDS = "summary.json", "scores.jsonl", "records.jsonl"
_AGAIN = "Choose another destination, or delete the folder to score all pairs again."
# Of what the scores in a folder may not differ, where the key is not a word for it.
_WORDS = {
    "pairs": "pair folder",
    "dropout": "setting of dropout",
    "variants": "number of variants",
    "metrics": "set of metrics",
    "networks": "set of networks for distances",
    "mean_picture": "set of training pairs",
}


def evaluate_into(
    dest: Path | str,
    model_path: Path | str,
    pairs: Path | str,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    keep_going: bool = False,
    device: torch.device | str | None = None,
    report: Reporter = QUIET,
) -> Scores:
    """Evaluate and write scores and pictures to DEST, which has the same scores as `evaluate` gives.

    The same call again continues what was interrupted, scores pairs that are new or whose picture is missing in DEST,
    or does nothing. Raises P2PError, and writes no DEST, if pairs cannot be read, unless `keep_going`: then those are
    `skipped`, and in DEST/skipped.jsonl. Raises UsageError if DEST has scores of another model, split or setting, or of
    pairs that are gone.
    """
    job = open_evaluation(model_path, pairs, asked, device, report)
    return write_evaluation(Path(dest), job, keep_going=keep_going, report=report)


def write_evaluation(dest: Path, job: Evaluation, *, keep_going: bool, report: Reporter) -> Scores:
    """The same for an evaluation that is open."""
    refuse_dest_in_splits(dest, job.folder)
    recipe = _recipe(job)
    with Destination(dest, marker=_SUMMARY, recipe=recipe) as destination:
        old = _old_records(dest, recipe, job.pairs) if destination.exists else {}
        skipped: list[Skip] = []
        scorer = job.scorer(skipped, report)
        if not keep_going:
            refuse(skipped, destination)
        of = recipe | {"mean_picture": scorer.mean_picture}
        if destination.exists:
            _refuse_other(dest, of)
        work = ScoreWork(job, scorer, destination, old)
        # One at a time and in this thread: the model uses all cores, and its memory budget is for one picture.
        done = work.run(job.pairs, "scoring", len(job.pairs), threads=1, report=report)
        skipped = list(dict.fromkeys([*skipped, *done.skipped]))  # once, if a training pair is scored too
        if not keep_going:
            refuse(skipped, destination)
        names = sorted(work.present())
        scores = job.conclude(_add_up(work, names, job.tally()), skipped)
        summary = {"of": of, "scores": scores.to_json()}
        destination.commit(partial(_write_record, work, names, job.pairs, summary), skipped=skipped)
    job.say_changes(report)
    return scores


def _recipe(job: Evaluation) -> dict[str, Any]:
    """What scores in one folder have in common."""
    asked = job.asked
    return {
        "model": job.model.digest,
        "pairs": str(job.folder.path),
        "split": asked.split,
        **asked.how.to_json(),
        "variants": asked.variants,
        "segmenter": job.judge.digest if job.judge else None,
        "metrics": list(METRICS),
        "networks": job.networks.digests,
    }


def _write_record(
    work: "ScoreWork", names: Sequence[str], pairs: Sequence[Pair], summary: Mapping[str, Any], folder: Path
) -> None:
    """Write what the folder has beside the pictures: records, a line for each pair, and the summary."""
    own = {pair.name: {"group": pair.group} for pair in pairs if pair.group is not None}
    write_lines(folder / _RECORDS, (work.record_of(name).to_json() for name in names))
    write_lines(folder / _LINES, (work.record_of(name).line | own.get(name, {}) for name in names))
    write_json(folder / _SUMMARY, summary)


def _add_up(work: "ScoreWork", names: Sequence[str], tally: Tally) -> Tally:
    """Add the records of these pairs; raises P2PError for one that was edited."""
    destination = work.destination
    for name in names:
        try:
            tally.add(work.record_of(name))
        except P2PError:
            raise
        except Exception as error:  # whatever an edited record breaks when it is added up
            where = destination.dest / _RECORDS if name in work.old else destination.partial / JOURNAL
            raise _damage(where, f"is damaged at {name} ({type(error).__name__}: {error})") from error
    return tally


def _damage(where: Path, what: str) -> P2PError:
    to_do = "If it was edited, restore a copy, or delete its folder to score all pairs again."
    return P2PError(where, what, to_do, code="damaged-file")


def _refuse_other(dest: Path, of: Mapping[str, Any]) -> None:
    """Raise UsageError if DEST has scores of something else."""
    summary = read_json(dest / _SUMMARY)
    made = summary.get("of") if isinstance(summary, dict) else None
    if not isinstance(made, dict):
        raise _damage(dest / _SUMMARY, "is not the summary of an evaluation")
    if other := [_WORDS.get(key, key) for key, value in of.items() if made.get(key) != value]:
        what = f"contains scores of another {' and another '.join(other)}"
        raise UsageError(dest, what, _AGAIN, code="other-settings")


def _old_records(dest: Path, recipe: Mapping[str, Any], pairs: Sequence[Pair]) -> Mapping[str, PairRecord]:
    """The records of an earlier call; raises UsageError if it was another, or had pairs that there are no more."""
    _refuse_other(dest, recipe)
    old = records_of(dest)
    names = {pair.name for pair in pairs}
    if gone := [name for name in old if name not in names]:
        count = plural(len(gone), "pair")
        what = f"contains scores of {count} that the split does not have any more, such as {gone[0]}"
        raise UsageError(dest, what, _AGAIN, code="other-pairs")
    return old


def records_of(dest: Path) -> Mapping[str, PairRecord]:
    """The records of finished scores by name, read from the disk when they are asked for, since there may be many."""
    path = dest / _RECORDS
    lines, places = OpenLines(path), {record_from_json(value, path).name: place for place, value in each_line(path)}
    return LazyMapping(places, lambda name: record_from_json(lines.at(places[name]), path))


class ScoreWork(Work[Pair, PairRecord, str]):
    """The scores of one call; a pair is recognised by its pixels, as the model has them."""

    listing = _LINES

    def __init__(
        self, job: Evaluation, scorer: PairScorer, destination: Destination, old: Mapping[str, PairRecord]
    ) -> None:
        super().__init__(destination, old, {pair.name for pair in job.pairs})
        self._job, self._scorer = job, scorer
        self._last: tuple[str, Array, Array, Gaps | None] | None = None

    def list_sources(self, item: Pair) -> Sequence[str]:
        """The pair's files."""
        return places_of(self._job.folder, item)

    def sign(self, item: Pair) -> str:
        """The hash of the pixels of input and real output, which are those of the manifest, and of where data are."""
        picture, real = self._job.read(item)
        gaps = self._job.read_gaps(item)
        self._last = item.name, picture, real, gaps
        return sign_pair(picture, real, gaps)

    def is_current(self, record: PairRecord, item: Pair, signature: str) -> bool:
        """Whether the pair has the same pixels, and was compared with the same mean picture."""
        return (record.pixels, record.mean_picture) == (signature, self._scorer.mean_picture)

    def make(self, item: Pair, signature: str, known: PairRecord | None, *, stands: bool) -> Output[PairRecord] | None:
        """Apply the model and score its output."""
        if stands and known is not None:
            to_do = f"Delete {self.destination.dest / known.files[0]} to score it again."
            raise P2PError(self.list_sources(item)[0], "has changed since it was scored", to_do, code="source-changed")
        assert self._last is not None, "an item is signed, then made"
        name, picture, real, gaps = self._last
        assert name == item.name, "one item is made at a time"
        scored = self._scorer.score(name, picture, real, gaps)
        record = replace(scored.record, line={**scored.line, "picture": scored.record.files[0]})
        shown = side_by_side(self._job.model.card, picture, scored.fake, real)
        return Output(record.files, partial(_write, shown, record))

    def read_record(self, file: str, value: dict[str, Any]) -> PairRecord:
        """The record of the pair."""
        return record_from_json(value, file)


def _write(picture: Array, record: PairRecord, paths: Sequence[Path]) -> PairRecord:
    write_png(paths[0], picture, durable=False, role="sample sheet")
    return record

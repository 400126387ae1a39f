"""Runs a study: trains every arm of the chosen tables from every seed on equally many images, and scores it.

Nothing here may train or score in a way of its own; it calls `train` and `evaluate`, and stores the scores.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_json, write_json
from p2p_datatools.contract.files.lock import hold
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.evaluation.scores import EvaluationRequest, Scores, evaluate
from p2p_gan.experiments.plan import StudyPlan, outline_of_arms, plan_study, refuse_dest
from p2p_gan.experiments.progress import Whole
from p2p_gan.experiments.record import JUDGE, RUNS, STUDY, open_record
from p2p_gan.experiments.tables import tables_beside
from p2p_gan.machine.device import resolve_device, resolve_precision
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RUN, read_stats
from p2p_gan.training.job import images_of
from p2p_gan.training.run import TrainSummary, train

_SCORES = "scores"
_OF_THE_DISK = "cannot-write", "no-space"  # codes of errors that every other arm would meet as well
VARIANTS = 4  # outputs for each input, to measure diversity


@dataclass(frozen=True)
class Trial:
    """One arm from one seed: its run, its scores, and the seconds of its training."""

    arm: str
    seed: int
    run: Path
    scores: dict[str, Any]
    seconds: float | None = None


@dataclass(frozen=True)
class Failure:
    """One arm from one seed that could not be trained or scored, and why."""

    arm: str
    seed: int
    why: str


@dataclass(frozen=True)
class Study:
    """The results of a study; `impossible` are arms that contradict the settings or pairs, with the reason.

    `planned` is the number of trials of the complete study, `images` the number of images of each run. `stopped_by` is
    the signal that interrupted it. `as_classes`: the output is classes, so that cross-entropy replaces L1.
    """

    dest: Path
    pairs: Path
    split: str
    config: Config
    images: int
    planned: int
    tables: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    failed: tuple[Failure, ...] = ()
    impossible: Mapping[str, str] = field(default_factory=dict)
    judge: Path | None = None
    unjudged: str = ""
    as_classes: bool = False
    stopped_by: str | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a signal interrupted it."""
        return self.stopped_by is not None

    def of(self, arm: str) -> list[Trial]:
        """The trials of an arm, by seed."""
        return sorted((trial for trial in self.trials if trial.arm == arm), key=lambda trial: trial.seed)


Each = Callable[[Study], object]


def run_study(
    pairs: Path | str,
    dest: Path | str,
    config: Config,
    *,
    tables: tuple[str, ...],
    seeds: int,
    report: Reporter = QUIET,
    each: Each = lambda study: None,
) -> Study:
    """Train and score every arm of `tables` from the seeds 0 to `seeds` - 1; the same call again continues.

    More seeds or tables extend a study. `each` is called with the study after every trial. An arm whose training fails
    is listed and tried again by the next call. Raises UsageError if DEST contains something else or another study, and
    P2PError for pairs that no arm can be trained on, and for a disk that is full.
    """
    return _run(plan_study(Path(pairs), config, tables, report=report), Path(dest), seeds, report, each)


def run_arms(
    pairs: Path,
    dest: Path,
    arms: Mapping[str, Config],
    *,
    seeds: int,
    judged_like: Config,
    report: Reporter = QUIET,
    each: Each = lambda study: None,
) -> Study:
    """Train and score any arms as `run_study` does; the segmenter has the networks and images of `judged_like`."""
    return _run(outline_of_arms(pairs, arms, judged_like, report=report), dest, seeds, report, each)


def _run(plan: StudyPlan, dest: Path, seeds: int, report: Reporter, each: Each) -> Study:
    if seeds < 1:
        raise UsageError(f"seeds={seeds}", "is not possible", "Give 1 or more.", code="impossible-setting")
    resolve_precision(plan.base.precision, resolve_device(plan.base.device))  # refuse a missing device first
    refuse_dest(plan, dest)  # before it gets a lock
    with hold(dest, to_do="Wait until it ends, or choose another destination.", code="destination-in-use"):
        return _run_locked(plan, dest, seeds, report, each)


def _run_locked(plan: StudyPlan, dest: Path, seeds: int, report: Reporter, each: Each) -> Study:
    runs = open_record(dest, plan.arms, plan.judge, plan.folder.data_hash)
    if plan.tables and (beside := tables_beside(plan.tables, read_json(dest / STUDY)["arms"])):
        every = ",".join((*plan.tables, *beside))
        report.note(f"{dest}: has trials of {', '.join(beside)}, too: the page shows them with --tables {every}.")
    study = Study(
        dest=dest,
        pairs=plan.folder.path,
        split=plan.split,
        config=plan.base,
        images=plan.images,
        planned=len(plan.arms) * seeds,
        tables=plan.tables,
        impossible=plan.impossible,
        unjudged=plan.unjudged,
        as_classes=plan.as_classes,
    )
    work = _Work(plan, dest, _whole(plan, dest, runs, seeds, report))
    if plan.judge:
        study = work.add_judge(study, plan.judge)
    trials = [(name, seed) for seed in range(seeds) for name in plan.arms]
    for number, (name, seed) in enumerate(trials, start=1):
        if study.interrupted:
            break
        title = f"{number}/{len(trials)} {name}, seed {seed}"
        study = work.add_trial(study, name, f"{runs[name]}-{seed}", replace(plan.arms[name], seed=seed), title)
        each(study)
    return study


def _whole(plan: StudyPlan, dest: Path, runs: Mapping[str, str], seeds: int, report: Reporter) -> Whole:
    """The study's progress: the images of all its runs, and how many are done."""
    configs = {dest / RUNS / f"{runs[arm]}-{seed}": plan.arms[arm] for arm in runs for seed in range(seeds)}
    configs |= {dest / RUNS / JUDGE: plan.judge} if plan.judge else {}
    places = {place: images_of(config, plan.folder) for place, config in configs.items()}
    done = sum(min(images, checkpoint.latest(place).images) for place, images in places.items())
    for line in (*plan.folder.assumed, plan.unjudged):
        if line:
            report.note(line)
    return Whole(report, sum(places.values()), done, dest)


class _Work:
    """Trains and scores one arm after another."""

    def __init__(self, plan: StudyPlan, dest: Path, whole: Whole) -> None:
        self._plan, self._dest, self._whole = plan, dest, whole
        self._failed: dict[Path, str] = {}

    def add_judge(self, study: Study, config: Config) -> Study:
        """The study with its segmenter, or with the failure of its training."""
        run = self._dest / RUNS / JUDGE
        with self._whole.arm(f"the {JUDGE}, which scores the others", self._left(run, config)):
            try:
                summary = self._train(run, config)
            except FailedError as error:
                return replace(study, failed=(Failure(JUDGE, 0, str(error)),))
        return replace(study, judge=run, stopped_by=summary.signal)

    def add_trial(self, study: Study, name: str, place: str, config: Config, title: str) -> Study:
        """The study with one more trial, existing or new, or with the reason of its failure."""
        run, path = self._dest / RUNS / place, self._dest / _SCORES / f"{place}.json"
        with self._whole.arm(title, self._left(run, config)):
            try:
                summary = self._train(run, config)
                if summary.signal:
                    return replace(study, stopped_by=summary.signal)
                scores = self._scores(study, run, path, fresh=summary.plan is not None)
            except FailedError as error:
                return replace(study, failed=(*study.failed, Failure(name, config.seed, str(error))))
        return replace(study, trials=(*study.trials, Trial(name, config.seed, run, scores, _seconds(run))))

    def _left(self, run: Path, config: Config) -> int:
        images = images_of(config, self._plan.folder)
        return max(0, images - checkpoint.latest(run).images) if run not in self._failed else 0

    def _train(self, run: Path, config: Config) -> TrainSummary:
        """Train; an error after the run's start is a FailedError; one before it or of the disk ends the study."""
        if run in self._failed:  # an arm with the same config
            raise FailedError(self._failed[run])
        try:
            return train(self._plan.folder.path, run, config, report=self._whole)
        except UsageError:
            raise
        except P2PError as error:
            if not (run / RUN).is_file() or error.code in _OF_THE_DISK:
                raise
            self._failed[run] = str(error)
            raise FailedError(str(error)) from error

    def _scores(self, study: Study, run: Path, path: Path, *, fresh: bool) -> dict[str, Any]:
        """The stored scores; new ones after more training, with another segmenter, or if they are damaged."""
        of = {"split": study.split, "variants": VARIANTS, "segmenter": study.judge is not None}
        if path.is_file() and not fresh:
            with suppress(P2PError):
                scores = read_json(path)
                if _are_scores(scores) and scores.get("of", of) == of:
                    return dict(scores)
        asked = EvaluationRequest(study.split, variants=VARIANTS, segmenter=study.judge)
        try:
            found = evaluate(run, study.pairs, asked=asked)
        except P2PError as error:
            if error.code in _OF_THE_DISK:
                raise
            raise FailedError(str(error)) from error
        write_json(path, {"of": of, **_summarise(found)})
        scores = read_json(path)
        assert isinstance(scores, dict)
        return scores


def _are_scores(value: Any) -> bool:
    words = ("of", "all")
    return isinstance(value, dict) and all(
        each is None or isinstance(each, int | float) for name, each in value.items() if name not in words
    )


class FailedError(Exception):
    """One arm could not be trained or scored."""


def _seconds(run: Path) -> float | None:
    """The seconds of training from a run's record."""
    with suppress(P2PError):
        recorded = [line["seconds"] for line in read_stats(run) if "seconds" in line]
        return float(recorded[-1]) if recorded else None
    return None


def _summarise(scores: Scores) -> dict[str, Any]:
    """The scores of the tables, None if one does not apply, and all scores under `all`."""
    judged = scores.judged or scores.agreement
    return {
        "l1": scores.metrics["l1"],
        "ssim": scores.metrics["ssim"],
        "histogram": fmean(scores.histograms.values()) if scores.histograms else None,
        "mean_iou": judged.mean_iou if judged else None,
        "diversity": scores.diversity.pairwise_l1 if scores.diversity else None,
        "all": scores.to_json(),
    }

"""A study: every arm of the chosen tables trained from every seed on one budget, scored on pairs no arm has seen.

Nothing here may train or score in a way of its own; it calls the loop and the evaluation, and keeps what they gave.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import read_json, write_json
from p2p_datatools.contract.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config import Config
from p2p_gan.data import identified, open_for_training, task_of
from p2p_gan.evaluate import Asked, Scores, evaluate
from p2p_gan.experiments.grid import arms_of
from p2p_gan.loop import train
from p2p_gan.settings import with_settings

FILE, RUNS, SCORES = "study.json", "runs", "scores"
FORMAT, VERSION = "p2p-experiments", 1
JUDGE = "segmenter"
VARIANTS = 4  # outputs of one input, of which variety is measured
# What the judge has of its own: it learns the mask back from the photo, by cross-entropy alone.
_JUDGE = {
    **{"game": "none", "class_weight": 1.0, "balanced": True, "dropout": 0.0, "noise": 0, "mode_seeking": 0.0},
    **{"generator": "unet", "augment": "none", "colour_jitter": 0.0, "a_as": "values", "b_as": "values"},
}


@dataclass(frozen=True)
class Trial:
    """One arm from one seed: its run and its scores."""

    arm: str
    seed: int
    run: Path
    scores: dict[str, Any]


@dataclass(frozen=True)
class Study:
    """What came of a study; `impossible` are arms that this config cannot have, with the reason."""

    dest: Path
    pairs: Path
    split: str
    tables: tuple[str, ...]
    config: Config
    trials: tuple[Trial, ...]
    impossible: dict[str, str]
    judge: Path | None
    interrupted: bool = False

    def of(self, arm: str) -> list[Trial]:
        """The trials of an arm, by seed."""
        return [trial for trial in self.trials if trial.arm == arm]


def run_study(
    pairs: Path, dest: Path, config: Config, *, tables: tuple[str, ...], seeds: int, report: Reporter = QUIET
) -> Study:
    """Train and score every arm of `tables` from `seeds` seeds; the same call again continues where it was.

    More seeds or tables extend a study. Raises UsageError when DEST holds something else or another study.
    """
    possible, impossible = arms_of(tables, config)
    study = run_arms(pairs, dest, possible, seeds=seeds, judged_like=config, report=report)
    return replace(study, tables=tables, impossible=impossible)


def run_arms(
    pairs: Path,
    dest: Path,
    arms: Mapping[str, Config],
    *,
    seeds: int,
    judged_like: Config,
    report: Reporter = QUIET,
) -> Study:
    """Train each arm from the seeds 0 to `seeds` - 1 and score it on held-out pairs, one seed of all after another.

    The judge has the networks and the budget of `judged_like`. What is there already is taken, not done again.
    """
    if seeds < 1:
        raise UsageError(f"seeds={seeds}: is not possible; it is at least 1.")
    folder = identified(open_for_training(pairs), report=report)
    study = Study(dest, pairs, _held_out(folder), (), judged_like, (), {}, None)
    _begin(dest, {name: replace(config, seed=0) for name, config in arms.items()}, folder)
    judge, interrupted = _train_judge(study, folder, report)
    study = replace(study, judge=judge, interrupted=interrupted)
    plan = [(name, seed) for seed in range(seeds) for name in arms]
    for number, (name, seed) in enumerate(plan, start=1):
        if study.interrupted:
            break
        report.note(f"arm {number} of {len(plan)}: {name}, seed {seed}")
        trial = _trial(study, name, _runs(arms, name), replace(arms[name], seed=seed), report)
        study = replace(study, interrupted=True) if trial is None else _with(study, trial)
    return study


def _with(study: Study, trial: Trial) -> Study:
    return replace(study, trials=(*study.trials, trial))


def _held_out(folder: PairFolder) -> str:
    for split in ("test", "val"):
        if folder.of(split):
            return split
    raise P2PError(f"{folder.path}: has no held-out pairs to compare on. Run 'p2p data split {folder.path}' first.")


def _begin(dest: Path, arms: Mapping[str, Config], folder: PairFolder) -> None:
    """Write the study's record, or add to the one that is there; raises UsageError naming what differs from it."""
    path = dest / FILE
    if not path.is_file() and dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise UsageError(f"{dest}: holds something else (no {FILE}). Choose another place for the study.")
    old = _record(path) if path.is_file() else {"format": FORMAT, "data_hash": folder.data_hash, "arms": {}}
    new = {name: config.to_json() for name, config in arms.items()}
    changed = [f"{name}'s {field}" for name in new for field in _differing(old["arms"].get(name, new[name]), new[name])]
    if old["data_hash"] != folder.data_hash:
        changed.append("the pairs or their split")
    if changed:
        raise UsageError(
            f"{dest}: is a study with other settings: {', '.join(changed[:5])}. Repeat the first command to continue "
            "it, or choose another destination."
        )
    record = {"format": FORMAT, "version": VERSION, "data_hash": folder.data_hash, "arms": old["arms"] | new}
    if record != old:
        write_json(path, record)


def _record(path: Path) -> dict[str, Any]:
    """What study.json says; raises P2PError when it is damaged, or newer than this program."""
    value = read_json(path)
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("version"), int):
        raise P2PError(f"{path}: is not the record of a study. Choose another destination.")
    if value["version"] > VERSION:
        raise P2PError(f"{path}: was written by a newer p2p (format {value['version']}). Update p2p.")
    arms = value.get("arms")
    if (
        "data_hash" not in value
        or not isinstance(arms, dict)
        or not all(isinstance(each, dict) for each in arms.values())
    ):
        raise P2PError(f"{path}: is damaged. Was it edited? Bring a copy back, or choose another destination.")
    return value


def _scores(path: Path) -> dict[str, Any]:
    """The scores of a trial that was scored before; raises P2PError when they are none."""
    value = read_json(path)
    if not isinstance(value, dict) or not all(
        number is None or isinstance(number, int | float) for name, number in value.items() if name != "all"
    ):
        raise P2PError(f"{path}: holds no scores. Was it edited? Delete it: the same command scores the run again.")
    return value


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [field for field in new if old.get(field) != new[field]]


def _runs(possible: Mapping[str, Config], name: str) -> str:
    """The arm whose runs an arm has: the first of the same config, so that nothing is trained twice."""
    return next(other for other in possible if possible[other] == possible[name])


def slug(name: str) -> str:
    """An arm's name as that of a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _trial(study: Study, name: str, runs: str, config: Config, report: Reporter) -> Trial | None:
    """Train and score one arm from one seed, or take what is there; None when it was interrupted."""
    place = f"{slug(runs)}-{config.seed}"
    run, path = study.dest / RUNS / place, study.dest / SCORES / f"{place}.json"
    summary = train(study.pairs, run, config, report=report)
    if summary.interrupted:
        return None
    if not path.is_file():
        asked = Asked(study.split, variants=VARIANTS, segmenter=study.judge)
        write_json(path, summarised(evaluate(run, study.pairs, asked=asked, report=report)))
    return Trial(name, config.seed, run, _scores(path))


def summarised(scores: Scores) -> dict[str, Any]:
    """The scores that tables show, None where one does not apply, and everything else under `all`."""
    judged = scores.judged or scores.agreement
    return {
        "l1": scores.l1,
        "ssim": scores.ssim,
        "histogram": fmean(scores.histograms.values()) if scores.histograms else None,
        "mean_iou": judged.mean_iou if judged else None,
        "diversity": scores.diversity.pairwise_l1 if scores.diversity else None,
        "all": asdict(scores),
    }


def _train_judge(study: Study, folder: PairFolder, report: Reporter) -> tuple[Path | None, bool]:
    """The segmenter that says how well a generated photo shows its mask; (None, _) where there is no mask to show."""
    task = task_of(folder, study.config.direction)
    if folder.palette is None or task.input.kind != "mask" or task.output.kind == "mask":
        return None, False
    mask_side = "b_as" if task.swapped else "a_as"
    direction = "a-to-b" if task.swapped else "b-to-a"
    config = with_settings(study.config, {**_JUDGE, mask_side: "classes", "direction": direction, "seed": 0})
    report.note("the segmenter that judges how well a generated picture shows its mask")
    summary = train(study.pairs, study.dest / RUNS / JUDGE, config, report=report)
    return study.dest / RUNS / JUDGE, summary.interrupted

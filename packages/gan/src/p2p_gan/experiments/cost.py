"""What a study will take: the time of all its runs, and the space of their folders.

Nothing here may train a run; a few updates of the base config are timed, as for the plan of a run.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.bench.operations import count_operations
from p2p_gan.config.config import Config
from p2p_gan.experiments.plan import StudyPlan, refuse_dest
from p2p_gan.training.job import refuse_contradictions
from p2p_gan.training.planning import Need, plan


@dataclass(frozen=True)
class StudyCost:
    """`seconds` of training for all runs, None where they are too short to be timed, and the `disk` of all folders."""

    seconds: float | None
    disk: Need


def estimate_study(study: StudyPlan, pairs: Path, dest: Path, seeds: int, *, report: Reporter = QUIET) -> StudyCost:
    """The time and space of a study: that of the base config, scaled by the operations of each arm's update.

    Scores and the page are not counted; they take about as long as sampling the held-out pairs of each run. Raises what
    the study itself would raise of `dest`.
    """
    refuse_dest(study, dest)
    planned = plan(pairs, study.base, dest / "runs" / "base", report=report)
    runs = Counter(dict.fromkeys(study.arms.values(), seeds)) + Counter([study.judge] if study.judge else [])
    work = sum(count * _flops(config, study) for config, count in runs.items()) / _flops(study.base, study)
    seconds = None if planned.seconds_per_image is None else planned.seconds_per_image * study.images * work
    parts = {name: size * runs.total() for name, size in planned.disk.parts.items()}
    return StudyCost(seconds, Need(parts, planned.disk.free))


def _flops(config: Config, study: StudyPlan) -> float:
    """Operations for one image; pictures of their own sizes are taken for equal, as is what no preset has."""
    if config.size is None:
        return 1.0
    counted = count_operations(refuse_contradictions(study.folder, config))
    return counted.flops / counted.batch

"""Gathers what is known of a run into one value: its record, settings, data, machine, scores and pictures.

Nothing here may make text of a page, or fail because a part of the run is missing.
"""

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from p2p_datatools.contract.files.atomic import lives
from p2p_datatools.contract.files.lock import FolderLock
from p2p_datatools.contract.foreign import catch_decoder
from p2p_gan.config.config import Config
from p2p_gan.models.location import BEST, MODEL_FILE, refuse_no_run
from p2p_gan.reports.data import DataFacts, data_facts
from p2p_gan.reports.samples import Film, read_film
from p2p_gan.reports.scores import ScoreReport, find_scores
from p2p_gan.reports.settings import SettingFacts, compare_with_preset
from p2p_gan.runs.compare import Run, read_runs
from p2p_gan.runs.runfolder import RUN, STATS, read_run_config, read_run_record, read_stats

REPORT, SCORES = "report.html", "scores"
"""The page and the folder of scores that a run folder has."""


@dataclass(frozen=True)
class RunReport:
    """What is known of a run. `running` names the process that trains it now, if any; `warnings` are its guards'.

    `written` is the time of the last line of its record, None before the first.
    """

    run: Run
    record: Mapping[str, Any]
    config: Config
    settings: SettingFacts
    data: DataFacts
    film: Film
    scores: tuple[ScoreReport, ...]
    running: str = ""
    written: datetime | None = None
    warnings: tuple[tuple[int, str], ...] = ()
    models: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of the training that is done."""
        return min(1.0, self.run.images / self.run.total) if self.run.total else 0.0


def gather_report(path: Path | str, *, scores: Sequence[Path] = ()) -> RunReport:
    """Read a run folder, which may be in use; `scores` are folders of 'p2p evaluate', or else they are looked for.

    Raises UsageError for a folder that is not a run, and for `scores` that are not scores; P2PError for a record that
    is damaged.
    """
    path = Path(path)
    refuse_no_run(path, to_do="Give a folder that 'p2p train' has begun to write.")
    record = read_run_record(path)
    config, lines = read_run_config(path, record), read_stats(path)
    (run,) = read_runs([path])
    with catch_decoder(path / RUN, "is damaged", "If it was edited, restore a copy."):
        data = data_facts(record, path)
        images = config.images or config.epochs * data.splits.get("train", 0)
    return RunReport(
        run=replace(run, total=images, name=path.absolute().name),
        record=record,
        config=config,
        settings=compare_with_preset(config),
        data=data,
        film=read_film(path),
        scores=find_scores(path, scores),
        running=_process(path),
        written=_last_line(path),
        warnings=tuple((line.get("images", 0), str(word)) for line in lines for word in line.get("guards", ())),
        models=tuple(name for name in (MODEL_FILE, BEST) if (path / name).is_file()),
    )


def _process(run: Path) -> str:
    """The process that has the run's lock, as far as that can be known without taking it."""
    owner = FolderLock(run).owner()
    if owner is None:
        return ""
    here = owner["host"] == socket.gethostname()
    if here and not (isinstance(owner["pid"], int) and lives(owner["pid"])):
        return ""  # it was killed
    return f"process {owner['pid']} on {owner['host']}"


def _last_line(run: Path) -> datetime | None:
    with suppress(OSError):
        return datetime.fromtimestamp((run / STATS).stat().st_mtime, UTC)
    return None

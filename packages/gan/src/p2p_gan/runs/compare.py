"""Run folders as values to list and compare: progress, config, scores and curves.

Nothing here may import torch or write; a run in progress may be read at any time.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2p_datatools.contract.curves import Mark
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.listing import closed_folder
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.settings import settings_of
from p2p_datatools.contract.words import name_first
from p2p_gan.config.config import Config
from p2p_gan.runs.runfolder import OF_ANOTHER_VERSION, RUN, read_run_config, read_run_json, read_stats

_NOT_DRAWN = {"images", "seconds", "waited"}
# Fields on recording and saving, not on training; epochs have been converted to images.
_NOT_COMPARED = {"epochs", "log_every", "sample_every", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints"}

Curve = list[tuple[int, float]]


@dataclass(frozen=True)
class Run:
    """One run: `images` of `total` are recorded; `validation` and `best` are its latest and its best scores."""

    path: Path
    name: str
    state: str  # finished, unfinished, diverged, damaged, or of another version
    images: int
    total: int
    seconds: float
    config: dict[str, Any]
    losses: dict[str, float]
    validation: dict[str, Any] | None
    best: dict[str, Any] | None  # with its `images`
    curves: dict[str, Curve]
    events: tuple[Mark, ...] = ()  # where it was resumed, recovered or diverged
    pairs: str = ""  # their folder, as it was given
    scored: str = ""  # the hash of the pairs of val/, which the scores are of; empty if it is not known


_GIVE_RUNS = "Give a run folder or a folder of runs."


def find_runs(places: Sequence[Path], *, strange: list[P2PError] | None = None) -> list[Path]:
    """The run folders at these paths: each path itself, or those inside it; raises UsageError if it has none.

    The error of a folder that is closed to us is added to `strange` if given, else raised.
    """
    found: dict[Path, None] = {}
    for place in places:
        errors = list[P2PError]()
        inside = _runs_in(place, errors)
        if errors and (strange is None or not inside):
            raise errors[0]
        if strange is not None:
            strange += errors
        if not inside and not place.exists():
            raise UsageError(place, "does not exist", advise_missing(place, otherwise=_GIVE_RUNS), code="no-runs")
        if not inside:
            raise UsageError(place, f"has no run folder (no {RUN})", _GIVE_RUNS, code="no-runs")
        found |= dict.fromkeys(inside)
    return list(found)


def _runs_in(place: Path, errors: list[P2PError]) -> list[Path]:
    def refuse(error: OSError) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return  # gone since it was listed
        below = Path(error.filename).relative_to(place).as_posix()
        errors.append(closed_folder(place, "" if below == "." else below, error))

    folders = os.walk(place, onerror=refuse)
    first, found = next(folders, None), list[Path]()
    if first is not None and RUN in first[2]:
        return [place]
    for folder, _, files in folders:
        if RUN in files:
            found.append(Path(folder))
    return sorted(found)


def read_runs(places: Sequence[Path], *, strange: list[P2PError] | None = None) -> list[Run]:
    """The runs at these paths, in the order of `find_runs`; one that cannot be read is listed as damaged.

    Its error is added to `strange` if given.
    """
    paths = find_runs(places, strange=strange)
    errors = [] if strange is None else strange
    return [_read(path, name, errors) for path, name in zip(paths, _names(paths), strict=True)]


def _names(paths: Sequence[Path]) -> list[str]:
    """Short unique names: the paths without the folders that all share."""
    parts = [path.resolve().parts for path in paths]
    shared = 0
    while len(paths) > 1 and all(len(each) > shared + 1 and each[shared] == parts[0][shared] for each in parts):
        shared += 1
    return ["/".join(each[shared:]) if len(paths) > 1 else each[-1] for each in parts]


def _read(path: Path, name: str, errors: list[P2PError]) -> Run:
    try:
        record = read_run_json(path)
        config = read_run_config(path, record if isinstance(record, dict) else {})
        lines = read_stats(path)
    except P2PError as error:
        errors.append(error)
        state = "of another version" if error.code in OF_ANOTHER_VERSION else "damaged"
        return Run(path, name, f"{state}: {error.where}: {error.what}", 0, 0, 0.0, {}, {}, None, None, {})
    losses = [line for line in lines if "seconds" in line]
    scores = [line for line in lines if "validation" in line]
    last = losses[-1] if losses else {}
    total = config.images or 0
    images = int(last.get("images", 0))
    best = [line for line in scores if line["validation"].get("best")]
    return Run(
        path=path,
        name=name,
        state=_state_of(lines, images, total),
        images=images,
        total=total,
        seconds=float(last.get("seconds", 0.0)),
        config=config.to_json(),
        losses={key: value for key, value in last.items() if key[:2] in ("d_", "g_") and key != "d_accuracy"},
        validation=scores[-1]["validation"] if scores else None,
        best={"images": best[-1]["images"], **best[-1]["validation"]} if best else None,
        curves=_curves(lines),
        events=_events(lines),
        pairs=str(record.get("pairs", "")),
        scored=_hash_of_val(record),
    )


def _state_of(lines: Sequence[dict[str, Any]], images: int, total: int) -> str:
    last = lines[-1] if lines else {}
    if "diverged" in last:
        return "diverged"
    is_early = "stopped" in last  # since no score became better
    return "finished" if images >= total or is_early else "unfinished"


def _hash_of_val(record: dict[str, Any]) -> str:
    splits = record.get("splits")
    val = splits.get("val") if isinstance(splits, dict) else None
    return str(val.get("hash", "")) if isinstance(val, dict) else ""


def say_other_pairs(runs: Sequence[Run]) -> str:
    """A sentence if the scores of these runs are not of the same pairs; empty if they are, or if that is not known."""
    by_pairs: dict[str, list[Run]] = {}
    for run in runs:
        if run.validation and run.scored:
            by_pairs.setdefault(run.scored, []).append(run)
    if len(by_pairs) < 2:
        return ""
    told = ", ".join(
        f"{name_first(alike[0].name, len(alike))} on those of {alike[0].pairs}" for alike in by_pairs.values()
    )
    return f"These runs were not validated on the same pairs, so that their scores cannot be compared: {told}."


def _curves(lines: Sequence[dict[str, Any]]) -> dict[str, Curve]:
    """The figures by the number of images at which they were measured; what happened is an event."""
    found: dict[str, Curve] = {}
    for line in lines:
        if "seconds" not in line and "validation" not in line:
            continue
        scores = {f"val {name}": value for name, value in line.get("validation", {}).items() if name != "pictures"}
        for name, value in (line | scores).items():
            if isinstance(value, int | float) and not isinstance(value, bool) and name not in _NOT_DRAWN:
                found.setdefault(name, []).append((line.get("images", 0), float(value)))
    return found


def _events(lines: Sequence[dict[str, Any]]) -> tuple[Mark, ...]:
    found = []
    for line in lines:
        images = line.get("images", 0)
        if line.get("resumed_at"):  # a run that was stopped before its first checkpoint began again
            found.append(Mark(line["resumed_at"], "resumed"))
        if "recovered_from" in line:
            found.append(Mark(images, "returned to after losses that were not finite", bad=True))
        if "diverged" in line:
            found.append(Mark(images, "diverged", bad=True))
    return tuple(found)


def differing_fields(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The fields of the config that differ between these runs, with the value of each run."""
    known = [run.config for run in runs if run.config]
    names = [name for name in (known[0] if known else {}) if name not in _NOT_COMPARED]
    return {
        name: [run.config.get(name) for run in runs]
        for name in names
        if any(config.get(name) != known[0][name] for config in known)
    }


def settings_rows(runs: Sequence[Run], fields: Iterable[str]) -> list[tuple[str, ...]]:
    """For each run whose config could be read its name and these fields of the config, as a user would type them."""
    declared = settings_of(Config)
    return [(run.name, *(declared[name].text(run.config[name]) for name in fields)) for run in runs if run.config]

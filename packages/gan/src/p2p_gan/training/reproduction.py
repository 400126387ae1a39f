"""Repeats a run from its run.json and compares losses, scores and models of the two.

Nothing here may change the original run; known differences are reported before anything is computed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.device import describe_machine, resolve_device, resolve_precision
from p2p_gan.models.location import MODEL_FILE, refuse_no_run
from p2p_gan.models.model import read_model
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import find_recorded, read_run_config, read_run_record, read_stats
from p2p_gan.training.continuation import OF_DEVICE
from p2p_gan.training.run import train
from p2p_gan.training.source import digest_of

# Measurements of the machine and not of the training, and warnings.
_NOT_COMPARED = {"images_per_s", "seconds", "waited", "guards"}


@dataclass(frozen=True)
class LossDifference:
    """The largest relative difference of a figure in the two records, and where the records first differ."""

    largest: float
    name: str
    images: int
    first: int  # images at the first line that differs


@dataclass(frozen=True)
class Reproduction:
    """The result: `named` are the differences known beforehand; `lines` is the number of lines compared.

    `losses` is None if all are equal. `model_identical`: the two models have the same weights and the same description;
    `largest_weight` is the largest difference of two weights. Both are None if one of the runs is unfinished.
    """

    run: Path
    dest: Path
    named: tuple[str, ...]
    lines: int
    losses: LossDifference | None
    model_identical: bool | None
    largest_weight: float | None

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return self.losses is None and self.model_identical is True


def reproduce(
    run: Path | str, dest: Path | str, *, pairs: Path | str | None = None, report: Reporter = QUIET
) -> Reproduction:
    """Train again into `dest` as run.json of `run` says, and compare the two; the same call again resumes.

    `pairs` is the pair folder if it has moved. Raises P2PError, UsageError, or KeyboardInterrupt after Ctrl-C.
    """
    run, dest = Path(run), Path(dest)
    refuse_no_run(run, to_do="Give the folder of a run.")
    if run.resolve() == dest.resolve():
        to_do = "Choose another folder for the reproduction."
        raise UsageError(dest, "is the run itself", to_do, code="destination-inside-source")
    record = read_run_record(run)
    config = _here(read_run_config(run, record))
    place = _pairs_of(record, run, None if pairs is None else Path(pairs))
    source, changed = _model_of(record, run, dest)
    named = (*_known_differences(record, config, place, run), *changed)
    for line in named:
        report.note(f"differs: {line}")
    summary = train(place, dest, config, source=source, report=report)
    if summary.interrupted and summary.stopped_by == "SIGINT":
        raise KeyboardInterrupt  # Ctrl-C ends this like any other command; what was trained is saved
    if summary.interrupted:
        what, to_do = f"was interrupted at image {summary.images}", "Repeat the command to continue."
        raise P2PError(dest, what, to_do, code="interrupted")
    lines, losses = compare_records(run, dest)
    identical, weight = _compare_models(run, dest)
    return Reproduction(run, dest, named, lines, losses, identical, weight)


def _pairs_of(record: dict[str, Any], run: Path, given: Path | None) -> Path:
    """The pairs that the run was trained on, where they are now; raises P2PError where they are not."""
    if given is not None:
        if not given.exists():
            raise P2PError(given, "does not exist", advise_missing(given), code="missing-folder")
        return given
    found = find_recorded(run, record.get("pairs"))
    if found is None:
        what = "does not exist any more, but the run was trained on its pairs"
        to_do = "Give their new folder with --pairs."
        raise P2PError(record.get("pairs") or run / "pairs", what, to_do, code="missing-folder")
    return found


def _model_of(record: dict[str, Any], run: Path, dest: Path) -> tuple[Path | None, list[str]]:
    """The model that the run began with, and a line if its file has changed since; None if it is not needed."""
    origin = record.get("from")
    if origin is None or checkpoint.exists(dest):
        return None, []
    path = find_recorded(run, origin.get("path"))
    if path is None:
        what = "does not exist any more, but the run began with its weights"
        raise P2PError(origin.get("path"), what, "Restore it from a copy.", code="missing-model")
    same = digest_of(path) == origin.get("sha256")
    return path, [] if same else [f"the model that the run began with, {path}, has changed since"]


def _here(config: Config) -> Config:
    """The run's config; where this machine lacks its device or precision, what depends on the device is auto."""
    config = replace(config, wandb="off")  # what one run was asked to send, its repetition was not
    automatic = {name: settings_of(Config)[name].automatic for name in OF_DEVICE}
    try:
        device = resolve_device(config.device)
    except UsageError:
        return replace(config, device="auto", **automatic)
    try:
        resolve_precision(config.precision, device)
    except UsageError:
        return replace(config, **automatic)
    return config


def _known_differences(record: dict[str, Any], config: Config, pairs: Path, run: Path) -> list[str]:
    """The differences that are known before anything is computed, one line each."""
    machine = describe_machine(resolve_device(config.device))
    before = record.get("machine", {})
    lines = [
        f"{name} was {before.get(name)}, is now {machine.get(name)}"
        for name in sorted(before.keys() | machine.keys())
        if before.get(name) != machine.get(name)
    ]
    found = identify_files(open_for_training(pairs)).data_hash
    if found != record.get("data_hash"):
        lines.append(
            f"the pairs or their split: data hash was {str(record.get('data_hash'))[:12]}, is now {found[:12]}"
        )
    if config.device != record["config"].get("device"):
        lines.append(f"the device was {record['config'].get('device')}, which this machine does not have")
    elif config.precision != record["config"].get("precision"):
        lines.append(f"the precision was {record['config'].get('precision')}, which this device does not have")
    if record.get("processes", 1) > 1:
        lines.append(f"the run was trained on {record['processes']} devices, now on 1: dropout and noise differ")
    notes = read_stats(run)
    if config.lr_schedule != "constant" and any("resumed_at" in line for line in notes):
        lines.append("the run was resumed; if --images was raised then, its lr_schedule was different before")
    if any("recovered_from" in line for line in notes):
        lines.append("the run recovered from a loss that was not finite")
    return lines


def compare_records(run: Path, dest: Path) -> tuple[int, LossDifference | None]:
    """(number of lines that both records have, their difference): losses and validation scores, line by line.

    A loss is a mean since the previous line, so it is compared only if both records have that line too.
    """
    first, second = _figures(run), _figures(dest)
    common = sorted(first.keys() & second.keys())
    worst: LossDifference | None = None
    for images, name, since in common:
        one, other = first[images, name, since], second[images, name, since]
        if one == other:
            continue
        relative = abs(one - other) / max(abs(one), abs(other))
        start = worst.first if worst else images
        if worst is None or relative > worst.largest:
            worst = LossDifference(relative, name, images, start)
    return len({images for images, _, _ in common}), worst


def _figures(run: Path) -> dict[tuple[int, str, int], float]:
    """Every figure of a record by its image, its name and, for a loss, the image of the previous line."""
    found, since = {}, 0
    for line in read_stats(run):
        scores = {f"validation {name}": value for name, value in line.get("validation", {}).items()}
        for name, value in (line | scores).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and name not in _NOT_COMPARED and "images" in line:
                found[line["images"], name, since if name[:2] in ("d_", "g_") else 0] = float(value)
        since = line["images"] if "learning_rate" in line else since
    return found


def _compare_models(run: Path, dest: Path) -> tuple[bool | None, float | None]:
    """(whether weights and descriptions are the same, the largest difference of two weights), None of unfinished runs.

    That a model of an earlier p2p does not say its proportions makes it no other one.
    """
    if not (run / MODEL_FILE).is_file():
        return None, None
    first, second = read_model(run), read_model(dest)
    if first.card.images != second.card.images:
        return None, None
    known = second.card if first.card.proportions else replace(second.card, proportions=None)
    old, new = first.generator.state_dict(), second.generator.state_dict()
    largest = max(float((old[name].double() - new[name].double()).abs().max()) for name in old)
    return first.card == known and largest == 0, largest

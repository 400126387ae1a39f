"""A run made again from what its run.json says, and what came out otherwise.

Nothing here may change the run that is reproduced; what differs beforehand is named before anything is computed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.device import describe_machine, resolve_device
from p2p_gan.models.model import MODEL_FILE, load_model
from p2p_gan.runs.runfolder import RUN, RunFolder, read_stats
from p2p_gan.training.run import train

# What is measured of the machine and not of the training, or said once.
_NOT_COMPARED = {"images_per_s", "seconds", "waited", "guards"}


@dataclass(frozen=True)
class LossDifference:
    """The largest difference of a figure of the two records, relative to the larger value, and where they part."""

    largest: float
    name: str
    images: int
    first: int  # images at the first line that differs


@dataclass(frozen=True)
class Reproduction:
    """What came out: `named` differed beforehand; `lines` of the record were compared.

    `losses` None: all alike. `model_identical`: the two model files are the same bytes; `largest_weight` is the largest
    difference of two weights. Both are None where one of the runs has not come to its end.
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
    """Train again into `dest` as run.json of `run` says, and compare; the same call again resumes.

    `pairs` says where the pairs are now, if they have moved. Raises P2PError or UsageError.
    """
    run, dest = Path(run), Path(dest)
    if not (run / RUN).is_file():
        raise UsageError(run, "is not a run folder (no run.json)", "Give one that 'p2p train' made.", code="not-a-run")
    if run.resolve() == dest.resolve():
        raise UsageError(
            dest, "is the run itself", "Choose another place for its reproduction.", code="destination-inside-source"
        )
    original = RunFolder(run)
    record = original.read()
    config, place = _here(original.config()), Path(pairs or record.get("pairs") or run / "pairs")
    if not place.exists():
        raise P2PError(
            place,
            "the pairs of the run are not there any more",
            "Say with --pairs where they are.",
            code="missing-folder",
        )
    named = tuple(_known_differences(record, config, place, run))
    for line in named:
        report.note(f"differs: {line}")
    summary = train(place, dest, config, report=report)
    if summary.interrupted:
        raise P2PError(
            dest, f"was interrupted at image {summary.images}", "The same command continues.", code="interrupted"
        )
    lines, losses = compare_records(run, dest)
    identical, weight = _compare_models(run, dest)
    return Reproduction(run, dest, named, lines, losses, identical, weight)


def _here(config: Config) -> Config:
    """The run's config, on this machine's device where the run's own is not here."""
    try:
        resolve_device(config.device)
    except UsageError:
        return replace(config, device="auto", precision="auto")
    return config


def _known_differences(record: dict[str, Any], config: Config, pairs: Path, run: Path) -> list[str]:
    """What is known to differ before anything is computed, a line each."""
    machine = describe_machine(resolve_device(config.device))
    before = record.get("machine", {})
    lines = [
        f"{name} was {before.get(name)}, is {machine.get(name)}"
        for name in sorted(before.keys() | machine.keys())
        if before.get(name) != machine.get(name)
    ]
    found = identify_files(open_for_training(pairs)).data_hash
    if found != record.get("data_hash"):
        lines.append(f"the pairs or their split: data hash was {str(record.get('data_hash'))[:12]}, is {found[:12]}")
    if config.device != record["config"].get("device"):
        lines.append(f"the device was {record['config'].get('device')}, which is not here")
    if record.get("processes", 1) > 1:
        lines.append(
            f"the run was trained on {record['processes']} devices, now on one: other draws of dropout and noise"
        )
    notes = read_stats(run)
    if config.lr_schedule != "constant" and any("resumed_at" in line for line in notes):
        lines.append("the run was continued; if --images was raised then, its schedule was another before")
    if any("recovered_from" in line for line in notes):
        lines.append("the run has recovered from a loss that was no number")
    return lines


def compare_records(run: Path, dest: Path) -> tuple[int, LossDifference | None]:
    """(lines that both records have, how they differ): losses and validation scores, line by line.

    A loss is a mean since the line before it, so it is compared only where both records have that line too.
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
    """Every figure of a record by its image, its name and, for a loss, the image of the line before."""
    found, since = {}, 0
    for line in read_stats(run):
        scores = {f"validation {name}": value for name, value in line.get("validation", {}).items()}
        for name, value in (line | scores).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and name not in _NOT_COMPARED and "images" in line:
                found[line["images"], name, since if name[:2] in ("d_", "g_") else 0] = float(value)
        since = line["images"] if "rate" in line else since
    return found


def _compare_models(run: Path, dest: Path) -> tuple[bool | None, float | None]:
    if not (run / MODEL_FILE).is_file():
        return None, None
    if sha256_file(run / MODEL_FILE) == sha256_file(dest / MODEL_FILE):
        return True, 0.0
    first, second = load_model(run), load_model(dest)
    if first.card.images != second.card.images:
        return None, None
    ours, theirs = first.generator.state_dict(), second.generator.state_dict()
    return False, max(float((ours[name].double() - theirs[name].double()).abs().max()) for name in ours)

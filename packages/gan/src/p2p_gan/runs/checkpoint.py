"""Checkpoints as files: the tensors of a state, and the record that makes them count, each hashed, none a pickle.

Nothing here may decide when to save or what to do next; it writes a state and reads the newest whole one back, bit for
bit.
"""

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, sha256_file, write_json
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.models.tensorfile import read_tensors, write_tensors
from p2p_gan.runs.state import Shapes, optimizer_progress, rates, restore_state, set_rates, tensors_of
from p2p_gan.updates.step import Networks

CHECKPOINTS = "checkpoints"
_FORMAT, _VERSION = "p2p-checkpoint", 1
_NAME = re.compile(r"\d{10}")
_SEAL = "record_sha256"
_DAMAGED, _AGAIN = "its hash is not the one it was written with, so it is damaged", "Bring a copy of it back."


@dataclass(frozen=True)
class Progress:
    """How far a run is. The order of the data follows from the seed and `images`, which is therefore its cursor."""

    images: int  # seen so far
    tally: list[float]  # sums of the losses since the last line of the record, over `tallied` images
    tallied: int
    seconds: float  # of training
    best: float | None = None  # the best score by validation, and after how many images
    best_images: int | None = None
    looked: bool = True  # whether the samples and scores that were due at `images` are made
    extra: dict[str, Any] = field(default_factory=dict)  # small states of JSON values, such as a loss scaler's

    @property
    def recovery_factor(self) -> float:
        """What the learning rate is multiplied by; 1 until the run has recovered from a loss that was not finite."""
        return float(self.extra.get("slowed", 1.0))


@dataclass(frozen=True)
class Snapshot:
    """A state on the CPU that training does not change, and what the record says of its optimisers."""

    tensors: dict[str, Tensor]
    begun: dict[str, int]
    rates: dict[str, float]


def snapshot(nets: Networks, reuse: dict[str, Tensor] | None = None) -> Snapshot:
    """Copy the state into memory of the CPU; into the tensors of an earlier snapshot where given, which is quicker."""
    live = tensors_of(nets)
    pinned = any(value.is_cuda for value in live.values())  # the device copies without the processor's help
    held = {} if reuse is None else reuse
    for name, value in live.items():
        if name not in held or held[name].shape != value.shape:
            # In the layout of the original: a plain copy of memory.
            held[name] = torch.empty_like(value, device="cpu", pin_memory=pinned)
        held[name].copy_(value, non_blocking=pinned)
    if pinned:
        torch.cuda.synchronize()
    return Snapshot({name: held[name] for name in live}, optimizer_progress(nets), rates(nets))


def write_state(run: Path, state: Snapshot, progress: Progress) -> dict[str, Any]:
    """Write the tensors, and give the record with which `seal` makes them count."""
    tensors = _place(run, progress.images).with_suffix(".safetensors")
    digest = write_tensors(tensors, state.tensors)
    return {
        "format": _FORMAT,
        "version": _VERSION,
        **dataclasses.asdict(progress),
        "begun": state.begun,
        "rates": state.rates,
        "tensors": len(state.tensors),
        "bytes": tensors.stat().st_size,
        "sha256": digest,
    }


def seal(run: Path, record: Mapping[str, Any], *, keep: int) -> None:
    """Write the record; the checkpoint counts from now on, and those beyond the last `keep` and the best go."""
    write_json(_place(run, record["images"]), {**record, _SEAL: _digest(record)})
    whole = _records(run)
    best = record["best_images"]
    wanted = {*whole[-keep:], *([] if best is None else [_place(run, best)])}
    for old in whole:
        if old not in wanted:
            _remove(old)  # the record goes first: without it the tensors do not count
    for stray in (run / CHECKPOINTS).glob("*.safetensors"):  # a kill left it without a record
        if _NAME.fullmatch(stray.stem) and not stray.with_suffix(".json").exists():
            _remove(stray)


def save(run: Path, nets: Networks, progress: Progress, *, keep: int) -> None:
    """Write a checkpoint at once; the same state gives the same tensors file."""
    seal(run, write_state(run, snapshot(nets), progress), keep=keep)


def latest(run: Path) -> tuple[int, bool]:
    """How many images the newest checkpoint has seen that looks whole, or 0, and whether they were all looked at.

    It looks whole when its record is, and its tensors have their size; their hash takes longer and is `load_latest`'s.
    """
    for record in reversed(_records(run)):
        with contextlib.suppress(P2PError, OSError, KeyError):
            value = _read(record)
            if value["bytes"] == record.with_suffix(".safetensors").stat().st_size:
                return int(record.stem), bool(value["looked"])
    return 0, True


def load_latest(run: Path, nets: Networks, report: Reporter = QUIET) -> Progress | None:
    """Bring networks, optimisers and random states to the newest whole checkpoint; None where there is none at all.

    One that is damaged or does not fit is reported by a line and set aside under another name, and the one before it is
    used. Raises P2PError when there are some and none can be used.
    """
    records = _records(run)
    troubles: list[P2PError] = []
    for record in reversed(records):
        try:
            progress = _load(record, nets)
        except P2PError as error:
            troubles.append(error)
            continue
        for bad, trouble in zip(reversed(records), troubles, strict=False):
            report.note(
                f"{trouble.where}: {trouble.what}. Training continues from image {progress.images}. {_set_aside(bad)}"
            )
        return progress
    if troubles:
        raise P2PError(
            troubles[0].where,
            f"{troubles[0].what}; {_unusable(len(records))}",
            f"Bring a copy of {run / CHECKPOINTS} back if you have one, or delete that folder: the same command then "
            "begins again.",
            code="no-usable-checkpoint",
        )
    return None


def _unusable(count: int) -> str:
    if count == 1:
        return "the only checkpoint there cannot be used"
    return f"none of the {count} checkpoints there can be used"


def _load(record: Path, nets: Networks) -> Progress:
    tensors = record.with_suffix(".safetensors")
    value = _read(record)
    # Its length first: to hash a file that a torn disk shows as a terabyte takes hours.
    if _length(tensors) != value["bytes"] or sha256_file(tensors) != value["sha256"]:
        raise P2PError(tensors, _DAMAGED, _AGAIN, code="damaged-file")
    shapes = Shapes(nets, value["begun"])
    found = read_tensors(tensors, shapes, shapes.needed)
    restore_state(nets, found)
    set_rates(nets, value["rates"])
    return Progress(**{each.name: value[each.name] for each in dataclasses.fields(Progress)})


def _length(tensors: Path) -> int:
    try:
        return tensors.stat().st_size
    except OSError as error:
        raise P2PError(tensors, f"cannot be read: {error.strerror}", _AGAIN, code="unreadable-file") from error


def _read(record: Path) -> dict[str, Any]:
    """A record whose own hash is right."""
    value = read_json(record)
    if not isinstance(value, dict) or value.get("format") != _FORMAT or value.get("version") != _VERSION:
        raise P2PError(record, "is not a checkpoint of this version of p2p", _AGAIN, code="unknown-version")
    if value.pop(_SEAL, None) != _digest(value):
        raise P2PError(record, _DAMAGED, _AGAIN, code="damaged-file")
    return value


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _records(run: Path) -> list[Path]:
    return sorted(path for path in (run / CHECKPOINTS).glob("*.json") if _NAME.fullmatch(path.stem))


def _place(run: Path, images: int) -> Path:
    return run / CHECKPOINTS / f"{images:010d}.json"


def _remove(record: Path) -> None:
    for file in (record, record.with_suffix(".safetensors")):
        with contextlib.suppress(OSError):
            file.unlink()


def _set_aside(record: Path) -> str:
    """Rename a checkpoint so that it is neither used nor counted again; says where it is."""
    aside = record.with_name(f"{record.stem}.damaged.json")
    with contextlib.suppress(OSError):
        for suffix in (".json", ".safetensors"):
            if record.with_suffix(suffix).exists():
                record.with_suffix(suffix).replace(aside.with_suffix(suffix))
    return f"It is now called {aside.stem}; delete it when you have seen it."

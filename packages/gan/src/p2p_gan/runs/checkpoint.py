"""Checkpoints as files: a safetensors file and a JSON record for each, both with their hash, without pickle.

Nothing here may decide when to save; it writes a state and restores the newest complete one bit for bit.
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

import safetensors
import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_json, sha256_file, write_json
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import path_word, plural
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import read_card
from p2p_gan.models.tensorfile import read_tensors, write_tensors
from p2p_gan.runs.runfolder import RUN, TRAINED, read_run_record
from p2p_gan.runs.state import Shapes, learning_rates, optimizer_progress, restore_state, set_learning_rates, tensors_of
from p2p_gan.updates.step import Networks

CHECKPOINTS = "checkpoints"
_FORMAT, _VERSION = "p2p-checkpoint", 1
_NAME = re.compile(r"\d{10}")
_FILES = (".json", ".safetensors")  # of each checkpoint: its record and its tensors
_SEAL = "record_sha256"
_DAMAGED, _RESTORE = "is damaged: its content does not match its hash", "Restore it from a copy."


@dataclass(frozen=True)
class Progress:
    """How far a run is; the order of the data follows from the seed and the number of images, so it is not stored."""

    images: int  # seen so far
    tally: list[float]  # sums of the losses since the last line of stats.jsonl, over `tallied` images
    tallied: int
    seconds: float  # of training
    best: float | None = None  # the best validation score, reached at image `best_images`
    best_images: int | None = None
    looked: bool = True  # whether the samples and scores that were due at `images` have been made
    extra: dict[str, Any] = field(default_factory=dict)  # further small states as JSON values, such as a loss scaler's

    @property
    def recovery_factor(self) -> float:
        """The factor of the learning rate; 1 unless the run has recovered from a loss that was not finite."""
        return float(self.extra.get("slowed", 1.0))


@dataclass(frozen=True)
class Snapshot:
    """A copy of the state on the CPU, which training does not change; `begun` is from `optimizer_progress`."""

    tensors: dict[str, Tensor]
    begun: dict[str, int]
    learning_rates: dict[str, float]


def snapshot(nets: Networks, reuse: dict[str, Tensor] | None = None) -> Snapshot:
    """Copy the state to the CPU, into the tensors `reuse` of an earlier snapshot if given, which is faster."""
    live = tensors_of(nets)
    pinned = any(value.is_cuda for value in live.values())  # the device then copies asynchronously
    copies = {} if reuse is None else reuse
    for name, value in live.items():
        if name not in copies or copies[name].shape != value.shape:
            copies[name] = _room_for(value, pinned=pinned)
        copies[name].copy_(value, non_blocking=pinned)
    if pinned:
        torch.cuda.synchronize()
    return Snapshot({name: copies[name] for name in live}, optimizer_progress(nets), learning_rates(nets))


def _room_for(value: Tensor, *, pinned: bool) -> Tensor:
    """A tensor on the host in the memory layout of the original, so that copying is fast.

    It is pinned if the system allows it: Windows, and Linux within it, let only a part of the memory be pinned.
    """
    with contextlib.suppress(RuntimeError):
        return torch.empty_like(value, device="cpu", pin_memory=pinned)
    return torch.empty_like(value, device="cpu")


def write_state(run: Path, state: Snapshot, progress: Progress) -> dict[str, Any]:
    """Write the tensors, and return the record that `seal` has to write to complete the checkpoint."""
    tensors = _place(run, progress.images).with_suffix(".safetensors")
    digest = write_tensors(tensors, state.tensors)
    return {
        "format": _FORMAT,
        "version": _VERSION,
        **dataclasses.asdict(progress),
        "begun": state.begun,
        "rates": state.learning_rates,
        "tensors": len(state.tensors),
        "bytes": tensors.stat().st_size,
        "sha256": digest,
    }


def seal(run: Path, record: Mapping[str, Any], *, keep: int) -> None:
    """Write the record, which completes the checkpoint, and delete all but the last `keep` and the best one."""
    write_json(_place(run, record["images"]), {**record, _SEAL: _digest(record)})
    _remove_old(run, record["best_images"], keep)


def remove_old(run: Path, *, keep: int) -> None:
    """Delete what `seal` would have deleted if a kill had not come before."""
    for record in reversed(_records(run)):
        with contextlib.suppress(P2PError):
            _remove_old(run, _read(record)["best_images"], keep)
            return


def _remove_old(run: Path, best: int | None, keep: int) -> None:
    records = _records(run)
    wanted = {*records[-keep:], *([] if best is None else [_place(run, best)])}
    for old in records:
        if old not in wanted:
            _remove(old)  # the record first: tensors without a record are ignored
    for stray in (run / CHECKPOINTS).glob("*.safetensors"):  # left without a record by a kill
        if _NAME.fullmatch(stray.stem) and not stray.with_suffix(".json").exists():
            _remove(stray)


def save(run: Path, nets: Networks, progress: Progress, *, keep: int) -> None:
    """Write a checkpoint; the same state gives the same tensors file."""
    seal(run, write_state(run, snapshot(nets), progress), keep=keep)


def latest(run: Path) -> Progress:
    """The progress of the newest checkpoint that seems complete, or that of a run which has none.

    It seems complete if its record is valid and its tensors file has the right size; `load_latest` also checks the hash
    of that file, which takes longer.
    """
    for record in reversed(_records(run)):
        with contextlib.suppress(P2PError, OSError, KeyError, TypeError, ValueError):
            value = _read(record)
            if value["bytes"] == record.with_suffix(".safetensors").stat().st_size:
                return _progress_of(value, ForeignPlace(record, _RESTORE))
    return Progress(0, [], 0, 0.0)


def latest_whole(run: Path) -> int:
    """The images of the checkpoint from which `load_latest` will go on, or 0: the newest that matches its hash.

    It is read to its end.
    """
    for record in reversed(_records(run)):
        with contextlib.suppress(P2PError, KeyError, TypeError):
            _read_whole(record)
            return int(record.stem)
    return 0


def exists(run: Path) -> bool:
    """Whether the run has a checkpoint, whole or not."""
    return bool(_records(run))


def has_trained(run: Path) -> bool:
    """Whether the run has a checkpoint, whole or not, of a later moment than its beginning."""
    found = (path.name for path in (run / CHECKPOINTS).glob("*") if path.suffix in _FILES)
    return any(_NAME.match(name) and int(name[:10]) > 0 for name in found)


def refuse_lost(run: Path) -> None:
    """Raise P2PError if the checkpoints of a run that has trained are gone: it would begin again without a word.

    A kill in the middle of the first save leaves tensors, and models of that moment; such a run begins again.
    """
    records, tensors = (_moments_of(run, suffix) for suffix in _FILES)
    if records & tensors:
        return
    models = {name: images for name in (MODEL_FILE, BEST) if (images := _images_of(run / name))}
    trained = _read_mark(run)
    if trained is None:  # a run of an earlier version: a kill leaves the tensors of one moment, and models of it
        trained = len(tensors) > 1 or any(images not in tensors for images in models.values())
    if not (trained or records):  # a record is written after its tensors, and deleted before them
        return
    if models:
        has = " and ".join(f"{name} has seen {plural(images, 'image')}" for name, images in models.items())
        to_do = in_a_new_run(run)
    else:
        has, to_do = "it has trained", "choose another run folder."
    what = f"{has}, but {_describe_loss(records, tensors)}, and to begin again would overwrite what is left"
    raise P2PError(run, what, f"Restore {run / CHECKPOINTS} from a copy, or {to_do}", code="lost-checkpoints")


def _moments_of(run: Path, suffix: str) -> set[int]:
    """The images after which there are such files of checkpoints, without those of the beginning."""
    found = (run / CHECKPOINTS).glob(f"*{suffix}")
    return {int(path.stem) for path in found if _NAME.fullmatch(path.stem)} - {0}


def _read_mark(run: Path) -> bool | None:
    """Whether the run has had a checkpoint, as run.json says; None if that says nothing."""
    mark = read_run_record(run).get(TRAINED) if (run / RUN).is_file() else None
    return None if mark is None else bool(mark)


def _describe_loss(records: set[int], tensors: set[int]) -> str:
    lost = (("records (.json)", tensors), ("tensors (.safetensors)", records))
    found = [f"lost their {what}: {', '.join(f'{at:010d}' for at in sorted(left))}" for what, left in lost if left]
    return f"its checkpoints have {' and '.join(found)}" if found else "no checkpoint is left to go on from"


def _images_of(model: Path) -> int:
    """The images that a model has seen; 0 if there is none, or one that cannot be read and so is worth nothing."""
    try:
        return read_card(model).images
    except P2PError:
        return 0


def in_a_new_run(run: Path) -> str:
    """What to do to go on with the model of a run that cannot go on itself; the end of a sentence."""
    return f"go on with the weights of its model in a new run folder: p2p train PAIRS NEW --from {path_word(run)}"


def forget_beginning(run: Path) -> None:
    """Delete the checkpoint with which a run began that has not trained."""
    for record in _records(run):
        _remove(record)


def read_network(run: Path, images: int, network: str) -> dict[str, Tensor] | None:
    """The weights and statistics of a network of the run as they were after so many images.

    None if the run has no whole checkpoint of that moment, or its networks have none of that name.
    """
    record = _place(run, images)
    try:
        _read_whole(record)
        with safetensors.safe_open(record.with_suffix(".safetensors"), framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(f"{network}/")]  # noqa: SIM118 - not a mapping
            return {name.removeprefix(f"{network}/"): file.get_tensor(name) for name in names} or None
    except (P2PError, OSError, KeyError, safetensors.SafetensorError):
        return None


def load_latest(run: Path, nets: Networks, report: Reporter = QUIET) -> Progress | None:
    """Restore networks, optimisers and random states from the newest usable checkpoint; None if there is none.

    A checkpoint that is damaged or does not fit is reported in one line and renamed, and the previous one is used.
    Raises P2PError if there are checkpoints but none can be used.
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
        none = f"none of the {len(records)} checkpoints of the run can"
        what = f"{troubles[0].what}; {'the only checkpoint of the run cannot' if len(records) == 1 else none} be used"
        to_do = f"Restore {run / CHECKPOINTS} from a copy, or {in_a_new_run(run)}"
        raise P2PError(troubles[0].where, what, to_do, code="no-usable-checkpoint")
    return None


def _load(record: Path, nets: Networks) -> Progress:
    # Where its hash is right somebody has edited it and sealed it again.
    with catch_decoder(record, "is damaged", _RESTORE):
        value, at = _read_whole(record), ForeignPlace(record, _RESTORE)
        progress = _progress_of(value, at)
        rates = {name: at.read_number(value["rates"][name], "a learning rate") for name in learning_rates(nets)}
        shapes = Shapes(nets, value["begun"])
        restore_state(nets, read_tensors(record.with_suffix(".safetensors"), shapes, shapes.needed))
        set_learning_rates(nets, rates)
        return progress


def _progress_of(value: Mapping[str, Any], at: ForeignPlace) -> Progress:
    """The progress in a record; raises P2PError, KeyError or TypeError for fields that no training has written."""
    best_images = value["best_images"]
    return Progress(
        images=at.read_whole(value["images"], "images"),
        tally=[float(each) for each in value["tally"]],
        tallied=at.read_whole(value["tallied"], "tallied"),
        seconds=at.read_number(value["seconds"], "seconds"),
        best=None if value["best"] is None else float(value["best"]),
        best_images=None if best_images is None else at.read_whole(best_images, "best_images"),
        looked=bool(value["looked"]),
        extra=dict(value["extra"]),
    )


def _length(tensors: Path) -> int:
    try:
        return tensors.stat().st_size
    except OSError as error:
        raise P2PError(tensors, f"cannot be read: {error.strerror}", _RESTORE, code="unreadable-file") from error


def _read(record: Path) -> dict[str, Any]:
    """Read a record and check its hash."""
    value = read_json(record)
    if not isinstance(value, dict) or value.get("format") != _FORMAT or value.get("version") != _VERSION:
        raise P2PError(record, "is not a checkpoint of this version of p2p", _RESTORE, code="unknown-version")
    if value.pop(_SEAL, None) != _digest(value):
        raise P2PError(record, _DAMAGED, _RESTORE, code="damaged-file")
    return value


def _read_whole(record: Path) -> dict[str, Any]:
    """Read a record and check its hash, and that of its tensors."""
    value, tensors = _read(record), record.with_suffix(".safetensors")
    # The length first: a damaged file system may report a terabyte, which would take hours to hash.
    if _length(tensors) != value["bytes"] or sha256_file(tensors) != value["sha256"]:
        raise P2PError(tensors, _DAMAGED, _RESTORE, code="damaged-file")
    return value


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _records(run: Path) -> list[Path]:
    return sorted(path for path in (run / CHECKPOINTS).glob("*.json") if _NAME.fullmatch(path.stem))


def _place(run: Path, images: int) -> Path:
    return run / CHECKPOINTS / f"{images:010d}.json"


def _remove(record: Path) -> None:
    for suffix in _FILES:
        with contextlib.suppress(OSError):
            record.with_suffix(suffix).unlink()


def _set_aside(record: Path) -> str:
    """Rename a checkpoint so that it is not used again; returns a sentence with its new name."""
    aside = record.with_name(f"{record.stem}.damaged.json")
    with contextlib.suppress(OSError):
        for suffix in _FILES:
            if record.with_suffix(suffix).exists():
                record.with_suffix(suffix).replace(aside.with_suffix(suffix))
    return f"The unusable checkpoint was renamed to {aside.stem} and can be deleted."

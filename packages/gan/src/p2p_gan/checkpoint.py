"""The state of a run as files: networks, optimisers, random state and tallies, in safetensors and JSON, verified.

Nothing here may decide when to save or what to do next; it writes a state and reads the newest one back, bit for bit.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files import read_json, sha256_file, write_bytes, write_json
from p2p_gan.scaling import restore_scaler, scaler_state
from p2p_gan.step import Networks

FOLDER = "checkpoints"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what Adam keeps for a parameter


@dataclass(frozen=True)
class Progress:
    """How far a run is: images seen, and the sums of the losses since the last line of the record."""

    images: int
    tally: list[float]
    tallied: int
    seconds: float
    best: float | None = None  # the best validation score so far
    slowed: float = 1.0  # what the rate is multiplied by since the run recovered


def save(run: Path, nets: Networks, progress: Progress, *, keep: int) -> None:
    """Write a checkpoint: the tensors, then the JSON that makes it count; older ones than the last `keep` go."""
    name = f"{progress.images:010d}"
    data = safetensors.torch.save(_tensors(nets))
    write_bytes(run / FOLDER / f"{name}.safetensors", data)
    record = {
        "images": progress.images,
        "tally": progress.tally,
        "tallied": progress.tallied,
        "seconds": progress.seconds,
        "best": progress.best,
        "slowed": progress.slowed,
        "scalers": {part: scaler_state(optimizer) for part, (_, optimizer) in _parts(nets).items()},
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    write_json(run / FOLDER / f"{name}.json", record)
    for old in _records(run)[:-keep]:
        # The record goes first: without it the tensors do not count.
        for file in (old, old.with_suffix(".safetensors")):
            with contextlib.suppress(OSError):
                file.unlink()


def _records(run: Path) -> list[Path]:
    return sorted((run / FOLDER).glob("[0-9]*.json"))


def latest_images(run: Path) -> int:
    """How many images the newest checkpoint has seen; 0 where there is none."""
    records = _records(run)
    return int(records[-1].stem) if records else 0


def load_latest(run: Path, nets: Networks) -> Progress | None:
    """Bring the networks, optimisers and torch's random state to the newest checkpoint; None where there is none.

    Raises P2PError when that checkpoint is damaged, saying which to delete and where training then continues.
    """
    records = _records(run)
    if not records:
        return None
    newest = records[-1]
    tensors = newest.with_suffix(".safetensors")
    before = f"image {int(records[-2].stem)}" if len(records) > 1 else "the beginning"
    advice = f"Delete {newest} and run the same command again; training then continues from {before}."
    try:
        record = read_json(newest)
        progress = Progress(
            int(record["images"]),
            list(record["tally"]),
            int(record["tallied"]),
            record["seconds"],
            record.get("best"),
            record.get("slowed", 1.0),
        )
        if sha256_file(tensors) != record["sha256"]:
            raise P2PError(f"{tensors}: its hash is not the one it was written with, so it is damaged.")
        _restore(nets, safetensors.torch.load_file(tensors))
        for part, (_, optimizer) in _parts(nets).items():
            restore_scaler(optimizer, record.get("scalers", {}).get(part, {}))
    except P2PError as error:
        raise P2PError(f"{error} {advice}") from error
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise P2PError(f"{newest}: is damaged ({type(error).__name__}: {error}). {advice}") from error
    return progress


def _parts(nets: Networks) -> dict[str, tuple[nn.Module, torch.optim.Optimizer]]:
    return {
        "generator": (nets.generator, nets.generator_optimizer),
        "discriminator": (nets.discriminator, nets.discriminator_optimizer),
    }


def _tensors(nets: Networks) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["random.cuda"] = torch.cuda.get_rng_state()
    for part, (network, optimizer) in _parts(nets).items():
        for name, value in network.state_dict().items():
            found[f"{part}.{name}"] = value
        for name, parameter in network.named_parameters():
            for moment, value in optimizer.state.get(parameter, {}).items():
                found[f"{part}.{moment}.{name}"] = value
    return {name: value.detach().cpu().contiguous() for name, value in found.items()}


def _restore(nets: Networks, tensors: dict[str, Tensor]) -> None:
    for part, (network, optimizer) in _parts(nets).items():
        network.load_state_dict({name: tensors[f"{part}.{name}"] for name in network.state_dict()})
        for name, parameter in network.named_parameters():
            if f"{part}.exp_avg.{name}" in tensors:
                state: dict[str, Any] = optimizer.state[parameter]
                for moment in _MOMENTS:
                    state[moment] = _like(tensors[f"{part}.{moment}.{name}"], parameter)
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])


def _like(value: Tensor, parameter: Tensor) -> Tensor:
    """The value on the parameter's device and in its memory layout, on which the fused optimiser insists."""
    if value.shape != parameter.shape:
        return value.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)

"""Trains in two processes that meet over gloo, undisturbed, stopped, killed and failing, and prints what came of it.

Nothing here may judge; `test_replicas` reads the JSON and does.

Usage: python tests/gan/training/ranks.py FOLDER [more]
"""

import gc
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined] # exported without a word

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_lines, sha256_file
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.distributed import ALONE, Ranks, join_processes
from p2p_gan.runs import checkpoint
from p2p_gan.runs.checkpoint import Progress
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.loop import TrainingCallback, training_loop
from p2p_gan.training.replicas import distribute
from p2p_gan.training.run import train
from p2p_gan.training.signals import StopRequest
from p2p_gan.training.steps import update as whole_update
from p2p_gan.updates import step as step_module
from p2p_gan.updates.step import Networks, train_step

if TYPE_CHECKING:
    from gan.conftest import make_feature_file, make_pair_folder
else:  # run as a program, this folder is where Python looks, and conftest lies above
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_feature_file, make_pair_folder

WORLD, WEIGHTS = 2, "lite0.pth"
CONFIG = with_settings(
    PRESETS["tiny"],
    {
        **{
            "size": "32x32",
            "images": 22,
            "batch": 4,
            "generator_filters": 4,
            "max_filters": 8,
            "discriminator_filters": 4,
        },
        **{"dropout": 0.5, "jitter": 1.25, "precision": "float32", "device": "cpu", "threads": 1, "ema_half_life": 8},
        **{"log_every": 4, "sample_every": 12, "validate_every": 12, "checkpoint_every": 8, "checkpoint_minutes": 60},
    },
)
# So slow that the generator meets the discriminator's weights of before: Adam turns the rounding of a gradient that is
# 0, as that of a bias before a norm, into a whole step one way or the other.
PLAIN = {"dropout": 0, "images": 4, "ema_half_life": 0, "learning_rate": 1e-12}
FEATURES = {"lambda_perceptual": 1, "perceptual_stages": 3, "lambda_projected": 1, "projected_stages": 2}
# One update each, whose gradients are compared with those of one process; no random number is drawn in them.
UPDATES: dict[str, dict[str, Any]] = {
    "instance norm": {"norm": "instance"},
    "synchronised statistics": {"norm": "batch"},
    "statistics of each device": {"norm": "batch", "sync_batchnorm": False},
    "balanced classes": {"class_balanced": True},
    "moving averages of both": {"lambda_lecam": 1, "discriminator_scales": 2, "discriminator_layers": 1, "images": 3},
    "one pair left": {"images": 1},
    "bfloat16": {"precision": "bfloat16"},
    "pretrained features": FEATURES,
    "accumulated, with synchronised statistics": {"batch": 2, "accumulate": 2, "update_order": "simultaneous"},
}
# Those of the long tests.
MORE_UPDATES: dict[str, dict[str, Any]] = {
    "features and two scales": {"lambda_features": 10, "discriminator_scales": 2, "discriminator_layers": 1},
    "simultaneous updates": {"update_order": "simultaneous"},
    "a penalty at the real pairs": {"lambda_r1": 1, "discriminator_norm": "instance"},
    "spectral norm": {"spectral_norm": True},
    "a focal frequency loss": {"lambda_frequency": 10},
    "segmentation": {"gan_loss": "segmentation"},
    "norms of classes": {"a_encoding": "classes", "class_adaptive_norm": "on"},
    "labels of each pixel alike, above those of the real photo": {"segmentation_head": "on", "ema_half_life": 0},
    "labels, each class alike": {
        **{"segmentation_head": "on", "segmentation_balanced": True, "segmentation_hinge": False, "ema_half_life": 0}
    },
    "no discriminator": {"gan_loss": "none"},
    "three pairs left": {"images": 3},
    "accumulated": {"norm": "instance", "batch": 2, "accumulate": 2},
    "accumulated, three pairs left": {"norm": "instance", "batch": 2, "accumulate": 2, "images": 3},
}


class Told(Reporter):
    """Keeps the lines, and sends a signal to a process after so many images of training."""

    def __init__(self, after: int = -1, number: int = 0, pid: int = 0) -> None:
        self.lines: list[str] = []
        self._after, self._number, self._pid, self._what, self._seen = after, number, pid, "", 0

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self._what, self._seen = what, done

    def advance(self, units: int = 1, **figures: float) -> None:
        self._seen += units
        if self._what == "training" and units and self._seen == self._after:
            os.kill(self._pid or os.getpid(), self._number)

    def note(self, line: str) -> None:
        self.lines.append(line)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def in_processes(work: Callable[[int], Any], world: int = WORLD) -> list[dict[str, Any]]:
    """What `work` gives in each of so many forked processes, or how it ended; forked, because torch loads slowly.

    As with a launcher, another process has the store in which errors are announced. If the first of them had it, it
    would be gone with its error, and whether the others still found it there would be chance.
    """
    port, children = free_port(), []
    waiting, ended = os.pipe()
    if not (keeper := os.fork()):
        os.close(ended)
        store = TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False)
        os.read(waiting, 1)  # until all have ended
        del store
        os._exit(0)
    for rank in range(world):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
            if world > 1:
                os.environ.update({name: str(value) for name, value in names.items()})
                os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_USE_AGENT_STORE="True")
            os.close(ended)
            os.write(writing, json.dumps(_outcome(work, rank)).encode())
            os._exit(0)
        os.close(writing)
        children.append((pid, reading))
    found = []
    for pid, reading in children:
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a pipe
            text = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        found.append(json.loads(text) if text else {"killed": -code})
    os.close(waiting)
    os.close(ended)
    os.waitpid(keeper, 0)
    return found


def _outcome(work: Callable[[int], Any], rank: int) -> dict[str, Any]:
    signal.alarm(600)  # nothing here may hang, on a busy machine either
    began = time.monotonic()
    try:
        return {"gave": work(rank), "seconds": time.monotonic() - began}
    except P2PError as error:
        told = {"code": error.code, "error": str(error), "elsewhere": error.said_elsewhere, "passing": error.passing}
        return {**told, "type": type(error).__name__, "seconds": time.monotonic() - began}
    except BaseException as error:
        return {"raised": f"{type(error).__name__}: {error}"}


def choose_even(classes: torch.Tensor, count: int) -> torch.Tensor:
    """A mixture for LabelMix that is the same in every process."""
    return (classes % 2 == 0)[:, None]


@mock.patch.object(step_module, "draw_mixture", choose_even)
def one_update(pairs: Path, config: Config, ranks: Ranks) -> Networks:
    """The networks after the first update, with its gradients."""
    folder = identify_files(open_for_training(pairs))
    job = make_job(folder, config, ranks)
    job = distribute(job)
    dataset = load_dataset(job.folder, job.task, job.config)
    with StopRequest() as stop:
        training_loop(job, dataset, Progress(0, [], 0, 0.0), stop, TrainingCallback())
    return job.nets


def numbers(nets: Networks) -> dict[str, torch.Tensor]:
    """Gradients, and what the norms have gathered."""
    found: dict[str, torch.Tensor | None] = {}
    networks = (("generator", nets.generator), ("discriminator", nets.discriminator), ("lecam", nets.lecam))
    for name, network in networks:
        if network is not None:
            found |= {f"{name}/{key} gradient": value.grad for key, value in network.named_parameters()}
            found |= {f"{name}/{key}": value for key, value in network.named_buffers()}
    return {name: value for name, value in found.items() if value is not None}


def compared(pairs: Path, rank: int, updates: dict[str, dict[str, Any]]) -> dict[str, tuple[float, float, int]]:
    """How far the gradients, and the buffers, of each update are from one process's, in shares of the largest."""
    plain = {**PLAIN, "features": str(pairs.parent / WEIGHTS)}
    configs = {name: with_settings(CONFIG, {**plain, **settings}) for name, settings in updates.items()}
    with join_processes("cpu") as ranks:
        all_ours = {name: numbers(one_update(pairs, config, ranks)) for name, config in configs.items()}
    found: dict[str, tuple[float, float, int]] = {}
    for name, config in configs.items() if rank == 0 else ():
        ours, alone = all_ours[name], numbers(one_update(pairs, config, ALONE))
        found[name] = (_apart(ours, alone, "gradient"), _apart(ours, alone, ""), len(ours))
    return found


def _apart(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], kind: str) -> float:
    """The largest difference in any tensor, in shares of that tensor's largest value.

    Gradients that are 0 but for rounding, of biases before norms, are in shares of a hundredth of the largest of all.
    """
    names = [name for name in theirs if name.endswith("gradient") == bool(kind)]
    least = max((float(theirs[name].abs().max()) for name in names), default=1.0) / 100
    apart = (
        float((ours[name] - theirs[name]).abs().max()) / max(float(theirs[name].abs().max()), least) for name in names
    )
    return max(apart, default=0.0)


def trained(pairs: Path, run: Path, config: Config, rank: int, report: Reporter = QUIET) -> dict[str, Any]:
    """What a run ends with, as the rank sees it."""
    drawn: list[list[int]] = []

    class Seen(PairDataset):
        """Remembers which positions were drawn."""

        def batch(self, positions: Any, *rest: Any) -> Any:
            drawn.append(list(positions))
            return super().batch(positions, *rest)

    def watched(job: Job, dataset: PairDataset, *rest: Any) -> int:
        return training_loop(job, Seen(**vars(dataset)), *rest)

    before = set(run.rglob("*")) if run.exists() else set()
    with mock.patch.object(sys.modules["p2p_gan.training.run"], "training_loop", watched):
        summary = train(pairs, run, config, report=report)
    names = sorted(str(path.relative_to(run)) for path in set(run.rglob("*")) - before)
    return {
        **{"images": summary.images, "before": summary.before, "interrupted": summary.interrupted},
        **{"drawn": drawn, "files": names if rank == 0 else [], "stopped_by": summary.stopped_by},
        **{"lines": getattr(report, "lines", []), "pid": os.getpid()},
    }


def state_of(run: Path) -> dict[str, Any]:
    """Hashes of what a run ends with, and its record without timings."""
    newest = max((run / checkpoint.CHECKPOINTS).glob("[0-9]*.safetensors"))
    timings = {"seconds", "images_per_s", "waited"}
    lines = [{k: v for k, v in line.items() if k not in timings} for line in read_lines(run / "stats.jsonl")]
    return {
        **{"model": sha256_file(run / "model.safetensors"), "newest": newest.stem, "state": sha256_file(newest)},
        **{"stats": [line for line in lines if "images" in line], "record": json.loads((run / "run.json").read_text())},
    }


def disturbed(pairs: Path, run: Path, config: Config, rank: int, odd: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A run in which something odd is done to the losses of the second process's update after 12 images."""
    step, seen = train_step, 0

    def update(*arguments: Any) -> torch.Tensor:
        nonlocal seen
        seen += 1
        losses = step(*arguments)
        return odd(losses) if rank == 1 and seen == 4 else losses

    with mock.patch.object(whole_update, "train_step", update):
        return trained(pairs, run, config, rank, Told())


def fail(losses: torch.Tensor) -> torch.Tensor:
    """An error that nobody has thought of."""
    raise ValueError("something is odd\nand this is the second line")


def die(losses: torch.Tensor) -> torch.Tensor:
    """The process is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    return losses


def kill_in_write(pairs: Path, run: Path) -> Any:
    """A run of one process that is killed when the bytes of its second checkpoint are written and not yet in place."""
    flush, checkpoints = os.fsync, 0

    def watched(handle: int) -> None:
        nonlocal checkpoints
        checkpoints += any((run / checkpoint.CHECKPOINTS).glob(".*.safetensors.*.tmp"))
        flush(handle)
        if checkpoints == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    with mock.patch.object(os, "fsync", watched):
        return trained(pairs, run, CONFIG, 0)


def diverge(losses: torch.Tensor) -> torch.Tensor:
    """The losses are no numbers."""
    return losses * torch.nan


def main(folder: Path, *, more: bool) -> None:
    """Every scene, in processes of its own; or those of the long tests."""
    gc.freeze()  # no process looks through what is loaded for garbage
    pairs = make_pair_folder(folder / "pairs", {"train": 9, "val": 2})
    make_feature_file(folder / WEIGHTS)
    updates = MORE_UPDATES if more else UPDATES
    found: dict[str, Any] = {"compared": in_processes(lambda rank: compared(pairs, rank, updates))[0]}
    play = play_failures if more else play_runs
    play(folder, pairs, found)
    sys.stdout.write(json.dumps(found))


def play_failures(folder: Path, pairs: Path, found: dict[str, Any]) -> None:
    """Add what came of whole runs that fail in one process, or that are refused."""
    found["failing"] = in_processes(lambda rank: disturbed(pairs, folder / "failing", CONFIG, rank, fail))
    recovering = replace(CONFIG, recover=True)
    found["diverging"] = in_processes(lambda rank: disturbed(pairs, folder / "diverging", recovering, rank, diverge))
    uneven = replace(CONFIG, batch=3)
    found["uneven"] = [in_processes(lambda rank: trained(pairs, folder / "uneven", uneven, rank))]


def play_runs(folder: Path, pairs: Path, found: dict[str, Any]) -> None:
    """Add what came of whole runs: undisturbed, stopped, killed, continued, and with other pairs in one process."""

    def run(name: str, config: Config = CONFIG, world: int = WORLD, **told: int) -> None:
        def work(rank: int) -> Any:
            return trained(pairs, folder / name, config, rank, Told(**told) if rank == 0 else QUIET)

        found.setdefault(name, []).append(in_processes(work, world))

    run("whole")
    found["whole state"] = state_of(folder / "whole")
    run("stopped", after=12, number=signal.SIGTERM)
    shutil.copytree(folder / "stopped", folder / "fewer")
    run("stopped")
    found["stopped state"] = state_of(folder / "stopped")
    found["killed"] = [in_processes(lambda rank: disturbed(pairs, folder / "killed", CONFIG, rank, die))]
    run("killed")
    found["killed state"] = state_of(folder / "killed")
    run("alone", world=1)
    found["alone state"] = state_of(folder / "alone")
    found["torn"] = [in_processes(lambda _: kill_in_write(pairs, folder / "torn"), 1)]
    found["left"] = [path.suffix for path in (folder / "torn" / checkpoint.CHECKPOINTS).iterdir()]
    run("torn", world=1)
    found["torn state"] = state_of(folder / "torn")
    run("fewer", world=1)
    found["fewer state"] = state_of(folder / "fewer")
    other = make_pair_folder(folder / "other", {"train": 10, "val": 2})
    found["elsewhere"] = in_processes(
        lambda rank: trained(other if rank else pairs, folder / "elsewhere", CONFIG, rank)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), more="more" in sys.argv[2:])

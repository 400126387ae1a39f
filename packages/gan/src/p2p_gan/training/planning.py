"""What a run will do and need, known before its first update: networks, time, memory and disk.

Nothing here may write a file, leave a trace in what is trained, or put a plan into words: that is the command line's.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.data.sizing import shapes_seen
from p2p_gan.data.task import identify_files, open_for_training
from p2p_gan.machine.device import explain_nondeterminism
from p2p_gan.machine.distributed import Ranks, devices_of
from p2p_gan.machine.memory import free_bytes
from p2p_gan.networks.discriminators import receptive_fields
from p2p_gan.networks.weights import count_parameters
from p2p_gan.runs import checkpoint
from p2p_gan.runs.disk import free_space
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.saver import space_of_run
from p2p_gan.training.trial import Timing, prepare_data, time_share
from p2p_gan.training.validation import SHOWN

TIMED_FROM = 200  # updates left; ten timed ones before fewer would be a notable part of the run
_PNG = 0.6  # of a photo's raw bytes, about


@dataclass(frozen=True)
class Need:
    """Bytes by what they are for, and how many are free."""

    parts: dict[str, int]
    free: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Plan:
    """What a run will do and need; what was not timed is None."""

    config: Config  # with everything automatic resolved
    direction: str
    assumed: tuple[str, ...]
    pairs: int
    held_out: str | None  # the split that shows what the model makes of pairs it never saw: test, or else val
    done: int  # images that an earlier call has seen
    updates: int  # that are left
    generator_parameters: int
    discriminator_parameters: int
    receptive_fields: tuple[int, ...]  # of the discriminator, at each scale, in pixels
    shapes: tuple[tuple[Size, int], ...]  # that the networks see, and how many pairs have each
    seconds_per_image: float | None
    seconds: float | None  # for the images that are left
    memory: Need | None  # on the device
    disk: Need
    processes: int = 1  # each with its own device


@explain_nondeterminism()
def plan(pairs: Path | str, config: Config, run: Path | str | None = None, *, report: Reporter = QUIET) -> Plan:
    """What `train` would do with these pairs and this config, without doing it; ten updates are timed."""
    pairs, run = Path(pairs), Path(run) if run else None
    folder = identify_files(open_for_training(pairs), report=report)
    kind, count = devices_of(config.device)
    ranks = Ranks(world=count, local_world=count)  # as the first of them; nothing here asks the others
    job, dataset = prepare_data(make_job(folder, replace(config, device=kind), ranks), run, report)
    done, _ = checkpoint.latest(run) if run else (0, True)
    return plan_of(job, run or pairs, done=done, timing=time_share(job, dataset))


def plan_of(job: Job, run: Path, *, done: int = 0, timing: Timing | None = None) -> Plan:
    """The plan of a job into `run`, of which `done` images are already seen."""
    config = job.config
    left = max(0, (config.images or 0) - done)
    return Plan(
        config=config,
        direction=job.card.direction,
        assumed=job.folder.assumed,
        pairs=len(job.folder.of("train")),
        held_out=next((split for split in ("test", "val") if job.folder.of(split)), None),
        done=done,
        updates=math.ceil(left / config.batch),
        generator_parameters=count_parameters(job.nets.generator),
        discriminator_parameters=count_parameters(job.nets.discriminator) if job.nets.discriminator else 0,
        receptive_fields=receptive_fields(config.discriminator_layers, config.discriminator_scales),
        shapes=shapes_seen(job.folder.of("train"), config),
        seconds_per_image=timing.seconds_per_image if timing else None,
        seconds=timing.seconds_per_image * left if timing else None,
        memory=_memory(job, timing) if timing else None,
        disk=_disk(job, run),
        processes=job.ranks.world,
    )


def _memory(job: Job, timing: Timing) -> Need:
    parts = {"networks": timing.network_bytes, "batch": timing.image_bytes * job.config.batch // job.ranks.world}
    return Need(parts, free_bytes(job.device))


def _disk(job: Job, run: Path) -> Need:
    """What the run folder will take beyond what it takes already."""
    config = job.config
    grids = math.ceil((config.images or 0) / config.sample_every) + 1
    largest = max(size.width * size.height for size, _ in shapes_seen(job.folder.of("train"), config))
    parts = {"checkpoints and models": space_of_run(run, job), "samples": int(grids * SHOWN * 9 * largest * _PNG)}
    return Need(parts, free_space(run))

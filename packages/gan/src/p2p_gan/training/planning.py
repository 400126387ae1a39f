"""Plans a run before its first update: networks, time, memory and disk space.

Nothing here may write a file, change what is trained, or format a plan as text, which the command line does.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from p2p_datatools.contract.pairs.alike import note_alike
from p2p_datatools.contract.pairs.fit.halves import note_misfits
from p2p_datatools.contract.pairs.lines import traits_of
from p2p_datatools.contract.pairs.manifest import PairFolder, has_manifest
from p2p_datatools.contract.pairs.name_parts import note_divided_parts
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import PairDataset
from p2p_gan.data.sizing import shapes_seen
from p2p_gan.data.task import identify_files, open_for_training, refuse_dest_in_splits
from p2p_gan.machine.device import explain_nondeterminism, keep_arithmetic
from p2p_gan.machine.distributed import Ranks, devices_of
from p2p_gan.machine.memory import free_bytes
from p2p_gan.models.reference_layout import why_biases_stay, why_not
from p2p_gan.networks.discriminators import receptive_fields
from p2p_gan.networks.weights import count_parameters
from p2p_gan.runs import checkpoint
from p2p_gan.runs.disk import free_space
from p2p_gan.runs.runfolder import RunFolder, read_stats
from p2p_gan.training.continuation import explain_other_device
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.memory_format import settle_memory_format
from p2p_gan.training.source import begin_from, open_source
from p2p_gan.training.speed import Speed, settle_speed
from p2p_gan.training.tracking.boards import require_boards
from p2p_gan.training.tracking.saver import space_of_run
from p2p_gan.training.trial import Timing, prepare_data, used_memory
from p2p_gan.training.validation import SHOWN

TIMED_FROM = 200  # updates left; before fewer updates, timing ten would take a large part of the run
_PNG = 0.6  # the approximate size of a PNG relative to its raw bytes


@dataclass(frozen=True)
class Need:
    """The bytes that each part needs, and the free bytes; `held` are those of the parts that are taken already."""

    parts: dict[str, int]
    free: int
    held: int = 0

    @property
    def total(self) -> int:
        """The bytes of all parts."""
        return sum(self.parts.values())

    @property
    def is_met(self) -> bool:
        """Whether what is still to be taken is free."""
        return self.total - self.held <= self.free


@dataclass(frozen=True)
class Plan:
    """The plan of a run; values that were not measured are None."""

    config: Config  # with automatic settings resolved
    direction: str
    assumed: tuple[str, ...]
    pairs: int
    held_out: str | None  # the split with pairs that are not trained on: test, or else val
    done: int  # images of earlier calls
    updates: int  # that remain
    generator_parameters: int
    discriminator_parameters: int
    receptive_fields: tuple[int, ...]  # of the discriminator at each scale, in pixels
    shapes: tuple[tuple[Size, int], ...]  # of the networks' input, with the number of pairs of each
    seconds_per_image: float | None
    seconds: float | None  # for the remaining images
    memory: Need | None  # on the device
    disk: Need
    processes: int = 1  # each with its own device
    unexportable: str | None = None  # why 'p2p export' will refuse a generator that is otherwise the reference's
    speed: Speed | None = None  # how the number of threads was chosen, and what other programs take
    shrinks: float = 1.0  # how many times smaller than it is, in each direction, the median picture is seen


@keep_arithmetic()
@explain_nondeterminism()
def plan(
    pairs: Path | str,
    config: Config,
    run: Path | str | None = None,
    *,
    source: Path | str | None = None,
    report: Reporter = QUIET,
) -> Plan:
    """Plan what `train` would do with these pairs and this config, without training; some updates are timed.

    With a model `source` to begin with, a note says what of it fits. Raises what `train` would of the folder `run`.

    The number of threads that `train` would choose is measured as it would be, and kept for it.
    """
    pairs, run = Path(pairs), Path(run) if run else None
    require_boards(config)
    run_folder = None if run is None else RunFolder(run)
    begun = run_folder is not None and run_folder.exists
    if run_folder and begun:
        read_stats(run_folder.path)
        before = run_folder.config()
        config = replace(config, threads=config.threads or before.threads, memory_format=_format_of(config, before))
    folder = open_for_training(pairs)
    if run and not begun:
        refuse_dest_in_splits(run, folder)
    folder = identify_files(folder, report=report)
    kind, count = devices_of(config.device)
    ranks = Ranks(world=count, local_world=count)  # as the first process; the others are not needed here
    with explain_other_device(run):
        job = make_job(folder, replace(config, device=kind), ranks)
    job, dataset = prepare_data(job, run, report)
    if not begun:
        note_doubtful_pairs(folder, report)
        for line in () if source is None else begin_from(open_source(source), job).lines:
            report.note(line)
    done = checkpoint.latest_whole(run) if run else 0
    return time_plan(job, dataset, run or pairs, config, done=done, report=report)[1]


def note_doubtful_pairs(folder: PairFolder, report: Reporter) -> None:
    """Note pairs of different splits that show the same, and halves that do not fit; before a run begins."""
    note_alike(folder, report)
    if folder.foreign and not has_manifest(folder.path):  # else pair or split said it
        note_divided_parts(folder, {}, report)
    note_misfits(folder, report)


def _format_of(config: Config, before: Config) -> str:
    return before.memory_format if config.memory_format == "auto" else config.memory_format


def time_plan(
    job: Job, dataset: PairDataset, run: Path, asked: Config, *, done: int, report: Reporter
) -> tuple[Job, Plan]:
    """Time some updates for the plan; the job has the threads and the memory format that `asked` leaves to the times.

    `run` is the run folder and `done` its images, as for `plan_of`.
    """
    held = held_memory(job)
    left, automatic = plan_of(job, run, done=done).updates, asked.memory_format == "auto"
    job = settle_memory_format(job, dataset, updates=left, automatic=automatic, report=report)
    job, speed = settle_speed(job, dataset, automatic=not asked.threads, report=report)
    return job, plan_of(job, run, done=done, speed=speed, held=held)


def plan_of(job: Job, run: Path, *, done: int, speed: Speed | None = None, held: int = 0) -> Plan:
    """The plan of a job in the run folder `run`, after `done` images; `held` is from `held_memory`."""
    config, architecture = job.config, job.card.architecture
    timing = speed.timing if speed else None
    left = max(0, (config.images or 0) - done)
    return Plan(
        config=config,
        direction=job.card.direction,
        assumed=job.folder.assumed,
        pairs=len(job.folder.of("train")),
        held_out=job.folder.held_out,
        done=done,
        updates=math.ceil(left / config.update_pairs),
        generator_parameters=count_parameters(job.nets.generator),
        discriminator_parameters=count_parameters(job.nets.discriminator) if job.nets.discriminator else 0,
        receptive_fields=receptive_fields(config.discriminator_layers, config.discriminator_scales),
        shapes=shapes_seen(job.folder.of("train"), config),
        seconds_per_image=timing.seconds_per_image if timing else None,
        seconds=timing.seconds_per_image * left if timing else None,
        memory=_memory(job, timing, held) if timing else None,
        disk=_disk(job, run),
        processes=job.ranks.world,
        unexportable=None if why_not(architecture) else why_biases_stay(architecture),
        speed=speed,
        shrinks=_shrinks(job),
    )


def _shrinks(job: Job) -> float:
    """How many times smaller training sees the median picture; 1 for one that is seen in its own size."""
    if job.config.size is None:
        return 1.0
    areas = [each.size.width * each.size.height for each in traits_of(job.folder.of("train"))]
    return math.sqrt(median(areas) / (job.config.size.width * job.config.size.height))


def held_memory(job: Job) -> int:
    """The bytes that the process has on the device before any update: on a CPU program, libraries and pairs.

    The weights of the networks are left out. It has to be asked for before updates are timed, whose memory stays.
    """
    networks = (each for each in (job.nets.generator, job.nets.discriminator, job.nets.ema) if each is not None)
    weights = sum(value.nbytes for network in networks for value in network.parameters())
    return max(0, used_memory(job.device) - weights)


def _memory(job: Job, timing: Timing, held: int) -> Need:
    """What the progress of training will show as memory: all that the process has on the device."""
    parts = {"networks": timing.network_bytes, "batch": timing.image_bytes * job.config.batch // job.ranks.world}
    return Need(({"program and pairs": held} if held else {}) | parts, free_bytes(job.device), held)


def _disk(job: Job, run: Path) -> Need:
    """The disk space that the run folder will need in addition to its existing files."""
    config = job.config
    grids = math.ceil((config.images or 0) / config.sample_every) + 1
    largest = max(size.width * size.height for size, _ in shapes_seen(job.folder.of("train"), config))
    parts = {"checkpoints and models": space_of_run(run, job), "samples": int(grids * SHOWN * 9 * largest * _PNG)}
    return Need(parts, free_space(run))

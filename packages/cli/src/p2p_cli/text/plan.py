"""Formats the plan of a run as text: networks, time, memory and disk space, one line each.

Nothing here may compute a value of the plan, or print.
"""

import math
from typing import TYPE_CHECKING

from p2p_datatools.contract.words import duration_text, plural

if TYPE_CHECKING:
    from p2p_gan.training.planning import Need, Plan
    from p2p_gan.training.speed import Speed

_MOST_SHAPES = 8  # sizes of pictures that are listed


def plan_lines(planned: "Plan") -> list[str]:
    """The plan as lines of text."""
    config = planned.config
    epochs = (config.images or 0) / planned.pairs
    lines = [
        f"{planned.direction}: {plural(planned.pairs, 'training pair')} at {_sizes(planned)}, "
        f"{config.images:,} images in total ({_epochs_text(epochs)}), batch {config.batch}{_accumulation_text(planned)}"
        + (f"; {planned.done:,} are done" if planned.done else ""),
        *_smaller_lines(planned),
        f"generator with {count_text(planned.generator_parameters)} parameters, {_discriminator(planned)}",
        f"{_devices(planned)}, {config.precision}, {_threads(planned)}, seed {config.seed}",
        _time_line(planned),
        *_machine_lines(planned),
    ]
    if config.accumulate > 1 and "batch" in (config.norm, config.discriminator_norm):
        seen = plural(config.batch, "pair")
        lines.append(
            f"norm   batch norm sees {seen} at a time, not {config.update_pairs}; --set norm=instance sees one"
        )
    if planned.memory:
        lines.append(_need_line("memory", planned.memory))
    lines.append(_need_line("disk", planned.disk))
    if planned.unexportable:
        lines.append(f"export not to the reference implementation: its {planned.unexportable}")
    return [*lines, *(f"assumed: {each}" for each in planned.assumed)]


def _smaller_lines(planned: "Plan") -> list[str]:
    """That small things are gone, where training begins: later only the pictures would tell."""
    from p2p_gan.bench.advice import SHRINKS

    if planned.shrinks < SHRINKS or planned.done:
        return []
    crops = f"--size native --set crop={planned.config.size}"
    return [
        f"size   pictures are seen {planned.shrinks:.1f} times smaller than they are; {crops} trains on crops of them"
    ]


def _accumulation_text(planned: "Plan") -> str:
    config = planned.config
    if config.accumulate == 1:
        return ""
    return f", the gradients of {config.accumulate} accumulated: {plural(config.update_pairs, 'pair')} an update"


def _devices(planned: "Plan") -> str:
    device, count = planned.config.device, planned.processes
    if count == 1:
        return device
    share = planned.config.batch // count
    synchronised = ", with synchronised batch norm" if planned.config.sync_batchnorm else ""
    return f"{count} {device} devices, {plural(share, 'pair')} of a batch on each{synchronised}"


_THREADS_BY = {
    "environment": " (set by the environment)",
    "measured": " (the fastest of those timed)",
    "kept": " (timed before)",
}
_HALF = 0.5
_LITTLE = 1.1  # times as long: less is not worth a word


def _threads(planned: "Plan") -> str:
    by = planned.speed.threads_by if planned.speed else ""
    return plural(planned.config.threads, "thread") + _THREADS_BY.get(by, "")


def _machine_lines(planned: "Plan") -> list[str]:
    """What slows updates down: other programs, more threads than cores, a container with a part of a core."""
    speed, threads = planned.speed, planned.config.threads
    if speed is None or planned.config.device != "cpu":
        return []
    lines, most = [], math.ceil(speed.load.cores)
    if speed.busy and speed.load.free is not None:
        free = f"{cores_text(speed.load.free)} of {cores_text(speed.load.cores)} cores are free"
        lines.append(f"busy   the machine is busy: {free}{_slower(speed)}")
        if speed.threads_by == "cores" and threads > 1:
            lines.append(
                "       fewer threads, such as --set threads=1, may be faster, and losses are rounded differently"
            )
        if speed.threads_by in ("measured", "kept"):
            lines.append(
                "       on a quiet one the number of threads may be another, and losses are rounded differently"
            )
    if threads > most:
        lines.append(f"cores  {threads} threads wait for {plural(most, 'core')}; --set threads={most} is faster")
    if speed.load.cores < 1:
        part = "half a core" if speed.load.cores == _HALF else f"{cores_text(speed.load.cores)} of a core"
        times = f"{1 / speed.load.cores:.1f} times as long as on a whole one"
        lines.append(f"cores  the container allows {part}, so updates take {times}")
    return lines


def _slower(speed: "Speed") -> str:
    times, words = speed.slower, ""
    if times is None:
        times, words = speed.slower_at_most, "up to "
    return f"; updates take {words}{times:.1f} times as long as on a quiet one" if times > _LITTLE else ""


def cores_text(count: float) -> str:
    """A number of cores: 8, 1.3, 0.25."""
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}" if count >= 1 else f"{count:.2g}"


def _discriminator(planned: "Plan") -> str:
    if planned.config.gan_loss == "none":
        return "no discriminator"
    if planned.config.gan_loss == "segmentation":
        return f"discriminator with {count_text(planned.discriminator_parameters)}, which segments pictures"
    patches = " and ".join(f"{field}x{field}" for field in planned.receptive_fields)
    config = planned.config
    head = ", a segmentation head" if config.segmentation_head == "on" else ""
    if config.lambda_projected and config.feature_stages:
        head += f", {plural(config.projected_stages, 'projected head')}"
    return f"discriminator with {count_text(planned.discriminator_parameters)}, patches of {patches}{head}"


def _sizes(planned: "Plan") -> str:
    """The size of the networks' input, or its different sizes with the number of pairs of each."""
    config = planned.config
    how = f"{config.size} ({config.fit})" if config.size else "their own size"
    if config.crop or config.input_size:
        return f"crops of {config.crop} out of {how}" if config.crop else how
    if len(planned.shapes) == 1:
        return f"{planned.shapes[0][0]} ({config.fit})" if config.size else f"{how}, {planned.shapes[0][0]}"
    shown = ", ".join(f"{size} ({count})" for size, count in planned.shapes[:_MOST_SHAPES])
    rest = len(planned.shapes) - _MOST_SHAPES
    updates = sum(math.ceil(count / config.batch) for _, count in planned.shapes)
    filled = f" ({planned.pairs / updates:.1f} pairs per batch, of one size)" if config.batch > 1 else ""
    return f"{how}, in {len(planned.shapes)} sizes: {shown}" + (f" and {rest} more" if rest > 0 else "") + filled


def _time_line(planned: "Plan") -> str:
    if planned.seconds is None or planned.seconds_per_image is None:
        return f"time   {plural(planned.updates, 'update')}, too few to be timed beforehand"
    speed = 1 / planned.seconds_per_image
    beside = ", without communication between devices" if planned.processes > 1 else ""
    how_long = f"about {duration_text(planned.seconds)} at {speed:.3g} images/s{beside}"
    return f"time   {plural(planned.updates, 'update')}, {how_long}"


def cost_lines(seconds: float | None, disk: "Need") -> list[str]:
    """The time of many runs and the disk space of their folders."""
    time = (
        "too few updates in a run to be timed beforehand"
        if seconds is None
        else f"about {duration_text(seconds)} of training"
    )
    return [f"time   {time}", _need_line("disk", disk)]


def _need_line(what: str, need: "Need") -> str:
    warning = "" if need.is_met else ", which is not enough"
    parts = ", ".join(f"{name} {size_text(size)}" for name, size in need.parts.items())
    return f"{what:<6} about {size_text(need.total)} ({parts}); {size_text(need.free)} free{warning}"


def _epochs_text(epochs: float) -> str:
    return "1 epoch" if epochs == 1 else f"{epochs:.1f} epochs".replace(".0 ", " ")


def count_text(count: float) -> str:
    """A number with three digits: 54.4 M, 176 K, 12."""
    for unit in ("", " K", " M"):
        if count < 999.5:
            return f"{count:.3g}{unit}"
        count /= 1000
    return f"{count:.3g} G"


def size_text(size: float) -> str:
    """Bytes in powers of 1000."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 99.5 else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"

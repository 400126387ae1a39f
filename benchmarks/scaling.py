"""What many GPUs would gain, on paper: bytes that an update exchanges against the time that it computes.

Nothing here measures; every figure follows from the assumptions below, of which only the first three are counted.

Usage: python benchmarks/scaling.py
"""

from dataclasses import dataclass

PARAMETERS = 54.4e6 + 2.77e6  # generator and discriminator at 256x256, 64 filters
FLOP_PER_PAIR = 87.5e9  # one alternating update of a 256x256 pair
NORMS = 13 + 3 * 3  # statistics of one update: the generator's pass, and three of the discriminator
GRADIENT_BYTES = 4  # float32

PEAK = 790e12  # FLOP/s in bfloat16, of one data-centre GPU
UTILISATION = 0.35  # of the peak, by convolutions of these sizes
ADAM_SECONDS = 1.6e9 / 4.3e12  # bytes that Adam moves, through the GPU's memory; hidden launches (CUDA graphs)
MACHINE = 8  # GPUs in one machine
WITHIN = 450e9  # bytes/s each way between GPUs of a machine: NVLink's 900 GB/s are both ways together
BETWEEN = 50e9  # bytes/s of each GPU between machines (400 Gbit/s), as one ring over all GPUs uses it
MESSAGE_WITHIN, MESSAGE_BETWEEN = 20e-6, 40e-6  # seconds of a small exchange, such as statistics
WORTH = 0.9  # of the time computing

GPUS = (1, 2, 4, 8, 16, 32, 64)
BATCHES = (1, 4, 16, 64)  # pairs for each GPU


@dataclass(frozen=True)
class Exchange:
    """What each GPU sends in one update, and how long that takes when nothing of it is hidden behind computing."""

    bytes: float
    gradients: float  # seconds
    statistics: float  # seconds, with sync_batchnorm and batch norm


def exchange(gpus: int) -> Exchange:
    """A ring: each GPU sends 2 (n - 1) / n times all gradients (Patarasuk and Yuan 2009)."""
    sent = 2 * (gpus - 1) / gpus * PARAMETERS * GRADIENT_BYTES
    rate, message = (WITHIN, MESSAGE_WITHIN) if gpus <= MACHINE else (BETWEEN, MESSAGE_BETWEEN)
    return Exchange(sent, sent / rate, 2 * NORMS * message if gpus > 1 else 0.0)


def computing(batch: int) -> float:
    """Seconds of an update of so many pairs on one GPU."""
    return batch * FLOP_PER_PAIR / (PEAK * UTILISATION) + ADAM_SECONDS


def share(gpus: int, batch: int, *, statistics: bool) -> float:
    """The share of its time that a GPU computes: what is left of n times the speed."""
    found = exchange(gpus)
    return computing(batch) / (computing(batch) + found.gradients + (found.statistics if statistics else 0.0))


def worth_it(gpus: int, *, statistics: bool) -> int:
    """The fewest pairs for each GPU with which it computes nine tenths of its time."""
    return next(batch for batch in range(1, 10_000) if share(gpus, batch, statistics=statistics) >= WORTH)


def table() -> list[str]:
    """The page's table in Markdown."""
    heads = [f"{batch} a GPU" for batch in BATCHES]
    lines = [
        f"| GPUs | sent a GPU, MB | gradients, ms | statistics, ms | {' | '.join(heads)} | 90% from |",
        "| --- " * (5 + len(BATCHES)) + "|",
    ]
    for gpus in GPUS:
        found = exchange(gpus)
        shares = [
            f"{share(gpus, batch, statistics=False):.0%} / {share(gpus, batch, statistics=True):.0%}"
            for batch in BATCHES
        ]
        least = f"{worth_it(gpus, statistics=False)} / {worth_it(gpus, statistics=True)}"
        numbers = f"{found.bytes / 1e6:.0f} | {found.gradients * 1e3:.2f} | {found.statistics * 1e3:.2f}"
        lines.append(f"| {gpus} | {numbers} | {' | '.join(shares)} | {least} |")
    times = ", ".join(f"{computing(batch) * 1e3:.2f} ms for {batch}" for batch in BATCHES)
    return [*lines, "", f"Computing an update: {times}."]


if __name__ == "__main__":
    print("\n".join(table()))

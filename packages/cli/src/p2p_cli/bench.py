"""`p2p bench`: its options, the call, and its result as text of one screen.

Nothing here may measure; what is wrong is said by the library.
"""

import textwrap
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render

if TYPE_CHECKING:
    from p2p_gan.bench.measurements import BenchResult, PresetTime, UpdateSpeed
    from p2p_gan.bench.rates import Measurement

_WIDTH = 79  # columns


@click.command()
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda", help="What to measure.")
@options.json_option
def command(device: str, as_json: bool) -> int:
    """Measure what this machine can do, and what each preset will take on it.

    In about two minutes: the rate of matrix products, of memory, of reading JPEG and writing PNG, and the time of an
    update and of a picture, beside the floor below which no program can be. Then what each preset will take on the data
    set of its source, and what is wrong: other programs, variables of the environment, a limit of the container, an old
    torch. Nothing else should run meanwhile. 'p2p train' uses the times for its plans.

    \b
    Examples:
      p2p bench
      p2p bench --device cpu --json
    """
    from p2p_gan.bench.measurements import run_bench

    result = run_bench(device, report=render.reporter())
    render.say(render.to_json(result) if as_json else "\n".join(bench_lines(result)))
    return 0


def bench_lines(result: "BenchResult") -> list[str]:
    """The result in lines of at most 79 columns."""
    machine, rates = result.machine, result.rates
    others = "" if result.load.others is None else f", {result.load.others:.1f} of them in use by other programs"
    lines = [
        f"{machine['device']}, {result.capability}, {_cores(result)}{others}",
        f"torch {machine['torch']}, p2p {machine['p2p']}, {machine['system']}",
        "",
        _rate("matrix products, one thread", rates.matrix_core, "GFLOP/s"),
        _rate("matrix products, all threads", rates.matrix_all, "GFLOP/s"),
        _rate("memory", rates.memory, "GB/s"),
        _rate("JPEG 1200x600 read, one core", rates.jpeg_core, "a second"),
        _rate("JPEG 1200x600 read, all cores", rates.jpeg_all, "a second"),
        _rate("PNG 256x256 written, one core", rates.png_core, "a second"),
        _rate("PNG 256x256 written, all cores", rates.png_all, "a second"),
        "",
    ]
    for each in result.updates:
        lines += _update_lines(each)
    lines += ["", f"{'training':<12} {'on':<14} {'images':>9}  here"]
    lines += [_preset_line(each) for each in result.presets]
    if any(not each.measured for each in result.presets):
        lines.append("~ computed from the update of paper; validation and checkpoints come on top")
    if result.problems:
        lines += ["", *(line for each in result.problems for line in _wrap(each))]
    return lines


def _cores(result: "BenchResult") -> str:
    from p2p_cli.text.plan import cores_text

    count = cores_text(result.load.cores)
    return f"{count} core{'' if count == '1' else 's'}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rate(name: str, figure: "Measurement", unit: str) -> str:
    spread = f"{_number(figure.low)} to {_number(figure.high)}, n={figure.n}"
    return f"{name:<31} {_number(figure.median):>7} {unit:<9} ({spread})"


def _update_lines(speed: "UpdateSpeed") -> list[str]:
    from p2p_datatools.contract.words import plural

    update, forward = speed.update, speed.forward
    name = f"{speed.preset} {speed.size}, batch {speed.batch}, {speed.precision}, {plural(speed.threads, 'thread')}"
    return [
        name,
        f"  update   {_spread(update)}, {speed.ratio:.1f} times its floor {_seconds(speed.floor)}",
        f"  picture  {_spread(forward)}; an update is {speed.gflop:.1f} GFLOP and {speed.optimizer_gb:.2g} GB",
    ]


def _spread(figure: "Measurement") -> str:
    return f"{_seconds(figure.median):<8} ({_seconds(figure.low)} to {_seconds(figure.high)}, n={figure.n})"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"


def _preset_line(each: "PresetTime") -> str:
    from p2p_datatools.contract.words import duration_text

    here = "not measured" if each.seconds is None else ("" if each.measured else "~") + duration_text(each.seconds)
    return f"{each.preset:<12} {each.data:<14} {each.images:>9,}  {here}"


def _wrap(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _WIDTH, initial_indent="! ", subsequent_indent="  ", break_on_hyphens=False)

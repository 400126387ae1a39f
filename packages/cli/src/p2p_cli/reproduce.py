"""`p2p reproduce`: its words, the call, and its result in words.

Nothing here may train or compare; the run folder says what is done.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options

if TYPE_CHECKING:
    from p2p_gan.training.reproduction import Reproduction


@click.command()
@click.argument("run", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option("--pairs", type=options.PLACE, metavar="PATH", help="Where the pairs are now, if they have moved.")
@options.json_option
def command(run: Path, dest: Path, pairs: Path | None, as_json: bool) -> int:
    """Make a run again from its run.json and compare.

    Trains into DEST with the config, seed and pairs that RUN recorded. What already differs, be it versions, hardware
    or data, is named first; at the end the losses are compared line by line, and the models. The exit code is 0 when
    all is identical, else 1. The same command again resumes.

    \b
    Examples:
      p2p reproduce run again
      p2p reproduce run again --pairs /elsewhere/pairs
    """
    from p2p_cli import render
    from p2p_gan.training.reproduction import reproduce

    result = reproduce(run, dest, pairs=pairs, report=render.training_reporter())
    if as_json:
        render.say(options.to_json(result))
    else:
        render.say("\n".join(comparison_lines(result)))
    return 0 if result.identical else 1


def comparison_lines(result: "Reproduction") -> list[str]:
    """The comparison in lines."""
    lines = [f"differs: {line}" for line in result.named]
    if result.losses is None:
        lines.append(f"losses: identical in all {result.lines} lines that both records have")
    else:
        worst = result.losses
        lines.append(
            f"losses: differ from image {worst.first} on ({result.lines} lines compared); the most by "
            f"{worst.largest:.2g} of its value ({worst.name} at image {worst.images})"
        )
    if result.model_identical is None:
        lines.append("model: not compared; one of the runs has not come as far as the other")
    elif result.model_identical:
        lines.append("model: identical, byte for byte")
    else:
        lines.append(f"model: differs; the largest difference of two weights is {result.largest_weight:.3g}")
    return lines

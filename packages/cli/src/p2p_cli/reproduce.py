"""`p2p reproduce`: its options, the call, and its result as text.

Nothing here may train or compare; the run folder says what is done.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_gan.training.reproduction import Reproduction


@click.command()
@click.argument("run", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option("--pairs", type=options.PLACE, metavar="PATH", help="Where the pairs are now, if they have moved.")
@options.json_option
def command(run: Path, dest: Path, pairs: Path | None, as_json: bool) -> int:
    """Repeat a run from its run.json and compare the two.

    Trains into DEST with the config, seed and pairs that RUN recorded. Differences in versions, hardware or data are
    listed first; at the end the losses are compared line by line, and the models byte by byte. The exit code is 0 if
    all is identical, else 1. Run the same command again to resume.

    \b
    Examples:
      p2p reproduce run again
      p2p reproduce run again --pairs /elsewhere/pairs
    """
    from p2p_gan.training.reproduction import reproduce

    result = reproduce(run, dest, pairs=pairs, report=render.training_reporter())
    if as_json:
        render.say_json(result)
    else:
        render.say("\n".join(comparison_lines(result)))
    return 0 if result.identical else 1


def comparison_lines(result: "Reproduction") -> list[str]:
    """The comparison in lines."""
    lines = [f"differs: {line}" for line in result.named]
    if result.losses is None:
        lines.append(f"losses: identical in the {plural(result.lines, 'line')} that both runs have")
    else:
        worst = result.losses
        lines.append(
            f"losses: differ from image {worst.first} on ({plural(result.lines, 'line')} compared); the largest "
            f"relative difference is {worst.largest:.2g} ({worst.name} at image {worst.images})"
        )
    if result.model_identical is None:
        lines.append("model: not compared, because one of the runs is not as far as the other")
    elif result.model_identical:
        lines.append("model: identical, bit for bit")
    else:
        lines.append(f"model: differs; the largest difference of two weights is {result.largest_weight:.3g}")
    return lines

"""`p2p experiments`: its words, the call, and the tables in words.

Nothing here may decide what is compared; that is the grid's.
"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.train import INTERRUPTED, PRESETS
from p2p_datatools.contract.sizes import FITS, Size

if TYPE_CHECKING:
    from p2p_gan.experiments.study import Study


@click.command()
@click.argument("pairs", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option("--tables", default="all", show_default=True, metavar="NAMES", help="loss,architecture,field,collapse.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Runs of each arm.")
@click.option("--preset", type=click.Choice(PRESETS), default="paper", show_default=True, help="Where settings start.")
@click.option("--direction", metavar="X-to-Y", help="a-to-b (default), b-to-a, or in the halves' words.")
@click.option("--size", type=options.SizeType(), metavar="N|WxH", help="Sides the networks see, multiples of 32.")
@click.option("--fit", type=click.Choice(FITS), help="How pictures of another shape come to that size.")
@click.option("--images", type=click.IntRange(1), metavar="N", help="Images that every arm sees.")
@click.option("--batch", type=click.IntRange(1), metavar="N", help="Pairs in one update.")
@click.option("--device", metavar="auto|cpu|cuda", help="Where to compute; auto takes a GPU if there is one.")
@options.settings_options
@click.option("--dry-run", is_flag=True, help="Say what would be trained, and stop.")
@options.json_option
def command(
    pairs: Path,
    dest: Path,
    tables: str,
    seeds: int,
    preset: str,
    config_file: Path | None,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **chosen: str | int | Size | None,
) -> int:
    """Compare the paper's losses, generators and patches on PAIRS.

    Every arm of the chosen tables is trained on the same budget from the same seeds, and scored on held-out pairs
    that no arm has seen. Where the input is a mask, a segmenter trained on the training pairs says how well a
    generated picture shows its mask. DEST receives the runs, the scores, and index.html: the tables with 95%
    intervals, and the pictures side by side.

    The same command again continues; more --seeds or --tables extend the study.

    \b
    Examples:
      p2p experiments pairs study --preset tiny --images 2000 --seeds 3
      p2p experiments facades study --direction b-to-a --tables loss,field
    """
    from p2p_cli import render
    from p2p_gan.experiments import grid
    from p2p_gan.presets import PRESETS as KNOWN

    names = grid.chosen_tables(tables)
    config = options.configure(KNOWN[preset], config_file, settings, chosen)
    possible, impossible = grid.arms_of(names, config)
    if dry_run:
        render.table(("arm", "differs in"), [(arm, grid.changes_text(arm)) for arm in possible])
        for arm, reason in impossible.items():
            render.say(f"left out: {arm}: {reason}")
        return 0
    # Loaded after the settings are known to be right: torch takes seconds.
    from p2p_gan.experiments.page import write_page
    from p2p_gan.experiments.study import run_study

    study = run_study(pairs, dest, config, tables=names, seeds=seeds, report=render.reporter())
    page = write_page(study) if study.trials else None
    if as_json:
        render.say(options.to_json(study))
    elif not study.interrupted:
        _show(study)
    if study.interrupted:
        render.say("Saved. To continue, type it again:")
        render.say(f"  p2p {shlex.join(click.get_current_context().find_root().obj or sys.argv[1:])}")
        return INTERRUPTED
    if not as_json:
        render.say(f"page  {page}")
    return 0


def _show(study: "Study") -> None:
    """The tables as text."""
    from p2p_cli import render
    from p2p_gan.experiments.grid import TABLES
    from p2p_gan.experiments.page import COLUMNS, rows_of

    for name in study.tables:
        rows = rows_of(study, TABLES[name])
        columns = [(score, label) for score, label, *_ in COLUMNS if any(score in found for _, _, found in rows)]
        render.say(TABLES[name].title)
        render.table(
            ("arm", *(label for _, label in columns)),
            [(arm, *(str(found.get(score, "")) for score, _ in columns)) for arm, _, found in rows],
        )
        render.say()
    for arm, reason in study.impossible.items():
        render.remark(f"left out: {arm}: {reason}")

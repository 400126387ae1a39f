"""`p2p runs`: its words, the call, and the runs in a table.

Nothing here may read a run folder itself or draw.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.terminal import echo

if TYPE_CHECKING:
    from p2p_datatools.sheets.plots import PlotFormat
    from p2p_gan.runs.compare import Run

_KINDS: dict[str, "PlotFormat"] = {".png": "png", ".svg": "svg"}  # of curves, by the end of their file's name
_PAGES = (".html", ".htm")


@click.command()
@click.argument("places", metavar="DIR...", type=options.FOLDER, nargs=-1, required=True)
@click.option(
    "--curves",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw losses and scores: a .png, .svg or .html.",
)
@options.json_option
def command(places: tuple[Path, ...], curves: Path | None, as_json: bool) -> int:
    """List runs and compare them.

    DIR is a run folder or a folder of runs. Prints for each run its progress, its last losses, its last and best
    scores on val/, and the fields of the config in which the runs differ. The exit code is 1 if a run, or a folder
    below DIR, cannot be read.

    \b
    Examples:
      p2p runs run
      p2p runs experiments --curves curves.png
      p2p runs run other-run --curves curves.html
    """
    from p2p_datatools.contract.errors import P2PError
    from p2p_datatools.contract.files.named_file import refuse_other_name
    from p2p_gan.runs.compare import differing_fields, read_runs, say_other_pairs, settings_rows

    if curves is not None:
        refuse_other_name(curves, *_KINDS, *_PAGES)
    unread: list[P2PError] = []
    runs = read_runs(places, strange=unread)
    for error in unread:
        echo(f"not read: {error}", err=True)
    fields = differing_fields(runs)
    if curves is not None:
        _draw(runs, curves)
    if as_json:
        render.say_json({"runs": [vars(run) for run in runs], "differing": fields})
        return min(1, len(unread))
    render.table(("run", "state", "images", "losses", "last scores", "best"), [_row(run) for run in runs])
    if other := say_other_pairs(runs):
        render.say(f"warning: {other}")
    if fields:
        render.say()
        render.table(("run", *fields), settings_rows(runs, fields))
    if curves is not None:
        render.remark(f"curves   {curves}")
    return min(1, len(unread))


def _row(run: "Run") -> tuple[str, ...]:
    losses = " ".join(f"{name} {value:.3f}" for name, value in run.losses.items())
    best = f"{_scores(run.best)} at {run.best['images']}" if run.best else ""
    state, images = run.state.partition(":")[0], f"{run.images}/{run.total}" if run.config else ""
    return run.name, state, images, losses, _scores(run.validation), best


def _scores(found: dict[str, float] | None) -> str:
    known = (found or {}).items()
    told = [f"{name} {value:.4f}" for name, value in known if name not in ("pictures", "images", "best")]
    return " ".join([*told, f"(n={found['pictures']})"] if found and "pictures" in found else told)


def _draw(runs: "list[Run]", file: Path) -> None:
    from p2p_datatools.contract.errors import P2PError
    from p2p_datatools.contract.files.atomic import holds, write_bytes
    from p2p_datatools.contract.files.named_file import other_content
    from p2p_datatools.contract.pages.place import write_page_file
    from p2p_datatools.sheets.plots import draw_curves
    from p2p_gan.reports.runs_page import runs_page
    from p2p_gan.runs.panels import panels_of

    panels = panels_of(runs)
    if not panels:
        what = "has recorded no losses or scores yet"
        raise P2PError(runs[0].path, what, "Wait until the run has recorded its first losses.", code="nothing-recorded")
    if file.suffix.lower() in _PAGES:
        write_page_file(file, runs_page(runs))
        return
    drawn = draw_curves(
        {panel.title: panel.series for panel in panels}, across="images", kind=_KINDS[file.suffix.lower()]
    )
    if file.exists() and not holds(file, drawn):
        raise other_content(file)
    write_bytes(file, drawn)

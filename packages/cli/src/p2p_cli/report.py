"""`p2p report`: its options, the call, and where the page is.

Nothing here may read a run folder itself or make a part of the page.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import p2p_command


@click.command()
@click.argument("run", type=options.PLACE)
@click.argument("dest", metavar="[DEST.html]", type=options.PLACE, required=False)
@click.option(
    "--scores",
    type=options.PLACE,
    metavar="DIR",
    multiple=True,
    help="Scores that 'p2p evaluate --out' wrote, by default those of this run in RUN and beside it; may be repeated.",
)
@click.option("--evaluate", "score", is_flag=True, help="Score the model first, into RUN/scores.")
@options.json_option
def command(run: Path, dest: Path | None, scores: tuple[Path, ...], score: bool, as_json: bool) -> int:
    """Write one page about a run: pictures, scores, curves, settings, data.

    DEST is RUN/report.html by default. The page is one file that opens from the disk, without a network: samples over
    time, best, median and worst held-out pictures, scores with intervals and n, curves, the settings beside those of
    the preset, the pairs and the pictures that are in two of their splits, the machine, commands, and whom to cite.
    A run that is still training can be reported; the same command again writes the page anew.

    \b
    Examples:
      p2p report run
      p2p report run page.html --scores scores
    """
    from p2p_datatools.contract.pages.place import refuse_page_place, write_page_file
    from p2p_gan.reports.gather import REPORT, gather_report
    from p2p_gan.reports.page import report_page

    place = dest or run / REPORT
    if score and scores:
        to_do = "Leave one of them out."
        raise UsageError("--evaluate", "makes the scores that --scores gives", to_do, code="options-conflict")
    report = gather_report(run, scores=scores)
    refuse_page_place(place)
    if score:
        _evaluate(report.run.path, report.data.place, report.data.scored)
        report = gather_report(run)
    write_page_file(place, report_page(report))
    if as_json:
        told = {"page": str(place), "state": report.run.state, "running": bool(report.running)}
        render.say_json({**told, "scores": [str(each.folder) for each in report.scores]})
        return 0
    render.say(f"page   {place}")
    if report.running:
        render.remark(
            f"{report.running} is still training this run: run the same command later to write the page anew."
        )
    if not report.scores and report.data.scored:
        render.remark(f"It has no scores yet. {p2p_command('report --evaluate', run)} makes them first.")
    return 0


def _evaluate(run: Path, pairs: Path | None, split: str | None) -> None:
    """Score the model on its own held-out pairs, as 'p2p evaluate RUN PAIRS --out RUN/scores' does."""
    from p2p_datatools.contract.errors import P2PError
    from p2p_gan.evaluation.scores import EvaluationRequest
    from p2p_gan.evaluation.work import evaluate_into
    from p2p_gan.machine.device import resolve_device
    from p2p_gan.reports.gather import SCORES

    if pairs is None or split is None:
        what = (
            "has no held-out pairs that could be scored"
            if pairs
            else "cannot be scored: its pairs are not where they were"
        )
        to_do = "Score it with 'p2p evaluate' on other pairs, and give the result with --scores."
        raise P2PError(run, what, to_do, code="nothing-to-score")
    dest, device, report = run / SCORES, resolve_device("auto"), render.reporter()
    try:
        evaluate_into(dest, run, pairs, asked=EvaluationRequest(split), device=device, report=report)
    except UsageError as error:
        if error.code != "other-settings":
            raise
        to_do = f"Delete {dest} to score it again."  # a run that has gone on, most likely
        raise UsageError(error.where, error.what, to_do, code=error.code) from error

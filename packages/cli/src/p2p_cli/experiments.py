"""`p2p experiments`: its words, the call, and the tables in words.

Nothing here may decide what is compared; that is the grid's.
"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.train import INTERRUPTED, WithPresets
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.presets import PRESETS

if TYPE_CHECKING:
    from p2p_gan.experiments.plan import StudyPlan
    from p2p_gan.experiments.study import Study

_SOME_FAILED = 1


@click.command(cls=WithPresets)
@click.argument("pairs", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option("--tables", default="all", show_default=True, metavar="NAMES", help="loss,architecture,field,collapse.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Runs of each arm.")
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    default="paper",
    show_default=True,
    help="Where settings start; see below.",
)
@options.setting_option("direction", metavar="X-to-Y")
@options.setting_option("size", kind=options.SizeType(native=True), metavar="native|N|WxH")
@options.setting_option("fit")
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
    intervals, and the pictures side by side, after every arm as far as they are known.

    The same command again continues; more --seeds or --tables extend the study. An arm whose training fails is
    listed, the others go on, and the exit code is 1.

    \b
    Examples:
      p2p experiments pairs study --preset tiny --images 2000 --seeds 3
      p2p experiments facades study --direction b-to-a --tables loss,field
    """
    from p2p_cli import render
    from p2p_gan.experiments import tables as tables_module

    names = tables_module.chosen_tables(tables)
    config = options.configure(PRESETS[preset], config_file, settings, chosen)
    tables_module.arms_of(names, tables_module.with_gan(config))
    # Loaded after the settings are known to be right: torch takes seconds.
    from p2p_gan.experiments.page import write_page
    from p2p_gan.experiments.plan import plan_study
    from p2p_gan.experiments.study import run_study

    report = render.reporter()
    if dry_run:
        _show_outline(plan_study(pairs, config, names, report=report), seeds, as_json=as_json)
        return 0
    study = run_study(pairs, dest, config, tables=names, seeds=seeds, report=report, each=write_page)
    if as_json:
        render.say(options.to_json(study))
    elif not study.interrupted:
        _show(study)
    if study.interrupted:
        render.remark(f"Saved, {len(study.trials)} of {study.planned} trials. To continue, type it again:")
        render.remark(f"  p2p {shlex.join(click.get_current_context().find_root().obj or sys.argv[1:])}")
        return INTERRUPTED if study.stopped_by == "SIGINT" else 0
    return _SOME_FAILED if study.failed else 0


def _show_outline(plan: "StudyPlan", seeds: int, *, as_json: bool) -> None:
    """What would be trained, and how much that is."""
    from p2p_cli import render
    from p2p_gan.experiments.tables import changes_text

    runs = plan.runs(seeds)
    if as_json:
        arms = {name: changes_text(config, plan.base) for name, config in plan.arms.items()}
        judge = changes_text(plan.judge, plan.base) if plan.judge else None
        told = {"arms": arms, "impossible": dict(plan.impossible), "segmenter": judge, "config": plan.base.to_json()}
        render.say(options.to_json({**told, "seeds": seeds, "runs": runs, "images": runs * plan.images}))
        return
    render.table(("arm", "differs in"), [(arm, changes_text(each, plan.base)) for arm, each in plan.arms.items()])
    for arm, reason in plan.impossible.items():
        render.say(f"left out: {arm}: {reason}")
    if plan.unjudged:
        render.say(plan.unjudged)
    judged, scored = " and a segmenter" if plan.judge else "", len(plan.folder.of(plan.split))
    render.say(
        f"{len(plan.arms)} arms{judged}, {seeds} seed{'s' if seeds > 1 else ''}: {runs} runs of {plan.images} images, "
        f"{runs * plan.images} in all; scored on {scored} {plan.split} pair{'' if scored == 1 else 's'}"
    )


def _show(study: "Study") -> None:
    """The tables as text, what failed, and where the page is."""
    from p2p_cli import render
    from p2p_gan.experiments.page import PAGE
    from p2p_gan.experiments.page_rows import REAL, columns_of, on_real_pictures, rows_of
    from p2p_gan.experiments.tables import TABLES

    for name in study.tables:
        rows = rows_of(study, name)
        columns = columns_of(rows)
        lines = [(row.arm, *(row.text(each.score) for each in columns)) for row in rows]
        real = on_real_pictures(rows)
        if real:
            found = (f"{real['mean_iou']:.4f}" if each.score == "mean_iou" else "" for each in columns)
            lines.append((REAL, *found))
        render.say(TABLES[name].title)
        render.table(("arm", *(each.label for each in columns)), lines)
        render.say()
    for arm, reason in study.impossible.items():
        render.remark(f"left out: {arm}: {reason}")
    for each in study.failed:
        render.remark(f"failed: {each.arm}, seed {each.seed}: {each.why}")
    if study.unjudged:
        render.remark(study.unjudged)
    render.say(f"page  {study.dest / PAGE}")

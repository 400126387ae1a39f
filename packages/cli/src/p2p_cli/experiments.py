"""`p2p experiments`: its options, the call, and the tables as text.

Nothing here may decide what is compared; `p2p_gan.experiments.tables` does.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import launch, options
from p2p_cli.text import render
from p2p_cli.train import WithPresets
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural, shell_line
from p2p_gan.config.presets import PRESETS

if TYPE_CHECKING:
    from p2p_gan.experiments.cost import StudyCost
    from p2p_gan.experiments.plan import StudyPlan
    from p2p_gan.experiments.study import Study

_SOME_FAILED = 1


@click.command(cls=WithPresets)
@click.argument("pairs", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--tables",
    default="all",
    show_default=True,
    metavar="NAMES",
    help="Which of loss, architecture, field, collapse, later, features, joined by commas.",
)
@click.option(
    "--seeds", type=options.WholeNumber(1), default=1, show_default=True, metavar="N", help="Runs of each arm."
)
@options.preset_option
@options.setting_option("direction", metavar="X-to-Y")
@options.setting_option("size", kind=options.SizeType(native=True), metavar="native|N|WxH")
@options.setting_option("fit")
@click.option("--images", type=options.WholeNumber(1), metavar="N", help="Images that every arm sees.")
@click.option("--batch", type=options.WholeNumber(1), metavar="N", help="Pairs in one update.")
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute; auto uses a GPU if there is one.")
@options.settings_options
@click.option("--dry-run", is_flag=True, help="Print what would be trained, and stop.")
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
    that no arm has seen. Where the input is a mask, a segmenter trained on the training pairs measures how well a
    generated picture shows its mask. DEST receives the runs, the scores, and index.html, which is updated after every
    trial: the tables with 95% intervals, and the pictures side by side.

    Run the same command again to continue; more --seeds or --tables extend the study. An arm whose training fails is
    listed, the others continue, and the exit code is 1.

    \b
    Examples:
      p2p experiments pairs study --preset tiny --images 2000 --seeds 3
      p2p experiments facades study --direction b-to-a --tables loss,field
    """
    from p2p_gan.experiments import tables as tables_module

    names = tables_module.chosen_tables(tables)
    config = options.configure(PRESETS[preset], config_file, settings, chosen)
    tables_module.arms_of(names, tables_module.with_gan(config))
    # Loaded after the settings are known to be right: torch takes seconds.
    from p2p_gan.experiments.cost import estimate_study
    from p2p_gan.experiments.page import write_page
    from p2p_gan.experiments.plan import plan_study
    from p2p_gan.experiments.study import run_study

    report = render.reporter()
    if dry_run:
        study_plan = plan_study(pairs, config, names, report=report)
        cost = estimate_study(study_plan, pairs, dest, seeds, report=report)
        _show_outline(study_plan, seeds, cost, as_json=as_json)
        return 0
    study = run_study(pairs, dest, config, tables=names, seeds=seeds, report=report, each=write_page)
    if as_json:
        render.say_json(study)
    elif not study.interrupted:
        _show(study)
    if study.interrupted:
        render.remark(f"Saved {len(study.trials)} of {study.planned} trials. To continue, run:")
        render.remark(f"  p2p {shell_line(launch.typed_words())}")
        return launch.INTERRUPTED if study.stopped_by == "SIGINT" else 0
    return _SOME_FAILED if study.failed else 0


def _show_outline(plan: "StudyPlan", seeds: int, cost: "StudyCost", *, as_json: bool) -> None:
    """What would be trained, and how much that is."""
    from p2p_cli.text.plan import cost_lines
    from p2p_gan.experiments.tables import changes_text

    runs = plan.runs(seeds)
    if as_json:
        arms = {name: changes_text(config, plan.base) for name, config in plan.arms.items()}
        judge = changes_text(plan.judge, plan.base) if plan.judge else None
        told = {"arms": arms, "impossible": dict(plan.impossible), "segmenter": judge, "config": plan.base.to_json()}
        amount: dict[str, float | None] = {"seeds": seeds, "runs": runs, "images": runs * plan.images}
        amount |= {"seconds": cost.seconds, "disk_bytes": cost.disk.total, "disk_free": cost.disk.free}
        render.say_json({**told, **amount})
        return
    render.table(("arm", "differs in"), [(arm, changes_text(each, plan.base)) for arm, each in plan.arms.items()])
    for arm, reason in plan.impossible.items():
        render.say(f"left out: {arm}: {reason}")
    if plan.unjudged:
        render.say(plan.unjudged)
    judged, scored = " and a segmenter" if plan.judge else "", len(plan.folder.of(plan.split))
    render.say(
        f"{plural(len(plan.arms), 'arm')}{judged}, {plural(seeds, 'seed')}: {plural(runs, 'run')} of "
        f"{plural(plan.images, 'image')}, {runs * plan.images:,} in total; "
        f"scored on {plural(scored, f'{plan.split} pair')}"
    )
    for line in cost_lines(cost.seconds, cost.disk):
        render.say(line)


def _show(study: "Study") -> None:
    """The tables as text, what failed, and where the page is."""
    from p2p_gan.experiments.page import PAGE
    from p2p_gan.experiments.page_rows import REAL, columns_of, on_real_pictures, rows_of, scored_pairs
    from p2p_gan.experiments.tables import TABLES

    for name in study.tables:
        rows = rows_of(study, name)
        columns = columns_of(rows)
        lines = [(row.arm, str(len(row.trials)), *(row.text(each.score) for each in columns)) for row in rows]
        real = on_real_pictures(rows)
        if real:
            found = (f"{real['mean_iou']:.4f}" if each.score == "mean_iou" else "" for each in columns)
            lines.append((REAL, "", *found))
        render.say(TABLES[name].title)
        render.table(("arm", "seeds", *(each.label for each in columns)), lines)
        render.say()
    several = any(trial.seed for trial in study.trials)
    spread = "means over the seeds ± half their 95% interval" if several else "one seed, so without an interval"
    render.say(f"scored on {scored_pairs(study)}; {spread}")
    for arm, reason in study.impossible.items():
        render.remark(f"left out: {arm}: {reason}")
    for each in study.failed:
        render.remark(f"failed: {each.arm}, seed {each.seed}: {each.why}")
    if study.unjudged:
        render.remark(study.unjudged)
    render.say(f"page  {study.dest / PAGE}")

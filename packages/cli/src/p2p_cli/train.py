"""`p2p train`: its options, the call, and its result as text.

Nothing here may decide how training goes; every field it sets belongs to the config.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from p2p_cli import launch, options
from p2p_cli.text import render
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import duration_text, path_word, plural, shell_line
from p2p_gan.config.presets import PAPER, PRESETS, TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from p2p_gan.config.config import Config
    from p2p_gan.config.parse import SettingRequest
    from p2p_gan.training.patience import EarlyStop
    from p2p_gan.training.run import TrainSummary

_MOVED = {"--precision": "precision"}


class WithPresets(click.Command):
    """A command of settings: its help ends with the presets, and an option that is none is explained as a setting."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the words; an unknown option that is a setting, here or elsewhere, is answered with what to write."""
        own = {word for option in self.params for word in option.opts}
        try:
            return super().parse_args(context, list(_move_options(args)))
        except click.NoSuchOption as error:
            to_do = _explain_option(error.option_name, own)
            if to_do is None:
                raise
            what = f"is not an option of 'p2p {context.info_name}'"
            raise UsageError(error.option_name, what, to_do, code="unknown-option") from error

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        with formatter.section("Presets (docs/presets.md says where each comes from, and what it sets)"):
            formatter.write_dl([(name, preset.line) for name, preset in TABLE.items()])


@click.command(cls=WithPresets)
@click.argument("pairs", type=options.PLACE)
@click.argument("run", type=options.PLACE)
@options.preset_option
@options.setting_option("direction", metavar="X-to-Y")
@options.setting_option("size", kind=options.SizeType(native=True), metavar="native|N|WxH")
@options.setting_option("fit")
@options.setting_option("images")
@options.setting_option("epochs")
@options.setting_option("batch")
@options.setting_option("seed")
@options.setting_option("device", metavar="auto|cpu|cuda|cuda*N|mps")
@click.option(
    "--from",
    "source",
    type=options.PLACE,
    metavar="MODEL",
    help="Begin with the weights of a model: a run folder, a model file, or NAME.pth of the reference implementation.",
)
@options.settings_options
@click.option("--dry-run", is_flag=True, help="Print what would be done, and stop.")
@options.json_option
def command(
    pairs: Path,
    run: Path,
    preset: str,
    images: int | None,
    epochs: int | None,
    source: Path | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **chosen: str | int | Size | None,
) -> int:
    """Train on the pair folder PAIRS into RUN.

    PAIRS is a folder that 'p2p data split' has split, or any ordinary pix2pix folder: A|B pictures in train/, and if
    there are any in val/ and test/. RUN receives run.json, stats.jsonl, samples/, checkpoints/,
    model.safetensors, and, where there are pairs in val/, best.safetensors: the model with the lowest l1 there, or for
    masks the highest mean IoU.

    Run the same command again to resume an interrupted run exactly from its last checkpoint. A larger --images extends
    a finished run; nothing else need be repeated, since the run knows its settings. Ctrl-C, SIGTERM and a
    closed terminal (SIGHUP) save a checkpoint first.

    With --from a new run begins with the weights of a model, of its discriminator too where its run folder has one, as
    far as they fit: classes are matched by their names. Networks, size and encodings are then those of the model, and
    of a run folder all other settings too, unless you say otherwise.

    \b
    Examples:
      p2p train pairs run
      p2p train facades run --epochs 200
      p2p train maps run --direction b-to-a --set checkpoint_every=1000
      p2p train pairs run --preset tiny --size 160x96
      p2p train pairs run --images 200000
      p2p train more-pairs run2 --from run --images 20000
    """
    from p2p_cli.text.plan import plan_lines

    asked = options.asked_settings(config_file, settings, {**chosen, "images": images, "epochs": epochs})
    config = _configure(pairs, run, preset if _is_typed("preset") else None, asked, source)
    # Loaded after the settings are known to be right: torch takes seconds.
    from p2p_gan.training.planning import plan
    from p2p_gan.training.run import train

    count = _processes(config)
    if count > 1 and not dry_run:
        return launch.launch_processes(launch.typed_words(), count, config.restarts)
    report = _reporter()
    if dry_run:
        planned = plan(pairs, config, run, source=source, report=report)
        render.say(render.to_json(planned) if as_json else "\n".join(plan_lines(planned)))
        return 0
    summary = train(pairs, run, config, source=source, report=report)
    if launch.speaks():
        show(summary, pairs, as_json=as_json)
    # A cluster ends a job by SIGTERM: the run is saved, so this is not a failure.
    return launch.INTERRUPTED if summary.stopped_by == "SIGINT" else 0


def _move_options(words: list[str]) -> "Iterator[str]":
    """The words of a command with options that it had in its first version as settings, so that it goes on working."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in _MOVED:
            yield word
        elif equals or (value := next(rest, "")):
            yield f"--set={_MOVED[name]}={value}"
        else:
            yield word


def _explain_option(option: str, own: "Collection[str]") -> str | None:
    """What to write instead of an option that is the name of a setting, or another program's word for one."""
    from p2p_datatools.contract.settings import settings_of
    from p2p_gan.config.config import Config
    from p2p_gan.config.foreign_words import SAME, bare_name_of, explain_word

    known = settings_of(Config)
    name = SAME.get(bare_name_of(option), bare_name_of(option))
    if name in known:
        return f"Write --{name} VALUE." if f"--{name}" in own else f"Write --set {name}=VALUE."
    return explain_word(option, None, known)


def _is_typed(option: str) -> bool:
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def _configure(
    pairs: Path, run: Path, preset: str | None, asked: "Sequence[SettingRequest]", source: Path | None
) -> "Config":
    """The config of this call: what is asked for, over the run that exists, the model to begin with, or the preset."""
    from p2p_gan.config.parse import apply_requests
    from p2p_gan.runs.runfolder import RUN

    if source is None and not (run / RUN).is_file():  # which needs no torch
        return apply_requests(PRESETS[preset or PAPER], asked)
    from p2p_gan.training.continuation import config_of_call

    return config_of_call(pairs, run, preset, asked, source)


def _processes(config: "Config") -> int:
    """How many processes to start; raises UsageError before any is started when the devices do not exist."""
    from p2p_gan.machine.distributed import among_others, devices_of
    from p2p_gan.machine.launch import refuse_missing
    from p2p_gan.training.job import refuse_uneven

    kind, count = devices_of(config.device)
    if count == 1 or among_others():
        return 1
    refuse_missing(kind, count)
    refuse_uneven(config.batch, count)
    return count


def _reporter() -> Reporter:
    """What tells of the run, in one of its processes; where they were started again, it has said so."""
    report = render.training_reporter() if launch.speaks() else QUIET
    if again := int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")):
        most = os.environ["TORCHELASTIC_MAX_RESTARTS"]  # ours, or that of torchrun
        report.note(f"A process has ended, and all are started again: restart {again} of at most {most}.")
    return report


def show(summary: "TrainSummary", pairs: Path, *, as_json: bool) -> None:
    """How the run ended and what to run next."""
    if as_json:
        render.say_json(summary)
    elif summary.interrupted:
        if summary.plan is not None:
            stands = f"Saved at image {summary.images} of {summary.plan.config.images}"
        else:
            where = f"Nothing more was trained: {summary.run} stands at image {summary.images}"
            stands = where if summary.images else "Nothing was trained"
        render.say(f"{stands}. To resume, run:")
        render.say(f"  p2p {shell_line(launch.typed_words())}")
    elif summary.plan is None and summary.early is not None:
        render.say(f"{summary.run} is finished: {early_text(summary.early)}. {_MORE}")
    elif summary.plan is None:
        render.say(f"{summary.run} is finished: {plural(summary.images, 'image')}. A larger --images extends it.")
    else:
        losses = ", ".join(f"{name} {value:.3f}" for name, value in summary.losses.items())
        render.say(f"{plural(summary.images, 'image')} in {duration_text(summary.seconds)} of training; {losses}")
        if summary.early is not None:
            render.say(f"stopped  {early_text(summary.early)}. {_MORE}")
        render.say(f"model    {summary.run / 'model.safetensors'}")
        if (summary.run / "best.safetensors").exists():
            render.say(f"best     {summary.run / 'best.safetensors'}, by its scores on val/")
        render.say(f"samples  {summary.run / 'samples'}")
        run, planned = path_word(summary.run), summary.plan
        render.hint("\n".join(next_lines(run, path_word(pairs), planned.held_out, planned.direction)))


_MORE = "A larger --images, or --set patience=off, continues it."


def early_text(early: "EarlyStop") -> str:
    """Where a run has stopped by itself, and why."""
    since = f"since image {early.best_images}" if early.best_images else "at all"
    return (
        f"it stopped at image {early.images} of {early.total}, because {early.score} has not become better {since} "
        f"in {plural(early.waited, 'validation')}"
    )


def next_lines(run: str, pairs: str, held_out: str | None, direction: str = "") -> list[str]:
    """What to run next: complete commands if pairs were held out of training; a segmenter finds masks in photos."""
    more = [f"         p2p data build-masks PHOTOS MASKS --model {run}"] if direction.endswith("-to-mask") else []
    if held_out is None:
        return [f"next     p2p sample {run} PICTURES --out DEST", *more]
    split = "" if held_out == "test" else f" --split {held_out}"
    lines = [f"next     p2p sample {run} {pairs} --out DEST --sheet", f"         p2p evaluate {run} {pairs}{split}"]
    return lines + more

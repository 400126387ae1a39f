"""The table of commands, loaded when they are called, and the one place where an error becomes a message.

Nothing here may do a command's work or import what a command needs.
"""

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from p2p_cli import launch
from p2p_cli.text.help import HelpFormatter
from p2p_cli.text.terminal import (
    Loudness,
    close_output,
    echo,
    full_output,
    name_full_output,
    open_streams,
    show_usage,
    silence_libraries,
)
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import first_line, path_word

# Of torch on the CPU, and of the system's loader.
_NO_MEMORY = ("can't allocate memory", "out of memory", "failed to map segment")
_NO_THREAD = "can't start new thread"
_FEWER_THREADS = (
    "Raise its limit of processes (ulimit -u) or of memory (ulimit -v), or run fewer commands at once; "
    "the same command continues."
)
# Of CUDA and its libraries; what only our own code can break keeps its traceback.
_GPU_FAILED = (
    *("CUDA error", "cuDNN error", "CUDNN_STATUS", "CUBLAS_STATUS", "NCCL error", "unable to find an engine"),
    *("HIP error", "miopenStatus"),  # of AMD
)
_OUR_MISTAKE = ("device-side assert", "capturing")
_AFTER_GPU = (
    "Repeat the command: a run continues from its last checkpoint. If that fails too, look at what the driver says "
    "(nvidia-smi -q, dmesg)."
)
# Of Python and of the system's loader, where something that torch or p2p needs was not installed, or was removed.
_NOT_THERE = ("No module named", "cannot open shared object file", "DLL load failed")

click.Context.formatter_class = HelpFormatter  # of all commands

# name: (module, what it does in a line). The line stands here so that help loads no command; a test compares the two.
COMMANDS = {
    "demo": ("demo", "Run the whole pipeline on built-in data: no GPU, no account, minutes."),
    "data": ("data.group", "Fetch, build, check, pair and split data sets."),
    "train": ("train", "Train on the pair folder PAIRS into RUN."),
    "config": ("config", "List the settings of training, or explain one FIELD."),
    "doctor": ("doctor", "Check this machine and this installation, and say what to do."),
    "bench": ("bench", "Measure what this machine can do, and what each preset will take on it."),
    "report": ("report", "Write one page about a run: pictures, scores, curves, settings, data."),
    "runs": ("runs", "List runs and compare them."),
    "reproduce": ("reproduce", "Repeat a run from its run.json and compare the two."),
    "sample": ("sample", "Apply a model to pictures."),
    "paint": ("paint", "Draw a mask on a page and watch the photo appear."),
    "serve": ("serve", "Serve models to other programs by the API of 'p2p paint'."),
    "experiments": ("experiments", "Compare the paper's losses, generators and patches on PAIRS."),
    "evaluate": ("evaluate", "Score a model on held-out pairs."),
    "export": ("export", "Write a model in another program's format, or as a web page."),
    "import-model": ("import_model", "Convert weights of the reference implementation to a model."),
}


class LazyGroup(click.Group):
    """A group whose commands are modules that are imported only when they are called."""

    def __init__(self, *args: object, table: dict[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.table = table

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in the order in which a person needs them."""
        return list(self.table)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the module of a command and give its `command`; None for an unknown name."""
        if name not in self.table:
            return None
        command: click.Command = importlib.import_module(f"p2p_cli.{self.table[name][0]}").command
        return command

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Read the options of the group; the error for another says where those of a command stand."""
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            words = f"{error.message} The options of a command stand behind its name."
            raise click.NoSuchOption(error.option_name, words, ctx=context) from error

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name the error offers the nearest."""
        near = difflib.get_close_matches(args[0], names := self._names(context), n=1)
        if args[0] not in self.table and near:
            context.fail(f"No such command '{args[0]}'. Did you mean '{names[near[0]]}'?")
        return super().resolve_command(context, args)

    def _names(self, context: click.Context) -> dict[str, str]:
        """What to type for each command of this group, and of the other one: `p2p data split` for split."""
        above = context.parent
        other = self.get_command(context, "data") if above is None else above.command
        place = f"{context.command_path} data" if above is None else above.command_path
        elsewhere = other.table if isinstance(other, LazyGroup) else {}
        return {name: f"{place} {name}" for name in elsewhere} | {name: name for name in self.table}

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, with their lines; no command is imported for that."""
        found = [
            CompletionItem(name, help=line) for name, (_, line) in self.table.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, context, incomplete)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


_EPILOG = """
\b
From nothing to a model:
  p2p demo
From your own photos and labels:
  p2p data build-masks LABELS masks --palette cars --photos PHOTOS
  p2p data pair masks PHOTOS pairs
  p2p data split pairs
  p2p train pairs run
  p2p sample run MASKS --out pictures

Exit codes: 0 done, 1 the data or the run has a problem, 2 the command was wrong, 130 interrupted.
"""


_VERSION_HELP = "Show the version, that of torch, and where it computes, and stop."


def _say_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from p2p_cli.text.version import version_lines

    echo("\n".join(version_lines()))
    context.exit()


def _quiet_first(words: list[str]) -> list[str]:
    """The words with a --quiet that stands anywhere before `--` moved to where click looks for it."""
    end = words.index("--") if "--" in words else len(words)
    if "--quiet" not in words[:end]:
        return words
    return ["--quiet", *(word for word in words[:end] if word != "--quiet"), *words[end:]]


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help=_VERSION_HELP)
@click.option("--quiet", is_flag=True, help="Say results and errors only: no progress, remarks and hints.")
def cli(quiet: bool) -> None:
    """From photos and labels to a pix2pix model.

    Results go to standard output, progress and remarks to standard error. Every command can be repeated: it resumes,
    adds what is new, or does nothing.
    """
    Loudness.quiet = quiet or not launch.speaks()
    launch.refuse_copies(click.get_current_context().invoked_subcommand)


def _refuse_lost_folder() -> None:
    """Raise P2PError where the current folder was removed: from there libraries cannot be loaded."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        what = "was removed, or moved to another disk"
        raise P2PError("the current folder", what, "Change to one that exists (cd).", code="missing-folder") from error


def _explain_failure(error: Exception) -> str | None:
    """What the machine lacked or which part of it failed, and what to do; None for a mistake of ours."""
    text = str(error)
    if _NO_THREAD in text:
        return f"the system refuses another thread. {_FEWER_THREADS}"
    if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
        what = text.split("\n", 1)[0] or "more memory was requested than there is"
        return f"out of memory: {what}. Use smaller pictures, or a smaller --size or --batch."
    if any(words in text for words in _NOT_THERE) and "p2p_" not in text:
        return f"{first_line(error)}. Install it again; 'p2p doctor' checks the installation."
    if any(words in text for words in _GPU_FAILED) and not any(words in text for words in _OUR_MISTAKE):
        return f"the GPU failed: {first_line(error)}. {_AFTER_GPU}"
    return None


def _explain_dashes(words: Sequence[str]) -> None:
    """Say how paths are written that begin with a dash and so were taken for options."""
    for word in words:
        if word.startswith("-") and os.path.lexists(word):
            echo(f"Is {word} a path? Write {path_word(word)}.", err=True)


def _tell(error: OSError) -> None:
    """Say an error of the system that nobody has put into words."""
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    words = f"{place}{error.strerror}. Check the file system and run the same command again."
    if "temporary directory" in str(error.strerror):  # of Python's tempfile, which torch asks when it is loaded
        words = f"{error.strerror}. Set TMPDIR to a folder that can be written, or mount one at /tmp."
    # All printing of ours has an error of its own: what click prints by itself is help.
    if any(frame.f_code is click.echo.__code__ for frame, _ in traceback.walk_tb(error.__traceback__)):
        words = str(full_output(error))
        close_output()
    echo(f"Error: {words}", err=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; an error of the user's is printed on standard error."""
    if arguments is None:
        launch.read_names_as_utf8()
    code = _run(arguments)
    launch.leave_others(code)
    return code


def _run(arguments: Sequence[str] | None) -> int:
    open_streams()
    launch.follow_launcher()
    launch.silence_connections()
    if launch.is_decided():
        return 0
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _refuse_lost_folder()
        if arguments is None and words[:1] != ["train"]:  # whose crashes would be without a word
            silence_libraries()
        Loudness.quiet = False
        code = cli.main(args=_quiet_first(words), prog_name="p2p", standalone_mode=False, obj=words)
        with name_full_output():
            sys.stdout.flush()
        return launch.conclude(code if isinstance(code, int) else 0)
    except SystemExit:  # of click alone
        if "_P2P_COMPLETE" in os.environ:  # a shell has asked for words
            raise
        close_output()  # help has no reader any more, such as `head`
        return 0
    except (click.Abort, KeyboardInterrupt):
        if launch.speaks():
            echo("Interrupted. Run the same command again to continue.", err=True)
        return launch.INTERRUPTED
    except Exception as error:
        failed = _say_failure(error, words)
        if failed is None:
            raise
        return failed


def _say_failure(error: Exception, words: Sequence[str]) -> int | None:
    """Say what ended the command `words`, and give the exit code; None for a mistake of ours."""
    if isinstance(error, P2PError):
        if launch.is_told(error):
            place = launch.place_words() if error.said_elsewhere is None else ""
            echo(f"Error: {place}{error}", err=True)
        if error.where == "standard output":
            close_output()
        return launch.conclude(error.exit_code, error)
    if isinstance(error, click.ClickException):
        if launch.complains():
            show_usage(error)
            _explain_dashes(words if isinstance(error, click.NoSuchOption) else [])
        return launch.conclude(2)
    if isinstance(error, OSError) and error.errno is not None:  # without a number it is not the system's
        _tell(error)
    elif isinstance(error, MemoryError | RuntimeError | ImportError | OSError) and (failure := _explain_failure(error)):
        echo(f"Error: {failure}", err=True)
    else:
        return None
    return P2PError.exit_code

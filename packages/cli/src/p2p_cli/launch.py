"""Many processes behind one command: which of them prints, how the launcher learns the exit code, and their start.

Nothing here may import torch when it is imported, or know what the processes do.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from p2p_cli.text.terminal import echo
from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.words import shell_line

_LAUNCHER = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what each process of torchrun has
OUTCOME = "P2P_OUTCOME"  # where a process that our launcher has started writes its exit code
LAUNCHER = "P2P_LAUNCHER"  # the process id of our launcher
INTERRUPTED = 130  # the shell's own code for what Ctrl-C ended
_LOOK, _GRACE = 0.5, 60.0  # seconds between two looks for the launcher, and for saving once it is gone


def read_names_as_utf8() -> None:
    """Begin the process again in Python's UTF-8 mode where the locale has another encoding, unless PYTHONUTF8 is set.

    Manifests and labels have names in UTF-8, in which nearly all disks have them, whatever a locale says.
    """
    if sys.getfilesystemencoding() != "utf-8" and "PYTHONUTF8" not in os.environ:
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def speaks() -> bool:
    """Whether this process prints; of several that a launcher such as torchrun has started, only the first does.

    A cluster may set some of a launcher's variables for a process that is alone.
    """
    return not _is_one_of_several() or os.environ["RANK"] == "0"


def _is_one_of_several() -> bool:
    return all(name in os.environ for name in _LAUNCHER) and os.environ["WORLD_SIZE"] != "1"


def silence_connections() -> None:
    """Let torch, which is not loaded yet, say nothing of connections that end: the process whose end it is says why."""
    if _is_one_of_several():
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")


def is_told(error: P2PError) -> bool:
    """Whether this process prints the error: one that several processes meet is printed once."""
    return complains() if error.said_elsewhere is None else not error.said_elsewhere


def complains() -> bool:
    """Whether this process prints what is wrong before all have met: one of each machine, which may lack a file."""
    return speaks() or os.environ["LOCAL_RANK"] == "0"


def place_words() -> str:
    """The machine, to begin an error with, where the process that speaks is on another one."""
    return "" if speaks() else f"on {socket.gethostname()}: "


def conclude(code: int, error: P2PError | None = None) -> int:
    """The code with which this process ends.

    Under our launcher it is 0 for every error that a restart would meet again, because the launcher restarts what
    fails; a file tells the launcher the real code.
    """
    place = os.environ.get(OUTCOME)
    if place is None or not Path(place).parent.exists() or (error and error.passing):
        return code
    if speaks() if error is None else not error.said_elsewhere:
        Path(place).write_text(json.dumps(code), "ascii")
    return 0


def leave_others(code: int) -> None:
    """End this process now if it has left NCCL's group as it was, after an error.

    Python would take the group down at its end, and NCCL wait there for processes that are gone.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def refuse_copies(name: str | None) -> None:
    """Raise UsageError if torchrun has started several processes of a command that computes in one: all but train.

    What a process of torchrun has started itself has the same environment, and is left alone.
    """
    if name == "train" or os.environ.get("WORLD_SIZE", "1") == "1" or not _is_of_torchrun():
        return
    what = f"has started {os.environ['WORLD_SIZE']} processes of 'p2p {name}', which computes in one"
    raise UsageError(
        "torchrun", what, "Call it without torchrun, as only 'p2p train' divides its work.", code="process-count"
    )


def _is_of_torchrun() -> bool:
    """Whether torchrun is the parent of this process; False where the system does not say."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().split(b"\0")
        return any(word.endswith(b"/torchrun") or word.startswith(b"torch.distributed.") for word in words)
    return False


def is_decided() -> bool:
    """Whether a process has told our launcher how all of this ends, so that a restart has nothing to do."""
    place = os.environ.get(OUTCOME)
    return place is not None and Path(place).exists()


def follow_launcher() -> None:
    """Let this process end soon after our launcher, if that has started it: one that was killed can end none itself.

    The process gets SIGTERM, after which training saves and ends, and a minute for it. What another launcher such as
    torchrun has started is left alone.
    """
    launcher = os.environ.pop(LAUNCHER, None)  # what this process starts has another parent
    if launcher is not None:
        threading.Thread(target=_outlive, args=(int(launcher),), name="p2p-launcher", daemon=True).start()


def _outlive(launcher: int) -> None:
    """Wait until the launcher is no longer this process's parent, and end the process."""
    while os.getppid() == launcher:
        time.sleep(_LOOK)
    _remove_outcome(Path(os.environ[OUTCOME]))
    if speaks():
        echo("The launcher of these processes has ended: they save, and end.", err=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(P2PError.exit_code)  # it hangs; what it was saving is whole or does not exist


def _remove_outcome(outcome: Path) -> None:
    """Remove the launcher's file and its folder, which nobody reads any more; each of the processes tries."""
    with contextlib.suppress(OSError):
        outcome.unlink(missing_ok=True)
        outcome.parent.rmdir()


def typed_words() -> list[str]:
    """The words after `p2p` with which this command was called."""
    return list(click.get_current_context().find_root().obj or sys.argv[1:])


def launch_processes(words: list[str], count: int, restarts: int) -> int:
    """Run this command in `count` processes, each with its own device; returns the exit code of the whole."""
    from p2p_gan.machine.launch import launch

    with tempfile.TemporaryDirectory(prefix="p2p-") as folder:
        outcome = Path(folder) / "code"
        os.environ.update({OUTCOME: str(outcome), LAUNCHER: str(os.getpid())})
        try:
            # -P: modules in the current folder are the user's, whatever they are called.
            failed = launch([sys.executable, "-P", "-m", "p2p_cli", *words], count, restarts)
        finally:
            del os.environ[OUTCOME], os.environ[LAUNCHER]
        code = int(json.loads(outcome.read_text("ascii"))) if outcome.exists() else None
    if failed and not code:
        echo(f"Error: {failed} To resume, run:", err=True)
        echo(f"  p2p {shell_line(words)}", err=True)
        return 1
    if code is None:
        echo("Error: the processes did not end in time and were killed. Run the command again to resume.", err=True)
        return 1
    return code

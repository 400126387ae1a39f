"""Many processes behind one command: which of them prints, how the launcher learns the exit code, and their start.

Nothing here may import torch when it is imported, or know what the processes do.
"""

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

from p2p_cli.text.terminal import echo
from p2p_datatools.contract.errors import P2PError

_LAUNCHER = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what each process of torchrun has
OUTCOME = "P2P_OUTCOME"  # where a process that our launcher has started writes its exit code


def speaks() -> bool:
    """Whether this process prints; of several that a launcher such as torchrun has started, only the first does.

    A cluster may set some of a launcher's variables for a process that is alone.
    """
    several = all(name in os.environ for name in _LAUNCHER) and os.environ["WORLD_SIZE"] != "1"
    return not several or os.environ["RANK"] == "0"


def is_told(error: P2PError) -> bool:
    """Whether this process prints the error: one that several processes meet is printed once."""
    return speaks() if error.said_elsewhere is None else not error.said_elsewhere


def conclude(code: int, error: P2PError | None = None) -> int:
    """The code with which this process ends.

    Under our launcher it is 0 for every error that a restart would meet again, because the launcher restarts what
    fails; a file tells the launcher the real code.
    """
    place = os.environ.get(OUTCOME)
    if place is None or (error and error.passing):
        return code
    if speaks() if error is None else not error.said_elsewhere:
        Path(place).write_text(json.dumps(code), "ascii")
    return 0


def launch_processes(words: list[str], count: int, restarts: int) -> int:
    """Run this command in `count` processes, each with its own device; returns the exit code of the whole."""
    from p2p_gan.machine.launch import launch

    with tempfile.TemporaryDirectory(prefix="p2p-") as folder:
        outcome = Path(folder) / "code"
        os.environ[OUTCOME] = str(outcome)
        try:
            failed = launch([sys.executable, "-m", "p2p_cli", *words], count, restarts)
        finally:
            del os.environ[OUTCOME]
        code = int(json.loads(outcome.read_text("ascii"))) if outcome.exists() else None
    if failed and not code:
        echo(f"Error: {failed} To resume, run:", err=True)
        echo(f"  p2p {shlex.join(words)}", err=True)
        return 1
    if code is None:
        echo(
            "Error: the processes did not end in time and were killed. Run the command again to resume.",
            err=True,
        )
        return 1
    return code

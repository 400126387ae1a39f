"""Many processes behind one command: who of them speaks, how their launcher learns the end, and starting them.

Nothing here may import torch when it is imported, or know what the processes do.
"""

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

import click

from p2p_datatools.contract.errors import P2PError

OUTCOME = "P2P_OUTCOME"  # where a process that our launcher has started writes its exit code


def speaks() -> bool:
    """Whether this process tells a person what it does: of several, the first does."""
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return not several or os.environ.get("RANK", "0") == "0"


def is_told(error: P2PError) -> bool:
    """Whether this process tells the error: one that several meet is told once."""
    return speaks() if error.said_elsewhere is None else not error.said_elsewhere


def conclude(code: int, error: P2PError | None = None) -> int:
    """The code with which this process ends.

    Under our launcher that is 0 for whatever another try would meet again, for the launcher replaces what fails; the
    real code is left for it in a file.
    """
    place = os.environ.get(OUTCOME)
    if place is None or (error and error.passing):
        return code
    if speaks() if error is None else not error.said_elsewhere:
        Path(place).write_text(json.dumps(code), "ascii")
    return 0


def launch_processes(words: list[str], count: int, restarts: int) -> int:
    """Run this same command in so many processes, each with its own device; gives the exit code of the whole."""
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
        click.echo(f"Error: {failed} It resumes when the command is typed again:", err=True)
        click.echo(f"  p2p {shlex.join(words)}", err=True)
        return 1
    if code is None:
        click.echo("Error: the processes did not end in time and were killed; the last checkpoint counts.", err=True)
        return 1
    return code

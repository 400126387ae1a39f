"""The one way to the terminal: text out of files is shown there and not obeyed.

Nothing here may decide what is said, or import what makes help slow.
"""

import contextlib
import sys

import click

from p2p_datatools.contract.words import printable


def echo(text: str = "", *, err: bool = False) -> None:
    """Print on standard output, or standard error: line ends and tabs as they are, else only what can be printed."""
    click.echo(printable(text, keep="\n\t"), err=err)


def accept_all_letters() -> None:
    """Let output in an encoding such as ASCII show the letters that it lacks by their numbers."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # closed, or replaced by what has no encoding
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

"""The one way to the terminal: text out of files is shown there and not obeyed, and no broken output ends a command.

Nothing here may decide what is said, or import what makes help slow.
"""

import codecs
import contextlib
import errno
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO

import click

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import printable

_SPELL = "p2p-spell"  # what streams do with letters that they cannot write


class Loudness:
    """How much is said: with --quiet neither progress nor remarks nor hints, but results and errors."""

    quiet = False


def echo(text: str = "", *, err: bool = False) -> None:
    """Print on standard output, or standard error: line ends and tabs as they are, else only what can be printed.

    Raises P2PError when standard output cannot be written, such as for a full disk. What its reader, such as `head`,
    no longer takes is lost, as is what standard error cannot take: that is not a reason to end days of training.
    """
    shown = printable(text, keep="\n\t")
    if err:
        try:
            click.echo(shown, err=True)
        except (OSError, ValueError):
            _lead_nowhere(sys.stderr)
        return
    with name_full_output():
        click.echo(shown)


def show_usage(error: click.ClickException) -> None:
    """Say what is wrong with the words of a command, unless standard error takes nothing."""
    try:
        error.show()
    except (OSError, ValueError):
        _lead_nowhere(sys.stderr)


@contextlib.contextmanager
def name_full_output() -> Iterator[None]:
    """Raise P2PError when the block cannot write to standard output; what nobody reads any more is lost.

    The command then does the rest of its work and ends with the code of that: `p2p data check masks | head` fails where
    the masks have errors.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, BrokenPipeError) or (error.errno == errno.EIO and _is_device(sys.stdout)):
            close_output()
            return
        raise full_output(error) from error


def full_output(error: OSError) -> P2PError:
    """The error for a standard output that takes nothing more."""
    what = f"cannot be written: {error.strerror or error}"
    to_do = "The files of this command are whole; repeat it to see what it says."
    return P2PError("standard output", what, to_do, code="cannot-write")


def _is_device(stream: TextIO) -> bool:
    """Whether a stream leads to a device, as a terminal is; one that is closed no longer says that it is one."""
    try:
        return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def open_streams() -> None:
    """Give the process streams that take all letters, also where the shell has closed one (`2>&-`).

    Without one, the next file that is opened would take its number, and receive what is printed.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))
    codecs.register_error(_SPELL, _spell)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # replaced by what has no encoding
            stream.reconfigure(errors=_SPELL)  # type: ignore[union-attr]


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """What a terminal shows for letters that it does not have: +- for \u00b1, and the escapes of Python for others."""
    text, end = codecs.backslashreplace_errors(error)
    return str(text).replace(r"\xb1", "+-"), end


def silence_libraries() -> None:
    """Keep off the terminal what libraries of C write there, such as libpng and libtiff; ours and Python's stay.

    What they find is in the errors, too. Python's standard error gets a number of its own, theirs leads nowhere.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() == 2:
            sys.stderr.flush()
            own = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=_SPELL)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            sys.stderr = own


def close_output() -> None:
    """Let nothing more be written to standard output, whose reader is gone or whose disk is full."""
    _lead_nowhere(sys.stdout)


def _lead_nowhere(stream: TextIO) -> None:
    # What it still holds would be written when Python ends, and fail again.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

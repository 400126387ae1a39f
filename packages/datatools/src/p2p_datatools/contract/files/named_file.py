"""The one file that a command writes where it was told to: what it may be called, and what is in its way.

Nothing here may know what is in the file.
"""

from pathlib import Path

from p2p_datatools.contract.errors import UsageError


def refuse_other_name(dest: Path, *suffixes: str) -> None:
    """Raise UsageError for a name that ends in none of the suffixes, in capitals or not, and for a folder."""
    *others, last = suffixes
    ends = f"{', '.join(others)} or {last}" if others else last
    if dest.is_dir():
        raise UsageError(dest, "is a folder", f"Give the name of a file that ends in {ends}.", code="wrong-file-name")
    if dest.suffix.lower() not in suffixes:
        raise UsageError(dest, f"is not the name of a {ends} file", f"End it in {ends}.", code="wrong-file-name")


def other_content(dest: Path, instead: str = "delete it") -> UsageError:
    """The error that a place has something else than what is to be written; what else to do than choose another."""
    what = "exists already and holds something else"
    return UsageError(dest, what, f"Choose another name, or {instead}.", code="destination-exists")

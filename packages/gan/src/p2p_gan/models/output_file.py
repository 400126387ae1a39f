"""The one file that an export or an import writes: what it may be called, and that nothing else is overwritten.

Nothing here may know what is in the file.
"""

from collections.abc import Callable
from pathlib import Path

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files.atomic import holds, write_bytes


def refuse_other_name(dest: Path, suffix: str) -> None:
    """Raise UsageError for a name that does not end in `suffix`, in capitals or not, and for a folder."""
    if dest.suffix.lower() != suffix or dest.is_dir():
        what, to_do = f"is not the name of a file NAME{suffix}", f"Give a name that ends in {suffix}."
        raise UsageError(dest, what, to_do, code="wrong-file-name")


def write_once(dest: Path, data: bytes, *, may_replace: Callable[[Path], bool] | None = None) -> bool:
    """Write the file, atomically, unless it has these bytes already; whether it was written.

    Raises UsageError where the file has other content, unless `may_replace` says that this may go.
    """
    if dest.exists():
        if holds(dest, data):
            return False
        if may_replace is None or not may_replace(dest):
            what, to_do = "exists with other content", "Choose another name, or delete it first."
            raise UsageError(dest, what, to_do, code="destination-taken")
    write_bytes(dest, data)
    return True

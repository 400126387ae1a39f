"""The one file that an export or an import writes: that nothing else is overwritten.

Nothing here may know what is in the file.
"""

from collections.abc import Callable
from pathlib import Path

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.files.atomic import holds, write_bytes

_OTHER = "exists with other content"


def describe_other(found: tuple[str, str] | None, wanted: tuple[str, str]) -> str:
    """What an export is that is in the way of one of `wanted` (SHA-256 of the model, precision); None is no export."""
    if found is None:
        return _OTHER
    if found[0] != wanted[0]:
        return "exists, and is an export of another model, or of another state of this one"
    if found[1] != wanted[1]:
        return f"exists, and is an export of this model in {found[1]}"
    return "exists, and is an export of this model by another version of p2p, which writes it in another way"


def write_once(
    dest: Path,
    data: bytes,
    *,
    may_replace: Callable[[Path], bool] | None = None,
    describe: Callable[[Path], str] = lambda path: _OTHER,
) -> bool:
    """Write the file, atomically, unless it has these bytes already; whether it was written.

    Raises UsageError where the file has other content, which it describes, unless `may_replace` says that it may go.
    """
    if dest.exists():
        if holds(dest, data):
            return False
        if may_replace is None or not may_replace(dest):
            to_do = "Choose another name, or delete it first."
            raise UsageError(dest, describe(dest), to_do, code="destination-taken")
    write_bytes(dest, data)
    return True

"""Where a page lies, and its writing: a page of ours is replaced, anything else is refused.

Nothing here may know what stands in a page.
"""

from contextlib import suppress
from pathlib import Path

from p2p_datatools.contract.files.atomic import catch_write_error, write_bytes
from p2p_datatools.contract.files.named_file import other_content, refuse_other_name
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.pages.elements import SIGN

_START = 200  # bytes within which a page of ours says that it is one


def refuse_page_place(dest: Path) -> None:
    """Raise UsageError where something else is, or the name is not that of a page."""
    refuse_other_name(dest, ".html", ".htm")
    if dest.exists() and not _is_ours(dest):
        raise other_content(dest)


def write_page_file(dest: Path, page: bytes) -> None:
    """Write a page, atomically; raises UsageError as `refuse_page_place` does."""
    refuse_page_place(dest)
    with catch_write_error(dest.parent):
        dest.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(dest, page)


def _is_ours(path: Path) -> bool:
    with suppress(OSError), open_file(path) as file:
        return SIGN.encode() in file.read(_START)
    return False

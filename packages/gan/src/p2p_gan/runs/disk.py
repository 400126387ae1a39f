"""Checks whether a disk has enough free space, before training and before each write.

Nothing here may delete or write anything.
"""

import shutil
from pathlib import Path

from p2p_datatools.contract.errors import P2PError

_MARGIN = 2**20  # bytes for the record, the samples and the folders themselves


def require_space(place: Path, needed: int, what: str, advice: str) -> None:
    """Raise P2PError if the disk of `place`, which need not exist yet, has fewer than `needed` bytes free."""
    free = free_space(place)
    if free < needed + _MARGIN:
        raise P2PError(
            place, f"the disk has {in_words(free)} free, but {what} {in_words(needed)}", advice, code="no-space"
        )


def free_space(place: Path) -> int:
    """The free bytes on the disk of `place`, which need not exist yet."""
    return shutil.disk_usage(_there(place)).free


def _there(place: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    while not place.exists():
        place = place.absolute().parent
    return place


def in_words(count: int) -> str:
    """A number of bytes with a unit."""
    if count < 10**6:
        return f"{count / 10**3:.0f} KB"
    return f"{count / 10**6:.0f} MB" if count < 10**9 else f"{count / 10**9:.1f} GB"

"""One share of a large pairing: which names belong to it and where it goes, so that many machines can work at once.

Nothing here may look at a picture or depend on the order of names.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.destination import Skip
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.matched import Matched


class Shard(NamedTuple):
    """Share `number` (from 1) `of` so many."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def part_of(self, dest: Path) -> Path:
        """The folder beside DEST that this share goes to."""
        return dest.with_name(f"{dest.name}.{self.number}-of-{self.of}")

    def has(self, name: str) -> bool:
        """Whether a name belongs to this share: by its hash, so that new names move no old ones."""
        return int.from_bytes(hashlib.sha256(f"shard {name}".encode()).digest()[:8], "big") % self.of == self.number - 1

    def share(self, matched: Matched, skipped: Sequence[Skip]) -> tuple[Matched, list[Skip]]:
        """The names of this share, and the skips, each in one share only."""
        return matched.only(self.has), [skip for skip in skipped if self.has(skip.where)]


def parse_shard(text: str) -> Shard:
    """Read `2/8`; raises UsageError."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
    shard = Shard(int(found[1]), int(found[2])) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.of:
        raise UsageError(f"shard {text}: is not I/N with I from 1 to N, such as 2/8 for the second of eight.")
    return shard

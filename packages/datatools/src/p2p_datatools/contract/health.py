"""A finding of `p2p doctor`: one thing that was looked at, whether it is well, and what to do.

Nothing here may look at anything; the rooms that know a thing look at it.
"""

from dataclasses import dataclass
from typing import Literal

HealthState = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class HealthCheck:
    """One thing: `broken` means that something of p2p will not work, `note` that it may be slow or surprising."""

    name: str
    state: HealthState
    what: str
    to_do: str = ""

"""The cores of this machine that the process may use.

Nothing here may start a thread or decide how work is distributed.
"""

import os


def cores() -> int:
    """How many cores this process may use, which a scheduler, a container or `taskset` may limit."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1

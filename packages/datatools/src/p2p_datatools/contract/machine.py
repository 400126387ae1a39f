"""What of this machine the process may use: its cores.

Nothing here may start a thread or say how work is shared out.
"""

import os


def cores() -> int:
    """How many cores this process may use, which a scheduler, a container or `taskset` may hold below the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1

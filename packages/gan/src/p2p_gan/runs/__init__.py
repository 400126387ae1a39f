"""What a run leaves on disk: its folder and lock, checkpoints, the stored state, and the list of runs.

Nothing here may decide when something is saved, and nothing half-written may ever look whole.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.runs.compare import Run, differing_fields, find_runs, read_runs
    from p2p_gan.runs.runfolder import read_stats
else:
    __getattr__, __dir__ = open_door(
        __name__,
        compare="Run differing_fields find_runs read_runs",
        runfolder="read_stats",
    )

__all__ = ["Run", "differing_fields", "find_runs", "read_runs", "read_stats"]

"""The files of a run: its folder and lock, its record, checkpoints, the training state, and the list of runs.

Nothing here may decide when something is saved, and a file that was cut off must never be taken for a complete one.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.runs.compare import Run, differing_fields, find_runs, read_runs
    from p2p_gan.runs.runfolder import read_stats
else:
    __getattr__, __dir__ = open_door(
        __name__, compare="Run differing_fields find_runs read_runs", runfolder="read_stats"
    )

__all__ = ["Run", "differing_fields", "find_runs", "read_runs", "read_stats"]

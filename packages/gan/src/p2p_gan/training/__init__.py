"""The order of events of a run, from the job that is asked for to the last checkpoint: loop, guards, plan, validation.

Nothing here may print, and no arithmetic of an update may be hidden here.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.training.guards import DivergedError
    from p2p_gan.training.planning import Need, Plan, plan
    from p2p_gan.training.reproduction import LossDifference, Reproduction, reproduce
    from p2p_gan.training.run import TrainSummary, train
else:
    __getattr__, __dir__ = open_door(
        __name__,
        guards="DivergedError",
        planning="Need Plan plan",
        reproduction="LossDifference Reproduction reproduce",
        run="TrainSummary train",
    )

__all__ = [
    "DivergedError",
    "LossDifference",
    "Need",
    "Plan",
    "Reproduction",
    "TrainSummary",
    "plan",
    "reproduce",
    "train",
]

"""A pair folder becomes batches: tasks say what is asked of it, the dataset keeps it, draws say what is seen when.

Nothing here may know networks or losses, and both halves of a pair always get the same crop and mirroring.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.data.coding import Coding
    from p2p_gan.data.dataset import Batch, PairDataset, load_dataset
    from p2p_gan.data.task import Task, open_for_training
else:
    __getattr__, __dir__ = open_door(
        __name__, coding="Coding", dataset="Batch PairDataset load_dataset", task="Task open_for_training"
    )

__all__ = ["Batch", "Coding", "PairDataset", "Task", "load_dataset", "open_for_training"]

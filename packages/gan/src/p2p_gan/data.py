"""The door of the data room: a pair folder becomes a task, the task a store, and the store gives batches.

Nothing here may do any of it; `tasks`, `reading`, `store` and `values` do.
"""

from p2p_gan.reading import load_fitted, read_halves, read_shown
from p2p_gan.sizing import shapes_seen
from p2p_gan.store import PairStore, load_store
from p2p_gan.tasks import Task, identified, open_for_training, refuse_unfit, task_of
from p2p_gan.values import Coding, coding_of

__all__ = [
    "Coding",
    "PairStore",
    "Task",
    "coding_of",
    "identified",
    "load_fitted",
    "load_store",
    "open_for_training",
    "read_halves",
    "read_shown",
    "refuse_unfit",
    "shapes_seen",
    "task_of",
]

"""Makes the updates of a run: each as a replay of a CUDA graph where that is possible and proved, else one by one.

Nothing here may change what an update computes; a graph that cannot be made or proved is given up with one note.
"""

from collections import Counter
from collections.abc import Callable

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.words import first_line
from p2p_gan.data.dataset import Batch
from p2p_gan.machine.device import wait_for
from p2p_gan.machine.graphs import CudaRecorder, GraphRecorder, why_no_graph
from p2p_gan.machine.memory import give_back
from p2p_gan.training.job import Job
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.training.steps.update_graph import BatchShape, UpdateGraph, record_update, shape_of, tolerance_of
from p2p_gan.updates.loss_ring import LossRing

_ORDINARY = 2  # updates of a shape before it is recorded: a shape that comes once, at the end of a run, is not worth it
MOST_GRAPHS = 8  # shapes that are recorded; each graph has its launches in memory, and all share their tensors' memory


def recorder_for(job: Job) -> GraphRecorder | None:
    """The recorder of graphs on the job's device; None if there is none, or cuda_graph is off."""
    if job.config.cuda_graph == "off" or why_no_graph(job.device, job.ranks.world) is not None:
        return None
    return CudaRecorder(job.device)


class Stepper:
    """Makes updates of the job's networks; their losses are in `ring`.

    An update is the same whichever way it is made, bit for bit if the run is deterministic, so that a run may be
    resumed anywhere. `note` gets a line when graphs are given up.
    """

    def __init__(self, job: Job, note: Callable[[str], None], recorder: GraphRecorder | None) -> None:
        self._job, self._note, self._recorder = job, note, recorder
        # On CUDA always, so that a run without graphs has the same numbers.
        self._update = WholeUpdate(job, recordable=recorder is not None or job.device.type == "cuda")
        self._graphs: dict[BatchShape, UpdateGraph] = {}
        self._seen = Counter[BatchShape]()

    @property
    def ring(self) -> LossRing:
        """The losses of the latest updates."""
        return self._update.ring

    def step(self, batch: Batch, learning_rate: float, decay: float = 0.0) -> None:
        """Make one update; `decay` is that of the EMA, if there is one."""
        self._update.set_numbers(learning_rate, decay)
        graph = None if self._recorder is None else self._graph_for(batch, self._recorder)
        if graph is None:
            self._update(batch)
        else:
            graph.replay(batch)

    def close(self) -> None:
        """Give the graphs' memory back; further updates are made one by one."""
        self._recorder = None
        self._graphs.clear()

    def _graph_for(self, batch: Batch, recorder: GraphRecorder) -> UpdateGraph | None:
        """The graph for the batch's shape, recorded at the third batch of it; None if there is none."""
        shape = shape_of(batch)
        if shape in self._graphs:
            return self._graphs[shape]
        self._seen[shape] += 1
        if self._seen[shape] <= _ORDINARY or len(self._graphs) >= MOST_GRAPHS:
            return None
        try:
            graph = record_update(self._update, recorder, batch, tolerance_of(self._update))
        except RuntimeError as error:
            self._give_up(error)
            return None
        self._graphs[shape] = graph
        give_back(self._job.device)  # copies of all that an update changes, with which the graph was proved
        return graph

    def _give_up(self, error: RuntimeError) -> None:
        """Make all further updates as they are written; raises P2PError if graphs were asked for.

        All, since the random numbers of graphs recorded before one that fails may not be those of the run any more.
        """
        self.close()
        why = first_line(error)
        try:
            wait_for(self._job.device)
        except RuntimeError as broken:  # some errors and drivers leave a process without its GPU
            what = f"the GPU cannot be used any more after the recording of a CUDA graph: {why}"
            to_do = "Repeat the command with --set cuda_graph=off, which trains without it."
            raise P2PError("cuda_graph", what, to_do, code="no-cuda-graph") from broken
        if self._job.config.cuda_graph == "on":
            what = f"the update cannot be replayed as a CUDA graph: {why}"
            to_do = "Repeat the command with --set cuda_graph=auto, which trains without it."
            raise P2PError("cuda_graph=on", what, to_do, code="no-cuda-graph") from error
        self._note(f"cuda_graph=auto: updates are not replayed as a CUDA graph, which is slower: {why}.")

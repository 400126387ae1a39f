"""Saving beside training: when it is due by the clock, the copy that training waits for, and the files it does not.

Nothing here may change what is trained: a save, whenever it happens, only reads.
"""

import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_gan.models.model import BEST, FILE, write_model
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.runs.space import require_space
from p2p_gan.runs.state import parts, size_in_bytes
from p2p_gan.runs.writer import Writer
from p2p_gan.training.job import Job

_ADVICE = "Free space, keep fewer (--set keep_checkpoints=1), or choose another place for the run."
_RESUME = "The last checkpoint is whole: free space, and the same command continues from it."


class Saver:
    """Writes checkpoints and models of a run; use as `with Saver(...) as saver`, which waits for the last of them."""

    def __init__(self, place: RunFolder, job: Job, saved: int) -> None:
        """`saved` is the image of the newest checkpoint. Raises P2PError when nothing can be written there."""
        self.saved = saved
        self._place, self._job = place, job
        self._writer = Writer()
        self._memory: dict[str, Tensor] = {}  # of the last snapshot, used again
        self._at = time.monotonic()
        # What is applied is the average of the generator, where there is one.
        self._applied = "averaged" if "averaged" in parts(job.nets) else "generator"
        place.make(checkpoint.FOLDER)

    def __enter__(self) -> "Saver":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.wait()
        elif issubclass(kind, Exception):  # what went wrong first is what the person should hear of
            try:
                self._writer.wait()
            except P2PError as late:
                assert error is not None
                error.add_note(str(late))

    @property
    def busy(self) -> bool:
        """Whether the last save is still being written."""
        return self._writer.busy

    def wait(self) -> None:
        """Wait until the last save is on the disk; raises P2PError when it failed."""
        self._writer.wait()

    def due(self) -> bool:
        """Whether the minutes between two checkpoints have passed, and the last one is written."""
        minutes = (time.monotonic() - self._at) / 60
        return minutes >= self._job.config.checkpoint_minutes and not self._writer.busy

    def check(self) -> None:
        """Raise P2PError when the last write has failed."""
        self._writer.check()

    def save(self, progress: checkpoint.Progress, *, best: bool = False) -> None:
        """Copy the state and write it beside training: checkpoint, model, and the best model if this is the best.

        Waits only while the write before is not finished. Raises P2PError: that one's, or when there is no room.
        """
        self._writer.wait()
        needed = size_in_bytes(self._job.nets) + (2 if best else 1) * _model_bytes(self._job)
        require_space(self._place.path, needed, "the next checkpoint takes", _RESUME)
        state = checkpoint.snapshot(self._job.nets, self._memory)
        self._writer.start(lambda: self._write(state, progress, best=best))
        self.saved, self._at = progress.images, time.monotonic()

    def _write(self, state: checkpoint.Snapshot, progress: checkpoint.Progress, *, best: bool) -> None:
        run = self._place.path
        record = checkpoint.write_state(run, state, progress)
        weights = {
            name.removeprefix(f"{self._applied}/"): value
            for name, value in state.tensors.items()
            if name.startswith(f"{self._applied}/")
        }
        card = replace(self._job.card, images=progress.images, averaged=self._applied == "averaged")
        for file in (FILE, BEST) if best else (FILE,):
            write_model(run / file, card, weights)
        # Last of all: a run that a kill ends before this computes those images again, and with them these files.
        checkpoint.seal(run, record, keep=self._job.config.keep_checkpoints)


def require_space_for_run(place: RunFolder, job: Job) -> None:
    """Raise P2PError when the disk has no room for all that the run keeps, beyond what it holds already."""
    require_space(place.path, space_of_run(place.path, job), "the checkpoints and models of this run take", _ADVICE)


def space_of_run(run: Path, job: Job) -> int:
    """The bytes that the run's checkpoints and models take at most, beyond what it holds already."""
    # Those that are kept, the best, and the one being written, before the oldest goes.
    needed = (job.config.keep_checkpoints + 2) * size_in_bytes(job.nets) + 3 * _model_bytes(job)
    held = [path.stat().st_size for path in run.glob(f"**/*{Path(FILE).suffix}")]
    return max(0, needed - sum(held))


def _model_bytes(job: Job) -> int:
    return sum(value.nbytes for value in job.nets.generator.state_dict().values())

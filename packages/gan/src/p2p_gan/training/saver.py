"""Work on files beside training: one thread, one piece at a time, its error raised where training can hear it.

Nothing here may know what is written; whoever hands work over leaves alone what it reads until `busy` is false.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_gan.models.model import BEST, MODEL_FILE, write_model
from p2p_gan.runs import checkpoint
from p2p_gan.runs.disk import require_space
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.runs.state import network_states, size_in_bytes
from p2p_gan.training.job import Job


class Writer:
    """At most one piece of work runs beside the caller; the caller waits only where it hands over the next one."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether the last piece of work is still running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` beside the caller, after the one before; raises that one's error."""
        self.wait()
        # A daemon: whoever presses Ctrl-C twice does not want to wait for a disk. What is cut off does not count.
        self._thread = threading.Thread(target=self._run, args=(work,), name="p2p-writer", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # handed to the thread that can tell the person
            self._error = error

    def check(self) -> None:
        """Raise the error of the last piece of work, if it has failed; waits for nothing."""
        if not self.busy and self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self) -> None:
        """Wait for the last piece of work; raises its error."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()


_ADVICE = "Free space, keep fewer (--set keep_checkpoints=1), or choose another place for the run."


_RESUME = "The last checkpoint is whole: free space, and the same command continues from it."


class Saver:
    """Writes checkpoints and models of a run; use as `with Saver(...) as saver`, which waits for the last of them."""

    def __init__(self, run_folder: RunFolder, job: Job, saved: int) -> None:
        """`saved` is the image of the newest checkpoint. Raises P2PError when nothing can be written there."""
        self.saved = saved
        self._run_folder, self._job = run_folder, job
        self._writer = Writer()
        self._memory: dict[str, Tensor] = {}  # of the last snapshot, used again
        self._at = time.monotonic()
        # What is applied is the moving average of the generator, where there is one.
        self._applied = "ema" if "ema" in network_states(job.nets) else "generator"
        run_folder.make(checkpoint.CHECKPOINTS)

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
        require_space(self._run_folder.path, needed, "the next checkpoint takes", _RESUME)
        state = checkpoint.snapshot(self._job.nets, self._memory)
        self._writer.start(lambda: self._write(state, progress, best=best))
        self.saved, self._at = progress.images, time.monotonic()

    def _write(self, state: checkpoint.Snapshot, progress: checkpoint.Progress, *, best: bool) -> None:
        run = self._run_folder.path
        record = checkpoint.write_state(run, state, progress)
        weights = {
            name.removeprefix(f"{self._applied}/"): value
            for name, value in state.tensors.items()
            if name.startswith(f"{self._applied}/")
        }
        card = replace(self._job.card, images=progress.images, averaged=self._applied == "ema")
        for file in (MODEL_FILE, BEST) if best else (MODEL_FILE,):
            write_model(run / file, card, weights)
        # Last of all: a run that a kill ends before this computes those images again, and with them these files.
        checkpoint.seal(run, record, keep=self._job.config.keep_checkpoints)


def require_space_for_run(run_folder: RunFolder, job: Job) -> None:
    """Raise P2PError when the disk has no room for all that the run keeps, beyond what it holds already."""
    run = run_folder.path
    require_space(run, space_of_run(run, job), "the checkpoints and models of this run take", _ADVICE)


def space_of_run(run: Path, job: Job) -> int:
    """The bytes that the run's checkpoints and models take at most, beyond what it holds already."""
    # Those that are kept, the best, and the one being written, before the oldest goes.
    needed = (job.config.keep_checkpoints + 2) * size_in_bytes(job.nets) + 3 * _model_bytes(job)
    held = [path.stat().st_size for path in run.glob(f"**/*{Path(MODEL_FILE).suffix}")]
    return max(0, needed - sum(held))


def _model_bytes(job: Job) -> int:
    return sum(value.nbytes for value in job.nets.generator.state_dict().values())

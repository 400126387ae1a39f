"""Writes checkpoints and models in a thread beside training, checks that the disk has room, and restores lost models.

Nothing here may decide when to save; an error of the thread is raised in the thread that trains.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.progress import Reporter
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import check_model, write_model
from p2p_gan.runs import checkpoint
from p2p_gan.runs.disk import require_space
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.runs.state import network_states, size_in_bytes
from p2p_gan.training.job import Job


class Writer:
    """Runs one function at a time in a thread; the caller waits only when it starts the next one.

    The function's data must not change until `busy` is false.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether the last function is still running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread after the previous function has ended; raises the error of that one."""
        self.wait()
        # A daemon thread, so that a second Ctrl-C need not wait for the disk. A file that is cut off is ignored.
        self._thread = threading.Thread(target=self._run, args=(work,), name="p2p-writer", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # raised by check() in the caller's thread
            self._error = error

    def check(self) -> None:
        """Raise the error of the last function if it has failed; does not wait."""
        if not self.busy and self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self) -> None:
        """Wait for the last function; raises its error."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()


_ADVICE = "Free some space, keep fewer checkpoints (--set keep_checkpoints=1), or choose another run folder."
_RESUME = "Free some space and repeat the command, which continues from the last checkpoint."


class Saver:
    """Writes checkpoints and models of a run; `with Saver(...) as saver` waits at its end for the last write."""

    def __init__(self, run_folder: RunFolder, job: Job, saved: int) -> None:
        """`saved` is the image of the newest checkpoint. Raises P2PError if the run folder cannot be written."""
        self.saved = saved
        self._run_folder, self._job = run_folder, job
        self._writer = Writer()
        self._memory: dict[str, Tensor] = {}  # of the last snapshot, reused
        self._at = time.monotonic()
        self._applied = _model_network(job)
        run_folder.make(checkpoint.CHECKPOINTS)

    def __enter__(self) -> "Saver":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.wait()
        elif issubclass(kind, Exception):  # the first error is the one to report
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
        """Wait until the last save is on disk; raises P2PError if it failed."""
        self._writer.wait()

    def due(self) -> bool:
        """Whether checkpoint_minutes have passed since the last checkpoint and it has been written."""
        minutes = (time.monotonic() - self._at) / 60
        return minutes >= self._job.config.checkpoint_minutes and not self._writer.busy

    def check(self) -> None:
        """Raise P2PError if the last write has failed."""
        self._writer.check()

    def save(self, progress: checkpoint.Progress, *, best: bool = False) -> None:
        """Copy the state and write checkpoint and model in the thread, and with `best` the best model too.

        Waits only for the previous write. Raises P2PError if that has failed, the disk has not enough space, or the run
        folder is no longer in its place.
        """
        self._writer.wait()
        self._run_folder.require_in_place()
        needed = size_in_bytes(self._job.nets) + (2 if best else 1) * _model_bytes(self._job)
        require_space(self._run_folder.path, needed, "the next checkpoint needs", _RESUME)
        state = checkpoint.snapshot(self._job.nets, self._memory)
        self._writer.start(lambda: self._write_in_place(state, progress, best=best))
        self.saved, self._at = progress.images, time.monotonic()

    def _write_in_place(self, state: checkpoint.Snapshot, progress: checkpoint.Progress, *, best: bool) -> None:
        try:
            self._write(state, progress, best=best)
        except P2PError:
            self._run_folder.require_in_place()  # which tells why better than the file that could not be written
            raise

    def _write(self, state: checkpoint.Snapshot, progress: checkpoint.Progress, *, best: bool) -> None:
        run = self._run_folder.path
        record = checkpoint.write_state(run, state, progress)
        weights = {
            name.removeprefix(f"{self._applied}/"): value
            for name, value in state.tensors.items()
            if name.startswith(f"{self._applied}/")
        }
        for file in (MODEL_FILE, BEST) if best else (MODEL_FILE,):
            write_model(run / file, _card_at(self._job, progress.images), weights)
        # Last of all: if a kill comes before this, resuming computes these images again and rewrites these files.
        checkpoint.seal(run, record, keep=self._job.config.keep_checkpoints)
        if progress.images:
            self._run_folder.mark_trained()


def _model_network(job: Job) -> str:
    """The network that is the model: the EMA of the generator if there is one."""
    return "ema" if "ema" in network_states(job.nets) else "generator"


def _card_at(job: Job, images: int) -> ModelCard:
    return replace(job.card, images=images, averaged=_model_network(job) == "ema")


def find_lost_models(run: Path) -> dict[str, int]:
    """The model files of a finished run that are missing or damaged, and after how many images each was written."""
    last = checkpoint.latest(run)
    wanted = {MODEL_FILE: last.images, BEST: last.best_images}
    return {file: at for file, at in wanted.items() if at is not None and _is_lost(run / file)}


def _is_lost(path: Path) -> bool:
    if not path.exists():
        return True
    try:
        check_model(path)
    except P2PError as error:
        return error.code == "damaged-file"  # another file is somebody's own
    return False


def restore_models(run: Path, job: Job, lost: Mapping[str, int], report: Reporter) -> None:
    """Write model files again as `Saver` has written them, from the checkpoints of the same images.

    Raises P2PError for one whose checkpoint is gone or damaged.
    """
    for file, images in lost.items():
        weights = checkpoint.read_network(run, images, _model_network(job))
        if weights is None:
            what = f"is missing or damaged, and so is the checkpoint of image {images}, from which it could be made"
            raise P2PError(run / file, what, "Restore one of them from a copy.", code="no-usable-checkpoint")
        require_space(run, _model_bytes(job), f"{file} needs", "Free some space and repeat the command.")
        write_model(run / file, _card_at(job, images), weights)
        report.note(f"{run / file} was missing or damaged: written again from the checkpoint of image {images}.")


def restore_best(run: Path, job: Job, images: int | None, report: Reporter) -> None:
    """Write the best model of a run that continues again, where it is missing or damaged; it is of so many `images`.

    Where its checkpoint is gone too, which is noted, the run goes on without it until a score is better.
    """
    if images is None or not _is_lost(run / BEST):
        return
    try:
        restore_models(run, job, {BEST: images}, report)
    except P2PError as error:
        if error.code != "no-usable-checkpoint":
            raise
        report.note(f"{run / BEST} {error.what}: the run has no best model until it reaches a better score.")


def require_space_for_run(run_folder: RunFolder, job: Job) -> None:
    """Raise P2PError if the disk has not enough space for all files of the run, beyond those that exist."""
    run = run_folder.path
    require_space(run, space_of_run(run, job), "the checkpoints and models of this run need", _ADVICE)


def space_of_run(run: Path, job: Job) -> int:
    """The largest number of bytes of the run's checkpoints and models, beyond those that exist."""
    # The checkpoints that are kept, the best one, and the one being written before the oldest is deleted.
    needed = (job.config.keep_checkpoints + 2) * size_in_bytes(job.nets) + 3 * _model_bytes(job)
    held = [path.stat().st_size for path in run.glob(f"**/*{Path(MODEL_FILE).suffix}")]
    return max(0, needed - sum(held))


def _model_bytes(job: Job) -> int:
    return sum(value.nbytes for value in job.nets.generator.state_dict().values())

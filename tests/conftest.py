"""What every test may use: the real data where it is present, errors by their code, reporters, deaths at any moment."""

import gc
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import atomic as atomic_module
from p2p_datatools.contract.files import lock as lock_module
from p2p_datatools.contract.files.atomic import lives
from p2p_datatools.contract.progress import Reporter

# Before any test loads torch: see p2p_gan/__init__.py, which is too late for tests that import torch first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Some tests fork. MKL keeps lists of buffers by thread; in a fork that lacks the others a search in them never ends.
os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
# One number of threads, whatever else the machine does: numbers depend on it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REAL_DATA = Path(os.environ.get("P2P_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real data sets; the test is skipped where it is missing, and with --fast."""
    if request.config.getoption("--fast"):
        pytest.skip("reads real data")
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {REAL_DATA}; set P2P_REAL_DATA to their folder")
    return REAL_DATA


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fast`, which is what `nox -s fast` says."""
    parser.addoption(
        "--fast", action="store_true", help="Skip what trains, starts a process, reads real data, or kills its work."
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage before the tests begin, nor look through torch and 12,000 tests each time they leave some.

    These stay until the end, and looking through them took a tenth of the processor time of all tests.
    """
    gc.disable()
    found = yield
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()
    return found


Forbidden = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def training_forbidden() -> Forbidden:
    """training_forbidden(): a block in which a test is skipped at the moment when it trains."""

    @contextmanager
    def block() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("p2p_gan.machine.launch.elastic_launch", lambda *_, **__: pytest.skip("starts a process"))
            # A run, the updates that a plan times, and whole updates by themselves.
            for place in ("run._train", "trial._repeat_updates", "steps.update.WholeUpdate.learn"):
                patch.setattr(f"p2p_gan.training.{place}", lambda *_, **__: pytest.skip("trains"))
            yield

    return block


@pytest.fixture(scope="session", autouse=True)
def nothing_slow(request: pytest.FixtureRequest, training_forbidden: Forbidden) -> Iterator[None]:
    """With --fast a test that trains a model or starts a process is skipped, at the moment when it does.

    So no test has to be marked as slow, and none can be forgotten.
    """
    fast = request.config.getoption("--fast")
    # Tests of datatools alone cannot train, and loading what trains takes seconds.
    may_train = any("datatools" not in each.path.parts for each in request.session.items)
    with training_forbidden() if fast and may_train else nullcontext(), pytest.MonkeyPatch.context() as patch:
        if fast:
            patch.setattr(subprocess.Popen, "__init__", lambda *_, **__: pytest.skip("starts a process"))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or changes what was measured of the machine on which the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("p2p_gan.machine.load._MOMENT", 0.0)  # no test waits for what other programs do meanwhile
        yield


@pytest.fixture(scope="session", autouse=True)
def no_flushing() -> Iterator[None]:
    """Flushing to the disk takes most of the time of small work, and shows only where the power fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def counters() -> list[Counter[str]]:
    """The counters of opened files that are running; Python cannot take the hook out again."""
    running: list[Counter[str]] = []

    def count(event: str, arguments: tuple[object, ...]) -> None:
        if running and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            for counter in running:
                counter[os.fsdecode(arguments[0])] += 1

    sys.addaudithook(count)
    return running


@pytest.fixture
def opens(counters: list[Counter[str]]) -> Iterator[Counter[str]]:
    """How often Python has opened each file since the test began."""
    counters.append(Counter())
    yield counters[-1]
    counters.pop()


class Refused(Protocol):
    """What the fixture `refused` is."""

    def __call__(
        self, code: str, where: object = None, *, usage: bool | None = None
    ) -> AbstractContextManager[pytest.ExceptionInfo[P2PError]]: ...


@pytest.fixture
def refused() -> Refused:
    """A block that has to end with an error of the code given (of the place, and of the command, where said)."""

    @contextmanager
    def block(
        code: str, where: object = None, *, usage: bool | None = None
    ) -> Iterator[pytest.ExceptionInfo[P2PError]]:
        with pytest.raises(P2PError) as caught:
            yield caught
        error = caught.value
        try:
            assert error.code == code, error
            assert where is None or error.where == str(where), error
            assert usage is None or isinstance(error, UsageError) == usage, error
            assert error.to_do, f"it does not say what to do: {error}"
            assert "\n" not in str(error.problem), error
        finally:
            del error, caught  # the error holds this frame, which would hold it and all it has met until a collection

    return block


class Notes(Reporter):
    """A reporter that keeps what a person would read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def notes() -> Notes:
    """A reporter whose `lines` are the notes it was given."""
    return Notes()


class StopAfter(Reporter):
    """Ctrl-C after n units of work."""

    def __init__(self, units: int) -> None:
        self.left = units

    def advance(self, units: int = 1, **figures: float) -> None:
        self.left -= units
        if self.left <= 0:
            raise KeyboardInterrupt


@pytest.fixture
def stop_after() -> type[StopAfter]:
    """stop_after(n): a reporter that interrupts the work after n units, as Ctrl-C does."""
    return StopAfter


CHANGES = ("replace", "rename", "unlink", "mkdir", "rmdir", "fsync")

Contents = Callable[[Path], dict[str, bytes]]
KilledAfter = Callable[[Callable[[], object], int], bool]
Deaths = Callable[[Callable[[], object], Path], "States"]


class Killed(BaseException):
    """The process is dead: nothing it would do after this has an effect."""


@pytest.fixture
def killed_after(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> KilledAfter:
    """Do a piece of work and die after so many changes of the file system; says whether it died.

    With --fast the test is skipped: it does its work again for each change of the file system.
    """
    if request.config.getoption("--fast"):
        pytest.skip("kills its work at every moment")

    def run(work: Callable[[], object], changes: int) -> bool:
        left = changes

        def mortal(name: str) -> Callable[..., Any]:
            real: Callable[..., Any] = getattr(os, name)

            def change(*args: Any, **keywords: Any) -> Any:
                nonlocal left
                if left <= 0:
                    raise Killed
                left -= 1
                return real(*args, **keywords)

            return change

        with monkeypatch.context() as patch:
            for name in CHANGES:
                patch.setattr(os, name, mortal(name))
            try:
                work()
            except Killed:
                return True
        return False

    return run


_DEAD = 2**22 + 1  # the number of no process: Linux has no higher ones than 2**22


class _SystemOfTheDead:
    """The module os, but for the number of the process; filelock, which has its own, would take another for a fork."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @staticmethod
    def getpid() -> int:
        return _DEAD


class States:
    """The states in which a folder is left by deaths before one change of the file system after another, each once."""

    def __init__(self, place: Path) -> None:
        self.place, self.changes = place, 0
        self._first: dict[tuple[tuple[str, bytes | None], ...], int] = {}  # a state, and after how many changes it was
        self._lock = threading.RLock()  # no change is made while the state is read

    def before(self, change: Callable[..., Any]) -> Callable[..., Any]:
        """The change, before which the state is kept."""

        def watched(*args: Any, **keywords: Any) -> Any:
            with self._lock:
                self.keep()
                self.changes += 1
                return change(*args, **keywords)

        return watched

    def keep(self) -> None:
        """Keep the state in which the folder is now: its files and, as None, its folders, itself too if it exists."""
        found = sorted([self.place, *self.place.rglob("*")]) if self.place.exists() else []
        assert not any(each.is_symlink() for each in found)
        state = ((str(each.relative_to(self.place)), each.read_bytes() if each.is_file() else None) for each in found)
        self._first.setdefault(tuple(state), self.changes)

    def __iter__(self) -> Iterator[int]:
        """Bring the folder into each state, and say after how many changes it was first in that."""
        for state, changes in self._first.items():
            if self.place.exists():
                shutil.rmtree(self.place)
            for name, data in state:
                path = self.place / name
                if data is None:
                    path.mkdir(parents=True)
                else:
                    path.write_bytes(data)
            yield changes


@pytest.fixture
def deaths(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Deaths:
    """Do a piece of work in a folder once, and give each state of the folder in which a death would have left it.

    A process that is killed does nothing more, not even in its `finally`, and what a change leaves as it was, such as
    the flushing of a file, needs no second look. With --fast the test is skipped.
    """
    if request.config.getoption("--fast"):
        pytest.skip("kills its work at every moment")

    def run(work: Callable[[], object], place: Path) -> States:
        states = States(place)
        with monkeypatch.context() as patch:
            for module in (atomic_module, lock_module):  # by its number what it left behind is known
                patch.setattr(module, "os", _SystemOfTheDead())
            # As long as it works it lives, or one of its threads would take the file of another for what a kill left.
            patch.setattr(atomic_module, "lives", lambda process: process == _DEAD or lives(process))
            for name in (*CHANGES, "link"):
                patch.setattr(os, name, states.before(getattr(os, name)))
            work()
        states.keep()
        return states

    return run


@pytest.fixture
def contents() -> Contents:
    """Every file below a folder by its path, hidden ones too; folders as empty."""

    def read(folder: Path) -> dict[str, bytes]:
        found = sorted(folder.rglob("*"))
        return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in found}

    return read


@pytest.fixture
def timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan times the fewest updates that it can: how long they take is not asked."""
    monkeypatch.setattr("p2p_gan.training.trial._PATIENCE", 0.0)
    monkeypatch.setattr("p2p_gan.training.memory_format._BLOCK", 0.0)
    monkeypatch.setattr("p2p_gan.training.memory_format._LONG", 0.0)

"""How threads of OpenMP wait for each other: spinning where they have their cores to themselves, asleep where not.

Nothing here may change how many threads compute, or anything else on which a number depends.

Threads that spin until the next piece of work comes are a third faster at the tiny networks on a quiet machine; beside
one other program they use up their turns of the processor with spinning, and make a tenth of the updates. libgomp reads
GOMP_SPINCOUNT once, but where more of its threads exist than there are cores, it lets none spin under
OMP_WAIT_POLICY=PASSIVE (its manual, section GOMP_SPINCOUNT). So a crowd of threads that do nothing, not even wait for a
turn, makes those that compute sleep while they wait.
"""

import ctypes
import os
import threading
from pathlib import Path

from p2p_gan.machine.load import LoadMeter
from p2p_gan.machine.wait_policy import chosen_here

_FIRST, _PERIOD = 0.2, 1.0  # seconds until the first look at the load, and between two
_CALM = 3  # looks that must find the cores free before threads spin again


class Crowd:
    """Threads of libgomp that exist and do nothing; `gather` makes as many as there are cores, `leave` ends them."""

    def __init__(self) -> None:
        self._library = _load_libgomp()
        self._leave: threading.Event | None = None
        self._holder: threading.Thread | None = None

    @property
    def possible(self) -> bool:
        """Whether this process computes with libgomp; macOS and Windows have other libraries."""
        return self._library is not None

    @property
    def here(self) -> bool:
        """Whether threads that compute sleep while they wait."""
        return self._holder is not None

    def gather(self) -> None:
        """Make the threads; they stay as long as the thread that has called them."""
        if self._library is None or self._holder is not None:
            return
        called, self._leave = threading.Event(), threading.Event()
        self._holder = threading.Thread(target=self._hold, args=(called, self._leave), name="p2p-waiting", daemon=True)
        self._holder.start()
        called.wait()

    def leave(self) -> None:
        """End the threads: libgomp ends those of a thread with it."""
        if self._holder is not None and self._leave is not None:
            self._leave.set()
            self._holder.join()
            self._holder = self._leave = None

    def _hold(self, called: threading.Event, leave: threading.Event) -> None:
        assert self._library is not None
        # free(NULL), which does nothing, in each of the threads: no code of Python runs in them.
        nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)
        self._library.GOMP_parallel(nothing, None, self._library.omp_get_num_procs() + 1, 0)
        called.set()
        leave.wait()


class Watchman:
    """Looks at the load again and again, and lets threads spin only while their cores are free.

    `needed` is how many threads compute. `crowd` and `meter` are given by tests.
    """

    def __init__(self, needed: int, crowd: Crowd | None = None, meter: LoadMeter | None = None) -> None:
        self.needed = needed
        self._crowd = crowd or Crowd()
        self._meter = meter or LoadMeter()
        self._calm = _CALM - 1  # the first look is enough to begin
        if self._crowd.possible:
            self._crowd.gather()

    def look(self) -> None:
        """Measure the load since the last look, and gather or send away the crowd."""
        load = self._meter.read()
        # Where the system does not say, there may be others.
        free = load.others is not None and not load.lacks_cores_for(self.needed)
        self._calm = self._calm + 1 if free else 0
        if self._calm >= _CALM:
            self._crowd.leave()
        elif not free:
            self._crowd.gather()

    def start(self) -> None:
        """Look from now on until the process ends, in a thread of its own."""
        if self._crowd.possible:
            threading.Thread(target=self._repeat, name="p2p-watchman", daemon=True).start()

    def _repeat(self) -> None:
        rest, pause = threading.Event(), _FIRST
        while not rest.wait(pause):
            self.look()
            pause = _PERIOD


_WATCHMEN: dict[int, Watchman] = {}  # of each process: a fork has no threads of its parent's


def watch_waiting(threads: int) -> None:
    """Let `threads` threads wait in the best way from now on, unless the user chose how they wait."""
    if not chosen_here():
        return
    watchman = _WATCHMEN.get(os.getpid())
    if watchman is None:
        _WATCHMEN.clear()
        watchman = _WATCHMEN[os.getpid()] = Watchman(threads)
        watchman.start()
    watchman.needed = threads


def _load_libgomp() -> ctypes.CDLL | None:
    """The libgomp that torch has loaded; None where there is none."""
    try:
        lines = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
        path = next(line.split(maxsplit=5)[-1] for line in lines if "libgomp" in line.rpartition("/")[2])
        library = ctypes.CDLL(path)
        library.GOMP_parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        library.GOMP_parallel.restype = None
    except (OSError, StopIteration, AttributeError):
        return None
    return library

"""How the processes of one run find each other: a store that all of them reach, and what each of them brings there.

Nothing here may know networks or files, or what the processes do once they have met.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from p2p_datatools.contract.progress import Reporter

MEETING = timedelta(minutes=15)  # for which a process waits for the others
_PATIENCE = 10.0  # seconds, after which it is said for what a process waits
_LOOK = 0.02  # seconds between two looks into the store
_START = "p2p/start"  # the word of the first process's latest start


class Arrival(NamedTuple):
    """What a process tells the others when they meet.

    `gpu` identifies the GPU of a process that sees only one, "" for all others; `problem` are where, what, to do
    and code of the error because of which it cannot take part, and whether the command is wrong.
    """

    host: str
    gpu: str = ""
    problem: tuple[str, str, str, str, bool] | None = None


def meet(rank: int, world: int, own: Arrival) -> tuple[Store, list[Arrival]]:
    """The part of the launcher's store that belongs to this start of the processes, and what each of them brings.

    An elastic launcher keeps its store at a restart, with all that ended processes have left there, and its count of
    restarts is that of one machine. So each start has a word of its own, of which all know that it is the latest: the
    first process answers with what all have brought, and each looks for its own word in that.

    Raises RuntimeError if the others cannot be reached or do not come in time.
    """
    store, end = _find_store(), time.monotonic() + MEETING.total_seconds()
    mine = json.dumps([uuid.uuid4().hex, own])
    start, brought = _gather(store, world, mine, end) if rank == 0 else _bring(store, rank, mine, end)
    return PrefixStore(start, store), [Arrival(*each) for _, each in brought]


def _gather(store: Store, world: int, mine: str, end: float) -> tuple[str, list[Any]]:
    """As the first process: begin a start, wait for what the others bring, and give all of it to each."""
    start = json.loads(mine)[0]
    store.set(f"{start}/0", mine)
    store.set(_START, start)
    places = [f"{start}/{rank}" for rank in range(world)]
    for place in places:
        _wait(store, place, end)
    brought = [json.loads(store.get(place)) for place in places]
    store.set(f"{start}/all", json.dumps(brought))
    return start, brought


def _bring(store: Store, rank: int, mine: str, end: float) -> tuple[str, list[Any]]:
    """As another process: take part in the latest start, until the first process has answered this process itself."""
    start, word = "", json.loads(mine)[0]
    while True:
        _wait(store, _START, end)
        if (latest := store.get(_START).decode()) != start:
            start = latest
            store.set(f"{start}/{rank}", mine)
        brought = json.loads(store.get(f"{start}/all")) if store.check([f"{start}/all"]) else []
        if word in [each for each, _ in brought]:
            return start, brought
        _pause(end)


def _wait(store: Store, key: str, end: float) -> None:
    """Wait for a key; the store's own waiting would not hear Ctrl-C."""
    while not store.check([key]):
        _pause(end)


def _pause(end: float) -> None:
    if time.monotonic() > end:
        raise RuntimeError("timed out")
    time.sleep(_LOOK)


def _find_store() -> Store:
    """The store that all processes share; waits in a thread, so that Ctrl-C is heard."""
    found: list[Store] = []
    errors: list[Exception] = []

    def find() -> None:
        try:
            found.append(next(rendezvous("env://", timeout=MEETING))[0])
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=find, name="p2p-meeting", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


@contextmanager
def note_later(report: Reporter, line: str) -> Iterator[None]:
    """Note the line if the block takes more than some seconds."""
    timer = threading.Timer(_PATIENCE, report.note, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

"""Processes find each other, also where others of them have been before and left their words in the same store."""

import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import torch
from torch.distributed import HashStore, Store  # type: ignore[attr-defined] # exported without a word

from p2p_datatools.contract.errors import UsageError
from p2p_gan.machine import distributed, meeting
from p2p_gan.machine.distributed import Ranks
from p2p_gan.machine.meeting import Arrival, meet

if TYPE_CHECKING:
    from conftest import Refused

HOSTS = ["host 0", "host 1", "host 2"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """The launcher's."""
    kept = HashStore()
    monkeypatch.setattr(meeting, "_find_store", lambda: kept)
    monkeypatch.setattr(meeting, "_LOOK", 0.001)
    return kept


def meet_all() -> list[tuple[Store, list[str]]]:
    """What each of three processes gets, of which the last comes first."""
    found: dict[int, tuple[Store, list[str]]] = {}

    def one(rank: int) -> None:
        part, arrivals = meet(rank, 3, Arrival(HOSTS[rank]))
        found[rank] = part, [each.host for each in arrivals]

    threads = [threading.Thread(target=one, args=(rank,)) for rank in (2, 1, 0)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [found[rank] for rank in range(3)]


def test_each_start_of_the_processes_meets_where_no_earlier_one_has_left_anything(store: Store) -> None:
    earlier = meet_all()
    earlier[1][0].set("left", "")
    # One that a kill ended before all had come, so that no two processes were started as often.
    store.set("p2p/start", "killed")
    store.set("killed/1", '["its word", ["host 1", "", null]]')
    now = meet_all()
    assert [hosts for _, hosts in earlier + now] == [HOSTS] * 6
    assert not now[0][0].check(["left"])
    now[0][0].set("said", "")
    assert all(part.check(["said"]) for part, _ in now)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_waits_for_the_others_for_a_time_only(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    monkeypatch.setattr(meeting, "MEETING", timedelta(0))
    with pytest.raises(RuntimeError, match="timed out"):
        meet(rank, 2, Arrival("host"))


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The GPUs that this process sees, which a test fills in."""
    seen: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(seen))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(seen))
    monkeypatch.setattr(distributed, "gpu_identity", lambda number: seen[number])
    monkeypatch.setattr(distributed, "use_gpu", lambda number, wanted: torch.device("cuda"))
    return seen


@pytest.mark.parametrize(
    ("seen", "local", "number"), [("abcd", 3, 3), ("a", 3, 0), ("a", 0, 0)], ids=["all", "its own", "one a machine"]
)
def test_a_process_takes_the_gpu_of_its_place_or_the_only_one_that_it_sees(
    gpus: list[str], seen: str, local: int, number: int
) -> None:
    gpus += seen
    kind, gpu, own = distributed._take_device("auto", Ranks(5, 8, local))
    assert (kind, gpu, own.problem) == ("cuda", number, None)
    assert own.gpu == ("a" if len(seen) == 1 else "")


def test_processes_that_see_the_same_only_gpu_are_refused_and_others_are_not(
    gpus: list[str], refused: "Refused"
) -> None:
    distributed._refuse_arrivals([Arrival("one", "a"), Arrival("one", "b"), Arrival("two", "a"), Arrival("two")], 0)
    with refused("missing-device", "device=cuda", usage=True) as error:
        distributed._refuse_arrivals([Arrival("one", "a"), Arrival("two", "a"), Arrival("two", "a")], 0)
    assert error.value.what == "two has 1 CUDA device for 2 processes"


def test_a_process_without_a_device_tells_the_others_and_all_end_with_its_error(
    gpus: list[str], refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus += "ab"
    short = distributed._take_device("cuda", Ranks(6, 8, 2, 4))[2]

    def fail(number: int, wanted: str) -> torch.device:
        raise UsageError(f"device=cuda:{number}", "is broken", "Mend it.", code="broken-device")

    monkeypatch.setattr(distributed, "use_gpu", fail)
    broken = distributed._take_device("cuda", Ranks(1, 8, 1, 4))[2]
    for rank, place, each in ((0, "device=cuda", short), (1, f"device=cuda:1 on {socket.gethostname()}", broken)):
        code = "broken-device" if rank else "missing-device"
        with refused(code, f"rank 1: {place}", usage=True) as error:
            distributed._refuse_arrivals([Arrival("host"), each], rank)
        assert error.value.said_elsewhere == (rank == 1)
    assert short.problem is not None
    assert short.problem[1].endswith("has 2 CUDA devices for 4 processes")

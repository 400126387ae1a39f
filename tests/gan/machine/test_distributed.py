"""What a process knows of the others without asking them."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.distributed as dist
from torch.distributed import HashStore  # type: ignore[attr-defined] # exported without a word

from p2p_gan.machine import distributed, meeting
from p2p_gan.machine.distributed import ALONE, Ranks, among_others, devices_of, join_processes
from p2p_gan.machine.failures import LostError

if TYPE_CHECKING:
    from conftest import Notes, Refused


@pytest.mark.parametrize(("count", "world"), [(8, 2), (7, 3), (5, 5), (64, 8)])
def test_shares_of_a_batch_are_disjoint_in_order_and_leave_nothing_out(count: int, world: int) -> None:
    shares = [Ranks(rank, world).share(range(100, 100 + count)) for rank in range(world)]
    assert [position for share in shares for position in share.positions] == list(range(100, 100 + count))
    assert {len(share.positions) for share in shares} <= {count // world, count // world + 1}
    assert all(share.weight == 1 for share in shares)


@pytest.mark.parametrize(("count", "world"), [(8, 2), (7, 3), (2, 5), (1, 4)])
def test_the_mean_of_shares_losses_is_that_of_the_batch(count: int, world: int) -> None:
    values = torch.arange(count).double().square()
    shares = [Ranks(rank, world).share(range(count)) for rank in range(world)]
    found = sum(values[list(share.positions)].mean() * share.factor for share in shares) / world
    assert float(found) == pytest.approx(float(values.mean()))


def test_where_pairs_are_fewer_than_processes_copies_count_for_one() -> None:
    shares = [Ranks(rank, 5).share(range(2)) for rank in range(5)]
    assert [list(share.positions) for share in shares] == [[0], [1], [0], [1], [0]]
    for position in range(2):
        assert sum(share.weight for share in shares if position in share.positions) == pytest.approx(1)


def test_a_process_alone_has_all_of_a_batch_and_goes_on_with_its_random_state() -> None:
    assert ALONE.share(range(3)).factor == 1
    before = torch.get_rng_state()
    ALONE.draw_anew(0, 5)
    assert torch.equal(before, torch.get_rng_state())
    assert ALONE.agree(7) == 7
    assert ALONE.agree_on_end(signal.SIGTERM) == (signal.SIGTERM, False)
    assert ALONE.agree_on_end(None) == (None, False)
    assert ALONE.agree_on_end(None, enough=True) == (None, True)


def test_other_processes_draw_by_seed_rank_and_images() -> None:
    def drawn(rank: int, seed: int, images: int) -> float:
        with torch.random.fork_rng():
            Ranks(rank, 4).draw_anew(seed, images)
            return float(torch.rand(()))

    first = drawn(1, 0, 8)
    assert drawn(1, 0, 8) == first
    assert len({first, drawn(2, 0, 8), drawn(1, 1, 8), drawn(1, 0, 12)}) == 4


def test_a_number_of_devices_is_read_off_the_word() -> None:
    assert devices_of("cuda*8") == ("cuda", 8)
    assert devices_of("cpu*2") == ("cpu", 2)
    assert devices_of("cuda:1") == ("cuda:1", 1)


def test_one_process_cannot_be_several_devices(refused: "Refused") -> None:
    with refused("process-count", "device=cpu*2", usage=True) as error, join_processes("cpu*2"):
        pass
    assert "torchrun --nproc-per-node 2 with device=cpu" in error.value.to_do


def test_an_environment_without_a_meeting_place_is_refused(monkeypatch: pytest.MonkeyPatch, refused: "Refused") -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert among_others()
    with refused("missing-variable", "WORLD_SIZE=2", usage=True) as error, join_processes("cpu"):
        pass
    assert "LOCAL_RANK, MASTER_ADDR, MASTER_PORT" in error.value.what


def test_a_rank_beyond_the_number_of_processes_is_refused_and_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    values = {"WORLD_SIZE": 2, "RANK": 2, "LOCAL_RANK": 0, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))
    with refused("bad-variable", "RANK=2", usage=True) as error, join_processes("cpu"):
        pass
    assert "from 0 to 1" in error.value.to_do


@pytest.mark.parametrize("size", ["banana", "", "-2", "9" * 5000, "2.0"])
def test_a_number_of_processes_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, size: str, refused: "Refused"
) -> None:
    monkeypatch.setenv("WORLD_SIZE", size)
    with refused("bad-variable", f"WORLD_SIZE={size}", usage=True), join_processes("cpu"):
        pass


def be_one_of_two(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    """Make this process the one of this rank of two."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": 1}
    for name, value in place.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.parametrize(("device", "code"), [("cpu*3", "process-count"), ("cuda:1", "impossible-setting")])
def test_a_device_that_does_not_suit_the_processes_is_refused(
    monkeypatch: pytest.MonkeyPatch, device: str, code: str, refused: "Refused"
) -> None:
    be_one_of_two(monkeypatch, 0)
    with refused(code, f"device={device}", usage=True), join_processes(device):
        pass


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_after_an_error_no_group_of_nccl_is_taken_down_which_would_wait_for_who_is_gone(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    done = list[str]()
    be_one_of_two(monkeypatch, 0)
    monkeypatch.setattr(distributed, "_connect", lambda *_: (kind, Ranks(0, 2), HashStore()))
    monkeypatch.setattr(dist, "new_group", lambda **_: None)
    monkeypatch.setattr(dist, "destroy_process_group", lambda: done.append("taken down"))
    monkeypatch.setattr(Ranks, "agree", lambda ranks, value: done.append("all have ended"))

    def work(error: BaseException | None) -> None:
        with join_processes(kind):
            if error is not None:
                raise error

    work(None)
    assert done == ["all have ended", "taken down"]
    done.clear()
    for error in (RuntimeError("Connection closed by peer"), KeyboardInterrupt()):
        with pytest.raises((LostError, KeyboardInterrupt)):
            work(error)
    assert done == ["taken down"] * 2 * (kind == "cpu")


@pytest.mark.usefixtures("in_the_foreground")
def test_a_process_that_waits_for_others_says_so_and_ends_at_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, notes: "Notes"
) -> None:
    begun = threading.Event()

    def wait(*_: Any, **__: Any) -> Iterator[None]:
        while not notes.lines:
            time.sleep(0.01)
        begun.set()
        time.sleep(60)
        yield

    def interrupt() -> None:
        begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    be_one_of_two(monkeypatch, 0)
    monkeypatch.setattr(meeting, "_PATIENCE", 0.05)
    monkeypatch.setattr(meeting, "rendezvous", wait)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt), join_processes("cpu", notes):
        pass
    assert notes.lines[0].startswith("Rank 0 waits for 1 other process at localhost:1, for up to 15 minutes.")


@pytest.mark.parametrize("kind", [RuntimeError, ValueError], ids=["in time", "at a port that is none"])
def test_a_process_that_finds_no_other_says_so_itself_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused", kind: type[Exception]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise kind("timed out")

    be_one_of_two(monkeypatch, 1)
    monkeypatch.setattr(meeting, "rendezvous", fail)
    with refused("unreachable-process", "rank 1") as error, join_processes("cpu"):
        pass
    assert error.value.what == "could not connect to 1 process at localhost:1 (timed out)"
    assert error.value.said_elsewhere is False
    assert error.value.passing

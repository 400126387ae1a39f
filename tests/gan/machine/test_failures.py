"""What fails in one of several processes is said once, and ends the others."""

import os
import threading
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import torch.distributed as dist
from torch.distributed import HashStore  # type: ignore[attr-defined] # exported without a word

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_gan.machine import failures
from p2p_gan.machine.failures import OWN_LAUNCHER, LostError, end_with_others, report_once

if TYPE_CHECKING:
    from conftest import Refused

PLACE = "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, {}, NCCL version 2.27.3\n"
SYSTEM = "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error. \n"
USAGE = "ncclInvalidUsage: This usually reflects invalid usage of NCCL library.\n"
REMOTE = "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely."


def fail_by(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("said", "what", "to_do"),
    [
        (
            f"{SYSTEM}Last error:\nError while creating shared memory segment /dev/shm/nccl-a (size 9637888)",
            "Error while creating shared memory segment /dev/shm/nccl-a (size 9637888)",
            "--shm-size",
        ),
        (f"{USAGE}Last error:\nDuplicate GPU detected : rank 1 and rank 0 both on CUDA device 4000", "4000", "MIG"),
        ("", "unhandled system error", "NCCL_DEBUG=INFO"),
    ],
)
def test_a_failure_of_nccl_itself_is_said_with_its_reason_by_the_first_that_has_it(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused", said: str, what: str, to_do: str
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "a launcher, which says nothing of reasons")
    store = HashStore()
    for rank in (2, 0):
        with refused("nccl-failed", f"rank {rank}") as error, report_once(rank, store):
            fail_by(dist.DistBackendError(PLACE.format("unhandled system error") + said))
        assert what in error.value.what
        assert to_do in error.value.to_do
        assert error.value.passing
        assert error.value.said_elsewhere == (rank == 0)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "said",
    [
        PLACE.format("remote process exited or there was a network error") + REMOTE,
        "NCCL communicator was aborted on rank 1.",
        "Connection closed by peer [127.0.0.1]:4711",
    ],
)
def test_a_process_that_loses_another_one_says_so_only_where_nobody_else_does(
    refused: "Refused", said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    store = HashStore()
    for rank in (1, 0):
        with refused("lost-process", f"rank {rank}") as error, report_once(rank, store):
            fail_by(dist.DistBackendError(said))
        assert isinstance(error.value, LostError)
        assert error.value.said_elsewhere == (rank == 1)


@pytest.mark.parametrize(
    ("run", "restarted", "says"), [("none", "2", True), ("none", "1", False), (f"{OWN_LAUNCHER}1", "2", False)]
)
def test_under_torchrun_the_first_process_says_how_to_resume_where_nothing_restarts_it(
    refused: "Refused", monkeypatch: pytest.MonkeyPatch, run: str, restarted: str, says: bool
) -> None:
    launched = {"RUN_ID": run, "RESTART_COUNT": restarted, "MAX_RESTARTS": "2"}
    for name, value in launched.items():
        monkeypatch.setenv(f"TORCHELASTIC_{name}", value)
    with refused("lost-process", "rank 0") as error, report_once(0, HashStore()):
        fail_by(RuntimeError("[gloo] Connection closed by peer"))
    assert error.value.said_elsewhere is not says


def test_where_the_first_process_is_gone_with_the_store_the_second_speaks(
    refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)

    gone = dist.DistNetworkError("Broken pipe")
    store = mock.Mock(**{f"{name}.side_effect": gone for name in ("check", "get", "set")})
    for rank in (1, 2):
        with refused("lost-process", f"rank {rank}") as error, report_once(rank, store):
            fail_by(RuntimeError("Connection closed by peer"))
        assert error.value.said_elsewhere == (rank == 2)


def test_what_follows_from_an_error_in_the_data_is_no_reason_to_try_again(refused: "Refused") -> None:
    store = HashStore()
    with refused("test", "rank 1: a", usage=True), report_once(1, store):
        fail_by(UsageError("a", "is wrong", "Correct it.", code="test"))
    with refused("unexpected-error", "rank 0"), report_once(0, store):
        fail_by(ValueError("it follows"))
    with refused("lost-process", "rank 2") as lost, report_once(2, store):
        fail_by(RuntimeError("[gloo] Connection closed by peer"))
    assert not lost.value.passing


@pytest.mark.parametrize("way", ["error", "loss", "none"])
def test_a_process_that_hangs_is_ended_with_one_that_has_failed(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    store, ended = HashStore(), threading.Event()
    monkeypatch.setattr(failures, "_LOOK", 0.001)
    monkeypatch.setattr(failures, "_GRACE", 0.001)
    monkeypatch.setattr(os, "_exit", lambda code: ended.set())
    with end_with_others(store):
        if way != "none":
            with pytest.raises(P2PError), report_once(1, store):
                fail_by(OSError("the disk is gone") if way == "error" else RuntimeError("Connection reset by peer"))
        assert ended.wait(0.05 if way == "none" else 5) == (way != "none")

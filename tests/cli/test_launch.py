"""Of many processes behind one command one speaks, and their launcher learns how they ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from p2p_cli import app, launch
from p2p_datatools.contract.errors import P2PError, UsageError


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is the second of two."""
    place = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in place.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("encoding", "asked", "again"), [("utf-8", None, False), ("iso8859-1", None, True), ("iso8859-1", "0", False)]
)
def test_a_locale_of_another_encoding_does_not_change_the_names_of_files(
    encoding: str, asked: str | None, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Manifests have UTF-8; the process begins again in Python's mode for it, with the words that it was given."""
    begun: list[object] = []
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-X", "dev", "p2p", "doctor"])
    monkeypatch.setattr(os, "execv", lambda *words: begun.append(words))
    monkeypatch.setattr(os, "environ", {"PYTHONUTF8": asked} if asked else {})
    launch.read_names_as_utf8()
    assert begun == ([(sys.executable, [sys.executable, "-X", "dev", "p2p", "doctor"])] if again else [])
    assert os.environ.get("PYTHONUTF8") == ("1" if again else asked)


def test_a_process_alone_speaks() -> None:
    assert launch.speaks()
    assert launch.is_told(P2PError("a", "is wrong", "Correct it.", code="test"))


@pytest.mark.usefixtures("second")
def test_the_second_process_is_silent_but_for_an_error_of_its_own() -> None:
    assert not launch.speaks()
    assert not launch.is_told(P2PError("a", "is what all of them meet", "Correct it.", code="test"))
    error = P2PError("rank 1", "is what it alone has met", "Do it again.", code="test")
    error.said_elsewhere = False
    assert launch.is_told(error)
    error.said_elsewhere = True
    assert not launch.is_told(error)


def test_each_machine_says_what_it_lacks_before_its_processes_have_met_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = {"WORLD_SIZE": "4", "RANK": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert app.main(["train", "pairs", "run", "--from", "model-of-the-other-machine"]) != 0
    error = capsys.readouterr().err
    assert error.startswith(f"Error: on {socket.gethostname()}: model-of-the-other-machine: ")
    assert not launch.speaks()


def test_a_process_that_no_launcher_started_speaks_whatever_a_cluster_calls_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "1")
    for size in ("2", "banana", "", "9" * 5000):
        monkeypatch.setenv("WORLD_SIZE", size)
        assert launch.speaks()
        assert app.main(["data", "palette", "nothing"]) == 1
        assert capsys.readouterr().err.startswith("Error: nothing: there is no such file")


@pytest.mark.usefixtures("second")
def test_a_wrong_argument_is_not_reported_by_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["train", "pairs", "run", "--nonsense"]) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("second")
def test_the_old_name_of_a_setting_is_not_remarked_on_by_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["train", "pairs", "run", "--set", "filters=4", "--set", "batch=-1"]) == 2
    assert capsys.readouterr().err == ""


def test_the_launcher_gets_an_exit_code_that_says_not_to_try_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "code"
    monkeypatch.setenv(launch.OUTCOME, str(place))
    passing = P2PError("a", "is lost", "Do it again.", code="test")
    passing.passing = True
    assert launch.conclude(1, passing) == 1
    assert not place.exists()
    assert not launch.is_decided()
    assert launch.conclude(2, UsageError("a", "is wrong", "Correct it.", code="test")) == 0
    assert json.loads(place.read_text()) == 2


def test_a_process_that_has_failed_among_gpus_ends_without_taking_their_connection_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = list[int]()
    monkeypatch.setattr(os, "_exit", codes.append)
    for connected in (True, False):
        monkeypatch.setattr("torch.distributed.is_initialized", lambda it=connected: it)
        assert app.main(["data", "palette", "nothing"]) == 1
    assert codes == [1]


def test_only_training_is_done_by_several_processes_of_torchrun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    for of_torchrun, line in ((True, "'p2p sample', which computes in one"), (False, "nothing: ")):
        monkeypatch.setattr(launch, "_is_of_torchrun", lambda it=of_torchrun: it)
        assert app.main(["sample", "nothing", "pictures", "--out", "there"])
        assert line in capsys.readouterr().err
    monkeypatch.setattr(launch, "_is_of_torchrun", lambda: True)
    launch.refuse_copies("train")


def test_processes_that_are_started_again_when_all_is_decided_do_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "code").write_text("2")
    monkeypatch.setenv(launch.OUTCOME, str(tmp_path / "code"))
    assert app.main(["train", "no such pairs", "run"]) == 0
    assert capsys.readouterr() == ("", "")


_WORKER = """
import signal, sys, time
from p2p_cli import launch
signal.signal(signal.SIGTERM, lambda *_: (print("saved", flush=True), sys.exit()))
launch.follow_launcher()
print("started", flush=True)
time.sleep(60)
"""
_LAUNCHER = """
import os, subprocess, sys
os.environ["P2P_LAUNCHER"] = str(os.getpid())
subprocess.Popen([sys.executable, "-c", sys.argv[1]]).wait()
"""


def test_a_process_saves_and_ends_when_its_launcher_was_killed_and_removes_what_that_left(tmp_path: Path) -> None:
    outcome = tmp_path / "p2p-launch" / "code"
    outcome.parent.mkdir()
    environment = {**os.environ, launch.OUTCOME: str(outcome)}
    words = [sys.executable, "-c", _LAUNCHER, _WORKER]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGKILL)
        said, remark = process.communicate(timeout=30)  # its output is closed when the worker ends
    assert said == "saved\n"
    assert "has ended" in remark
    assert not outcome.parent.exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--device", "cpu*2"], "Choose 2, the smallest that works."),
        (["--device", "cpu*4", "--batch", "6"], "Choose 4 or 8, the nearest that work."),
        (["--device", "cuda*64", "--batch", "64"], "this machine has 0 CUDA devices"),
    ],
)
def test_what_devices_cannot_do_is_refused_before_any_process_starts(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert app.main(["train", str(tmp_path), str(tmp_path / "run"), "--preset", "paper", *words]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1

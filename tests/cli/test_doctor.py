"""`p2p doctor`: a line for each check, what to do, and the exit code."""

import json
from collections.abc import Callable

import pytest
import torch

from p2p_cli import doctor
from p2p_cli.app import main
from p2p_datatools.checks.codecs import check_codecs
from p2p_datatools.contract.health import HealthCheck, HealthState
from p2p_datatools.sources.kaggle import check_credentials
from p2p_gan.bench import health

Find = Callable[..., None]
WELL = HealthCheck("memory", "ok", "9 GB free")
SLOW = HealthCheck("cores", "note", "busy", "Wait.")


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Find:
    """find(*checks): what the doctor finds from now on."""
    return lambda *found: monkeypatch.setattr(doctor, "_checks", lambda: iter(found))


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("broken", 1)])
def test_only_what_is_broken_is_a_failure(state: HealthState, code: int, find: Find) -> None:
    find(WELL, HealthCheck("disk", state, "1 MB free", "Free some space."))
    assert main(["doctor"]) == code
    assert main(["doctor", "--json"]) == code


def test_each_check_is_a_line_that_says_what_to_do(find: Find, capsys: pytest.CaptureFixture[str]) -> None:
    find(WELL, SLOW)
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", "memory"], ["note", "cores"]]
    assert lines[1].endswith("busy. Wait.")
    main(["doctor", "--json"])
    assert json.loads(capsys.readouterr().out)[1] == {
        **{"name": "cores", "state": "note", "what": "busy", "to_do": "Wait."}
    }


def test_the_checks_look_at_this_machine_and_none_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2p_gan.machine.load._MOMENT", 0.0)
    found = [*health.check_machine(), check_codecs(), check_credentials()]
    assert [each.name for each in found][:4] == ["python", "libraries", "device", "memory"]
    assert all(each.what for each in found)
    assert all(each.to_do for each in found if each.state != "ok")


def test_little_memory_is_said_and_none_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, state in ((1 << 40, "ok"), (1 << 30, "note"), (1 << 20, "broken")):
        monkeypatch.setattr(health, "free_bytes", lambda free=free: free)
        assert health.check_memory().state == state


def test_a_gpu_that_other_programs_hold_is_broken_and_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> tuple[int, int]:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", refuse)
    monkeypatch.setattr("p2p_gan.machine.device._why_broken", lambda device: "CUDA error: out of memory")
    found = health.check_device()
    assert (found.state, "out of memory" in found.what) == ("broken", True)
    assert found.to_do.startswith("End what else uses it")


def test_a_kaggle_token_that_is_damaged_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.delenv("KAGGLE_KEY", raising=False)
    monkeypatch.setattr("p2p_datatools.sources.kaggle.credentials", lambda: "")
    found = check_credentials()
    assert (found.state, "KAGGLE_KEY is not" in found.what) == ("note", True)

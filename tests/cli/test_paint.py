"""`p2p paint` and `p2p serve` say where they serve, open a browser where there is one, and offer what lies here."""

import importlib.util
import os
import signal
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from p2p_cli.app import main
from p2p_gan.paint import server
from p2p_gan.paint.server import ServedAddress, ServerEnd

Served = list[dict[str, Any]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """What was served, by a server that is ready and ended at once by SIGTERM."""
    calls: Served = []

    def serve(models: list[Path], *, ready: Callable[[ServedAddress], None], **how: Any) -> ServerEnd:
        calls.append({"models": models, **how})
        ready(ServedAddress(how["host"], 8751, moved=True))
        return ServerEnd(signal.SIGTERM)

    monkeypatch.setattr(server, "serve_models", serve)
    monkeypatch.setattr(server, "require_server", lambda: None)
    monkeypatch.setattr(webbrowser, "open", lambda url: calls.append({"opened": url}))
    monkeypatch.setenv("DISPLAY", ":0")
    return calls


def test_it_says_the_address_and_that_the_port_was_taken_and_opens_the_browser(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["paint", "run", "other"]) == 0
    assert served[0]["models"] == [Path("run"), Path("other")]
    assert served[0]["page"]
    assert (served[0]["host"], served[0]["port"]) == ("127.0.0.1", 8750)
    assert served[1] == {"opened": "http://127.0.0.1:8751/"}
    said = capsys.readouterr()
    assert "http://127.0.0.1:8751/" in said.out
    assert "Port 8750 is taken" in said.err


def test_without_a_browser_or_a_display_the_address_is_said_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["paint", "run", "--no-browser"]) == 0
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["paint", "run"]) == 0
    assert len(served) == 2
    assert "No browser is at hand" in capsys.readouterr().err


def test_serve_has_no_page_and_names_its_document(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "run", "--port", "0"]) == 0
    assert not served[0]["page"]
    assert len(served) == 1
    assert "http://127.0.0.1:8751/api/openapi.json" in capsys.readouterr().out


def test_without_a_model_and_without_runs_the_demo_is_what_to_do(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["paint"]) == 1
    assert "p2p demo" in capsys.readouterr().err
    assert served == []


def test_ctrl_c_is_the_exit_code_of_the_shell(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "serve_models", lambda *_, **__: ServerEnd(signal.SIGINT))
    assert main(["paint", "run", "--no-browser"]) == 130


def test_ctrl_c_while_models_are_loaded_stops_and_promises_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> ServerEnd:
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve_models", interrupt)
    assert main(["serve", "run"]) == 130
    said = capsys.readouterr().err
    assert "Stopped." in said
    assert "to continue" not in said


def test_a_picture_that_takes_longer_is_given_up_without_an_orderly_end(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(server, "serve_models", lambda *_, **__: ServerEnd(signal.SIGINT, computes=True))
    main(["paint", "run", "--no-browser"])
    assert left == [130]
    assert "without the picture" in capsys.readouterr().err


def test_without_its_packages_the_command_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["paint", "run"]) == 1
    said = capsys.readouterr().err
    assert "extra paint" in said
    assert "pip install" in said

"""Every error is one message without a traceback, with the right exit code."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from p2p_cli import app
from p2p_datatools.contract.errors import P2PError, UsageError


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


def test_a_path_that_begins_with_a_dash_is_told_how_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-pairs").mkdir()
    assert app.main(["data", "check", "-pairs"]) == 2
    assert capsys.readouterr().err.endswith("Is -pairs a path? Write ./-pairs.\n")
    assert app.main(["data", "check", "-other"]) == 2
    assert "a path?" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            P2PError("car/7.png", "is cut off", "Fetch it again.", code="test"),
            1,
            "Error: car/7.png: is cut off. Fetch it again.\n",
        ),
        (
            UsageError("learning_rate=0", "is not possible", "Raise it.", code="test"),
            2,
            "Error: learning_rate=0: is not possible. Raise it.\n",
        ),
        (
            MemoryError(),
            1,
            "more memory was requested than there is. Use smaller pictures, or a smaller --size or --batch.\n",
        ),
        (MemoryError("Unable to allocate 2.73 TiB"), 1, "a smaller --size or --batch.\n"),
        (RuntimeError("can't start new thread"), 1, "fewer commands at once; the same command continues.\n"),
        (RuntimeError("CUDA error: unspecified launch failure\nat C++"), 1, "(nvidia-smi -q, dmesg).\n"),
        (RuntimeError("GET was unable to find an engine to execute this computation"), 1, "(nvidia-smi -q, dmesg).\n"),
        (RuntimeError("you tried: can't allocate memory: 9 bytes\nat C++"), 1, "a smaller --size or --batch.\n"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), 1, "or mount one at /tmp.\n"),
        (ModuleNotFoundError("No module named 'torch'"), 1, "'p2p doctor' checks the installation.\n"),
        (OSError("libcublas.so.12: cannot open shared object file"), 1, "'p2p doctor' checks the installation.\n"),
        (KeyboardInterrupt(), 130, "Interrupted. Run the same command again to continue.\n"),
    ],
)
def test_an_error_becomes_one_message_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    monkeypatch.setattr(app, "cli", raising(error))
    assert app.main([]) == code
    said = capsys.readouterr().err
    assert said.endswith(words)
    assert "\n" not in said.strip()


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), RuntimeError("shapes do not fit"), ImportError("No module named 'p2p_gan.x'")],
)
def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(app, "cli", raising(error))
    with pytest.raises(type(error)):
        app.main([])


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["trian"], "train"),
        (["data", "splt"], "split"),
        (["split", "pairs"], "p2p data split"),
        (["buildmasks"], "p2p data build-masks"),
        (["data", "train"], "p2p train"),
    ],
)
def test_a_misspelt_command_and_one_of_the_other_group_are_answered_with_the_nearest(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(words) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--preset", "tiny", "train", "a", "b"], ["data", "--seed", "1", "split", "a"]])
def test_an_option_before_its_command_is_told_where_it_belongs(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(words) == 2
    assert "The options of a command stand behind its name." in capsys.readouterr().err


def test_python_m_p2p_cli_is_the_command() -> None:
    output = subprocess.run([sys.executable, "-m", "p2p_cli", "--version"], capture_output=True, text=True, check=True)
    assert output.stdout.startswith("p2p, version ")


def test_help_breaks_no_line_at_a_hyphen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for width in (40, 60, 81, 97):
        monkeypatch.setenv("COLUMNS", str(width))
        for words in (["train"], ["sample"], ["data", "build-masks"], ["data", "export"], ["evaluate"]):
            assert app.main([*words, "--help"]) == 0
            shown = capsys.readouterr().out
            assert "build-masks" in shown or words != ["data", "build-masks"]
            assert not re.search(r"\w-$", shown, re.MULTILINE)
            assert shown.isascii()


def test_a_current_folder_that_was_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert app.main(["config"]) == 1
    assert capsys.readouterr().err == (
        "Error: the current folder: was removed, or moved to another disk. Change to one that exists (cd).\n"
    )


def test_what_a_command_counts_has_its_thousands_apart() -> None:
    """As `plural` has them: "1,000 pictures in out, 1,000 written now, 0 kept"."""
    counts = re.compile(r"\{summary\.(?:kept|made|moved|written)\}|\{result\.lines\}")
    assert not [path for path in Path(app.__file__).parent.rglob("*.py") if counts.search(path.read_text("utf-8"))]

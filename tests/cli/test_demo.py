"""`p2p demo` continues what a kill left of it, and takes no other folder for a demo."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn, cast

import pytest

from p2p_cli import app
from p2p_cli.demo import say_result

if TYPE_CHECKING:
    from p2p_gan.evaluation.scores import Scores

INTERRUPTED = 130


@pytest.fixture(autouse=True)
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing the cars, the first step, is interrupted."""

    def interrupt(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("p2p_datatools.sources.data_set.fetch", interrupt)


def test_a_kill_before_the_marker_has_its_name_leaves_what_the_same_command_continues(tmp_path: Path) -> None:
    (tmp_path / ".demo.json.123-0123456789ab.tmp").touch()
    assert app.main(["demo", str(tmp_path), "--limit", "20"]) == INTERRUPTED
    assert (tmp_path / "demo.json").is_file()
    assert app.main(["demo", str(tmp_path)]) == INTERRUPTED


def test_another_folder_is_refused_and_an_edited_marker_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").touch()
    assert app.main(["demo", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err
    for text in ("[]", '{"images": 5}', '{"limit": "20"}'):
        (tmp_path / "demo.json").write_text(text)
        assert app.main(["demo", str(tmp_path)]) == 1
        assert capsys.readouterr().err.count("Error: ") == 1


def test_the_run_goes_on_by_the_command_that_is_said_whatever_version_has_begun_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("p2p_cli.text.scores.say_scores", lambda _: None)
    say_result(tmp_path, cast("Scores", SimpleNamespace(pictures=2)), 1.0)
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("longer")]
    assert shlex.split(line)[1:-1] == ["p2p", "train", f"{tmp_path}/pairs", f"{tmp_path}/run", "--images"]

"""`p2p demo` continues what a kill left of it, and takes no other folder for a demo."""

from pathlib import Path
from typing import NoReturn

import pytest

from p2p_cli import app

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

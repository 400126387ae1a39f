"""The catalogue on the command line."""

import json
from pathlib import Path

import pytest

from p2p_cli.app import main


def test_every_set_is_a_line_and_one_set_is_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "catalog"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["name", "holds", "pictures"]
    assert len(lines) == 13
    assert main(["data", "catalog", "maps"]) == 0
    page = capsys.readouterr().out
    assert "1096 in train, 1098 in val" in page
    assert "unverified" in page
    assert "p2p train maps run --preset paper-maps --direction a-to-b" in page


def test_entries_of_ones_own_come_by_option_or_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[scans]\ntitle = "Scans"\nholds = "photos"\nlayout = []\n')
    assert main(["data", "catalog", "scans"]) == 2
    assert "There are cars" in capsys.readouterr().err
    assert main(["data", "catalog", "scans", "--catalog", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Scans"
    monkeypatch.setenv("P2P_CATALOG", str(path))
    assert main(["data", "catalog", "--json"]) == 0
    assert {"scans", "maps"} <= set(json.loads(capsys.readouterr().out))

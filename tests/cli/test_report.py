"""`p2p report` writes a page where it is asked to, says where, and refuses what it cannot do in one line."""

import html
import json
import os
import re
import shlex
import socket
from pathlib import Path

import click
import pytest

from p2p_cli import app
from p2p_gan.config.config import Config


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder that has recorded two lines, without pairs, samples, model or scores."""
    place = tmp_path / "my run"
    place.mkdir()
    record = {"format": "p2p-run", "version": 1, "config": Config(images=100).to_json(), "pairs": "no pairs"}
    (place / "run.json").write_text(json.dumps(record | {"splits": {"train": {"pairs": 3}, "test": {"pairs": 2}}}))
    lines = [{"images": images, "g_l1": 1 / images, "seconds": 1.0} for images in (50, 100)]
    (place / "stats.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return place


def test_the_page_lies_in_the_run_or_where_it_is_asked_for_and_is_made_anew(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["report", str(run)]) == 0
    first = (run / "report.html").read_bytes()
    assert f"page   {run / 'report.html'}" in capsys.readouterr().out
    assert app.main(["report", str(run), str(tmp_path / "new" / "page.html")]) == 0
    with (run / "stats.jsonl").open("a") as file:
        file.write('{"images": 150, "g_l1": 0.001, "seconds": 2.0}\n')
    assert app.main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() != first


def test_a_file_that_is_not_ours_stays_and_a_name_that_is_no_page_s_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.html").write_text("<html>mine")
    for name, why in (("mine.html", "holds something else"), ("page.pdf", "End it in .html")):
        assert app.main(["report", str(run), str(tmp_path / name)]) == 2
        assert why in capsys.readouterr().err
    assert (tmp_path / "mine.html").read_text() == "<html>mine"


def test_what_cannot_be_reported_or_scored_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, code, why in (
        (["report", str(run.parent)], 2, "is not a run folder (no run.json)"),
        (["report", str(run / "gone")], 2, "does not exist"),
        (["report", str(run), "--scores", str(run)], 2, "holds no scores"),
        (["report", str(run), "--evaluate"], 1, "its pairs are not where they were"),
    ):
        assert app.main(words) == code
        said = capsys.readouterr().err
        assert why in said
        assert said.count("\n") == 1
    assert not (run / "report.html").exists()


def test_a_run_that_is_being_trained_is_called_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": "now"}
    (run / ".owner.json").write_text(json.dumps(owner))
    assert app.main(["report", str(run), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "page": str(run / "report.html"),
        "state": "finished",
        "running": True,
        "scores": [],
    }
    assert app.main(["report", str(run)]) == 0
    assert "is still training this run" in capsys.readouterr().err


def test_every_command_on_the_page_can_be_typed(run: Path) -> None:
    assert app.main(["report", str(run)]) == 0
    commands = re.findall(r"<code>(p2p .*?)</code>", (run / "report.html").read_text("utf-8"))
    assert [line.split()[1] for line in commands] == ["train", "reproduce", "sample", "evaluate", "report"]
    for line in commands:
        words = shlex.split(html.unescape(line))[1:]
        command = app.cli.get_command(click.Context(app.cli), words[0])
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):  # the folders are the reader's
                parameter.type = click.Path(path_type=Path)
        context = command.make_context(words[0], words[1:])
        assert str(run) in map(str, context.params.values())

"""`p2p runs` draws the curves of runs into the kind of file that is asked for."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from p2p_cli import app
from p2p_gan.config.config import Config


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder that has recorded two lines."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"config": Config(images=100).to_json()}))
    lines = [{"images": images, "g_l1": 1 / images, "seconds": 1.0} for images in (50, 100)]
    (tmp_path / "run" / "stats.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return tmp_path / "run"


def test_curves_are_a_png_or_an_svg_as_the_file_s_name_says(run: Path, tmp_path: Path) -> None:
    assert app.main(["runs", str(run), "--curves", str(tmp_path / "curves.png")]) == 0
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
    assert app.main(["runs", str(run), "--curves", str(tmp_path / "curves.SVG")]) == 0
    assert app.main(["runs", str(run), "--curves", str(tmp_path / "curves.SVG")]) == 0  # the same again
    text = (tmp_path / "curves.SVG").read_text("utf-8")
    assert "<svg" in text
    assert "g_l1" in text
    assert "images" in text


def test_curves_into_another_kind_of_file_or_over_one_that_exists_are_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there.svg").write_text("mine")
    for name, why in (("curves.pdf", "End it in .png, .svg"), ("there.svg", "exists already")):
        assert app.main(["runs", str(run), "--curves", str(tmp_path / name)]) == 2
        assert why in capsys.readouterr().err
    assert not (tmp_path / "curves.pdf").exists()
    assert (tmp_path / "there.svg").read_text() == "mine"


def test_scores_have_the_number_of_their_pictures_and_other_pairs_are_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        record = {**json.loads((run / "run.json").read_text()), "pairs": name}
        record["splits"] = {"val": {"pairs": 6, "hash": name}}
        (tmp_path / name / "run.json").write_text(json.dumps(record))
        lines = [{"images": 50, "validation": {"pictures": 6, "l1": 0.25, "best": True}}]
        (tmp_path / name / "stats.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert app.main(["runs", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    said = capsys.readouterr().out
    assert "l1 0.2500 (n=6)" in said
    assert "warning: These runs were not validated on the same pairs" in said


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_a_run_that_has_recorded_once_is_drawn_as_dots(run: Path, tmp_path: Path, kind: str) -> None:
    lines = (run / "stats.jsonl").read_text().splitlines()
    (run / "stats.jsonl").write_text(lines[0] + "\n")
    file = tmp_path / f"curves.{kind}"
    assert app.main(["runs", str(run), "--curves", str(file)]) == 0
    assert ("<circle" if kind == "html" else "<use ") in file.read_text("utf-8")


def test_a_run_that_cannot_be_read_is_named_in_one_line_beside_the_others_and_fails_the_command(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("damaged", "other"):
        shutil.copytree(run, tmp_path / name)
    (tmp_path / "damaged" / "run.json").write_text('{"config": ')
    for quiet in ((), ("--quiet",)):
        assert app.main([*quiet, "runs", str(tmp_path)]) == 1
        shown = capsys.readouterr()
        rows = {line.split()[0]: line.split()[1] for line in shown.out.splitlines()}
        assert rows["damaged"] == "damaged"
        assert rows["run"] == rows["other"] == "finished"
        assert shown.err.startswith(f"not read: {tmp_path / 'damaged' / 'run.json'}: is not valid JSON")
        assert "Copy it again." in shown.err
        assert shown.err.count("\n") == 1
    assert app.main(["runs", str(tmp_path / "damaged"), "--json"]) == 1
    assert app.main(["runs", str(tmp_path / "other")]) == 0

"""The whole way through the real command line: the README's tutorial on tiny drawn data, and real data where it is."""

import contextlib
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from p2p_cli.app import main
from p2p_gan.training.tracking.tracker import Tracker

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
TUTORIAL = next(block for block in BLOCKS if block.startswith("p2p data fetch synth-cars")).splitlines()
# What makes the tutorial tiny without changing its steps.
TINY = "--size 64x32 --images 6 --set generator_filters=4 --set max_filters=8 --set discriminator_filters=4"
TINY_OF = {"p2p data fetch": "--limit 20", "p2p train": TINY}


def here(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> subprocess.CompletedProcess[str]:
    """A command in this process, where torch is loaded already."""
    words = shlex.split(line)[1:]
    with contextlib.chdir(folder):
        code = main(words)
    output, errors = capsys.readouterr()
    return subprocess.CompletedProcess(words, code, output, errors)


def done(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    result = here(line, folder, capsys)
    assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stderr
    return result.stdout


def test_the_tutorial_of_the_readme_runs_and_a_second_time_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{line} {TINY_OF.get(' '.join(line.split()[: 3 if 'data' in line else 2]), '')}" for line in TUTORIAL]
    for line in lines:
        done(line, tmp_path, capsys)
    compared = sorted(path.name for path in (tmp_path / "compare").glob("*.png"))
    assert len(compared) == 2
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 20
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for line in lines:
        done(line, tmp_path, capsys)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == files


def test_the_demo_writes_what_it_promises_and_can_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = done("p2p demo mine --images 4 --limit 20", tmp_path, capsys)
    assert "p2p paint mine/run " in said
    scores = json.loads((tmp_path / "mine" / "scores.json").read_text())
    assert {"pictures", "l1", "ssim", "l1_mean", "ssim_mean", "color_error", "histograms"} <= set(scores)
    assert set(scores["color_error"]) == {"background", "body", "tyres", "lights", "windows"}
    assert (tmp_path / "mine" / "sheet.png").stat().st_size > 10_000
    model = (tmp_path / "mine" / "model.safetensors").read_bytes()
    done("p2p demo mine", tmp_path, capsys)
    assert (tmp_path / "mine" / "model.safetensors").read_bytes() == model
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("mine")
    refused = here("p2p demo other", tmp_path, capsys)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: other: holds something else")


@pytest.fixture
def split_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder in which `pairs` lies, of ten cars."""
    done("p2p data fetch synth-cars cars --limit 10", tmp_path, capsys)
    done("p2p data build-masks cars/labels masks --palette cars", tmp_path, capsys)
    done("p2p data pair masks cars/photos pairs", tmp_path, capsys)
    done("p2p data split pairs", tmp_path, capsys)
    return tmp_path


def test_ctrl_c_after_an_update_says_how_to_resume_and_the_command_resumes(
    split_pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step, left = Tracker.on_step_end, [3]

    def press(self: Tracker, *words: Any) -> None:
        step(self, *words)
        left[0] -= 1
        if not left[0]:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Tracker, "on_step_end", press)
    line = f"p2p train pairs run --preset tiny {TINY} --set threads=1"
    stopped = here(line, split_pairs, capsys)
    assert stopped.returncode == 130, stopped.stderr
    assert "To resume, run:" in stopped.stdout
    assert "p2p train pairs run" in stopped.stdout
    assert "6 images" in done(line, split_pairs, capsys)
    assert left == [3 - 6]


@pytest.mark.long
def test_ctrl_c_in_a_process_that_trains_says_how_to_resume_and_the_command_resumes(
    split_pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path = split_pairs
    tiny = TINY.replace("--images 6", "--images 200")
    line = f"p2p train pairs run --preset tiny {tiny} --set checkpoint_every=20 --set threads=1"
    words = [sys.executable, "-m", "p2p_cli", *shlex.split(line)[1:]]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not list((tmp_path / "run").glob("checkpoints/*.json")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "To resume, run:" in said
    assert "p2p train pairs run" in said
    assert "200 images" in done(line, tmp_path, capsys)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("p2p train nothing run", 1, "nothing: there is no such folder"),
        ("p2p train empty run", 1, "empty: has no pairs"),
        ("p2p train . run --size 100", 2, "The nearest that works is 96x96"),
        ("p2p train . run --set learning_ratee=1", 2, "Did you mean learning_rate or"),
        ("p2p train . run --images 5 --epochs 5", 2, "Give one of them."),
        ("p2p sample text.png text.png --out out", 2, "text.png: is not a model"),
        ("p2p data pair empty empty pairs", 1, "empty: is empty"),
        ("p2p data pair empty photos pairs", 1, "empty: is empty"),
        ("p2p data split empty", 1, "empty: has no pairs"),
        ("p2p data build-masks text.png masks --palette cars", 1, "text.png"),
        ("p2p data build-masks empty masks --palette boats", 2, "boats: is neither a built-in palette"),
        ("p2p data fetch boats here", 2, "boats"),
        ("p2p data show empty sheet.png", 1, "empty"),
        ("p2p data show empty sheet.jpg", 2, "End it in .png."),
    ],
)
def test_bad_input_gets_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "text.png").write_text("this is no picture and no model")
    result = here(line, tmp_path, capsys)
    message = [text for text in result.stderr.splitlines() if text.startswith("Error: ")]
    assert (result.returncode, len(message)) == (code, 1), result.stderr
    assert words in message[0]
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "photos", "text.png"]


@pytest.mark.long
@pytest.mark.real_data
def test_real_coco_labels_become_a_trained_model_and_pictures(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = real_data / "car-parts" / "testset"
    if not source.is_dir():
        pytest.skip(f"{source} is missing")
    labels, photos = shlex.quote(str(source / "annotations.json")), shlex.quote(str(source / "JPEGImages"))
    done(f"p2p data build-masks {labels} masks --palette cars --photos {photos}", tmp_path, capsys)
    done(f"p2p data check masks --photos {photos}", tmp_path, capsys)
    done(f"p2p data pair masks {photos} pairs --size 64", tmp_path, capsys)
    done("p2p data split pairs", tmp_path, capsys)
    done(f"p2p train pairs run --preset tiny {TINY}", tmp_path, capsys)
    done("p2p sample run pairs --out pictures", tmp_path, capsys)
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 5


@pytest.mark.real_data
def test_a_real_pix2pix_folder_trains_in_both_directions(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("train", "val"):
        (tmp_path / "maps" / split).mkdir(parents=True)
        for picture in sorted((real_data / "maps" / split).glob("*.jpg"))[:3]:
            shutil.copy(picture, tmp_path / "maps" / split)
    if not any((tmp_path / "maps").rglob("*.jpg")):
        pytest.skip("the maps are missing")
    for direction in ("a-to-b", "b-to-a"):
        result = here(f"p2p train maps {direction} --preset tiny {TINY} --direction {direction}", tmp_path, capsys)
        assert result.returncode == 0
        assert "no manifest: A is the left half" in result.stderr

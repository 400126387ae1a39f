"""`p2p experiments`: what it says beforehand, its tables, its end, and how it goes on."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pairs.halves import files_of, store_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, write_manifest
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import colorize
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.training.tracking.tracker import Tracker
from p2p_gan.updates.step import train_step

CARS = load_palette("cars")
SMALL = {
    **{"generator_filters": 2, "max_filters": 4, "discriminator_filters": 2, "threads": 1, "precision": "float32"},
    **{"log_every": 1, "device": "cpu", "images": 2},
}
Experiments = Callable[..., int]


@pytest.fixture
def experiments(tmp_path: Path) -> Experiments:
    """experiments(*words): the command on two training pairs and one of test, 32x32, into tmp_path/study."""
    pairs, half = tmp_path / "pairs", (Half("mask", "mask"), Half("photo", "photo"))
    store, listed = store_of(*half), []
    for number, split in enumerate(("train", "train", "test")):
        mask = np.random.default_rng(number).integers(0, 5, (32, 32), dtype=np.uint8)
        files = files_of(f"{split}/{number}", store)
        paths = [pairs / file for file in files]
        digest = write_halves(paths, colorize(mask, CARS), np.dstack((mask * 50,) * 3), store, where="test")
        listed.append(Pair(str(number), files[0], split, Size(32, 32), digest))
    write_manifest(PairFolder(pairs, *half, CARS, tuple(listed)))

    def run(*words: str, **settings: Any) -> int:
        chosen = [f"--set={name}={value}" for name, value in {**SMALL, **settings}.items()]
        given = [str(pairs), str(tmp_path / "study"), "--preset", "tiny", "--size", "32"]
        return main(["experiments", *given, *words, *chosen])

    return run


@pytest.mark.usefixtures("timed_once")
@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (("--tables", "loss,field"), "8 arms and a segmenter, 3 seeds: 25 runs of 2 images, 50 in total"),
        pytest.param((), "21 arms and a segmenter, 3 seeds: 64 runs of 2 images, 128 in total", marks=pytest.mark.long),
    ],
)
def test_a_dry_run_says_how_many_runs_and_images_and_makes_nothing(
    words: tuple[str, ...], counts: str, experiments: Experiments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiments("--dry-run", "--seeds", "3", *words) == 0
    said = capsys.readouterr().out
    assert re.search("^GAN +conditional=off lambda_l1=0 lambda_ce=0", said, flags=re.MULTILINE)
    assert "left out: 286x286 patches: size=32x32: is too small" in said
    assert f"{counts}; scored on 1 test pair\n" in said
    assert "\ntime   " in said
    assert "disk   about " in said
    assert experiments("--dry-run", "--json", "--tables", "loss", "--direction", "b-to-a") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["runs"], told["images"], told["segmenter"]) == (5, 10, None)
    assert told["arms"]["L1"] == "gan_loss=none"
    assert not (tmp_path / "study").exists()


def test_tables_and_page_come_and_the_same_command_gives_them_again(
    experiments: Experiments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiments("--tables", "architecture", "--seeds", "2") == 0
    first = capsys.readouterr()
    assert "Which generator" in first.out
    assert [line.split("  ")[0] for line in first.out.splitlines()[2:7]] == [
        *("encoder-decoder L1", "encoder-decoder L1+cGAN", "L1", "L1+cGAN", "real pictures")
    ]
    assert first.out.splitlines()[1].split()[:2] == ["arm", "seeds"]
    assert first.out.count("±") >= 4 * 4
    assert "scored on 1 test pair; means over the seeds ± half their 95% interval" in first.out
    assert f"page  {tmp_path / 'study' / 'index.html'}" in first.out
    # A line for each training, which says where the whole study is.
    told = [line for line in first.err.splitlines() if line]
    assert told[0].startswith("the segmenter, which scores the others: 2/18 (")
    assert told[1].startswith("1/8 encoder-decoder L1, seed 0: 4/18 (")
    assert told[-1].startswith("8/8 L1+cGAN, seed 1: 18/18 (")
    assert len(told) == 9
    assert experiments("--tables", "architecture", "--seeds", "2") == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert again.err == ""


def test_json_has_the_trials_and_nothing_else_is_on_standard_output(
    experiments: Experiments, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiments("--tables", "architecture", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [trial["arm"] for trial in told["trials"]][:2] == ["encoder-decoder L1", "encoder-decoder L1+cGAN"]
    assert told["trials"][0]["scores"]["all"]["judged_real"]
    assert (told["failed"], told["stopped_by"], told["planned"]) == ([], None, 4)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 0)])
def test_interrupted_it_says_what_to_type_and_goes_on(
    experiments: Experiments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
) -> None:
    step, count = Tracker.on_step_end, 0

    def counted(self: Tracker, *words: Any) -> None:
        nonlocal count
        count += 1
        step(self, *words)
        if count == 5:  # the first of two images of the second arm
            signal.raise_signal(getattr(signal, name))

    monkeypatch.setattr(Tracker, "on_step_end", counted)
    assert experiments("--tables", "field", "--json") == code
    said = capsys.readouterr()
    assert json.loads(said.out)["stopped_by"] == name
    assert "Saved 1 of 3 trials. To continue, run:" in said.err
    assert "--tables field --json" in said.err
    assert experiments("--tables", "field") == 0
    assert count == 2 * 4


def test_ctrl_c_while_an_arm_is_scored_loses_that_score_alone(
    experiments: Experiments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*words: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("p2p_gan.experiments.study.evaluate", interrupted)
        assert experiments("--tables", "field") == 130
    assert not list((tmp_path / "study").glob("scores/*"))
    assert experiments("--tables", "field") == 0


def test_an_arm_that_fails_is_listed_and_the_exit_code_is_1(
    experiments: Experiments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def diverging(nets: Any, batch: Any, recipe: Any, autocast: Any) -> Any:
        losses = train_step(nets, batch, recipe, autocast)
        return losses * float("nan") if recipe.config.gan_loss != "none" else losses

    monkeypatch.setattr("p2p_gan.training.steps.update.train_step", diverging)
    assert experiments("--tables", "architecture") == 1
    said = capsys.readouterr()
    assert "encoder-decoder L1 " in said.out
    assert "failed: L1+cGAN, seed 0: " in said.err
    assert "the loss d_real is not finite" in said.err
    page = (tmp_path / "study" / "index.html").read_text("utf-8")
    assert "Failed: L1+cGAN, seed 0" in page
    assert "2 of 4 trials are finished." in page


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (("--tables", "losses"), {}, "tables=losses: is not a table. Choose from all, loss"),
        (("--direction", "up"), {}, "direction=up: is not a direction of these pairs"),
        ((), {"b_encoding": "classes"}, "b_encoding=classes: the half photo is a photo"),
        ((), {"learning_rate": 0}, "learning_rate=0: is out of range"),
        ((), {"device": "abacus"}, "device=abacus"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(
    experiments: Experiments,
    words: tuple[str, ...],
    settings: dict[str, Any],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert experiments(*words, **settings) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "study").exists()

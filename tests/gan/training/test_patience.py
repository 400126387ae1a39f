"""Early stopping: counted in validations, kept by checkpoints, and undone by more images or more patience."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.files.atomic import read_lines
from p2p_gan.config.config import Config
from p2p_gan.runs.compare import read_runs
from p2p_gan.training.patience import EarlyStop, Patience, stop_of
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused

ASKED = Config(images=100, patience=2)


def add(patience: Patience, *better: bool, images: int = 50) -> list[bool]:
    return [patience.add(better=each, images=images, score="l1", best_images=10) for each in better]


def test_a_run_stops_after_so_many_validations_in_a_row_without_a_better_score() -> None:
    patience = Patience(ASKED, {})
    assert add(patience, True, False, True, False, False) == [False, False, False, False, True]
    assert patience.stop == EarlyStop(50, 100, "l1", 10, 2)
    # A run of which no score is finite has none that is better, and a new one has waited for none.
    assert add(Patience(ASKED, {}), False, False) == [False, True]
    assert not any(add(Patience(replace(ASKED, patience=0), {}), *[False] * 9))
    assert not any(add(Patience(ASKED, {}), False, False, images=100))


def test_the_count_goes_on_from_a_checkpoint_and_anew_in_a_longer_run() -> None:
    patience = Patience(replace(ASKED, patience=3), {})
    add(patience, True, False)
    kept = json.loads(json.dumps(patience.to_json()))
    assert add(Patience(ASKED, kept), False) == [True]
    stopped = Patience(ASKED, kept)
    add(stopped, False)
    kept = json.loads(json.dumps(stopped.to_json()))
    assert stop_of(kept) == stopped.stop
    assert add(Patience(replace(ASKED, images=200), kept), False, False) == [False, True]
    assert add(Patience(replace(ASKED, patience=3), kept), False) == [True]


@pytest.mark.parametrize(
    ("changes", "finished"),
    [
        ({}, True),
        ({"images": 60}, True),
        ({"patience": 1}, True),
        ({"images": 101}, False),
        ({"patience": 3}, False),
        ({"patience": 0}, False),
    ],
)
def test_a_stopped_run_is_finished_until_more_is_asked_for(changes: dict[str, Any], finished: bool) -> None:
    config = replace(ASKED, **changes)
    assert EarlyStop(50, 100, "l1", 10, 2).holds_for(config, config.images or 0) == finished


def test_a_run_that_stopped_by_itself_says_so_and_goes_on_like_one_that_never_did(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2p_gan.training.tracking.tracker.improves", lambda score, best: best is None)
    config = replace(tiny, lr_schedule="constant", validate_every=2, patience=2, images=20)
    found = train(pair_folder, tmp_path / "run", config)
    assert (found.interrupted, found.images) == (False, 6)
    assert found.early == EarlyStop(6, 20, "l1", 2, 2)
    assert read_lines(tmp_path / "run" / "stats.jsonl")[-1]["stopped"]["images"] == 6
    assert read_runs([tmp_path / "run"])[0].state == "finished"
    again = train(pair_folder, tmp_path / "run", config)
    assert (again.plan, again.early, again.images) == (None, found.early, 6)
    longer = replace(config, images=8, patience=0)
    assert train(pair_folder, tmp_path / "run", longer).images == 8
    train(pair_folder, tmp_path / "whole", longer)
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("run", "whole"))
    assert one == other


def test_patience_without_validation_is_refused(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    pairs = make_pairs(tmp_path / "pairs", {"train": 2})
    with refused("unfit-setting", "patience=3", usage=True):
        train(pairs, tmp_path / "run", replace(tiny, patience=3))
    assert not (tmp_path / "run").exists()

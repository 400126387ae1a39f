"""docs/run-folder.md is complete: every file, every word of run.json and of the record stands in it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from p2p_datatools.contract.files.atomic import read_json, read_lines
from p2p_gan.config.config import Config
from p2p_gan.runs.runfolder import RUN, STATS
from p2p_gan.training.run import train
from p2p_gan.updates.losses import LOSSES

PAGE = (Path(__file__).parents[3] / "docs" / "run-folder.md").read_text("utf-8")
WORDS = set(re.findall(r"`([^`]+)`", PAGE))


def words_of(values: dict[str, Any]) -> set[str]:
    return {*values} | {word for value in values.values() if isinstance(value, dict) for word in value}


@pytest.mark.parametrize("masks", [False, True])
def test_every_word_of_a_runs_record_is_explained(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masks: bool
) -> None:
    as_masks: dict[str, Any] = {"direction": "b-to-a", "a_encoding": "classes"} if masks else {}
    monkeypatch.setattr("p2p_gan.training.tracking.tracker.PROBE_EVERY", 4)
    config = replace(tiny, images=4, log_every=4, dropout=0.5, **as_masks)
    train(pair_folder, tmp_path / "run", config)
    train(pair_folder, tmp_path / "run", replace(config, images=8))
    said = {word for line in read_lines(tmp_path / "run" / STATS) for word in words_of(line)}
    assert {"resumed_at", "variants", "seconds"} < said
    assert said - WORDS == set()
    assert set(read_json(tmp_path / "run" / RUN)) - WORDS == set()
    files = {file.name + "/" * file.is_dir() for file in (tmp_path / "run").iterdir() if file.name[0] != "."}
    assert files - WORDS == set()


def test_every_loss_is_explained() -> None:
    assert {row.name for row in LOSSES} <= WORDS

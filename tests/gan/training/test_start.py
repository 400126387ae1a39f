"""What a command does before its first update, or instead of one: each thing once, however many ask for it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from p2p_datatools.contract.pairs import lines
from p2p_datatools.contract.pairs.lines import Pair, pair_from_json
from p2p_gan.config.config import Config
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.training.run import train


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the line of each pair was parsed."""
    found = Counter[str]()

    def parse(line: Any, *where: Any) -> Pair:
        found[line["name"]] += 1
        return pair_from_json(line, *where)

    monkeypatch.setattr(lines, "pair_from_json", parse)
    return found


def test_the_line_of_a_training_pair_is_read_once_for_each_thing_that_needs_all_of_it(
    pair_folder: Path, tmp_path: Path, tiny: Config, parsed: Counter[str]
) -> None:
    # To open the folder, for its hash, for photos in several splits, for halves that do not fit (of the first hundred
    # pairs), and to decode it. Sizes and splits are held.
    train(pair_folder, tmp_path / "run", tiny)
    assert parsed["car-000"] == 5
    parsed.clear()
    train(pair_folder, tmp_path / "run", replace(tiny, images=16))
    assert parsed["car-000"] == 3  # what is noted of a new run is not noted again
    parsed.clear()
    train(pair_folder, tmp_path / "run", replace(tiny, images=16))
    assert parsed["car-000"] == 2  # finished: nothing is decoded
    parsed.clear()
    evaluate(tmp_path / "run", pair_folder, asked=EvaluationRequest("val"))
    assert parsed["car-000"] == 3  # for the mean picture

"""The scores of a run are found, and have intervals, classes and examples by rank."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_gan.reports.scores import bootstrap, find_scores

if TYPE_CHECKING:
    from conftest import Refused

Make = Callable[..., Path]


def test_scores_have_the_interval_of_their_pictures_and_the_mean_picture_beside_them(
    make_run: Make, make_scores: Make
) -> None:
    run = make_run()
    make_scores(run)
    (scores,) = find_scores(run)
    assert (scores.split, scores.pictures, scores.model, scores.better) == ("test", 5, "model.safetensors", 3)
    l1, ssim, colours = scores.rows
    assert (l1.name, l1.value, l1.mean_picture) == ("l1", pytest.approx(0.03), pytest.approx(0.035))
    assert l1.interval is not None
    assert 0.01 < l1.interval[0] < 0.03 < l1.interval[1] < 0.05
    assert (ssim.name, colours.name) == ("ssim", "histogram")
    assert scores.classes["tyres"] == {"color_error": 0.03}


def test_the_interval_that_the_evaluation_wrote_is_the_one_that_is_shown(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run, intervals={"l1": [0.001, 0.9]})
    assert find_scores(run)[0].rows[0].interval == (0.001, 0.9)


def test_examples_are_chosen_by_rank(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run, count=9)
    examples = find_scores(run)[0].examples
    ranks = {word: [each.rank for each in found] for word, found in examples.items()}
    assert ranks == {"best": [1, 2], "median": [5, 6], "worst": [8, 9]}
    assert [each.file.name for each in examples["worst"]] == ["car-7.png", "car-8.png"]


@pytest.mark.parametrize(("count", "ranks"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3])])
def test_of_few_pictures_each_is_an_example_once(
    make_run: Make, make_scores: Make, count: int, ranks: list[int]
) -> None:
    run = make_run()
    make_scores(run, count=count)
    assert [each.rank for found in find_scores(run)[0].examples.values() for each in found] == ranks


def test_scores_beside_the_run_count_if_they_are_of_its_model_and_those_in_it_are_called_old_if_not(
    make_run: Make, make_scores: Make
) -> None:
    run = make_run()
    make_scores(run).rename(run.parent / "beside")
    other = make_run("other")
    make_scores(other).rename(run.parent / "foreign")
    assert [scores.folder.name for scores in find_scores(run)] == ["beside"]
    make_scores(run, name="old")
    (run / "model.safetensors").write_bytes(b"trained further")
    assert [(scores.folder.name, scores.model) for scores in find_scores(run)] == [("old", "")]


def test_scores_that_were_asked_for_must_be_scores_and_others_may_be_damaged(
    make_run: Make, make_scores: Make, refused: "Refused"
) -> None:
    run = make_run()
    with refused("no-scores", run / "samples", usage=True):
        find_scores(run, [run / "samples"])
    folder = make_scores(run)
    (folder / "summary.json").write_text(json.dumps({"of": {}, "scores": []}))
    assert find_scores(run) == ()
    with refused("damaged-file", folder / "summary.json"):
        find_scores(run, [folder])


def test_a_name_in_the_scores_cannot_lead_out_of_their_folder(
    make_run: Make, make_scores: Make, refused: "Refused"
) -> None:
    run = make_run()
    folder = make_scores(run)
    lines = (folder / "scores.jsonl").read_text().replace("car-0.png", "../../secret.png")
    (folder / "scores.jsonl").write_text(lines)
    with refused("path-leads-out"):
        find_scores(run, [folder])


def test_the_bootstrap_covers_the_mean_and_says_nothing_of_one_picture() -> None:
    values = np.random.default_rng(3).normal(0.5, 0.1, 100)
    found = bootstrap(list(values))
    assert found is not None
    half = (found[1] - found[0]) / 2
    assert half == pytest.approx(1.96 * values.std() / 10, rel=0.1)
    assert bootstrap(list(values)) == found
    assert bootstrap([0.5]) is None
    assert bootstrap([0.5, float("nan")]) is None

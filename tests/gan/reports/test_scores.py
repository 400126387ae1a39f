"""The scores of a run are found, and have intervals, classes and examples by rank."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_gan.reports.gather import gather_report
from p2p_gan.reports.page import report_page
from p2p_gan.reports.scores import RivalReport, ScoreRow, find_scores

if TYPE_CHECKING:
    from conftest import Refused

Make = Callable[..., Path]


def test_scores_have_their_interval_their_number_and_what_stands_beside_them(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run)
    (scores,) = find_scores(run)
    assert (scores.split, scores.pictures, scores.model, scores.better) == ("test", 5, "model.safetensors", 3)
    rows = {row.name: row for row in scores.rows}
    assert list(rows) == ["l1", "ssim", "sharpness.model", "histograms.L"]
    assert replace(rows["l1"], value=round(rows["l1"].value, 9)) == ScoreRow("l1", 0.03, 5, (0.02, 0.04), 0.035)
    assert rows["ssim"].interval is None
    assert rows["sharpness.model"] == ScoreRow("sharpness.model", 0.1, 5, None, 0.01, 0.2)
    assert scores.classes["front.left"]["color_error"] == ScoreRow("color_error.front.left", 0.03, 2, (0.01, 0.05))
    assert scores.cautions == ("5 pictures are few.",)


@pytest.mark.parametrize(("groups", "said"), [(None, "the pictures"), (2, "their 2 groups")])
def test_the_page_says_what_intervals_were_drawn_from(
    groups: int | None, said: str, make_run: Make, make_scores: Make
) -> None:
    run = make_run()
    make_scores(run, groups=groups)
    assert f"bootstrap over {said}" in report_page(gather_report(run)).decode()


def test_masks_have_a_row_for_each_class_and_the_real_pictures_beside_those_of_a_segmenter(
    make_run: Make, make_scores: Make
) -> None:
    def agreement(iou: float) -> dict[str, object]:
        classes = {"body_mean": {"iou": iou, "accuracy": 0.9, "pictures": 4}}
        return {"pixel_accuracy": 0.9, "class_accuracy": 0.8, "mean_iou": iou, "classes": classes}

    run = make_run()
    paths = ("mean_iou", "pixel_accuracy", "class_accuracy", "classes.body_mean.iou", "classes.body_mean.accuracy")
    numbers = {f"{kind}.{path}": 4 for kind in ("judged", "judged_real") for path in paths}
    make_scores(run, judged=agreement(0.5), judged_real=agreement(0.7), numbers=numbers)
    (scores,) = find_scores(run)
    assert [(row.name, row.value, row.real) for row in scores.rows] == [
        ("judged.mean_iou", 0.5, 0.7),
        ("judged.pixel_accuracy", 0.9, 0.9),
    ]
    assert {kind: row.value for kind, row in scores.classes["body_mean"].items()} == {"judged": 0.5, "judged_real": 0.7}


def test_distances_by_networks_are_rows_with_the_hash_of_their_weights(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    name = "KID (v0.1)"
    folder = make_scores(run, distances={name: {"value": 0.25, "pictures": 5}}, numbers={f"distances.{name}": 5})
    summary = json.loads((folder / "summary.json").read_text())
    summary["of"]["networks"] = {name: "abc"}
    (folder / "summary.json").write_text(json.dumps(summary))
    (scores,) = find_scores(run)
    assert [(row.name, row.value, row.number) for row in scores.rows] == [(f"distances.{name}", 0.25, 5)]
    assert scores.networks == {name: "abc"}


def test_a_comparison_with_another_model_is_shown_beside_the_scores_that_it_is_of(
    make_run: Make, make_scores: Make
) -> None:
    run = make_run()
    folder = make_scores(run)
    model = json.loads((folder / "summary.json").read_text())["of"]["model"]
    row = {"name": "l1", "first": 0.03, "second": 0.05, "interval": [-0.03, -0.01], "p": 0.004}
    said = {"of": {"model": model}, "sentence": "run is better by L1.", "differences": [row]}
    (folder / "comparison.json").write_text(json.dumps(said))
    (scores,) = find_scores(run)
    assert scores.rival == RivalReport("run is better by L1.", (("l1", 0.03, 0.05, (-0.03, -0.01), 0.004),))
    page = report_page(gather_report(run)).decode()
    assert "run is better by L1." in page
    assert "-0.0300 to -0.0100" in page
    others: tuple[object, ...] = (said | {"of": {"model": "another"}}, said | {"differences": [{}]}, [])
    for other in others:
        (folder / "comparison.json").write_text(json.dumps(other))
        assert find_scores(run)[0].rival is None


def test_scores_of_an_older_version_have_no_intervals(make_run: Make, make_scores: Make) -> None:
    run = make_run()
    make_scores(run, numbers=None, intervals=None, cautions=[])
    assert [(row.name, row.interval, row.number) for row in find_scores(run)[0].rows] == [
        ("l1", None, 5),
        ("ssim", None, 5),
    ]


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


def test_a_distance_by_a_network_has_its_value_and_interval(make_run: Make, make_scores: Make) -> None:
    run, name = make_run(), "KID (EfficientNet-Lite0)"
    place = f"distances.{name}"
    value = {"value": 0.25, "std": 0.01, "pictures": 4, "weights": "0" * 64}
    make_scores(run, distances={name: value}, numbers={place: 4}, intervals={place: [0.23, 0.27]})
    (report,) = find_scores(run)
    (row,) = report.rows
    assert (row.name, row.value, row.number, row.interval) == (place, 0.25, 4, (0.23, 0.27))

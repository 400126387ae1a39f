"""Scoring into a folder: what is gone on with, scored again, refused or left out, and that it never changes a score."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.files import destination as destination_module
from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pairs.manifest import Half, with_pairs, write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, read_photo, write_png
from p2p_gan.evaluation import pair_scores
from p2p_gan.evaluation.against import compare_models
from p2p_gan.evaluation.scores import EvaluationRequest, Scores, evaluate
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Contents, Deaths, Refused, StopAfter
    from gan.conftest import WriteModel

CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")


@pytest.fixture
def pairs(make_pairs: Callable[..., Path], tmp_path: Path) -> Path:
    """Three training pairs, three of test."""
    return make_pairs(tmp_path / "pairs", {"train": 3, "test": 3})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for model files; tests may read them only."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(make_model: Callable[..., Model], models: Path, write_model: "WriteModel") -> Path:
    return write_model(make_model(MASK, PHOTO, palette=CARS), models / "model.safetensors")


@pytest.fixture(scope="module")
def segmenter(make_model: Callable[..., Model], models: Path, write_model: "WriteModel") -> Path:
    return write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), models / "judge.safetensors")


@pytest.fixture(scope="module")
def everything(segmenter: Path) -> EvaluationRequest:
    """All that can be measured of generated photos."""
    return EvaluationRequest(variants=2, segmenter=segmenter)


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hash of each input that the scored model is applied to."""
    seen: list[str] = []

    def count(model: Model, picture: Array, *args: Any, **more: Any) -> Array:
        seen.append(hash_pixels(picture))
        return apply_model(model, picture, *args, **more)

    monkeypatch.setattr(pair_scores, "apply_model", count)
    return seen


def change(pairs: Path, name: str) -> None:
    """Another picture for a pair, with which its manifest agrees."""
    folder = open_pairs(pairs)
    pair = next(each for each in folder.pairs if each.name == name)
    picture = read_photo(pairs / pair.file)
    picture[:, picture.shape[1] // 2 :] //= 2
    write_png(pairs / pair.file, picture)
    changed = replace(pair, hash=hash_pixels(picture))
    write_manifest(with_pairs(folder, [changed if each.name == name else each for each in folder.pairs]))


def remove(pairs: Path, name: str) -> None:
    folder = open_pairs(pairs)
    write_manifest(with_pairs(folder, [each for each in folder.pairs if each.name != name]))


def break_pair(pairs: Path, name: str) -> Callable[[], object]:
    """Break the file of a pair; returns what restores it."""
    path = pairs / next(each.file for each in open_pairs(pairs).pairs if each.name == name)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return partial(path.write_bytes, data)


# The scores.


def test_the_scores_in_a_folder_are_those_without_one(
    model: Path, pairs: Path, tmp_path: Path, everything: EvaluationRequest
) -> None:
    scores = evaluate(model, pairs, asked=everything)
    assert evaluate_into(tmp_path / "out", model, pairs, asked=everything) == scores
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["scores"] == json.loads(
        json.dumps(scores.to_json())
    )
    assert None not in (scores.histograms, scores.judged, scores.judged_real, scores.diversity)


def test_pairs_that_were_split_together_are_told_and_named_in_the_scores(
    model: Path, make_pairs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = open_pairs(make_pairs(tmp_path / "slices", {"train": 2, "test": 4}))
    groups = ["a", "b", "c", "c", "d", "d"]  # of the two of training none is scored
    own = tuple(replace(pair, group=group) for pair, group in zip(folder.pairs, groups, strict=True))
    write_manifest(with_pairs(folder, own))
    scores = evaluate_into(tmp_path / "out", model, folder.path)
    assert (scores.pictures, scores.groups) == (4, 2)
    assert "few-groups" in {each.code for each in scores.cautions}
    assert [line["group"] for line in read_lines(tmp_path / "out" / "scores.jsonl")] == ["c", "c", "d", "d"]
    compared = compare_models(model, model, folder.path)
    assert (compared.comparison.groups, compared.model.groups) == (2, 2)
    assert compared.model.intervals == scores.intervals


@pytest.mark.parametrize("output_as", ["classes", "values"])
def test_masks_too_have_the_same_scores_after_an_interruption(
    make_model: Callable[..., Model],
    pairs: Path,
    tmp_path: Path,
    write_model: "WriteModel",
    stop_after: "type[StopAfter]",
    output_as: str,
) -> None:
    model = write_model(make_model(PHOTO, MASK, palette=CARS, output_as=output_as), tmp_path / "m.safetensors")
    scores = evaluate(model, pairs)
    assert scores.agreement is not None
    assert scores.agreement.classes["body"].pictures == 3
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "out", model, pairs, report=stop_after(2))
    assert evaluate_into(tmp_path / "out", model, pairs) == scores


# Interrupted.


@pytest.mark.parametrize("units", [2, *(pytest.param(units, marks=pytest.mark.long) for units in (1, 3))])
def test_an_interrupted_call_goes_on_and_gives_the_same_bytes(
    units: int,
    model: Path,
    pairs: Path,
    tmp_path: Path,
    everything: EvaluationRequest,
    contents: "Contents",
    stop_after: "type[StopAfter]",
    applied: list[str],
) -> None:
    once = evaluate_into(tmp_path / "at_once" / "out", model, pairs, asked=everything)
    applied.clear()
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "again" / "out", model, pairs, asked=everything, report=stop_after(units))
    assert not (tmp_path / "again" / "out").exists()
    assert evaluate_into(tmp_path / "again" / "out", model, pairs, asked=everything) == once
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")
    assert len(applied) == 3 * everything.variants


def test_what_was_removed_or_changed_since_the_interruption_is_not_in_the_result(
    model: Path,
    pairs: Path,
    tmp_path: Path,
    contents: "Contents",
    stop_after: "type[StopAfter]",
    applied: list[str],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "again" / "out", model, pairs, report=stop_after(3))
    remove(pairs, "car-003")
    change(pairs, "car-004")
    applied.clear()
    scores = evaluate_into(tmp_path / "again" / "out", model, pairs)
    assert (scores.pictures, len(applied)) == (2, 1)
    assert scores == evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_a_pair_that_broke_since_the_interruption_is_not_taken_over(
    model: Path, pairs: Path, tmp_path: Path, stop_after: "type[StopAfter]", refused: "Refused"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "out", model, pairs, report=stop_after(2))
    break_pair(pairs, "car-003")
    with refused("pictures-failed", tmp_path / "out") as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert [part.where for part in error.value.parts] == [str(pairs / "test" / "car-003.png")]


def test_all_pairs_are_scored_again_when_the_mean_training_picture_has_changed(
    model: Path,
    pairs: Path,
    tmp_path: Path,
    contents: "Contents",
    stop_after: "type[StopAfter]",
    applied: list[str],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "again" / "out", model, pairs, report=stop_after(2))
    change(pairs, "car-000")
    applied.clear()
    evaluate_into(tmp_path / "again" / "out", model, pairs)
    assert len(applied) == 3
    evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_the_unfinished_scores_of_another_model_or_setting_are_not_gone_on_with(
    model: Path, segmenter: Path, pairs: Path, tmp_path: Path, stop_after: "type[StopAfter]", refused: "Refused"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "out", model, pairs, report=stop_after(1))
    for other, asked in (
        (segmenter, EvaluationRequest()),
        (model, EvaluationRequest(how=ApplyOptions(seed=1))),
        (model, EvaluationRequest(segmenter=segmenter)),
    ):
        with refused("unfinished-work", tmp_path / "out.partial", usage=True):
            evaluate_into(tmp_path / "out", other, pairs, asked=asked)


@pytest.fixture
def few_pairs(make_pairs: Callable[..., Path], tmp_path: Path) -> Path:
    """One training pair, two of test."""
    return make_pairs(tmp_path / "few", {"train": 1, "test": 2})


def test_a_kill_at_any_moment_leaves_what_the_same_call_completes(
    model: Path,
    few_pairs: Path,
    tmp_path: Path,
    deaths: "Deaths",
    contents: "Contents",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(destination_module, "BATCH", 1)
    evaluate_into(tmp_path / "at_once" / "out", model, few_pairs)
    place = tmp_path / "killed"
    states = deaths(partial(evaluate_into, place / "out", model, few_pairs), place)
    for changes in states:
        evaluate_into(place / "out", model, few_pairs)
        assert contents(place) == contents(tmp_path / "at_once"), f"after {changes} changes"
    assert states.changes > 15


@pytest.mark.long
def test_a_kill_at_any_moment_of_adding_leaves_what_the_same_call_completes(
    model: Path,
    few_pairs: Path,
    make_pairs: Callable[..., Path],
    tmp_path: Path,
    deaths: "Deaths",
    contents: "Contents",
) -> None:
    base = tmp_path / "base"
    evaluate_into(base / "out", model, few_pairs)
    (base / "out" / "car-001.png").unlink()
    make_pairs(few_pairs, {"train": 1, "test": 3})
    evaluate_into(tmp_path / "at_once" / "out", model, few_pairs)
    states = deaths(partial(evaluate_into, base / "out", model, few_pairs), base)
    for changes in states:
        evaluate_into(base / "out", model, few_pairs)
        assert contents(base) == contents(tmp_path / "at_once"), f"after {changes} changes"
    assert states.changes > 15


# Again.


def test_the_same_call_again_applies_no_model_and_changes_no_byte(
    model: Path, pairs: Path, tmp_path: Path, everything: EvaluationRequest, contents: "Contents", applied: list[str]
) -> None:
    first = evaluate_into(tmp_path / "out", model, pairs, asked=everything)
    before = contents(tmp_path / "out")
    applied.clear()
    assert evaluate_into(tmp_path / "out", model, pairs, asked=everything) == first
    assert contents(tmp_path / "out") == before
    assert applied == []


def test_new_pairs_and_missing_pictures_are_added(
    model: Path,
    pairs: Path,
    make_pairs: Callable[..., Path],
    tmp_path: Path,
    contents: "Contents",
    applied: list[str],
) -> None:
    evaluate_into(tmp_path / "again" / "out", model, pairs)
    (tmp_path / "again" / "out" / "car-003.png").unlink()
    make_pairs(pairs, {"train": 3, "test": 4})
    applied.clear()
    assert evaluate_into(tmp_path / "again" / "out", model, pairs).pictures == 4
    assert len(applied) == 2
    evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_scores_of_another_model_setting_or_training_set_are_not_mixed(
    model: Path, segmenter: Path, pairs: Path, tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    before = contents(tmp_path)
    for other, asked, word in (
        (segmenter, EvaluationRequest(), "another model"),
        (segmenter, EvaluationRequest("train"), "another model and another split"),
        (model, EvaluationRequest("train"), "another split"),
        (model, EvaluationRequest(variants=2), "another number of variants"),
        (model, EvaluationRequest(segmenter=segmenter), "another segmenter"),
    ):
        with refused("other-settings", tmp_path / "out", usage=True) as error:
            evaluate_into(tmp_path / "out", other, pairs, asked=asked)
        assert word in error.value.what
    assert contents(tmp_path) == before
    change(pairs, "car-000")
    with refused("other-settings", tmp_path / "out", usage=True) as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert "another set of training pairs" in error.value.what


def test_finished_scores_of_a_pair_that_is_gone_are_neither_counted_nor_deleted(
    model: Path, pairs: Path, tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    before = contents(tmp_path / "out")
    remove(pairs, "car-003")
    with refused("other-pairs", tmp_path / "out", usage=True) as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert "1 pair " in error.value.what
    assert "car-003" in error.value.what
    assert contents(tmp_path / "out") == before


def test_a_pair_that_has_changed_since_it_was_scored_is_an_error_that_says_what_to_delete(
    model: Path, pairs: Path, tmp_path: Path, contents: "Contents", refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "again" / "out", model, pairs)
    change(pairs, "car-004")
    with refused("pictures-failed", tmp_path / "again" / "out") as error:
        evaluate_into(tmp_path / "again" / "out", model, pairs)
    (part,) = error.value.parts
    picture = tmp_path / "again" / "out" / "car-004.png"
    assert (part.where, part.code) == (str(pairs / "test" / "car-004.png"), "source-changed")
    assert f"Delete {picture} " in part.to_do
    picture.unlink()
    evaluate_into(tmp_path / "again" / "out", model, pairs)
    evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


@pytest.mark.parametrize("line", ["[]", "5", '{"name": "x"}', '{"name": "x", "pixels": "", "mean_picture": null}'])
def test_damaged_records_are_named(model: Path, pairs: Path, tmp_path: Path, line: str, refused: "Refused") -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    (tmp_path / "out" / "records.jsonl").write_text(f"{line}\n")
    with refused("damaged-file", tmp_path / "out" / "records.jsonl"):
        evaluate_into(tmp_path / "out", model, pairs)


@pytest.mark.parametrize(("old", "new"), [("[[", "[[9999, "), ('"l1"', '"l2"'), ('{"colors": [', '{"colors": [1, ')])
def test_a_record_that_was_edited_is_named_when_it_is_added(
    model: Path, pairs: Path, tmp_path: Path, old: str, new: str, refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    records = tmp_path / "out" / "records.jsonl"
    records.write_text(records.read_text().replace(old, new))
    with refused("damaged-file", records):
        evaluate_into(tmp_path / "out", model, pairs)


def test_a_record_of_a_picture_outside_of_the_folder_is_refused(
    model: Path, pairs: Path, tmp_path: Path, refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    records = tmp_path / "out" / "records.jsonl"
    records.write_text(records.read_text().replace("car-003", "../car-003"))
    with refused("path-leads-out", records):
        evaluate_into(tmp_path / "out", model, pairs)


def test_a_folder_whose_summary_is_of_something_else_is_refused(
    model: Path, pairs: Path, tmp_path: Path, refused: "Refused"
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("[]")
    with refused("damaged-file", tmp_path / "out" / "summary.json"):
        evaluate_into(tmp_path / "out", model, pairs)


def test_a_file_that_does_not_belong_to_the_scores_is_not_overwritten(
    model: Path, pairs: Path, make_pairs: Callable[..., Path], tmp_path: Path, refused: "Refused"
) -> None:
    evaluate_into(tmp_path / "out", model, pairs)
    (tmp_path / "out" / "car-006.png").write_text("mine")
    make_pairs(pairs, {"train": 3, "test": 4})
    with refused("pictures-failed", tmp_path / "out") as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert [part.code for part in error.value.parts] == ["file-in-the-way"]
    assert (tmp_path / "out" / "car-006.png").read_text() == "mine"


# Broken pairs.


def test_a_broken_pair_leaves_no_scores_and_the_same_call_goes_on_once_it_is_restored(
    model: Path,
    pairs: Path,
    tmp_path: Path,
    everything: EvaluationRequest,
    contents: "Contents",
    applied: list[str],
    refused: "Refused",
) -> None:
    evaluate_into(tmp_path / "at_once" / "out", model, pairs, asked=everything)
    restore = break_pair(pairs, "car-003")
    with refused("pictures-failed", tmp_path / "again" / "out", usage=False) as error:
        evaluate_into(tmp_path / "again" / "out", model, pairs, asked=everything)
    assert [part.where for part in error.value.parts] == [str(pairs / "test" / "car-003.png")]
    assert not (tmp_path / "again" / "out").exists()
    restore()
    applied.clear()
    evaluate_into(tmp_path / "again" / "out", model, pairs, asked=everything)
    assert len(applied) == everything.variants
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_going_on_without_a_broken_pair_counts_the_others_and_lists_it(
    model: Path, pairs: Path, tmp_path: Path, contents: "Contents"
) -> None:
    evaluate_into(tmp_path / "at_once" / "out", model, pairs)
    restore = break_pair(pairs, "car-004")
    scores = evaluate_into(tmp_path / "again" / "out", model, pairs, keep_going=True)
    assert [skip.where for skip in scores.skipped] == [str(pairs / "test" / "car-004.png")]
    assert [line["where"] for line in read_lines(tmp_path / "again" / "out" / "skipped.jsonl")] == [
        skip.where for skip in scores.skipped
    ]
    assert evaluate(model, pairs, keep_going=True) == scores
    lines = read_lines(tmp_path / "again" / "out" / "scores.jsonl")
    assert [line["name"] for line in lines] == ["car-003", "car-005"]
    assert scores.pictures == 2
    assert scores.metrics["l1"] == np.mean([line["l1"] for line in lines])
    restore()
    evaluate_into(tmp_path / "again" / "out", model, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_without_a_folder_the_first_broken_pair_ends_the_call_with_its_own_error(
    model: Path, pairs: Path, refused: "Refused"
) -> None:
    break_pair(pairs, "car-003")
    with refused("damaged-file", pairs / "test" / "car-003.png"):
        evaluate(model, pairs)


def test_a_broken_training_pair_is_an_error_before_any_pair_is_scored(
    model: Path, pairs: Path, tmp_path: Path, applied: list[str], refused: "Refused"
) -> None:
    for name in ("car-000", "car-002"):
        break_pair(pairs, name)
    with refused("damaged-file", pairs / "train" / "car-000.png"):
        evaluate(model, pairs)
    with refused("pictures-failed", tmp_path / "out") as error:
        evaluate_into(tmp_path / "out", model, pairs)
    assert [part.where for part in error.value.parts] == [str(pairs / "train" / f"car-00{n}.png") for n in (0, 2)]
    assert applied == []
    assert not list(tmp_path.glob("out*"))


def test_a_broken_training_pair_is_left_out_of_the_mean_and_listed_once(
    model: Path, pairs: Path, tmp_path: Path, everything: EvaluationRequest
) -> None:
    def scores(**more: Any) -> Scores:
        return evaluate(model, pairs, asked=replace(everything, split="train"), **more)

    break_pair(pairs, "car-001")
    without = scores(keep_going=True)
    assert [skip.where for skip in without.skipped] == [str(pairs / "train" / "car-001.png")]
    remove(pairs, "car-001")
    assert replace(without, skipped=()) == scores()


def test_no_scores_come_of_no_pairs(model: Path, pairs: Path, tmp_path: Path, refused: "Refused") -> None:
    for number in (3, 4, 5):
        break_pair(pairs, f"car-00{number}")
    with refused("pictures-failed", pairs):
        evaluate(model, pairs, keep_going=True)
    with refused("pictures-failed", pairs):
        evaluate_into(tmp_path / "out", model, pairs, keep_going=True)
    assert not (tmp_path / "out").exists()


def test_without_readable_training_pairs_there_is_no_mean_picture(model: Path, pairs: Path) -> None:
    for number in range(3):
        break_pair(pairs, f"car-00{number}")
    scores = evaluate(model, pairs, keep_going=True)
    assert (scores.pictures, scores.mean_picture, len(scores.skipped)) == (3, {}, 3)

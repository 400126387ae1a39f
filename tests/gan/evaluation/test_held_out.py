"""Whether the pairs that score a model were held out when it was trained."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from p2p_datatools.contract.pairs.manifest import write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_gan.config.config import Config
from p2p_gan.evaluation.held_out import _marks_of, find_seen
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import read_model
from p2p_gan.runs.runfolder import RUN
from p2p_gan.training.run import train


def _seen(run: Path, pairs: Path, split: str = "test") -> list[str]:
    return [each.code for each in find_seen(run, read_model(run).card, open_pairs(pairs), split)]


@pytest.fixture
def run(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of a run on the pairs beside it, which tests may change."""
    shutil.copytree(run_folder.parent / "pairs", tmp_path / "pairs")
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def _exchange(pairs: Path, *splits: str) -> None:
    """Give the first pair of each of these splits the next one's split, as another draw would."""
    folder = open_pairs(pairs)
    new = dict(zip((folder.of(split)[0].name for split in splits), (*splits[1:], splits[0]), strict=True))
    moved = tuple(replace(pair, split=new.get(pair.name, pair.split)) for pair in folder.pairs)
    write_manifest(replace(folder, pairs=moved))


def test_nothing_is_said_of_pairs_that_were_held_out(run: Path) -> None:
    assert _seen(run, run.parent / "pairs") == []
    assert _seen(run / MODEL_FILE, run.parent / "pairs") == []


def test_scores_of_training_pairs_say_that_they_are(run: Path) -> None:
    scores = evaluate(run, run.parent / "pairs", asked=EvaluationRequest("train"))
    assert scores.cautions[0].code == "training-pairs"


def test_the_best_model_is_not_judged_in_silence_by_the_pairs_that_chose_it(run: Path) -> None:
    assert _seen(run / BEST, run.parent / "pairs", "val") == ["chosen-by-val"]
    assert _seen(run / BEST, run.parent / "pairs", "test") == []
    assert _seen(run, run.parent / "pairs", "val") == []


def test_test_pairs_that_the_model_was_trained_on_before_another_split_are_not_scored_in_silence(run: Path) -> None:
    _exchange(run.parent / "pairs", "train", "test")
    scores = evaluate(run, run.parent / "pairs")
    assert scores.cautions[0].code == "other-pairs"
    assert "test" in scores.cautions[0].text


def test_pairs_that_were_held_out_stay_so_whatever_happens_to_the_other_splits(run: Path) -> None:
    _exchange(run.parent / "pairs", "train", "val")
    assert _seen(run, run.parent / "pairs", "test") == []
    assert _seen(run, run.parent / "pairs", "val") == ["other-pairs"]
    alone = run.parent / "alone.safetensors"  # without a run.json nothing but the hash of all pairs is known
    shutil.copy(run / MODEL_FILE, alone)
    assert _seen(alone, run.parent / "pairs", "test") == ["other-pairs"]


def test_pairs_that_were_only_added_since_are_known_by_being_newer(run: Path) -> None:
    folder = open_pairs(run.parent / "pairs")
    record = json.loads((run / RUN).read_text())  # by their whole path it would know those of which the run is a copy
    (run / RUN).write_text(json.dumps(record | {"pairs": str(folder.path)}))
    new = [replace(folder.of(split)[0], name=f"new-{split}", file=f"{split}/new.png") for split in ("train", "test")]
    for pair in (*folder.pairs, *new):
        (folder.path / pair.file).touch()
        os.utime(folder.path / pair.file, (2, 2) if pair in new else (1, 1))
    write_manifest(replace(folder, pairs=(*folder.pairs, *new)))
    assert _seen(run, folder.path) == []
    _exchange(folder.path, "train", "test")
    assert _seen(run, folder.path) == ["other-pairs"]


def test_a_model_that_began_with_one_of_another_split_is_not_scored_in_silence(run: Path, tiny: Config) -> None:
    pairs = run.parent / "pairs"
    _exchange(pairs, "train", "test")
    summary = train(pairs, run.parent / "second", replace(tiny, images=4), source=run)
    assert _seen(summary.run, pairs, "test") == ["other-pairs"]
    assert _seen(summary.run, pairs, "val") == []
    third = train(pairs, run.parent / "third", replace(tiny, images=4), source=summary.run)
    assert _seen(third.run, pairs, "test") == ["other-pairs"]
    _exchange(pairs, "train", "val")
    assert _seen(third.run, pairs, "val") == ["other-pairs"]


def test_a_model_that_began_with_one_of_the_same_split_is_scored_without_a_word(run: Path, tiny: Config) -> None:
    summary = train(run.parent / "pairs", run.parent / "second", replace(tiny, images=4), source=run)
    assert _seen(summary.run, run.parent / "pairs") == []


def _make_strange(pairs: Path, *, keep: tuple[str, ...] = ()) -> None:
    """Let the manifest of a folder tell pairs of other names, pixels and photos, but for what is kept."""
    folder = open_pairs(pairs)
    changed = []
    for each in folder.pairs:
        name = each.name if "name" in keep else f"new-{each.name}"
        pixels = each.hash if "hash" in keep else each.hash[::-1]
        changed.append(replace(each, name=name, hash=pixels, sources={"b_sha256": f"new-{each.name}"}))
    write_manifest(replace(folder, pairs=tuple(changed)))


@pytest.fixture
def others(run: Path) -> Path:
    """A copy of the pairs of the run, which its run.json knows by their whole path."""
    record = json.loads((run / RUN).read_text())
    (run / RUN).write_text(json.dumps(record | {"pairs": str(run.parent / "pairs")}))
    return Path(shutil.copytree(run.parent / "pairs", run.parent / "others"))


def test_nothing_is_said_of_the_test_pairs_of_another_set_where_the_training_pairs_can_be_asked(
    run: Path, others: Path
) -> None:
    _make_strange(others)
    assert _seen(run, others) == []
    record = json.loads((run / RUN).read_text())
    (run / RUN).write_text(json.dumps(record | {"from": {"path": "another model"}}))
    assert _seen(run, others) == ["other-pairs"]
    (run / RUN).write_text(json.dumps(record))
    shutil.move(run.parent / "pairs", run.parent / "away")
    assert _seen(run, others) == ["other-pairs"]


@pytest.mark.parametrize("known", ["name", "hash"])
def test_training_pairs_among_the_test_pairs_of_another_set_are_known_by_their_names_or_pixels(
    run: Path, others: Path, known: str
) -> None:
    _exchange(others, "train", "test")
    _make_strange(others, keep=(known,))
    assert _seen(run, others) == ["other-pairs"]


def test_training_pairs_of_another_size_and_name_are_known_by_their_photos(others: Path) -> None:
    learned = open_pairs(others).of("train")[0]
    photo = {"b_sha256": "0" * 64}
    marks = _marks_of(replace(learned, name="x", hash="y", sources=photo))
    assert marks & _marks_of(replace(learned, sources=photo)) == {"0" * 64}


def test_a_folder_without_hashes_says_nothing_of_what_was_trained_on(run: Path) -> None:
    (run.parent / "pairs" / "pairs.json").unlink()
    assert _seen(run, run.parent / "pairs") == []


def test_a_segmenter_that_may_know_the_scored_photos_is_told(run: Path) -> None:
    _exchange(run.parent / "pairs", "train", "test")
    card = read_model(run).card
    (caution,) = find_seen(run, card, open_pairs(run.parent / "pairs"), "test", who="segmenter")
    assert "The segmenter, or one that it began with, was trained on other pairs" in caution.text

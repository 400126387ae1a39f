"""Scores on val/ while a run is in progress, the best model, and that looking changes nothing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.contract.files.atomic import read_lines
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import colorize, read_photo
from p2p_gan.config.config import Config
from p2p_gan.data import read
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import read_model
from p2p_gan.networks.base import InferencePass
from p2p_gan.runs import checkpoint
from p2p_gan.training import validation
from p2p_gan.training.job import Job, make_job
from p2p_gan.training.run import train
from p2p_gan.training.validation import (
    Validation,
    Validator,
    grid_of,
    improves,
    pairs_to_show,
    sample_row,
    score_of,
    visible,
)

if TYPE_CHECKING:
    from conftest import Notes, Refused

CARS = load_palette("cars")


def validations(run: Path) -> dict[int, dict[str, Any]]:
    return {line["images"]: line["validation"] for line in read_lines(run / "stats.jsonl") if "validation" in line}


def test_a_run_is_scored_at_each_interval_and_at_its_end(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=5, validate_every=2))
    found = validations(tmp_path / "run")
    assert list(found) == [2, 4, 5]
    for scores in found.values():
        assert scores["pictures"] == 2
        assert 0 < scores["l1"] < 1
        assert -1 <= scores["ssim"] <= 1
        assert "mean_iou" not in scores  # the output is a photo


def test_the_best_model_is_that_of_the_lowest_l1_and_the_checkpoint_knows_it(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.3, 0.1, 0.2])
    monkeypatch.setattr(Validator, "score", lambda *_: Validation(2, next(scores), 0.5))
    train(pair_folder, tmp_path / "run", replace(tiny, images=6, validate_every=2))
    assert [each["best"] for each in validations(tmp_path / "run").values()] == [True, True, False]
    assert read_model(tmp_path / "run" / BEST).card.images == 4
    assert read_model(tmp_path / "run").card.images == 6
    job = make_job(open_pairs(pair_folder), tiny)
    progress = checkpoint.load_latest(tmp_path / "run", job.nets)
    assert progress is not None
    assert (progress.best, progress.best_images) == (-0.1, 4)


def test_a_resumed_run_does_not_take_a_worse_model_for_the_best(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = replace(tiny, lr_schedule="constant", images=2)
    monkeypatch.setattr(Validator, "score", lambda *_: Validation(2, 0.1, 0.5))
    train(pair_folder, tmp_path / "run", steady)
    best = (tmp_path / "run" / BEST).read_bytes()
    monkeypatch.setattr(Validator, "score", lambda *_: Validation(2, 0.2, 0.9))
    train(pair_folder, tmp_path / "run", replace(steady, images=3))
    assert (tmp_path / "run" / BEST).read_bytes() == best
    assert (tmp_path / "run" / MODEL_FILE).read_bytes() != best


def test_validating_leaves_no_trace_in_what_is_trained(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    for name, every in (("often", 1), ("never", 1000)):
        train(pair_folder, tmp_path / name, replace(tiny, images=6, validate_every=every, batch=2))
    often, never = ((tmp_path / name / MODEL_FILE).read_bytes() for name in ("often", "never"))
    assert often == never
    states = [max((tmp_path / name / checkpoint.CHECKPOINTS).glob("*.safetensors")) for name in ("often", "never")]
    assert states[0].read_bytes() == states[1].read_bytes()


def test_scores_do_not_depend_on_torch_s_random_state_nor_change_it(pair_folder: Path, tiny: Config) -> None:
    job = make_job(open_pairs(pair_folder), tiny)
    validator = Validator(job)
    first = validator.score(job.nets.generator)
    torch.rand(3)
    before = torch.get_rng_state()
    assert validator.score(job.nets.generator) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_scores_and_samples_are_those_of_the_average_that_is_saved_as_the_model(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(tiny, ema_half_life=400.0, learning_rate=0.01, images=6, validate_every=6)
    train(pair_folder, tmp_path / "run", config)
    job, model = make_job(open_pairs(pair_folder), config), read_model(tmp_path / "run").generator
    found = Validator(job).score(model)
    assert found is not None
    assert validations(tmp_path / "run")[6] == {**found.to_json(), "best": True}
    saved = replace(job, nets=replace(job.nets, generator=model, ema=None))
    shown = [read.read_shown(job.folder, pair, job.task, job.config)[:2] for pair in pairs_to_show(job)]
    grid = grid_of([sample_row(saved, a, b) for a, b in shown])
    np.testing.assert_array_equal(read_photo(tmp_path / "run" / "samples" / "0000000006.png"), grid)


@pytest.mark.parametrize(("batch", "statistics"), [(1, "picture"), (5, "running")])
def test_scores_and_samples_are_made_by_the_model_s_statistics_and_with_its_dropout(
    pair_folder: Path, tiny: Config, batch: int, statistics: str
) -> None:
    job, seen = make_job(open_pairs(pair_folder), replace(tiny, batch=batch)), list[InferencePass]()
    job.nets.generator.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    Validator(job).score(job.nets.generator)
    sample_row(job, *read.read_shown(job.folder, job.folder.of("val")[0], job.task, job.config)[:2])
    assert [each.statistics for each in seen] == [statistics] * 3
    assert all(each.noise for each in seen)


@pytest.mark.parametrize("splits", [["val", "test", "train"], ["test", "train"], ["train"]], ids=str)
def test_samples_are_of_pairs_that_are_held_out_where_there_are_some(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path, splits: list[str]
) -> None:
    job = make_job(open_pairs(make_pairs(tmp_path / "pairs", dict.fromkeys(splits, 2))), tiny)
    assert {pair.split for pair in pairs_to_show(job)} == {splits[0]}


def test_a_row_of_samples_is_the_input_what_is_generated_and_the_real_output(pair_folder: Path, tiny: Config) -> None:
    job = make_job(open_pairs(pair_folder), tiny)
    mask, photo, _ = read.read_shown(job.folder, job.folder.of("val")[0], job.task, job.config)
    given, fake, real = sample_row(job, mask, photo)
    np.testing.assert_array_equal(given, colorize(mask[..., 0], CARS))
    np.testing.assert_array_equal(real, photo)
    assert (fake != photo).any()


def test_without_val_pairs_one_note_is_given_and_no_best_is_kept(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path, notes: "Notes"
) -> None:
    pairs = make_pairs(tmp_path / "pairs", {"train": 4})
    train(pairs, tmp_path / "run", replace(tiny, images=2, validate_every=1), report=notes)
    assert len([line for line in notes.lines if "val/" in line]) == 1
    assert not (tmp_path / "run" / BEST).exists()
    assert not validations(tmp_path / "run")


def test_no_more_than_the_wanted_pairs_are_scored_and_they_are_spread(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path
) -> None:
    folder = open_pairs(make_pairs(tmp_path / "pairs", {"train": 1, "val": 6}))
    chosen = Validator(make_job(folder, replace(tiny, validate_pairs=3))).pairs
    assert [pair.name for pair in chosen] == ["car-001", "car-003", "car-005"]


def test_pairs_that_memory_does_not_hold_are_read_again_with_the_same_scores(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), tiny)
    held = Validator(job)
    scores = held.score(job.nets.generator)
    reads = []
    real = read.read_shown

    def counted(*arguments: Any) -> Any:
        reads.append(1)
        return real(*arguments)

    monkeypatch.setattr(validation, "read_shown", counted)
    assert held.score(job.nets.generator) == scores
    assert not reads
    poor = Validator(replace(job, config=replace(job.config, cache_gib=1e-9)))
    assert poor.score(job.nets.generator) == poor.score(job.nets.generator) == scores
    assert len(reads) == 4


def test_a_signal_ends_scoring_before_the_next_picture(pair_folder: Path, tiny: Config) -> None:
    job = make_job(open_pairs(pair_folder), tiny)
    asked = iter([False, True])
    assert Validator(job).score(job.nets.generator, lambda: next(asked)) is None


@pytest.mark.parametrize("coding", ["values", "classes"])
def test_a_mask_is_scored_alike_whether_it_comes_as_colours_or_as_classes(
    pair_folder: Path, tiny: Config, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, direction="photo-to-mask", a_encoding=coding))
    validator = Validator(job)
    truths = iter([read.read_shown(job.folder, pair, job.task, job.config)[1][..., 0] for pair in validator.pairs])

    def almost(*_: Any) -> Any:
        fake = next(truths).copy()
        fake[:4] = 4  # windows, of which these pictures have none
        return fake if coding == "classes" else colorize(fake, CARS)

    monkeypatch.setattr(validator, "_apply", almost)
    found = validator.score(job.nets.generator)
    assert found is not None
    assert found.accuracy == pytest.approx(28 / 32)
    assert 0 < found.l1 < 0.2
    assert found.mean_iou is not None
    assert 0.5 < found.mean_iou < 1


def scores_of(
    job: Job, pictures: list[tuple[Array, Array, Array | None]], fakes: list[Array], monkeypatch: pytest.MonkeyPatch
) -> Validation:
    """The scores of these outputs for pairs and what has no data of them."""
    validator, outputs = Validator(job), iter(fakes)
    monkeypatch.setattr(validator, "_pictures", lambda: iter(pictures))
    monkeypatch.setattr(validator, "_apply", lambda *_: next(outputs))
    found = validator.score(job.nets.generator)
    assert found is not None
    return found


def test_photos_are_scored_by_the_mean_over_those_that_have_data_and_over_the_pixels_that_have_some(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask, photo = np.zeros((32, 32, 1), np.uint8), np.full((32, 32, 3), 100, np.uint8)
    half, whole = np.zeros((32, 32), bool), np.ones((32, 32), bool)
    half[:16] = True
    pictures = [(mask, photo, gaps) for gaps in (None, None, half, whole)]
    fakes = [photo + np.uint8(51), photo + np.uint8(153), np.where(half[..., None], np.uint8(0), photo), photo * 0]
    found = scores_of(make_job(open_pairs(pair_folder), tiny), pictures, fakes, monkeypatch)
    assert found.pictures == 3
    assert found.l1 == pytest.approx((0.2 + 0.6 + 0) / 3)


def test_masks_are_scored_over_the_pixels_of_all_pictures_together_but_for_those_without_data(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, direction="photo-to-mask", a_encoding="classes"))
    photo, body = np.zeros((32, 32, 3), np.uint8), np.ones((32, 32, 1), np.uint8)
    lower, gaps = body.copy(), np.zeros((32, 32), bool)
    lower[:16], gaps[8:] = 0, True
    first = body.copy()
    first[8:] = 0  # wrong where there is no data
    pictures: list[tuple[Array, Array, Array | None]] = [(photo, lower, None), (photo, body, gaps)]
    found = scores_of(job, pictures, [body[..., 0] * 0, first[..., 0]], monkeypatch)
    assert found.accuracy == pytest.approx((16 + 8) / (32 + 8))
    assert found.mean_iou == pytest.approx((16 / 32 + 8 / (16 + 8)) / 2)  # background and body


@pytest.mark.parametrize("direction", ["mask-to-photo", "photo-to-mask"])
def test_an_ignored_pixel_has_no_part_in_a_score(
    pair_folder: Path, tiny: Config, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, direction=direction))
    shown = [read.read_shown(job.folder, pair, job.task, job.config)[:2] for pair in job.folder.of("val")]
    for a, b in shown:
        (a if direction == "mask-to-photo" else b)[4:6] = 255
    validator = Validator(job)
    monkeypatch.setattr(validator, "_pictures", lambda: ((a, b, None) for a, b in shown))

    def applied(*_: Any) -> Any:
        fake = next(fakes).copy()
        fake[4:6] = np.random.default_rng(0).integers(0, 256, fake[4:6].shape)
        return fake

    fakes = iter([CARS.colors()[b[..., 0]] if b.shape[2] == 1 else b for _, b in shown])
    monkeypatch.setattr(validator, "_apply", applied)
    found = validator.score(job.nets.generator)
    assert found is not None
    assert found.l1 == 0
    assert found.ssim == pytest.approx(1)
    assert found.accuracy in (None, 1)


def test_masks_are_scored_by_class_and_their_best_is_by_mean_iou(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=2, direction="photo-to-mask"))
    scores = validations(tmp_path / "run")[2]
    assert 0 <= scores["accuracy"] <= 1
    job = make_job(open_pairs(pair_folder), replace(tiny, direction="photo-to-mask"))
    progress = checkpoint.load_latest(tmp_path / "run", job.nets)
    assert progress is not None
    assert progress.best == scores["mean_iou"]


def test_a_nan_score_is_never_the_best_and_the_earlier_of_equals_stays() -> None:
    assert improves(-0.5, None)
    assert improves(-0.4, -0.5)
    assert not improves(-0.5, -0.5)
    assert not improves(float("nan"), None)


def test_a_model_argument_may_be_the_best_of_a_run(
    pair_folder: Path, run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    from p2p_gan.evaluation.scores import evaluate

    shutil.copytree(run_folder, tmp_path / "copy")
    assert evaluate(run_folder / BEST, pair_folder) == evaluate(tmp_path / "copy" / BEST, pair_folder)
    with refused("missing-model", run_folder / "worst.safetensors"):
        read_model(run_folder / "worst.safetensors")


def test_floats_classes_grey_and_many_channels_are_made_visible() -> None:
    cars = load_palette("cars")
    assert visible(
        np.array([[[-1.0], [1.0]]], np.float32), Half("x", "photo", 1, "float32", (-1, 1)), None
    ).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    classes = visible(np.array([[[0], [1]]], np.uint8), Half("m", "mask"), cars)
    assert classes.tolist() == [[[0, 0, 0], [255, 0, 0]]]
    many = np.zeros((2, 2, 12), np.uint16)
    many[..., 1] = 65535
    assert visible(many, Half("x", "photo", 12, "uint16", (0, 65535)), None)[0, 0].tolist() == [0, 255, 0]


def test_pictures_of_other_sizes_stand_on_white() -> None:
    small, large = np.zeros((2, 3, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)
    grid = grid_of([[small, large], [large, small]])
    assert grid.shape == (8, 10, 3)
    assert (grid[0, :3] == 0).all()
    assert (grid[2:4, :5] == 255).all()


@pytest.mark.parametrize(
    ("by", "better"),
    [
        ("l1", Validation(1, 0.1, 0.5, 20.0)),
        ("psnr", Validation(1, 0.2, 0.5, 21.0, by="psnr")),
        ("ssim", Validation(1, 0.2, 0.6, 20.0, by="ssim")),
        ("colors", Validation(1, 0.2, 0.5, colors=0.8, by="colors")),
        ("sharpness", Validation(1, 0.2, 0.5, sharpness=0.21, sharpness_real=0.2, by="sharpness")),
        ("mean_iou", Validation(1, 0.2, 0.5, accuracy=0.1, mean_iou=0.7, by="mean_iou")),
    ],
)
def test_any_cheap_score_may_choose_the_best_and_larger_is_better(by: str, better: Validation) -> None:
    worse = Validation(1, 0.2, 0.5, 20.0, 0.5, 0.6, colors=0.7, sharpness=0.1, sharpness_real=0.2, by=by)
    assert improves(better.score, worse.score)
    assert not improves(worse.score, better.score)
    assert "by" not in better.to_json()


def test_a_photo_that_is_too_sharp_is_no_better_than_one_that_is_as_blurred() -> None:
    sharp, right, blurred = (
        Validation(1, 0.2, 0.5, sharpness=each, sharpness_real=0.2, by="sharpness") for each in (0.3, 0.2, 0.1)
    )
    assert improves(right.score, sharp.score)
    assert sharp.score == pytest.approx(blurred.score)


@pytest.mark.parametrize("by", ["colors", "sharpness"])
def test_a_score_that_chooses_the_best_is_measured_and_recorded(by: str, pair_folder: Path, tiny: Config) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, best_by=by))
    found = Validator(job).score(job.nets.generator)
    assert found is not None
    assert by in found.to_json()
    assert found.psnr > 0


def test_the_colours_of_pictures_that_are_the_real_ones_overlap_wholly_and_of_black_ones_hardly(
    pair_folder: Path, tiny: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(open_pairs(pair_folder), replace(tiny, best_by="colors"))
    overlaps = []
    for share in (1, 0):
        validator = Validator(job)
        real = iter([pair[1] for pair in validator._pictures()])
        monkeypatch.setattr(validator, "_apply", lambda *_, real=real, share=share: next(real) * share)
        found = validator.score(job.nets.generator)
        assert found is not None
        overlaps.append(found.colors)
    assert overlaps[0] == pytest.approx(1)
    assert overlaps[1] is not None
    assert overlaps[1] < 0.6


def test_a_score_that_the_pictures_do_not_have_is_refused(pair_folder: Path, tiny: Config, refused: "Refused") -> None:
    with refused("unfit-setting", "best_by=mean_iou", usage=True):
        score_of(make_job(open_pairs(pair_folder), replace(tiny, best_by="mean_iou")))

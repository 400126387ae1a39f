"""Scores on held-out pairs."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.halves import join
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, with_pairs, write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import IGNORE_COLOR, Palette, PaletteClass, load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels, read_photo, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation.metrics import l1
from p2p_gan.evaluation.scores import Diversity, EvaluationRequest, evaluate
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.inference.apply import ApplyOptions
from p2p_gan.inference.sampling import sample
from p2p_gan.models.model import Model, save_model

if TYPE_CHECKING:
    from conftest import Refused, StopAfter
    from gan.conftest import WriteModel

CARS = load_palette("cars")


def test_a_model_is_scored_beside_the_mean_training_picture(run_folder: Path) -> None:
    scores = evaluate(run_folder, run_folder.parent / "pairs")
    assert scores.pictures == 2
    assert 0 < scores.metrics["l1"] < 1
    assert 0 < scores.mean_picture["l1"] < 0.3
    assert scores.mean_picture["ssim"] > scores.metrics["ssim"]
    assert set(scores.color_error) == {"background", "body", "tyres"}


def test_a_split_without_pairs_is_named(
    run_folder: Path, tmp_path: Path, pair_folder: Path, refused: "Refused"
) -> None:
    with refused("empty-split", pair_folder) as error:
        evaluate(run_folder, pair_folder, asked=EvaluationRequest("none"))
    assert "has no none pairs" in error.value.what
    assert "--split test" in error.value.to_do  # which has some


def test_a_folder_of_test_pictures_alone_is_told_how_they_are_scored(
    make_model: Callable[..., Model], write_model: "WriteModel", tmp_path: Path, refused: "Refused"
) -> None:
    a, b = Half("a", "picture"), Half("b", "picture")
    model = write_model(make_model(a, b), tmp_path / "m.safetensors")
    for split in ("train", "test"):
        write_png(
            tmp_path / "maps" / split / "1.png", np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
        )
    with refused("empty-split", tmp_path / "maps" / "test") as error:
        evaluate(model, tmp_path / "maps" / "test")
    assert "--split train" in error.value.to_do
    assert "data split" not in error.value.to_do


def test_which_pairs_are_scored_is_stated_in_one_place_alone(run_folder: Path) -> None:
    pairs = run_folder.parent / "pairs"
    assert evaluate(run_folder, pairs, asked=EvaluationRequest("train", variants=2)).pictures == 8
    with pytest.raises(TypeError):  # two places could contradict each other, and one of them was not heard
        evaluate(run_folder, pairs, split="train", asked=EvaluationRequest(variants=2))  # type: ignore[call-arg]


def test_the_same_scores_come_again_and_the_picture_scored_is_the_one_that_is_sampled(
    run_folder: Path, tmp_path: Path
) -> None:
    pairs = run_folder.parent / "pairs"
    seen: dict[str, Array] = {}
    first = evaluate(run_folder, pairs, each=lambda scored, card: seen.update({scored.name: scored.fake}))
    assert first == evaluate(run_folder, pairs)
    sample(run_folder, [pairs], tmp_path / "out")
    assert all(np.array_equal(read_photo(tmp_path / "out" / f"{name}.png"), fake) for name, fake in seen.items())


def test_variants_differ_by_dropout_and_not_without_it(run_folder: Path) -> None:
    pairs = run_folder.parent / "pairs"
    on, off = (
        evaluate(run_folder, pairs, asked=EvaluationRequest(how=ApplyOptions(dropout=way), variants=3))
        for way in (True, False)
    )
    assert on.diversity is not None
    assert on.diversity.pairwise_l1 > on.diversity.pixel_std / 2 > 0
    assert off.diversity == Diversity(3, 0.0, 0.0)
    assert evaluate(run_folder, pairs).diversity is None


def test_photos_have_colour_histograms_and_masks_an_agreement(
    run_folder: Path, make_model: Callable[..., Model], tmp_path: Path
) -> None:
    pairs = run_folder.parent / "pairs"
    photos = evaluate(run_folder, pairs)
    assert photos.histograms is not None
    assert all(0 <= share <= 1 for share in photos.histograms.values())
    assert photos.agreement is None
    for as_ in ("classes", "values"):
        model = make_model(Half("photo", "photo"), Half("mask", "mask"), palette=CARS, output_as=as_)
        save_model(tmp_path / f"{as_}.safetensors", model.card, model.generator)
        masks = evaluate(tmp_path / f"{as_}.safetensors", pairs)
        assert masks.histograms is None
        assert masks.agreement is not None
        assert set(masks.agreement.classes) == {"background", "body", "tyres"}
        assert masks.agreement.classes["body"].pictures == 2
        assert 0 < masks.agreement.pixel_accuracy < 1


@pytest.fixture
def grey_pairs(tmp_path: Path) -> Path:
    """Pairs of a mask painted in three greys, in one channel, and a photo: one to train with, one to test on."""
    greys = Palette("greys", tuple(PaletteClass(f"grey {value}", (value,) * 3) for value in (0, 60, 120)))
    labels = np.arange(32 * 32, dtype=np.uint32).reshape(32, 32) // 400
    picture = join((labels * 60).astype(np.uint8), np.full((32, 32, 3), 99, np.uint8), where="test")
    pairs = [Pair(split, f"{split}/x.png", split, Size(32, 32), hash_pixels(picture)) for split in ("train", "test")]
    for pair in pairs:
        write_png(tmp_path / "greys" / pair.file, picture)
    write_manifest(PairFolder(tmp_path / "greys", Half("mask", "mask", 1), Half("photo", "photo"), greys, tuple(pairs)))
    return tmp_path / "greys"


def test_masks_in_greys_are_scored_by_their_classes_on_either_side(
    grey_pairs: Path, make_model: Callable[..., Model], tmp_path: Path
) -> None:
    folder = open_pairs(grey_pairs)
    to_photo = make_model(folder.a, folder.b, palette=folder.palette)
    save_model(tmp_path / "to-photo.safetensors", to_photo.card, to_photo.generator)
    assert len(evaluate(tmp_path / "to-photo.safetensors", grey_pairs).color_error) == 3
    for as_ in ("values", "classes"):
        to_mask = make_model(folder.b, folder.a, palette=folder.palette, output_as=as_)
        save_model(tmp_path / f"{as_}.safetensors", to_mask.card, to_mask.generator)
        scores = evaluate(tmp_path / f"{as_}.safetensors", grey_pairs)
        assert scores.agreement is not None
        assert len(scores.agreement.classes) == 3
        assert scores.mean_picture["l1"] == 0  # the one training picture is the test picture


def test_an_ignored_pixel_has_no_part_in_a_score(
    pair_folder: Path, make_model: Callable[..., Model], tmp_path: Path
) -> None:
    folder = open_pairs(pair_folder)
    pair = folder.of("test")[0]
    scores = []
    for number, value in enumerate((0, 255)):
        picture = read_photo(pair_folder / pair.file)
        picture[:, :16], picture[:, 32:48] = IGNORE_COLOR, value
        write_png(pair_folder / pair.file, picture)
        write_manifest(with_pairs(folder, [replace(pair, hash=hash_pixels(picture))]))
        model = make_model(folder.a, folder.b, palette=folder.palette)
        save_model(tmp_path / f"{number}.safetensors", model.card, model.generator)
        scores.append(evaluate(tmp_path / f"{number}.safetensors", pair_folder))
    assert scores[0].metrics["l1"] == scores[1].metrics["l1"]
    assert scores[0].histograms == scores[1].histograms


def test_a_pair_without_a_pixel_that_counts_is_in_no_score_and_said(
    pair_folder: Path, make_model: Callable[..., Model], tmp_path: Path, refused: "Refused"
) -> None:
    folder = open_pairs(pair_folder)
    first, second = replace(folder.of("test")[0], split="test"), replace(folder.of("train")[0], split="test")
    model = make_model(folder.a, folder.b, palette=folder.palette)
    save_model(tmp_path / "model.safetensors", model.card, model.generator)
    write_manifest(with_pairs(folder, [first]))
    alone = evaluate(tmp_path / "model.safetensors", pair_folder)
    picture = read_photo(pair_folder / second.file)
    picture[:, :32] = IGNORE_COLOR
    write_png(pair_folder / second.file, picture)
    second = replace(second, hash=hash_pixels(picture))
    write_manifest(with_pairs(folder, [first, second]))
    both = evaluate_into(tmp_path / "scores", tmp_path / "model.safetensors", pair_folder)
    assert (both.pictures, both.metrics, both.histograms) == (1, alone.metrics, alone.histograms)
    assert both.cautions[0].code == "pairs-uncounted"
    assert evaluate_into(tmp_path / "scores", tmp_path / "model.safetensors", pair_folder) == both
    write_manifest(with_pairs(folder, [second]))
    with refused("nothing-counts", pair_folder):
        evaluate(tmp_path / "model.safetensors", pair_folder)


def test_without_training_pairs_the_mean_picture_is_that_of_the_pairs_that_are_scored(
    run_folder: Path, pair_folder: Path
) -> None:
    assert evaluate(run_folder, pair_folder).mean_picture_of == "train"
    folder = open_pairs(pair_folder)
    write_manifest(with_pairs(folder, list(folder.of("test"))))
    scores = evaluate(run_folder, pair_folder)
    reals = [read_photo(pair_folder / pair.file)[:, 32:] for pair in folder.of("test")]
    mean = np.rint(np.mean(reals, axis=0, dtype=np.float64)).astype(np.uint8)
    assert scores.mean_picture_of == "test"
    assert scores.mean_picture["l1"] == pytest.approx(np.mean([l1(mean, real) for real in reals]))


def test_the_scores_of_photos_have_their_numbers_intervals_and_warnings(run_folder: Path) -> None:
    scores = evaluate(run_folder, run_folder.parent / "pairs", asked=EvaluationRequest("train"))
    assert scores.sharpness is not None
    assert scores.variety is not None
    assert scores.variety.real > 0
    found = json.loads(json.dumps(scores.to_json()))
    assert found["sharpness"].keys() == {"model", "real", "mean_picture"}
    low, high = found["intervals"]["l1"]
    assert low < found["l1"] < high
    assert found["numbers"]["l1"] == found["numbers"]["sharpness.model"] == 8
    assert found["numbers"].keys() >= found["intervals"].keys()
    assert [each["code"] for each in found["cautions"]] == ["training-pairs", "few-pictures", "worse-than-mean"]


def test_pairs_of_another_depth_are_refused_before_any_work(
    make_model: Callable[..., Model], run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    deep = Half("photo", "photo", 3, "uint16", (0.0, 65535.0))
    model = make_model(Half("mask", "mask"), deep, palette=CARS)
    save_model(tmp_path / "m.safetensors", model.card, model.generator)
    with refused("other-channels", run_folder.parent / "pairs") as error:
        evaluate(tmp_path / "m.safetensors", run_folder.parent / "pairs")
    assert error.value.what == "has 3 channels of uint8 in its half photo, but the model gives 3 channels of uint16"


def test_zero_variants_are_refused(refused: "Refused") -> None:
    with refused("impossible-setting", "variants=0", usage=True):
        EvaluationRequest(variants=0)


def test_every_picture_has_a_line_and_a_picture_and_the_means_a_file(run_folder: Path, tmp_path: Path) -> None:
    scores = evaluate_into(
        tmp_path / "out", run_folder, run_folder.parent / "pairs", asked=EvaluationRequest(variants=2)
    )
    lines = [json.loads(line) for line in (tmp_path / "out" / "scores.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["car-010", "car-011"]
    assert sum(line["l1"] for line in lines) / 2 == pytest.approx(scores.metrics["l1"])
    assert {"ssim", "l1_mean", "color_error", "pairwise_l1", "pixel_std"} <= lines[0].keys()
    assert read_photo(tmp_path / "out" / lines[0]["picture"]).shape == (32, 96, 3)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    names = ["pictures", "l1", "ssim", "psnr", "l1_mean", "ssim_mean", "psnr_mean", "color_error"]
    assert list(summary["scores"])[:8] == names
    assert summary["scores"]["l1"] == scores.metrics["l1"]
    assert (
        summary["scores"]["ssim_mean"] == scores.mean_picture["ssim"] == np.mean([each["ssim_mean"] for each in lines])
    )
    assert summary["of"]["split"] == "test"


def test_a_picture_of_a_pair_that_is_gone_since_an_interruption_is_not_among_the_scores(
    run_folder: Path, pair_folder: Path, tmp_path: Path, stop_after: "type[StopAfter]"
) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_into(tmp_path / "out", run_folder, pair_folder, asked=EvaluationRequest(), report=stop_after(1))
    assert (tmp_path / "out.partial" / "car-010.png").is_file()
    (tmp_path / "out.partial" / "car-012.png").write_bytes(b"written, but not recorded")
    folder = open_pairs(pair_folder)
    write_manifest(with_pairs(folder, [pair for pair in folder.pairs if pair.name != "car-010"]))
    evaluate_into(tmp_path / "out", run_folder, pair_folder, asked=EvaluationRequest())
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["car-011.png"]


def test_the_same_call_again_gives_the_same_files_and_another_is_refused(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    pairs = run_folder.parent / "pairs"

    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    evaluate_into(tmp_path / "out", run_folder, pairs, asked=EvaluationRequest())
    before = content()
    evaluate_into(tmp_path / "out", run_folder, pairs, asked=EvaluationRequest())
    assert content() == before
    with refused("other-settings", tmp_path / "out", usage=True):
        evaluate_into(tmp_path / "out", run_folder, pairs, asked=EvaluationRequest("val"))
    assert content() == before

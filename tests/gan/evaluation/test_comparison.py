"""Two models on the same pairs: differences, intervals, and what chance explains."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap, permutation_test

from p2p_datatools.contract.files.atomic import read_json
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation import scores
from p2p_gan.evaluation.against import compare_models, compare_models_into
from p2p_gan.evaluation.comparison import PairedTest, ScoreComparison, ScoreDifference
from p2p_gan.evaluation.groups import PairGroups
from p2p_gan.evaluation.mask_agreement import Confusion
from p2p_gan.evaluation.metrics import METRICS
from p2p_gan.evaluation.pair_scores import PairRecord
from p2p_gan.evaluation.score_words import score_word
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, read_model
from p2p_gan.networks.architecture import Architecture

if TYPE_CHECKING:
    from conftest import Contents, Refused, StopAfter
    from gan.conftest import WriteModel

CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
SHAPE = Architecture(3, 3, 5, 2, 8, "batch", 0.5)
CARD = ModelCard(SHAPE, PHOTO, MASK, CARS, Size(32, 32), "stretch", "picture", averaged=False, images=7, data_hash="")


def record(name: str, values: dict[str, float], masks: tuple[Any, Any] | None = None) -> PairRecord:
    counts = {} if masks is None else {"agreement": Confusion(CARS.names).add(*masks).to_json()}
    return PairRecord(name, "", None, {"name": name, **values}, counts)


def compare_values(first: Any, second: Any, masks: Any = None) -> dict[str, ScoreDifference]:
    """The comparison of models with these values of l1, and the negative as ssim and psnr, and with these masks."""
    test = PairedTest(CARD)
    for index, pair in enumerate(zip(first, second, strict=True)):
        each = [{"l1": value, "ssim": -value, "psnr": -value} for value in pair]
        own = (None, None) if masks is None else masks[index]
        test.add(*(record(str(index), row, mask) for row, mask in zip(each, own, strict=True)))
    return {each.name: each for each in test.result({"l1": len(first)}).differences}


def test_the_difference_of_a_mean_has_the_interval_and_the_probability_of_scipy() -> None:
    random = np.random.default_rng(3)
    first = random.random(30)
    second = first + random.normal(0.02, 0.08, 30)
    found = compare_values(first, second)["l1"]
    gap = first - second
    assert found.difference == pytest.approx(gap.mean())
    low, high = bootstrap(
        (gap,), np.mean, method="percentile", random_state=np.random.default_rng(0)
    ).confidence_interval
    assert found.interval == pytest.approx((low, high), abs=0.1 * (high - low))
    expected = permutation_test(
        (first, second), lambda x, y: np.mean(x - y), permutation_type="samples", random_state=random
    )
    assert found.p == pytest.approx(expected.pvalue, abs=0.04)
    assert found.pictures == 30


def test_few_pictures_show_nothing_however_much_they_differ_and_twenty_do() -> None:
    assert all(each.better is None for each in compare_values([0.1] * 4, [0.5, 0.6, 0.7, 0.8]).values())
    shown = compare_values(np.linspace(0.1, 0.2, 20), np.linspace(0.3, 0.5, 20))
    assert {name: each.better for name, each in shown.items()} == {"l1": 1, "ssim": 1, "psnr": 1}
    turned = compare_values(np.linspace(0.3, 0.5, 20), np.linspace(0.1, 0.2, 20))
    assert {each.better for each in turned.values()} == {2}


def test_slices_of_few_patients_prove_nothing_however_many_they_are() -> None:
    first = np.repeat(np.linspace(0.1, 0.2, 5), 12)  # 60 pictures of 5 patients
    second = first + 0.2

    def compare_groups(groups: PairGroups) -> ScoreComparison:
        test = PairedTest(CARD, groups)
        for index, values in enumerate(zip(first, second, strict=True)):
            test.add(*(record(str(index), dict.fromkeys(METRICS, value)) for value in values))
        return test.result({"l1": 60})

    assert compare_groups(PairGroups()).differences[0].better == 1
    grouped = compare_groups(PairGroups({str(index): f"patient {index // 12}" for index in range(60)}))
    assert (grouped.differences[0].better, grouped.groups) == (None, 5)
    assert grouped.differences[0].p > 2**-4 / 2  # all five on one side, or all on the other
    assert grouped.sentence("a", "b").endswith("60 pictures of 5 groups: so few cannot show any difference.")


def test_the_same_model_twice_differs_in_nothing() -> None:
    values = np.random.default_rng(0).random(25)
    for each in compare_values(values, values).values():
        assert (each.difference, each.interval, each.p, each.better) == (0, (0, 0), 1, None)


def test_a_score_over_all_pixels_is_tested_by_swapping_pictures() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (6, 8, 8)).astype(np.uint8)
    good, bad = (np.where(random.random(truth.shape) < share, 1 - truth, truth) for share in (0.1, 0.3))
    pairs = [((t, g), (t, b)) for t, g, b in zip(truth, good, bad, strict=True)]
    found = compare_values([0.1] * 6, [0.1] * 6, pairs)["agreement.classes.body.iou"]

    def iou(masks: list[Any]) -> float:
        confusion = Confusion(CARS.names)
        for pair in masks:
            confusion.add(*pair)
        return confusion.result().classes["body"].iou

    own = iou([each[0] for each in pairs]) - iou([each[1] for each in pairs])
    drawn = [
        abs(
            iou([pair[way] for pair, way in zip(pairs, ways, strict=True)])
            - iou([pair[1 - way] for pair, way in zip(pairs, ways, strict=True)])
        )
        for ways in product((0, 1), repeat=6)
    ]
    assert found.difference == pytest.approx(own)
    assert found.p == pytest.approx(np.mean(np.array(drawn) >= own - 1e-12), abs=0.02)


def test_models_that_are_alike_are_rarely_called_different() -> None:
    random = np.random.default_rng(0)
    called = [any(each.better for each in compare_values(*random.random((2, 12))).values()) for _ in range(40)]
    assert sum(called) <= 6


def test_the_sentence_says_which_model_is_better_by_what() -> None:
    def differ(name: str, better: int | None) -> ScoreDifference:
        return ScoreDifference(name, 9, 1.0, 2.0, -1.0, None, 0.01, better)

    one = ScoreComparison(9, (differ("l1", 1), differ("ssim", None), differ("histograms.L", 1)))
    assert one.sentence("a", "b").startswith("a is better by L1 and colours L, on the same 9 pictures")
    assert one.sentence("a", "b").endswith("chance may explain the rest.")
    both = ScoreComparison(9, (differ("l1", 1), differ("judged.mean_iou", 2)))
    assert both.sentence("a", "b").startswith("a is better by L1, but b is better by IoU segmenter, on ")
    few = ScoreComparison(5, (differ("l1", None),)).sentence("a", "b")  # the least p is 2 / 2**5
    assert few.startswith("Neither a nor b ")
    assert few.endswith("so few cannot show any difference.")
    enough = ScoreComparison(6, (differ("l1", None), differ("colour", None))).sentence("a", "b")
    assert enough.endswith("chance may explain each difference.")
    assert "so few" in ScoreComparison(6, (differ("l1", None), differ("ssim", None))).sentence("a", "b")
    assert score_word("color_error.front_door")[1:3] == ("colour error, front_door", False)
    assert score_word("judged.classes.a.b.iou")[1:3] == ("IoU, a.b", True)


@pytest.fixture
def pairs(make_pairs: Callable[..., Path], tmp_path: Path) -> Path:
    return make_pairs(tmp_path / "pairs", {"train": 3, "test": 3})


@pytest.fixture
def models(make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel") -> tuple[Path, Path]:
    """Two models from masks to photos, of which the second takes class numbers."""
    return (
        write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "first.safetensors"),
        write_model(make_model(MASK, PHOTO, palette=CARS, input_as="classes"), tmp_path / "second.safetensors"),
    )


def test_the_scores_of_each_model_are_those_without_the_other_and_in_a_folder_the_same(
    models: tuple[Path, Path], pairs: Path, tmp_path: Path
) -> None:
    found = compare_models(*models, pairs)
    assert (found.model, found.against) == tuple(evaluate(model, pairs) for model in models)
    again = compare_models_into(tmp_path / "out", *models, pairs)
    assert again == found
    written = read_json(tmp_path / "out" / "comparison.json")
    assert written["sentence"] == found.sentence == "Neither " + found.sentence.removeprefix("Neither ")
    assert [each["name"] for each in written["differences"]] == [each.name for each in found.comparison.differences]
    by_name = {each.name: each for each in found.comparison.differences}
    assert by_name["l1"].difference == pytest.approx(found.model.metrics["l1"] - found.against.metrics["l1"])
    assert not by_name.keys() & {"l1_mean", "sharpness.real", "variety.real"}


def test_each_model_is_read_once(
    models: tuple[Path, Path], pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def count(path: Path, device: torch.device | None) -> Model:
        read.append(path)
        return read_model(path, device)

    monkeypatch.setattr(scores, "read_model", count)
    compare_models_into(tmp_path / "out", *models, pairs)
    assert read == list(models)


def test_an_interrupted_comparison_goes_on_and_a_folder_with_scores_of_the_first_is_gone_on_with(
    models: tuple[Path, Path], pairs: Path, tmp_path: Path, contents: "Contents", stop_after: "type[StopAfter]"
) -> None:
    compare_models_into(tmp_path / "at_once" / "out", *models, pairs)
    with pytest.raises(KeyboardInterrupt):
        compare_models_into(tmp_path / "again" / "out", *models, pairs, report=stop_after(4))
    assert not (tmp_path / "again" / "out" / "comparison.json").exists()
    compare_models_into(tmp_path / "again" / "out", *models, pairs)
    assert contents(tmp_path / "again") == contents(tmp_path / "at_once")


def test_models_of_another_direction_or_other_classes_are_not_compared(
    models: tuple[Path, Path],
    pairs: Path,
    tmp_path: Path,
    make_model: Callable[..., Model],
    write_model: "WriteModel",
    refused: "Refused",
) -> None:
    back = write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "back.safetensors")
    with refused("other-direction", back) as error:
        compare_models(models[0], back, pairs)
    assert "has the direction photo-to-mask, but " in error.value.what
    renamed = tuple(replace(each, name=f"{each.name}s") for each in CARS.classes)
    other = write_model(make_model(MASK, PHOTO, palette=Palette("other", renamed)), tmp_path / "other.safetensors")
    with refused("other-classes", pairs):
        compare_models(models[0], other, pairs)
    with refused("empty-split", pairs):
        compare_models(*models, pairs, asked=EvaluationRequest("val"))

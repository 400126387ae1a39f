"""Intervals of scores, and scores of many weightings at once, against calculations of their own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.evaluation.bootstrap import Bootstrap, Draws, interval_of
from p2p_gan.evaluation.cells import cell_means
from p2p_gan.evaluation.groups import PairGroups
from p2p_gan.evaluation.mask_agreement import Confusion
from p2p_gan.evaluation.metrics import METRICS, LabHistograms
from p2p_gan.evaluation.packed import floats_to_text
from p2p_gan.evaluation.pair_scores import PairRecord
from p2p_gan.evaluation.tally import Tally
from p2p_gan.evaluation.totals import WeightedTotals
from p2p_gan.models.card import ModelCard
from p2p_gan.networks.architecture import Architecture

CARS = load_palette("cars")
SHAPE = Architecture(3, 3, 5, 2, 8, "batch", 0.5)
HALVES = Half("mask", "mask"), Half("photo", "photo")
CARD = ModelCard(SHAPE, *HALVES, CARS, Size(32, 32), "stretch", "picture", averaged=False, images=7, data_hash="")

OF_MASKS = replace(CARD, input=HALVES[1], output=HALVES[0])


def draw_masks(number: int) -> tuple[Any, Any]:
    random = np.random.default_rng(number)
    truth = random.integers(0, 3, (8, 8)).astype(np.uint8)
    return truth, np.where(random.random((8, 8)) < 0.3 * random.random(), 1, truth).astype(np.uint8)


def draw_record(number: int) -> PairRecord:
    """What a pair could have been scored: pictures, masks and numbers drawn from its number."""
    random = np.random.default_rng(1000 + number)
    fake, real = random.integers(0, 40 + 9 * number, (2, 16, 16, 3), dtype=np.uint8)
    colors = [LabHistograms(), LabHistograms()]
    for histograms, photo in zip(colors, (fake, real), strict=True):
        histograms.add(photo)
    line = {name: float(random.normal()) for name in (*METRICS, *(f"{each}_mean" for each in METRICS))}
    line |= {"sharpness": float(random.random()), "sharpness_real": 0.5}
    counts: dict[str, Any] = {"judged": Confusion(CARS.names).add(*draw_masks(number)).to_json()}
    counts |= {"colors": [each.to_json() for each in colors]}
    counts |= {"cells": [floats_to_text(cell_means(each, (0.0, 255.0))) for each in (fake, real)]}
    errors = {"body": float(random.random())} if number % 2 else {}
    return PairRecord(f"{number}", "", "hash", {"name": f"{number}", **line, "color_error": errors}, counts)


def test_pictures_of_one_group_count_once_for_an_interval() -> None:
    values = np.random.default_rng(4).random(40)

    def interval(times: int, groups: PairGroups) -> tuple[float, float]:
        resamples = Bootstrap(OF_MASKS, groups)
        for place, value in enumerate(np.repeat(values, times)):
            resamples.add(PairRecord(str(place), "", None, dict.fromkeys(METRICS, value), {}))
        return resamples.intervals()["l1"]

    patients = PairGroups({str(place): str(place // 9) for place in range(360)})
    (low, high), (grouped_low, grouped_high) = interval(1, PairGroups()), interval(9, patients)
    assert grouped_high - grouped_low == pytest.approx(high - low, rel=0.15)
    wrong = interval(9, PairGroups())
    assert wrong[1] - wrong[0] == pytest.approx((high - low) / 3, rel=0.15)


def test_a_pair_is_once_in_the_whole_set_and_in_resamples_a_poisson_number_of_times() -> None:
    draws = Draws(PairGroups())
    whole, *resampled = np.stack([draws.draw(str(number)) for number in range(50)], axis=1)
    assert set(whole) == {1}
    # Mean, variance and third central moment of a Poisson number are all its rate.
    assert [np.mean((np.array(resampled) - 1) ** power) for power in (1, 2, 3)] == pytest.approx([0, 1, 1], abs=0.07)


def test_a_single_group_has_no_interval() -> None:
    resamples = Bootstrap(OF_MASKS, PairGroups({"1": "a", "2": "a"}))
    for name in ("1", "2"):
        resamples.add(PairRecord(name, "", None, dict.fromkeys(METRICS, float(name)), {}))
        assert resamples.scores()["l1"][0] == (1 if name == "1" else 1.5)
    assert (resamples.intervals(), resamples.units) == ({}, 1)


RECORDS = [draw_record(number) for number in range(24)]


def tally_of(records: list[PairRecord]) -> Tally:
    tally = Tally(CARD)
    for record in records:
        tally.add(record)
    return tally


def test_the_scores_of_a_weighting_are_those_of_the_pictures_as_often_as_it_has_them() -> None:
    random = np.random.default_rng(0)
    weights = random.integers(0, 3, (len(RECORDS), 2)).astype(float)
    totals = WeightedTotals(CARD, 2)
    for record, own in zip(RECORDS, weights, strict=True):
        totals.add(record, own)
    found = totals.scores()
    for way in range(2):
        again = tally_of([r for r, own in zip(RECORDS, weights, strict=True) for _ in range(int(own[way]))])
        judged, histograms, variety = again.agreements()["judged"], again.histograms(), again.variety()
        assert histograms is not None
        assert variety is not None
        expected = again.metrics() | {f"{name}_mean": value for name, value in again.mean_picture().items()}
        expected |= {f"histograms.{name}": value for name, value in histograms.items()}
        expected |= {"variety.model": variety.model, "variety.real": variety.real}
        expected |= {f"color_error.{name}": value for name, value in again.color_error().items()}
        expected |= {
            f"judged.{name}": getattr(judged, name) for name in ("mean_iou", "pixel_accuracy", "class_accuracy")
        }
        expected |= {f"judged.classes.{name}.iou": each.iou for name, each in judged.classes.items()}
        assert {name: float(found[name][way]) for name in expected} == pytest.approx(expected)


def test_the_interval_of_a_mean_is_that_of_scipy_and_comes_again() -> None:
    made = Bootstrap(CARD)
    for record in RECORDS:
        made.add(record)
    values = np.array([record.line["l1"] for record in RECORDS])
    expected = bootstrap(
        (values,), np.mean, n_resamples=5000, method="percentile", random_state=np.random.default_rng(0)
    )
    low, high = expected.confidence_interval
    assert made.intervals()["l1"] == pytest.approx((low, high), abs=0.1 * (high - low))
    assert tally_of(RECORDS).intervals() == made.intervals()


def test_the_interval_of_a_score_over_all_pixels_is_that_of_resampled_pictures() -> None:
    masks = [draw_masks(number) for number in range(len(RECORDS))]
    pixels = np.array([[((a == 1) & (b == 1)).sum(), ((a == 1) | (b == 1)).sum()] for a, b in masks])
    drawn = pixels[np.random.default_rng(0).integers(0, len(RECORDS), (2000, len(RECORDS)))].sum(axis=1)
    found = drawn[:, 0] / drawn[:, 1]
    low, high = np.percentile(found, (2.5, 97.5))
    interval = tally_of(RECORDS).intervals()["judged.classes.body.iou"]
    assert interval == pytest.approx((low, high), abs=0.15 * (high - low))


def test_a_score_says_how_many_pictures_it_is_of() -> None:
    numbers = tally_of(RECORDS).numbers()
    assert (numbers["l1"], numbers["color_error.body"], numbers["histograms.a"]) == (24, 12, 24)
    assert numbers["judged.classes.body.iou"] == sum((draw_masks(number)[0] == 1).any() for number in range(24))


def test_one_picture_has_no_interval_and_neither_has_a_score_that_most_resamples_lack() -> None:
    assert tally_of(RECORDS[:1]).intervals() == {}
    assert "l1" in tally_of(RECORDS[:2]).intervals()
    assert tally_of(RECORDS[:1]).variety() is None
    assert interval_of(np.array([1.0, 1.0, np.nan, np.nan])) is None
    assert interval_of(np.array([1.0, 1.0, 1.0, np.nan])) == (1.0, 1.0)
    assert interval_of(np.array([98.5, *range(100)])) is None, "99 of 100 resamples lie below"


def test_an_interval_allows_for_resamples_that_lie_too_low_on_average() -> None:
    draws = np.random.default_rng(0).normal(size=4000)
    plain, low = interval_of(np.array([0.0, *draws])), interval_of(np.array([0.5, *draws]))
    assert plain == pytest.approx((-1.96, 1.96), abs=0.15)
    assert low == pytest.approx((-0.96, 2.96), abs=0.3)


def test_a_model_without_classes_and_photos_has_the_scores_that_are_left() -> None:
    card = replace(CARD, palette=None, output=Half("depth", "picture", 1, "float32", (0.0, 9.0)))
    tally = Tally(card)
    for record in RECORDS[:3]:
        tally.add(replace(record, counts={}))
    assert (tally.histograms(), tally.agreements(), tally.variety()) == (None, {}, None)
    assert tally.intervals().keys() >= {"l1", "ssim", "psnr"}

"""How masks agree, in numbers one can work out by hand."""

import numpy as np
import pytest

from p2p_datatools.contract.palette import load_palette
from p2p_gan.applying.agreement import Confusion, nearest_classes

TRUTH = np.array([[0, 0, 0, 0], [1, 1, 255, 0]], np.uint8)
FOUND = np.array([[0, 0, 0, 1], [1, 2, 2, 0]], np.uint8)


def test_ignored_pixels_count_nowhere_and_absent_classes_are_left_out() -> None:
    confusion = Confusion(("ground", "body", "lights"))
    confusion.add(TRUTH, FOUND)
    result = confusion.result()
    assert set(result.classes) == {"ground", "body"}
    assert result.pixel_accuracy == pytest.approx(5 / 7)
    assert result.classes["ground"].iou == pytest.approx(4 / 5)
    assert result.classes["body"].iou == pytest.approx(1 / 3)
    assert result.mean_iou == pytest.approx((4 / 5 + 1 / 3) / 2)
    assert result.class_accuracy == pytest.approx((4 / 5 + 1 / 2) / 2)


def test_pixels_of_all_pictures_count_together_and_pictures_are_counted_by_class() -> None:
    confusion = Confusion(("ground", "body"))
    alone = confusion.add(TRUTH, np.where(TRUTH == 255, 0, TRUTH).astype(np.uint8))
    confusion.add(np.zeros((1, 3), np.uint8), np.ones((1, 3), np.uint8))
    assert alone.rows() == {"ground": {"pixels": 5, "iou": 1.0}, "body": {"pixels": 2, "iou": 1.0}}
    result = confusion.result()
    assert [result.classes[name].pictures for name in ("ground", "body")] == [2, 1]
    assert result.classes["ground"].iou == pytest.approx(5 / 8)
    assert result.classes["body"].iou == pytest.approx(2 / 5)


def test_without_pixels_nothing_agrees() -> None:
    assert Confusion(("ground",)).result().classes == {}


def test_a_blended_colour_counts_as_the_nearest_class() -> None:
    blended = np.array([[[200, 40, 30], [20, 10, 10], [90, 220, 60], [250, 250, 240]]], np.uint8)
    assert nearest_classes(blended, load_palette("cars")).tolist() == [[1, 0, 2, 4]]

"""The ring keeps the latest losses in order, wherever it has been written to."""

import pytest
import torch

from p2p_gan.updates.loss_ring import LossRing


def test_the_latest_rows_are_read_oldest_first() -> None:
    ring = LossRing(("a", "b"), 3, torch.device("cpu"))
    for number in range(5):
        ring.write(torch.tensor([number, -number], dtype=torch.float32))
        count = min(number + 1, 3)
        assert ring.read(count) == [[each, -each] for each in range(number + 1 - count, number + 1)]
    assert ring.read(1) == [[4, -4]]
    assert ring.read(0) == []


def test_rows_that_are_overwritten_cannot_be_read() -> None:
    with pytest.raises(AssertionError):
        LossRing(("a",), 3, torch.device("cpu")).read(4)


def test_a_loss_that_is_not_a_number_stays_one() -> None:
    ring = LossRing(("a", "b"), 2, torch.device("cpu"))
    ring.write(torch.tensor([torch.nan, torch.inf]))
    assert [str(loss) for loss in ring.read(1)[0]] == ["nan", "inf"]

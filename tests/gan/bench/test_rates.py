"""What is said to be measured is what was measured, with its range and how often."""

import numpy as np
import pytest
import torch

from p2p_gan.bench.rates import (
    Measurement,
    draw_photo,
    measure_jpeg,
    measure_matrix,
    measure_png,
    threads_of,
    time_work,
)

CPU = torch.device("cpu")


def test_a_figure_is_the_median_of_repetitions_the_first_of_which_does_not_count() -> None:
    done: list[int] = []
    now = 0.0

    def work() -> None:
        nonlocal now
        done.append(1)
        now += (9.0, 1.0, 2.0, 4.0)[len(done) - 1]  # the first is slow

    durations = time_work(work, seconds=5.0, clock=lambda: now)
    assert Measurement.of(durations) == Measurement(median=2.0, low=1.0, high=4.0, n=3)
    assert len(done) == 4


def test_slow_work_is_repeated_as_often_as_is_needed_and_fast_work_not_for_ever() -> None:
    now, done = 0.0, 0

    def work() -> None:
        nonlocal now, done
        now, done = now + 10.0, done + 1

    assert len(time_work(work, seconds=1.0, least=2, clock=lambda: now)) == 2
    assert len(time_work(work, seconds=1e9, most=5, clock=lambda: now)) == 5


def test_the_number_of_threads_is_put_back() -> None:
    before = torch.get_num_threads()
    with threads_of(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_drawn_photo_compresses_about_as_a_photo_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from p2p_datatools.contract.pictures.images import encode_jpeg

    photo = draw_photo(256, 256)
    assert photo.shape == (256, 256, 3)
    assert photo.dtype == np.uint8
    bits = 8 * len(encode_jpeg(photo)) / 256**2  # photos of quality 90 take 1.5 to 4 bits a pixel
    assert 1.5 < bits < 4


def test_every_rate_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2p_gan.bench.rates._SECONDS", 0.0)
    monkeypatch.setattr("p2p_gan.bench.rates._SIDE", 16)
    found = [measure_matrix(CPU, "bfloat16", 1), measure_jpeg(1), measure_png(2)]
    assert all(0 < each.low <= each.median <= each.high and each.n == 3 for each in found)

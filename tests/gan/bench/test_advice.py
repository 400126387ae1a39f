"""Advice on size, fit and preset: what a run accepts, for a reason, and the preset that data commands name."""

from pathlib import Path

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.bench import forecast
from p2p_gan.bench.advice import PairProfile, TrainingAdvice, advise_training
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of one core without a GPU, of which nothing was measured."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(forecast, "core_share", lambda: 1.0)
    monkeypatch.setattr(forecast, "may_have_gpu", lambda: False)


def advise(*sizes: tuple[int, int], pairs: int = 20, rarest: tuple[str, float] | None = None) -> TrainingAdvice:
    counts = {Size(*size): sizes.count(size) for size in sizes}
    return advise_training(PairProfile(counts, pairs, ("mask", "photo"), rarest=rarest))


@pytest.mark.parametrize(
    ("own", "size"),
    [
        ((256, 256), "256x256"),
        ((600, 600), "256x256"),
        ((480, 360), "256x192"),
        ((1500, 1000), "384x256"),
        ((2048, 1024), "384x192"),
        ((300, 1200), "128x512"),
        ((64, 64), "64x64"),
        ((24, 16), "32x32"),
    ],
)
def test_a_size_has_the_shape_of_the_pictures_and_no_more_pixels(own: tuple[int, int], size: str) -> None:
    advice = advise(own)
    assert (str(advice.size), advice.fit) == (size, "stretch")


@pytest.mark.parametrize("own", [(1, 400), (10_000, 10_000), (33, 21), (640, 479), (5000, 31)])
@pytest.mark.parametrize("pairs", [1, 5000])
def test_every_advice_is_a_config_that_a_run_accepts(own: tuple[int, int], pairs: int) -> None:
    advice = advise(own, (512, 384), (200, 700), pairs=pairs)
    config = with_settings(PRESETS[advice.preset], {"size": str(advice.size), "fit": advice.fit})
    assert config.size == advice.size


def test_pictures_of_many_shapes_keep_theirs() -> None:
    advice = advise((600, 400), (600, 400), (400, 600), (512, 512))
    assert (advice.fit, advice.options) == ("keep", ("--fit", "keep"))
    assert "would be stretched" in advice.fit_reason


def test_a_few_odd_ones_do_not_change_how_the_others_are_trained() -> None:
    assert advise(*[(512, 512)] * 30, (900, 300)).fit == "stretch"


def test_the_preset_is_the_one_that_ends_today_and_options_are_what_differs_from_it() -> None:
    few, many = advise((512, 512)), advise((512, 512), pairs=5000)
    assert (few.preset, few.options) == ("paper", ())
    assert (many.preset, many.options) == ("tiny", ("--preset", "tiny"))
    assert "1,000,000" in many.preset_reason


def test_a_size_with_fewer_pixels_takes_less_time() -> None:
    assert advise((480, 360)).seconds == pytest.approx(0.75 * advise((512, 512)).seconds)


def test_a_class_that_becomes_a_speck_is_named() -> None:
    assert "[red]" in advise((512, 512), rarest=("[red]", 1e-4)).size_reason
    assert "[red]" not in advise((512, 512), rarest=("[red]", 0.01)).size_reason


def test_pictures_that_shrink_much_could_be_trained_on_as_crops() -> None:
    assert "--set crop=256x256" in advise((4000, 4000)).size_reason
    assert "crop" not in advise((600, 600)).size_reason

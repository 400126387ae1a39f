"""How pictures come to the size they are kept at: without distortion where the shape is kept, both halves alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.sizing import Sizing, bring_to_size, middle, of_equal_area, proportions_of, shapes_seen, sizing_of

SIZES = [Size(512, 512), Size(640, 480), Size(333, 777), Size(100, 100), Size(1000, 60), Size(33, 5000), Size(1, 1)]


def config(**settings: Any) -> Config:
    return with_settings(Config(), settings)


def coordinates(size: Size) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A picture whose pixels say where they are, from 0 to 1."""
    rows, columns = (np.arange(side, dtype=np.float32) + 0.5 for side in (size.height, size.width))
    return np.dstack(np.meshgrid(columns, rows))


@pytest.mark.parametrize("own", SIZES)
def test_a_size_times_its_jitter_is_what_the_paper_does(own: Size) -> None:
    assert sizing_of(own, config()) == (Size(286, 286), Size(256, 256), "stretch")
    assert sizing_of(own, config(size="384x256", jitter=1, fit="pad")) == (Size(384, 256), Size(384, 256), "pad")


@pytest.mark.parametrize("jitter", [1.0, 1.25])
@pytest.mark.parametrize("own", SIZES)
def test_kept_shapes_have_the_pixels_of_the_size_and_sides_that_a_network_halves(own: Size, jitter: float) -> None:
    kept, seen, fit = sizing_of(own, config(fit="keep", jitter=jitter))
    assert fit == "crop"
    assert all(side % 32 == 0 and side >= 32 for side in seen)
    assert kept == Size(round(seen.width * jitter), round(seen.height * jitter))
    if max(own) / min(own) < 3:
        assert 0.8 < seen.width * seen.height / 256**2 < 1.25
        assert seen.width / seen.height == pytest.approx(own.width / own.height, rel=0.25)


def test_a_kept_shape_is_not_distorted() -> None:
    own = Size(640, 427)
    kept = bring_to_size(coordinates(own), sizing_of(own, config(fit="keep", jitter=1)), exact=False)
    across, down = np.diff(kept[100, :, 0])[20:-20].mean(), np.diff(kept[:, 100, 1])[20:-20].mean()
    assert across == pytest.approx(down, rel=0.01)


@pytest.mark.parametrize("own", SIZES)
def test_native_pictures_keep_their_scale_and_are_mirrored_at_the_right_and_below(own: Size) -> None:
    sizing = sizing_of(own, config(size="native"))
    assert sizing.kept == sizing.seen
    assert all(side % 32 == 0 and 0 <= side - small < 32 for side, small in zip(sizing.seen, own, strict=True))
    picture = coordinates(own)
    kept = bring_to_size(picture, sizing, exact=False)
    np.testing.assert_array_equal(kept[: own.height, : own.width], picture)
    assert kept.shape[:2] == (sizing.kept.height, sizing.kept.width)
    if sizing.kept.width > own.width:
        np.testing.assert_array_equal(kept[:, own.width], kept[:, own.width - 1])


def test_a_deeper_generator_and_a_deeper_discriminator_ask_for_larger_sides() -> None:
    assert sizing_of(Size(300, 70), config(size="native", unet_depth=7)).seen == Size(384, 128)
    assert sizing_of(Size(300, 70), config(size="native", discriminator_layers=6)).seen == Size(320, 192)


@pytest.mark.parametrize("own", SIZES)
@pytest.mark.parametrize("settings", [{"size": "native"}, {"fit": "keep"}, {"fit": "stretch"}, {"fit": "pad"}])
def test_crops_fit_into_every_picture_and_make_one_shape(own: Size, settings: dict[str, str]) -> None:
    kept, seen, _ = sizing_of(own, config(**settings, crop=128))
    assert seen == Size(128, 128)
    assert min(kept) >= 128


def test_masks_gain_no_value_on_the_way() -> None:
    mask = np.random.default_rng(0).choice(np.array([0, 3, 255], np.uint8), (77, 131))
    for settings in ({"size": "native"}, {"fit": "keep"}, {"fit": "crop"}):
        kept = bring_to_size(mask, sizing_of(Size(131, 77), config(**settings)), exact=True)
        assert set(np.unique(kept)) <= {0, 3, 255}


def test_shapes_are_counted_the_most_frequent_first() -> None:
    sizes = [Size(100, 100), Size(640, 480), Size(641, 480), Size(1280, 960)]
    pairs = [Pair(str(size), "", "train", size, "") for size in sizes]
    assert shapes_seen(pairs, config(fit="keep")) == ((Size(288, 224), 3), (Size(256, 256), 1))
    assert shapes_seen(pairs, config()) == ((Size(256, 256), 4),)


@pytest.mark.parametrize(("fit", "found"), [(None, (0.5, 1.5, 2.0)), ("crop", (0.5, 1.5, 2.0)), ("stretch", None)])
def test_proportions_are_those_of_training_unless_pictures_were_stretched_before(
    fit: str | None, found: tuple[float, ...] | None
) -> None:
    sizes = {"a": Size(50, 100), "b": Size(150, 100), "c": Size(200, 100), "d": Size(900, 100)}
    pairs = [Pair(name, "", "val" if name == "d" else "train", size, "") for name, size in sizes.items()]
    folder = PairFolder(Path(), Half("a", "photo"), Half("b", "photo"), None, pairs, {"fit": fit})
    assert proportions_of(folder) == found


def test_of_equal_area_keeps_the_shape() -> None:
    assert of_equal_area(Size(400, 100), Size(256, 256)) == Size(512, 128)


def test_the_middle_of_a_picture_is_its_middle() -> None:
    assert middle(np.arange(25).reshape(5, 5), Size(1, 3)).tolist() == [[7], [12], [17]]


def test_jitter_may_be_left_off_for_looking() -> None:
    assert sizing_of(Size(9, 9), config(), jitter=1.0).kept == Size(256, 256)
    assert replace(config(), jitter=1.0).size == Size(256, 256)


def test_what_a_network_needs_beyond_a_picture_s_border_is_its_mirror_image() -> None:
    size = Size(5, 2)
    found = bring_to_size(np.array([[1, 2, 3]], np.uint8), Sizing(size, size, "mirror"), exact=False)
    assert found.tolist() == [[1, 2, 3, 3, 2]] * 2

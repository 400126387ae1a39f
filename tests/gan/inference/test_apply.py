"""What applying a model means: own size back, nothing from the neighbours, dropout from the picture itself."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo, hash_pixels, size_of, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Fit, Size
from p2p_gan.inference.apply import (
    ApplyOptions,
    apply_model,
    fit_picture,
    seed_of,
    size_seen,
    translate,
    translator_of,
)
from p2p_gan.inference.inputs import read_input
from p2p_gan.inference.runtimes.onnx_runtime import load_onnx_model
from p2p_gan.inference.runtimes.torch_runtime import torch_noise
from p2p_gan.machine import memory
from p2p_gan.models.model import Model, read_model
from p2p_gan.networks.base import Generator, InferencePass, Step
from p2p_gan.networks.weights import initialise

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import DrawModel, ExportModel


@pytest.fixture(scope="module")
def model(run_folder: Path) -> Model:
    return read_model(run_folder)


def picture(width: int = 50, height: int = 37) -> Photo:
    return np.random.default_rng(width).integers(0, 2, (height, width, 3), dtype=np.uint8) * 255


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [None, "native", Size(64, 32)])
def test_the_output_has_the_input_s_own_size(model: Model, fit: Fit, size: Size | str | None) -> None:
    fitted = replace(model, card=replace(model.card, fit=fit))
    assert apply_model(fitted, picture(), ApplyOptions(size=size)).shape == (37, 50, 3)


def test_the_same_input_gives_the_same_output_and_another_seed_or_variant_another(model: Model) -> None:
    first = apply_model(model, picture(), ApplyOptions())
    apply_model(model, picture(44, 44), ApplyOptions())
    assert np.array_equal(first, apply_model(model, picture(), ApplyOptions()))
    assert not np.array_equal(first, apply_model(model, picture(), ApplyOptions(seed=1)))
    assert not np.array_equal(first, apply_model(model, picture(), ApplyOptions(), variant=1))


def test_no_seed_has_the_draws_that_another_seed_has_for_another_variant() -> None:
    draws = [
        torch.rand(1, generator=torch_noise(seed_of(hash_pixels(picture()), seed, variant)))
        for seed in range(12)
        for variant in range(12)
    ]
    assert len({float(each) for each in draws}) == len(draws)


class Copy(Generator):
    """Gives back what it is given."""

    unit = 1

    def translate(self, x: torch.Tensor, applying: InferencePass | None) -> torch.Tensor:
        return x

    def steps(self) -> tuple[Step, ...]:
        return (Step(lambda x, applying: x, 3, (0,), halo=0),)


def test_what_was_padded_is_cut_off_where_it_was_added(model: Model) -> None:
    padded = replace(model, generator=Copy(head="logits"), card=replace(model.card, fit="pad"))
    for own in (Size(32, 16), Size(10, 32)):  # of a size of 32x32
        pixels = picture(*own)
        assert np.array_equal(apply_model(padded, pixels, ApplyOptions()), pixels)


def test_without_dropout_there_is_nothing_left_to_chance(model: Model) -> None:
    off = ApplyOptions(dropout=False)
    assert np.array_equal(apply_model(model, picture(), off), apply_model(model, picture(), off, variant=3))


def test_the_network_is_told_how_much_of_its_input_is_picture(make_model: Callable[..., Model]) -> None:
    model = make_model(PHOTO, PHOTO)
    fitted = fit_picture(model.card, picture(50, 37), ApplyOptions(size="native"), None)
    assert fitted.padded.shape == (64, 64, 3)
    assert fitted.options.valid == (37 / 64, 50 / 64)
    assert fit_picture(model.card, picture(50, 37), ApplyOptions(), None).options.valid == (1.0, 1.0)


def test_native_padding_leaves_a_picture_that_needs_none_alone(model: Model) -> None:
    trained = apply_model(model, picture(32, 32), ApplyOptions())
    assert np.array_equal(trained, apply_model(model, picture(32, 32), ApplyOptions(size="native")))


def test_a_size_the_network_cannot_take_says_the_nearest(model: Model, refused: "Refused") -> None:
    with refused("impossible-setting", "size=50x50", usage=True) as error:
        apply_model(model, picture(), ApplyOptions(size=Size(50, 50)))
    assert "The nearest size that works is 64x64." in error.value.to_do


def test_a_mask_is_the_same_input_indexed_or_in_colours(model: Model, tmp_path: Path) -> None:
    palette = load_palette("cars")
    labels = np.random.default_rng(0).integers(0, 5, (20, 20), dtype=np.uint8)
    write_mask(tmp_path / "indexed.png", labels, palette)
    write_png(tmp_path / "colours.png", palette.colors()[labels])
    indexed, colours = (read_input(tmp_path / file, model.card) for file in ("indexed.png", "colours.png"))
    assert np.array_equal(indexed, colours)


CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
HALVES = [
    Half("grey", "photo", 1),
    Half("deep", "photo", 3, "uint16", (0.0, 65535.0)),
    Half("radar", "picture", 2, "float32", (-5.0, 20.0)),
    Half("bands", "picture", 64, "uint16", (100.0, 900.0)),
]


def pixels_of(half: Half, width: int = 50, height: int = 37) -> Array:
    shape = (height, width, half.channels)[: 2 + (half.channels > 1)]
    return np.random.default_rng(0).uniform(*half.range, shape).astype(half.dtype)


@pytest.mark.parametrize("given", HALVES, ids=lambda half: half.name)
@pytest.mark.parametrize("wanted", HALVES, ids=lambda half: half.name)
def test_what_goes_in_and_comes_out_has_the_channels_type_and_range_of_its_half(
    make_model: Callable[..., Model], given: Half, wanted: Half
) -> None:
    output = apply_model(make_model(given, wanted), pixels_of(given), ApplyOptions())
    assert output.shape == pixels_of(wanted).shape
    assert output.dtype == wanted.dtype
    assert wanted.range[0] <= output.min() < output.max() <= wanted.range[1]


@pytest.mark.parametrize("size", [None, "native", Size(64, 96)])
def test_class_logits_become_classes_of_the_palette_alone_at_any_size(
    make_model: Callable[..., Model], size: Size | str | None
) -> None:
    model = make_model(PHOTO, MASK, palette=CARS, output_as="classes")
    labels = apply_model(model, picture(90, 70), ApplyOptions(size=size))
    assert labels.shape == (70, 90)
    assert labels.dtype == np.uint8
    assert 2 <= len(np.unique(labels)) <= 5
    assert labels.max() < 5


def test_a_mask_of_classes_goes_in_as_indices_and_ignored_pixels_as_none(make_model: Callable[..., Model]) -> None:
    model = make_model(MASK, PHOTO, palette=CARS, input_as="classes")
    labels = np.zeros((32, 32), np.uint8)
    assert model.card.architecture.inputs == 5
    plain = apply_model(model, labels, ApplyOptions(dropout=False))
    labels[:16] = 255
    assert not np.array_equal(plain, apply_model(model, labels, ApplyOptions(dropout=False)))


def test_keep_gives_the_network_as_many_pixels_as_in_training_in_the_picture_s_own_shape(
    make_model: Callable[..., Model],
) -> None:
    model = make_model(PHOTO, PHOTO, size=Size(128, 128), fit="keep")
    assert size_seen(model.card, Size(400, 100), ApplyOptions()) == Size(256, 64)
    assert apply_model(model, picture(400, 100), ApplyOptions()).shape == (100, 400, 3)


def test_a_model_of_native_pictures_keeps_their_scale(make_model: Callable[..., Model]) -> None:
    model = make_model(PHOTO, PHOTO, size=None)
    assert np.array_equal(
        apply_model(model, picture(70, 40), ApplyOptions()),
        apply_model(model, picture(70, 40), ApplyOptions(size="native")),
    )


@pytest.mark.parametrize("given", [Size(1, 1), Size(1, 30), Size(30, 1), Size(5, 9)])
@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_a_picture_of_a_single_row_is_padded_until_borders_can_be_mirrored(
    kind: str, given: Size, draw_model: "DrawModel", export_model: "ExportModel"
) -> None:
    file = export_model(draw_model(kind=kind, blocks=1))
    photo = picture(given.width, given.height)
    model = read_model(file.with_suffix(".safetensors"))
    for size in ("native", None):
        fake = apply_model(model, photo, ApplyOptions(size=size))
        assert size_of(fake) == given
    native = ApplyOptions(size="native", dropout=False)
    found = translate(translator_of(load_onnx_model(file)), model.card, photo, native, None)
    assert np.abs(found.astype(int) - apply_model(model, photo, native)).max() <= 1


def test_strips_change_no_more_than_the_last_digit_and_are_reported(make_model: Callable[..., Model]) -> None:
    model = make_model(PHOTO, PHOTO, size=None)
    lines: list[str] = []
    strips = apply_model(model, picture(150, 210), ApplyOptions(tile=32), note=lines.append)
    whole = apply_model(model, picture(150, 210), ApplyOptions(), note=lines.append)
    assert np.abs(strips.astype(int) - whole).max() <= 1
    assert (strips != whole).mean() < 1e-3
    assert len(lines) == 1
    assert "160x224: computed in strips of 32 rows; at once" in lines[0]


def test_classes_in_strips_are_the_classes_at_once(make_model: Callable[..., Model]) -> None:
    model = make_model(MASK, MASK, palette=CARS, input_as="classes", output_as="classes", size=None)
    labels = np.random.default_rng(0).integers(0, 5, (20, 12), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    strips, whole = (apply_model(model, labels, ApplyOptions(tile=tile)) for tile in (32, None))
    assert (strips != whole).mean() < 1e-3


def test_a_picture_too_large_for_the_memory_is_computed_in_strips_unasked(
    make_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(PHOTO, PHOTO, size=None)
    whole = apply_model(model, picture(320, 640), ApplyOptions())
    monkeypatch.setitem(memory.MOST, "cpu", 6 << 20)
    lines: list[str] = []
    strips = apply_model(model, picture(320, 640), ApplyOptions(), note=lines.append)
    assert "MiB of memory" in lines[0]
    assert np.abs(strips.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("noise", [{"noise": 4}, {"pixel_noise": 2}, {"noise": 3, "pixel_noise": 1}], ids=str)
def test_a_noise_input_is_one_draw_for_the_whole_picture_in_strips_too(
    make_model: Callable[..., Model], noise: dict[str, Any]
) -> None:
    model = make_model(PHOTO, PHOTO, size=None)
    architecture = replace(model.card.architecture, dropout=0.0, **noise)
    generator = architecture.build().eval()
    torch.manual_seed(0)
    initialise(generator, torch.Generator().manual_seed(0))
    noisy = replace(model, card=replace(model.card, architecture=architecture), generator=generator)
    first, again = (apply_model(noisy, picture(64, 128), ApplyOptions(tile=tile)) for tile in (32, None))
    assert np.abs(first.astype(int) - again).max() <= 1
    assert not np.array_equal(first, apply_model(noisy, picture(64, 128), ApplyOptions(), variant=1))


def test_a_number_of_rows_below_one_is_refused(refused: "Refused") -> None:
    with refused("impossible-setting", "tile=0", usage=True):
        ApplyOptions(tile=0)

"""Batches: one draw for both halves, everything from seed and position, nothing lost, and no wrong picture."""

from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.contract.pairs.halves import files_of, store_of, write_halves
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import Half, PairFolder, read_manifest, write_manifest
from p2p_datatools.contract.palette import IGNORE, IGNORE_COLOR, Palette, load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import colorize, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.dataset import Batch, PairDataset, load_dataset, relit
from p2p_gan.data.resident import move_to
from p2p_gan.data.task import task_of

if TYPE_CHECKING:
    from conftest import Refused

CPU = torch.device("cpu")
CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
FLOAT = Half("place", "picture", 2, "float32", (-1.0, 4095.0))
MANY = [Size(64, 64), Size(100, 48), Size(47, 101), Size(64, 64), Size(96, 33), Size(33, 96), Size(90, 90)]


def write_pairs(
    path: Path, halves: tuple[Half, Half], pictures: Sequence[tuple[Array, Array]], palette: Palette | None = None
) -> PairFolder:
    """A pair folder of these pictures, all of them for training."""
    store = store_of(*halves)
    pairs = []
    for number, (a, b) in enumerate(pictures):
        files = files_of(f"train/{number:03d}", store)
        digest = write_halves([path / file for file in files], a, b, store, where="test")
        pairs.append(Pair(f"{number:03d}", files[0], "train", Size(a.shape[1], a.shape[0]), digest))
    write_manifest(PairFolder(path, *halves, palette, tuple(pairs)))
    return read_manifest(path)


def settings(**changed: Any) -> Config:
    return with_settings(Config(), {"size": 32, "jitter": 1.25, "discriminator_layers": 2, **changed})


def places(size: Size, number: int) -> Array:
    """Pixels that say where they are: the column and the row; no two pictures share one."""
    rows, columns = np.mgrid[: size.height, : size.width].astype(np.float32)
    return np.dstack((columns + 100 * number, rows))


def placed(path: Path, sizes: Sequence[Size], **changed: Any) -> PairDataset:
    """A dataset whose halves are functions of each other, so that halves drawn apart are seen at once."""
    pictures = [(places(size, number), 4000 - places(size, number)) for number, size in enumerate(sizes)]
    folder = write_pairs(path, (FLOAT, Half("other", "picture", 2, "float32", (-1.0, 4095.0))), pictures)
    return load_dataset(folder, task_of(folder, "a-to-b"), settings(**changed))


def epoch_of(dataset: PairDataset, batch: int = 1, first: int = 0, count: int | None = None) -> list[Batch]:
    batches, end = [], first + (count or len(dataset))
    while first < end:
        positions = dataset.positions(first, min(batch, end - first))
        batches.append(dataset.batch(positions, CPU))
        first = positions.stop
    return batches


MODES: list[dict[str, Any]] = [
    {"fit": "stretch"},
    {"fit": "crop"},
    {"fit": "pad"},
    {"fit": "keep"},
    {"size": "native"},
    {"size": "native", "crop": 32},
    {"size": 64, "crop": 32, "fit": "keep"},
    {"size": 64, "crop": 32},
]


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_both_halves_get_the_same_draw_in_every_mode(mode: dict[str, Any], tmp_path: Path) -> None:
    dataset = placed(tmp_path, MANY, **mode)
    for batch in epoch_of(dataset, count=3 * len(MANY)):
        # a -> -1..1 of -1..4095: a half that is 4000 minus the other adds up to a constant.
        total = (batch.a + batch.b).double()
        assert (total - (4000 - 4094) / 2048).abs().max() < 1e-3


@pytest.mark.parametrize("batch", [1, 3, *(pytest.param(batch, marks=pytest.mark.long) for batch in (2, 64))])
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_an_epoch_shows_every_pair_exactly_once(mode: dict[str, Any], batch: int, tmp_path: Path) -> None:
    dataset = placed(tmp_path, MANY, **mode, batch=batch)
    numbers = []
    for each in epoch_of(dataset, batch):
        columns = (each.a[:, 0].double() * 2048 + 2047).mean(dim=(1, 2))
        numbers += [round((value - 40) / 100) for value in columns.tolist()]
        assert each.a.shape == each.b.shape
    assert sorted(numbers) == list(range(len(MANY)))


@pytest.mark.parametrize("mode", [{"fit": "keep"}, {"size": "native"}], ids=str)
def test_a_run_taken_up_at_any_image_goes_on_as_it_would_have(mode: dict[str, Any], tmp_path: Path) -> None:
    dataset = placed(tmp_path, MANY, **mode, batch=2)
    whole = torch.cat([each.a.sum(dim=(1, 2, 3)) for each in epoch_of(dataset, 2, 0, 20)])
    for first in range(20):
        rest = torch.cat([each.a.sum(dim=(1, 2, 3)) for each in epoch_of(dataset, 2, first, 20 - first)])
        assert torch.equal(rest, whole[first:])


def test_crops_of_native_pictures_are_their_own_pixels_and_reach_every_corner(tmp_path: Path) -> None:
    dataset = placed(tmp_path, [Size(40, 34)], size="native", crop=32, mirror="off")
    corners = set()
    for batch in epoch_of(dataset, count=300):
        crop = (batch.a[0].double() * 2048 + 2047).round()
        assert torch.equal(crop[0, 0].diff(), torch.ones(31, dtype=torch.float64))
        assert torch.equal(crop[1, :, 0].diff(), torch.ones(31, dtype=torch.float64))
        corners.add((int(crop[0, 0, 0]), int(crop[1, 0, 0])))
    assert corners == {(x, y) for x in range(9) for y in range(3)}


def test_half_of_the_pairs_are_mirrored(tmp_path: Path) -> None:
    dataset = placed(tmp_path, [Size(32, 32)], jitter=1)
    mirrored = sum(bool(batch.a[0, 0, 0, 0] > batch.a[0, 0, 0, -1]) for batch in epoch_of(dataset, count=400))
    assert 150 < mirrored < 250


def test_a_batch_depends_on_the_seed_and_its_positions_alone(tmp_path: Path) -> None:
    dataset = placed(tmp_path / "1", [Size(40, 40)] * 5)
    whole = dataset.batch(range(5, 9), CPU)
    parts = [dataset.batch([position], CPU).a for position in range(5, 9)]
    assert torch.equal(whole.a, torch.cat(parts))
    assert not torch.equal(whole.a, placed(tmp_path / "2", [Size(40, 40)] * 5, seed=1).batch(range(5, 9), CPU).a)


def test_crops_and_mirroring_of_a_pair_follow_from_the_seed(tmp_path: Path) -> None:
    one, other = (placed(tmp_path / str(seed), [Size(40, 40)], seed=seed) for seed in (0, 1))
    assert [one.draw(position) for position in range(8)] != [other.draw(position) for position in range(8)]


def test_the_draws_of_the_paper_s_setting_are_those_of_the_first_version(pair_folder: Path, tiny: Config) -> None:
    folder = read_manifest(pair_folder)
    dataset = load_dataset(folder, task_of(folder, "a-to-b"), tiny)
    first = [
        (2, 4, 8, False),
        (4, 6, 7, True),
        (3, 4, 7, True),
        (6, 1, 8, False),
        (5, 1, 2, True),
        (0, 7, 3, True),
        (1, 3, 1, True),
        (7, 6, 4, False),
        (4, 4, 6, False),
        (1, 0, 5, False),
    ]
    assert [tuple(dataset.draw(position)) for position in range(10)] == first


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_temporary_file_and_memory_give_the_same_bits(mode: dict[str, Any], tmp_path: Path) -> None:
    in_memory = epoch_of(placed(tmp_path / "1", MANY, **mode))
    on_disk = epoch_of(placed(tmp_path / "2", MANY, **mode, cache_gib=1e-9))
    assert all(
        torch.equal(one.a, two.a) and torch.equal(one.b, two.b) for one, two in zip(in_memory, on_disk, strict=True)
    )


@pytest.mark.parametrize("coded", ["values", "classes"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_batch_gathered_on_a_device_has_the_same_bits(
    coded: str, layout: torch.memory_format, tmp_path: Path
) -> None:
    mask = labels(0)
    mask[:9] = IGNORE
    sizes: dict[str, Any] = {"size": "native", "crop": 32, "a_encoding": coded}
    dataset = masked(tmp_path, [mask, labels(1), labels(2, Size(80, 60))], **sizes)
    dataset = replace(dataset, gaps=dataset.input.pixels)  # any pixels of one channel
    resident = replace(dataset, _moved={CPU: move_to([dataset.input.pixels, dataset.output.pixels] * 2, CPU)[:3]})
    for positions in ([0], range(1, 9)):
        one, two = dataset.batch(positions, CPU, layout), resident.batch(positions, CPU, layout)
        assert two.a.is_contiguous(memory_format=layout)
        assert two.b.is_contiguous(memory_format=layout)
        for left, right in zip(astuple(one), astuple(two), strict=True):
            assert torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right


@pytest.mark.gpu
def test_a_batch_on_a_gpu_is_that_of_the_cpu(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    dataset, device = masked(tmp_path, [labels(0), labels(1)], size=64), torch.device("cuda", 0)
    found = dataset.batch(range(8), device)
    assert dataset._moved[device] is not None
    expected = dataset.batch(range(8), CPU)
    assert torch.equal(found.classes.cpu(), expected.classes)  # type: ignore[union-attr,arg-type]
    for one, two in ((found.a, expected.a), (found.b, expected.b)):
        assert torch.allclose(one.cpu(), two, rtol=0, atol=2e-7)  # a GPU multiplies by the reciprocal


def labels(number: int, size: Size = Size(64, 64)) -> Array:
    """Mostly background, a body, and four pixels of lights."""
    mask = np.zeros((size.height, size.width), np.uint8)
    mask[10:40, 10:40] = 1
    mask[5 + number : 7 + number, 50:52] = 3
    return mask


def masked(path: Path, masks: Sequence[Array], direction: str = "a-to-b", **changed: Any) -> PairDataset:
    pictures = [(colorize(mask, CARS), np.dstack((mask * 60,) * 3)) for mask in masks]
    folder = write_pairs(path, (MASK, PHOTO), pictures, CARS)
    config = settings(**changed)
    task = task_of(folder, direction, config.a_encoding, config.b_encoding)
    return load_dataset(folder, task, config)


def test_a_mask_stays_exact_when_it_is_jittered(pair_folder: Path, tiny: Config) -> None:
    folder = read_manifest(pair_folder)
    dataset = load_dataset(folder, task_of(folder, "a-to-b"), tiny)
    batch = dataset.batch(range(8), CPU)
    colors = dataset.input.coding.to_array(batch.a)
    known = {tuple(color) for color in CARS.colors()[:5].tolist()}
    assert {dataset.input.pixels[index].shape for index in range(8)} == {(40, 40, 1)}
    assert {tuple(color) for color in colors.reshape(-1, 3).tolist()} <= known


@pytest.mark.parametrize("direction", ["mask-to-photo", "photo-to-mask"])
@pytest.mark.parametrize("coded", ["values", "classes"])
def test_a_batch_says_the_class_of_every_pixel_however_the_mask_is_coded(
    direction: str, coded: str, tmp_path: Path
) -> None:
    dataset = masked(tmp_path, [labels(0), labels(1)], direction, a_encoding=coded, size=64)
    batch = dataset.batch([0, 1], CPU)
    photo, mask = (batch.b, batch.a) if direction == "mask-to-photo" else (batch.a, batch.b)
    assert mask.shape[1] == (5 if coded == "classes" else 3)
    assert batch.classes is not None
    assert batch.classes.dtype == torch.int64
    np.testing.assert_array_equal(dataset.batch([0, 1], CPU).classes, batch.classes)
    # The photo is painted from the mask: a plain area of it tells the class that lies there.
    plain = ((photo[:, 0] + 1) * 127.5).round()
    inside = (plain % 60 == 0) & (plain <= 180)
    assert inside.float().mean() > 0.8
    assert (batch.classes == plain / 60)[inside].float().mean() > 0.99
    if coded == "classes":
        assert torch.equal(mask.argmax(dim=1), batch.classes)


@pytest.mark.parametrize("direction", ["mask-to-photo", "photo-to-mask"])
def test_the_pixels_of_each_class_are_counted_on_whichever_side_the_mask_is(direction: str, tmp_path: Path) -> None:
    masks = [labels(0, Size(32, 32)), labels(1, Size(32, 32))]
    dataset = masked(tmp_path, masks, direction, jitter=1)
    assert dataset.areas is not None
    np.testing.assert_array_equal(dataset.areas, [np.bincount(mask.ravel(), minlength=5) for mask in masks])


def test_a_resized_mask_has_no_class_whose_number_lies_between_two_others(tmp_path: Path) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[10:40, 10:40] = 4
    classes = masked(tmp_path, [mask]).batch(range(4), CPU).classes
    assert classes is not None
    assert set(classes.flatten().tolist()) == {0, 4}


@pytest.mark.parametrize("direction", ["mask-to-photo", "photo-to-mask"])
@pytest.mark.parametrize("coded", ["values", "classes"])
def test_ignored_pixels_are_marked_where_the_mask_says_so(coded: str, direction: str, tmp_path: Path) -> None:
    mask = labels(0, Size(32, 32))
    mask[:4] = IGNORE
    batch = masked(tmp_path, [mask], direction, a_encoding=coded, jitter=1).batch([0], CPU)
    assert batch.ignored is not None
    assert batch.classes is not None
    assert batch.ignored[0, 0, :4].all()
    assert not batch.ignored[0, 0, 4:].any()
    assert (batch.classes[0, :4] == -1).all()


def test_a_colour_outside_the_palette_names_the_pair_and_the_place(tmp_path: Path, refused: "Refused") -> None:
    picture = colorize(labels(0), CARS)
    picture[3, 9] = (9, 9, 9)
    folder = write_pairs(tmp_path, (MASK, PHOTO), [(picture, picture)], CARS)
    with refused("palette-colour", tmp_path / folder.pairs[0].file) as error:
        load_dataset(folder, task_of(folder, "a-to-b"), settings())
    assert "1 pixel " in error.value.what
    assert "outside the palette cars; " in error.value.what
    assert "(9, 9, 9) at x=9, y=3" in error.value.what


def test_crops_around_rare_classes_show_more_of_the_lights(tmp_path: Path) -> None:
    masks = [labels(number, Size(128, 128)) for number in range(4)]

    def share(path: Path, rare: float) -> float:
        dataset = masked(path, masks, size=128, jitter=1, crop=32, rare_class_crops=rare)
        batches = epoch_of(dataset, 4, 0, 400)
        return float(
            np.mean([(batch.classes == 3).float().mean().item() for batch in batches if batch.classes is not None])
        )

    plain, half, all_rare = share(tmp_path / "1", 0), share(tmp_path / "2", 0.5), share(tmp_path / "3", 1)
    assert half > 3 * plain
    assert all_rare > half


def test_crops_around_rare_classes_are_refused_without_crops_and_without_classes(
    tmp_path: Path, refused: "Refused"
) -> None:
    with refused("settings-conflict", "rare_class_crops=0.5", usage=True):
        settings(jitter=1, rare_class_crops=0.5)
    with refused("unfit-setting", "rare_class_crops=0.5", usage=True):
        placed(tmp_path, MANY, rare_class_crops=0.5)


def test_colours_are_jittered_in_the_photo_and_never_in_the_target(tmp_path: Path, refused: "Refused") -> None:
    plain = masked(tmp_path / "1", [labels(0)], "photo-to-mask").batch(range(4), CPU)
    lit = masked(tmp_path / "2", [labels(0)], "photo-to-mask", color_jitter=0.3).batch(range(4), CPU)
    assert torch.equal(plain.b, lit.b)
    assert not torch.equal(plain.a, lit.a)
    assert lit.a.abs().max() <= 1
    with refused("unfit-setting", "color_jitter=0.3", usage=True):
        masked(tmp_path / "3", [labels(0)], "mask-to-photo", color_jitter=0.3)


def test_each_photo_of_a_batch_has_the_light_of_its_own_position_and_of_the_seed(tmp_path: Path) -> None:
    lit = masked(tmp_path / "1", [labels(0)], "photo-to-mask", color_jitter=0.3)
    whole = lit.batch(range(4), CPU).a
    for position in range(4):
        assert torch.equal(whole[position], lit.batch([position], CPU).a[0])
    grey = masked(tmp_path / "2", [np.full((64, 64), 1, np.uint8)], "photo-to-mask", color_jitter=0.3, jitter=1)
    other = replace(grey, config=replace(grey.config, seed=1))
    seen = [float(dataset.batch([position], CPU).a.mean()) for dataset in (grey, other) for position in range(2)]
    assert len(set(seen)) == 4, "a plain photo looks alike wherever it is cut out, but for its light"


def test_light_changes_brightness_contrast_and_saturation_as_it_says() -> None:
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.8 - 0.4

    def under(*factors: float) -> torch.Tensor:
        return relit(picture, [np.array(factors, np.float32)])

    assert torch.allclose(under(1, 1, 1), picture, atol=1e-6)
    assert torch.allclose((under(0.5, 1, 1) + 1), (picture + 1) / 2, atol=1e-6)
    assert torch.allclose(under(1, 0, 1), picture.mean().expand_as(picture), atol=1e-6)
    grey = under(1, 1, 0)
    assert torch.allclose(grey[:, :1].expand_as(grey), grey, atol=1e-6)
    eye = torch.tensor([0.299, 0.587, 0.114])[:, None, None]  # green looks brightest, blue darkest
    assert torch.allclose(grey[:, 0], (picture * eye).sum(dim=1), atol=1e-6)


@pytest.mark.parametrize("mode", [{"fit": "stretch"}, {"fit": "keep"}, {"size": "native"}], ids=str)
def test_halves_of_many_depths_reach_the_networks_within_their_range(mode: dict[str, Any], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    bands, height = Half("bands", "picture", 12, "uint16", (0, 65535)), Half("h", "picture", 1, "float32", (-5.0, 9.0))
    pictures = [
        (
            random.integers(0, 65536, (size.height, size.width, 12), dtype=np.uint16),
            random.uniform(-5, 9, (size.height, size.width)).astype(np.float32),
        )
        for size in MANY
    ]
    folder = write_pairs(tmp_path, (bands, height), pictures)
    dataset = load_dataset(folder, task_of(folder, "a-to-b"), settings(**mode))
    assert [half.pixels.dtype for half in (dataset.input, dataset.output)] == [np.uint16, np.float32]
    for batch in epoch_of(dataset, 2):
        assert (batch.a.shape[1], batch.b.shape[1]) == (12, 1)
        assert batch.classes is batch.ignored is None
        assert max(batch.a.abs().max(), batch.b.abs().max()) <= 1
        assert batch.a.std() > 0.1


def test_a_picture_that_is_not_the_manifest_s_is_refused(pair_folder: Path, tiny: Config, refused: "Refused") -> None:
    folder = read_manifest(pair_folder)
    write_png(pair_folder / folder.of("train")[3].file, np.zeros((32, 64, 3), np.uint8))
    with refused("hash-differs", pair_folder / "train" / "car-003.png"):
        load_dataset(folder, task_of(folder, "a-to-b"), tiny)


def test_loading_that_is_broken_off_leaves_nothing_behind(tmp_path: Path, refused: "Refused") -> None:
    folder = write_pairs(tmp_path / "pairs", (MASK, PHOTO), [(colorize(labels(0), CARS),) * 2] * 3, CARS)
    (tmp_path / "pairs" / folder.pairs[2].file).write_bytes(b"")
    (tmp_path / "place").mkdir()
    config = settings(cache_gib=1e-9)
    with refused("empty-file", tmp_path / "pairs" / folder.pairs[2].file):
        load_dataset(folder, task_of(folder, "a-to-b"), config, near=tmp_path / "place" / "run")
    assert list((tmp_path / "place").iterdir()) == []


def test_ignored_colours_stay_what_they_are_for_the_networks(tmp_path: Path) -> None:
    mask = labels(0, Size(32, 32))
    mask[:4] = IGNORE
    dataset = masked(tmp_path, [mask], jitter=1, mirror="off")
    np.testing.assert_array_equal(dataset.input.coding.to_array(dataset.batch([0], CPU).a)[0, 0, 0], IGNORE_COLOR)

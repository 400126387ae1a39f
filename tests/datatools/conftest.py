"""What tests of data tools share: pictures of noise, and what a label file drew."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import LabelMap, Photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.labels.values import LabelSet, RegionLabels

CARS = load_palette("cars")
SIZE = Size(24, 16)

First = Callable[[LabelSet], RegionLabels]


class Noise(Protocol):
    """What the fixture `noise` is."""

    def __call__(self, seed: int, size: Size = SIZE) -> Photo: ...


def make_noise(seed: int, size: Size = SIZE) -> Photo:
    """A picture that no compression makes small and no other seed gives."""
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def noise() -> Noise:
    """noise(seed, size): the same picture for the same seed."""
    return make_noise


class Scene(Protocol):
    """What the fixture `scene` is."""

    def __call__(self, seed: int, size: Size = Size(96, 64)) -> Photo: ...


def make_scene(seed: int, size: Size = Size(96, 64)) -> Photo:
    """A picture that goes on from pixel to pixel as a photo does: large soft shapes, small ones, a little noise."""
    random = np.random.default_rng(seed)
    total = np.zeros((size.height, size.width, 3), dtype=np.float32)
    for cells, strength in ((4, 200), (12, 80)):
        coarse = random.uniform(-0.5, 0.5, (cells, cells, 3)).astype(np.float32)
        total += strength * cv2.resize(coarse, (size.width, size.height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total + 128 + random.normal(0, 2, total.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def scene() -> Scene:
    """scene(seed, size): as noise, but smooth."""
    return make_scene


class WritePhotos(Protocol):
    """What the fixture `write_photos` is."""

    def __call__(self, folder: Path, *files: str, size: Size = SIZE, seed: int = 0) -> Path: ...


def make_photos(folder: Path, *files: str, size: Size = SIZE, seed: int = 0) -> Path:
    """The n-th of the files holds noise(seed + n)."""
    for number, file in enumerate(files):
        path, pixels = folder / file, make_noise(seed + number, size)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            write_png(path, pixels)
        else:
            Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture(scope="session")
def write_photos() -> WritePhotos:
    """write_photos(folder, *files, size, seed) -> folder: photos of noise, of the format that their names say."""
    return make_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """noise(0) to noise(3) as PNG: a, b, and below the folder a name with a dot and one with an umlaut."""
    return make_photos(tmp_path / "photos", "a.png", "b.png", "walk/c.1.png", "walk/ü.png")


class RandomLabels(Protocol):
    """What the fixture `random_labels` is."""

    def __call__(self, seed: int, size: Size = SIZE) -> LabelMap: ...


def draw_labels(seed: int, size: Size = SIZE) -> LabelMap:
    """A label map of all classes of the palette of cars."""
    return np.random.default_rng(seed).integers(0, len(CARS.classes), (size.height, size.width), dtype=np.uint8)


@pytest.fixture(scope="session")
def random_labels() -> RandomLabels:
    """random_labels(seed, size): the same label map of classes of cars for the same seed."""
    return draw_labels


class WriteMasks(Protocol):
    """What the fixture `write_masks` is."""

    def __call__(self, folder: Path, *names: str, size: Size = SIZE, seed: int = 0) -> Path: ...


def make_masks(folder: Path, *names: str, size: Size = SIZE, seed: int = 0) -> Path:
    """The n-th of the names holds random_labels(seed + n), and the folder the palette of cars."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "palette.toml").write_text(CARS.to_toml())
    for number, name in enumerate(names):
        write_mask(folder / f"{name}.png", draw_labels(seed + number, size), CARS)
    return folder


@pytest.fixture(scope="session")
def write_masks() -> WriteMasks:
    """write_masks(folder, *names, size, seed) -> folder: random masks of the palette of cars, which lies with them."""
    return make_masks


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """random_labels(0) to random_labels(3) as masks of the photos of the fixture `photos`."""
    return make_masks(tmp_path / "masks", "a", "b", "walk/c.1", "walk/ü")


def regions_of(labels: LabelSet) -> tuple[RegionLabels, ...]:
    assert not labels.skipped, labels.skipped
    regions = tuple(item for item in labels.items if isinstance(item, RegionLabels))
    assert len(regions) == len(labels.items), labels.items
    return regions


@pytest.fixture(scope="session")
def first() -> First:
    """first(labels): the regions of the first picture of a label set that skips none."""
    return lambda labels: regions_of(labels)[0]


@pytest.fixture(scope="session")
def only() -> First:
    """only(labels): the regions of the one picture of a label set that skips none."""

    def take(labels: LabelSet) -> RegionLabels:
        (regions,) = regions_of(labels)
        return regions

    return take

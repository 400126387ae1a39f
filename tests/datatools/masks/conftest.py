"""What the tests of masks build from: a car drawn in COCO, index pictures, and the photos that belong to them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size

if TYPE_CHECKING:
    from datatools.conftest import WritePhotos

SIZE = Size(48, 24)

BODY = [2.0, 14, 6, 6, 14, 2, 28, 2, 34, 7, 46, 9, 46, 18, 2, 18]
ROOF_BOX = [16.0, -3, 26, -3, 26, 1.5, 16, 1.5]
WHEELS = [[8.0, 14, 12, 14, 14, 17, 12, 21, 8, 21, 6, 17], [34.0, 14, 38, 14, 40, 17, 38, 21, 34, 21, 32, 17]]
WINDOW = [15.5, 4, 26.5, 4, 31.5, 8, 11.5, 8]
LIGHT = [43.0, 10, 49, 10, 49, 12.5, 43, 12.5]

Parts = list[tuple[str, list[list[float]]]]
WriteIndexPictures = Callable[..., Path]
NamesIn = Callable[[Path], list[str]]


@pytest.fixture
def parts() -> Parts:
    """A car of 48x24 pixels: (label, polygons) of wheels, light, window and body, the body last."""
    return [("wheel", WHEELS), ("front_left_light", [LIGHT]), ("front_glass", [WINDOW]), ("hood", [BODY, ROOF_BOX])]


class WriteCoco(Protocol):
    """What the fixture `write_coco` is."""

    def __call__(self, path: Path, pictures: dict[str, Any], size: tuple[int, int] = SIZE) -> Path: ...


def make_coco(path: Path, pictures: dict[str, Any], size: tuple[int, int] = SIZE) -> Path:
    """A COCO file that draws `pictures[file_name]`, a list of (label, polygons), in each picture."""
    labels = sorted({label for drawing in pictures.values() for label, _ in drawing})
    images = [{"id": n, "file_name": name, "width": size[0], "height": size[1]} for n, name in enumerate(pictures)]
    annotations = [
        {"id": 100 * n + m, "image_id": n, "category_id": labels.index(label), "segmentation": polygons}
        for n, drawing in enumerate(pictures.values())
        for m, (label, polygons) in enumerate(drawing)
    ]
    categories = [{"id": n, "name": label} for n, label in enumerate(labels)]
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
    return path


@pytest.fixture(scope="session")
def write_coco() -> WriteCoco:
    """write_coco(path, {file name: [(label, polygons), ...]}, size) -> path."""
    return make_coco


@pytest.fixture(scope="session")
def write_index_pictures() -> WriteIndexPictures:
    """write_index_pictures(folder, name=rows of class numbers, ...) -> folder."""

    def write(folder: Path, **pictures: list[list[int]]) -> Path:
        folder.mkdir(exist_ok=True)
        for name, numbers in pictures.items():
            write_png(folder / f"{name}.png", np.array(numbers, dtype=np.uint8))
        return folder

    return write


@pytest.fixture(scope="session")
def names_in() -> NamesIn:
    """names_in(folder): the path of every file below it, in order."""
    return lambda folder: sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def labels(tmp_path: Path, parts: Parts) -> Path:
    """A COCO file with the car in a.jpg, b.jpg and c.jpg."""
    return make_coco(tmp_path / "labels.json", dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), parts))


@pytest.fixture
def photos(tmp_path: Path, write_photos: "WritePhotos") -> Path:
    """The photos of `labels`."""
    return write_photos(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg", size=SIZE)

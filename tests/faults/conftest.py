"""A few cars with their labels, masks and pairs, made once."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import pytest

from p2p_datatools.contract.palette import load_palette
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.sources.data_set import fetch

sys.path.insert(0, str(Path(__file__).parents[1]))  # pytest puts no folder of tests there
from faults.writers import make_inputs


@pytest.fixture(autouse=True)
def repeated_work(request: pytest.FixtureRequest) -> None:
    """With --fast these tests are skipped: they do their work again for each fault."""
    if request.config.getoption("--fast"):
        pytest.skip("does its work again for each fault")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """OpenCV starts no threads of its own: a forked process would wait for them without end."""
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(-1)  # as many as it takes by itself


@dataclass(frozen=True)
class Cars:
    """Four drawn cars: photos/, labels/, masks/ and pairs/ below `place`; nothing may be written there."""

    place: Path

    @property
    def photos(self) -> Path:
        """The photos."""
        return self.place / "photos"

    @property
    def masks(self) -> Path:
        """The mask folder."""
        return self.place / "masks"

    @property
    def pairs(self) -> Path:
        """The pair folder, not split."""
        return self.place / "pairs"


@pytest.fixture(scope="session")
def cars(tmp_path_factory: pytest.TempPathFactory) -> Cars:
    """Four cars of 160x96."""
    place = tmp_path_factory.mktemp("cars")
    fetch("synth-cars", place / "set", limit=4)
    (place / "set" / "photos").rename(place / "photos")
    (place / "set" / "labels").rename(place / "labels")
    build_masks(
        place / "labels",
        place / "masks",
        palette=load_palette("cars"),
        photos=place / "photos",
        mapping={"ids": "palette"},
    )
    pair(place / "masks", place / "photos", place / "pairs")
    return Cars(place)


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """given(model): the folder of the inputs of all writers, with a trained model where it is asked for."""

    @cache
    def make(model: bool) -> Path:
        place = tmp_path_factory.mktemp("given") / "given"
        make_inputs(place, model=model)
        return place

    return make

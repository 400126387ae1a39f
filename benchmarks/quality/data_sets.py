"""The data sets that arms are compared on: how their pairs are made, and at which size they are trained.

Nothing here may train. Every set is made by p2p's own commands, out of nothing or out of a folder of downloaded sets.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DRAWN = 240  # pictures of drawn cars
Commands = Iterator[list[str | Path]]


@dataclass(frozen=True)
class DataSet:
    """A data set: `pairs` names its pair folder, `commands` yields the words of `p2p data` that make it.

    They are given the folder to work in and that of the downloaded sets, in which `source` lies, empty for drawn
    pictures. `size` is the size to train at.
    """

    pairs: str
    size: str
    commands: Callable[[Path, Path], Commands]
    source: str = ""

    def make_pairs(self, dest: Path, real: Path | None) -> Path:
        """The pair folder below `dest`, split; `real` is the folder of downloaded sets."""
        place = dest / "pairs" / self.pairs
        pairs, done = place / "pairs", place / "done"
        if done.is_file():
            return pairs
        if self.source and (real is None or not (real / self.source).is_dir()):
            sys.exit(f"{self.pairs} needs --real, a folder that holds {self.source}")
        place.mkdir(parents=True, exist_ok=True)
        for words in self.commands(place, real or Path()):
            command = [sys.executable, "-m", "p2p_cli", "data", *map(str, words)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        done.touch()
        return pairs


def _draw_cars(place: Path, real: Path) -> Commands:
    cars = place / "cars"
    yield ["fetch", "synth-cars", cars, "--style", "street", "--limit", str(DRAWN)]
    yield ["build-masks", cars / "labels", place / "masks", "--palette", "cars", "--photos", cars / "photos"]
    yield ["pair", place / "masks", cars / "photos", place / "pairs"]
    yield ["split", place / "pairs", "--val", "0.05", "--test", "0.25"]


def _mask_car_parts(place: Path, real: Path) -> Commands:
    source = real / "car-parts" / "trainingset"
    photos = source / "JPEGImages"
    yield ["build-masks", source, place / "masks", "--palette", "cars", "--photos", photos]
    yield ["pair", place / "masks", photos, place / "pairs", "--size", "160"]
    yield ["split", place / "pairs", "--val", "0.05", "--test", "0.3"]


def _recover_facades(place: Path, real: Path) -> Commands:
    """Photos left, labels right, as JPEG: the classes are recovered from its blurred colours."""
    apart = place / "apart"
    yield ["halves", real / "facades-ab", apart, "--halves", "photo,labels"]
    yield ["build-masks", apart / "labels", place / "masks", "--palette", "facades", "--photos", apart / "photo"]
    yield ["pair", place / "masks", apart / "photo", place / "pairs"]
    yield ["split", place / "pairs", "--val", "0.04", "--test", "0.33"]


DATA_SETS = {
    "cars-96x64": DataSet("cars", "96x64", _draw_cars),
    "cars-160x96": DataSet("cars", "160x96", _draw_cars),
    "car-parts": DataSet("car-parts", "96x96", _mask_car_parts, "car-parts"),
    "facades": DataSet("facades", "128x128", _recover_facades, "facades-ab"),
}

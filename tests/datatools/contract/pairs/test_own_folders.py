"""Folders that p2p wrote and that hold no pairs are refused wherever pairs are expected, with those below them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.files.atomic import write_json, write_lines
from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.manifest import HEADER
from p2p_datatools.contract.pairs.opening import open_pairs, read_foreign
from p2p_datatools.contract.pairs.own_folders import refuse_own_folder
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import Edges, Lab
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Contents, Refused

Open = Callable[[Path], object]


@pytest.fixture(params=["train and evaluate", "split", "halves"])
def use(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """What is done with pairs."""
    if request.param == "halves":
        return lambda path: take_apart(path, tmp_path / "apart-again")
    return split if request.param == "split" else open_pairs


@pytest.fixture
def built(tmp_path: Path, masks: Path) -> Path:
    """A mask folder of build_masks, with masks in a folder below it."""
    build_masks(masks, tmp_path / "built", palette=load_palette("cars"))
    return tmp_path / "built"


def test_masks_are_no_pairs(built: Path, use: Open, refused: "Refused", contents: "Contents") -> None:
    before = contents(built)
    with refused("own-folder", built):
        use(built)
    with refused("own-folder", built / "walk"):
        use(built / "walk")
    assert contents(built) == before


def test_derived_pictures_are_no_pairs(tmp_path: Path, photos: Path, use: Open, refused: "Refused") -> None:
    derive(photos, tmp_path / "edges", Edges())
    derive(photos, tmp_path / "lab", Lab())
    for place in ("edges", "edges/walk", "lab", "lab/L", "lab/ab"):
        with refused("own-folder", tmp_path / place):
            use(tmp_path / place)


def test_halves_are_no_pairs(tmp_path: Path, masks: Path, photos: Path, use: Open, refused: "Refused") -> None:
    pair(masks, photos, tmp_path / "pairs")
    take_apart(tmp_path / "pairs", tmp_path / "apart")
    for place in ("apart", *(f"apart/{side.name}" for side in (tmp_path / "apart").iterdir() if side.is_dir())):
        with refused("own-folder", tmp_path / place):
            use(tmp_path / place)


@pytest.mark.parametrize(
    ("record", "value", "below"),
    [
        ("export.jsonl", {"format": "p2p-export", "to": "coco"}, ""),
        ("samples.json", {"model": "x", "variants": 1, "sheet": False}, ""),
        ("summary.json", {"of": {}, "scores": {}}, ""),
        ("run.json", {"format": "p2p-run", "version": 1}, "samples"),
        ("provenance.json", {"name": "synth-cars", "source": "p2p_datatools.synth", "count": 4}, "labels"),
        ("provenance.json", {"format": 1, "name": "cars", "files": {"photos/a.png": {}, "labels/a.png": {}}}, "photos"),
    ],
)
def test_what_other_commands_leave_is_no_pairs(
    record: str, value: dict[str, object], below: str, tmp_path: Path, photos: Path, use: Open, refused: "Refused"
) -> None:
    folder = tmp_path / "made"
    shutil.copytree(photos, folder / below)
    write_lines(folder / record, [value]) if record.endswith("l") else write_json(folder / record, value)
    for place in {folder, folder / below}:
        with refused("own-folder", place):
            use(place)


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ("run.json", {"steps": 3}),
        ("summary.json", ["a"]),
        ("provenance.json", {"format": 1, "name": "maps", "files": {"train/a.png": {}, "val/b.png": {}}}),
        ("halves.json", {"format": "of another program"}),
    ],
)
def test_files_of_other_programs_and_fetched_pairs_are_in_nobodys_way(
    record: str, value: object, tmp_path: Path, photos: Path
) -> None:
    shutil.copytree(photos, tmp_path / "maps" / "train")
    write_json(tmp_path / "maps" / record, value)
    assert len(open_pairs(tmp_path / "maps").pairs) == 4


def test_a_record_that_is_torn_is_no_record(tmp_path: Path, photos: Path) -> None:
    (photos / "run.json").write_text('{"format": "p2p-r')
    refuse_own_folder(photos)


def test_pairs_beside_masks_in_a_folder_of_them_are_pairs(tmp_path: Path, built: Path, photos: Path) -> None:
    shutil.copytree(photos, built / "other" / "train")
    assert len(read_foreign(built / "other").pairs) == 4


def test_masks_of_one_folder_for_each_split_are_no_pairs(tmp_path: Path, built: Path, refused: "Refused") -> None:
    (tmp_path / "sets").mkdir()
    built.rename(tmp_path / "sets" / "train")
    with refused("own-folder", tmp_path / "sets" / "train"):
        open_pairs(tmp_path / "sets")


def test_a_manifest_that_split_once_wrote_among_masks_makes_them_no_pairs(
    tmp_path: Path, photos: Path, use: Open, refused: "Refused"
) -> None:
    # As versions before this check did.
    split(photos, as_pairs=True)
    write_records(photos, load_palette("cars"), [])
    with refused("own-folder", photos) as caught:
        use(photos)
    assert HEADER in caught.value.to_do


def test_pairs_made_of_a_mask_folder_stay_pairs(tmp_path: Path, built: Path, photos: Path) -> None:
    pair(built, photos, tmp_path / "pairs")
    split(tmp_path / "pairs", val=0.25, test=0.25)
    assert len(open_pairs(tmp_path / "pairs").pairs) == 4
    write_lines(tmp_path / "masks.jsonl", [])
    assert len(open_pairs(tmp_path / "pairs").pairs) == 4

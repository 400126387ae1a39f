"""Pairs in the layouts of other libraries: what is written, what these read, and what is refused."""

import gc
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.files.atomic import read_json, read_lines
from p2p_datatools.contract.mask_folder import write_records
from p2p_datatools.contract.pairs.halves import load_halves
from p2p_datatools.contract.pairs.manifest import read_manifest
from p2p_datatools.contract.palette import IGNORE, load_palette
from p2p_datatools.contract.pictures.arrays import write_tiff
from p2p_datatools.contract.pictures.images import read_mask, read_photo, write_mask, write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.exports.pairs import export_pairs
from p2p_datatools.pairs.build import pair
from p2p_datatools.splits.apply import split

if TYPE_CHECKING:
    from conftest import Refused
    from datatools.conftest import Noise

CARS = load_palette("cars")


@pytest.fixture
def pairs(tmp_path: Path, noise: "Noise") -> Path:
    """Split pairs of the masks and photos a.1, b, c and sub/d, one of them in val."""
    for number, name in enumerate(("a.1", "b", "c", "sub/d")):
        labels = np.full((8, 12), number, np.uint8)
        labels[0, :2] = IGNORE
        write_mask(tmp_path / "masks" / f"{name}.png", labels, CARS)
        write_png(tmp_path / "photos" / f"{name}.png", noise(number, Size(12, 8)))
    write_records(tmp_path / "masks", CARS, [])
    pair(tmp_path / "masks", tmp_path / "photos", tmp_path / "pairs")
    split(tmp_path / "pairs", val=0.25, test=0)
    return tmp_path / "pairs"


def test_a_shard_holds_each_pair_as_two_pictures_and_json_under_a_key_without_dots(pairs: Path, tmp_path: Path) -> None:
    summary = export_pairs(pairs, tmp_path / "shards", format="webdataset")
    assert (summary.made, summary.splits) == (2, {"train": 3, "val": 1, "test": 0})
    folder, seen = read_manifest(pairs), dict[str, dict[str, bytes]]()
    for shard in ("train-000000.tar", "val-000000.tar"):
        with tarfile.open(tmp_path / "shards" / shard) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                key, _, ending = member.name.partition(".")
                seen.setdefault(key, {})[ending] = file.read()
    assert sorted(seen) == ["a%2E1", "b", "c", "sub/d"]
    for one in folder.pairs:
        files = seen[one.name.replace(".", "%2E")]
        _, photo = load_halves(folder, one)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(files["b.png"]))), photo)
        mask = Image.open(io.BytesIO(files["a.png"]))
        assert (mask.mode, json.loads(files["json"])["hash"]) == ("P", one.hash)
    index = list(read_lines(tmp_path / "shards" / "shards.jsonl"))
    first, data = index[0], (tmp_path / "shards" / index[0]["shard"]).read_bytes()
    start, length = first["places"]["b.png"]
    assert data[start : start + length] == seen[first["name"].replace(".", "%2E")]["b.png"]
    assert read_json(tmp_path / "shards" / "shards.json")["data_hash"] == folder.data_hash


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_webdataset_reads_the_shards_itself(pairs: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="the package webdataset is not installed")
    export_pairs(pairs, tmp_path / "shards", format="webdataset")
    urls = str(tmp_path / "shards" / "train-000000.tar")
    samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8").to_tuple("a.png", "b.png", "json"))
    folder = read_manifest(pairs)
    assert [about["name"] for _, _, about in samples] == [one.name for one in folder.of("train")]
    for (a, b, _), one in zip(samples, folder.of("train"), strict=True):
        for found, wanted in zip((a, b), load_halves(folder, one), strict=True):
            assert np.array_equal(found, wanted)
    gc.collect()  # the library leaves its files open, which would be said of a later test


def test_the_same_call_again_keeps_what_is_there_and_the_same_pairs_give_the_same_bytes(
    pairs: Path, tmp_path: Path, refused: "Refused"
) -> None:
    for name in ("one", "other"):
        export_pairs(pairs, tmp_path / name, format="webdataset")
    tars = [(tmp_path / name / "train-000000.tar").read_bytes() for name in ("one", "other")]
    assert tars[0] == tars[1]
    assert export_pairs(pairs, tmp_path / "one", format="webdataset").kept == 2
    with refused("other-settings", tmp_path / "one", usage=True):
        export_pairs(pairs, tmp_path / "one", format="huggingface")


def test_an_image_folder_has_a_line_for_each_pair_whose_paths_begin_at_its_split(pairs: Path, tmp_path: Path) -> None:
    export_pairs(pairs, tmp_path / "hub", format="huggingface")
    folder = read_manifest(pairs)
    (line,) = read_lines(tmp_path / "hub" / "validation" / "metadata.jsonl")
    (one,) = folder.of("val")
    assert line == {"file_name": f"photo/{one.name}.png", "mask_file_name": f"mask/{one.name}.png", "name": one.name}
    _, photo = load_halves(folder, one)
    assert np.array_equal(read_photo(tmp_path / "hub" / "validation" / line["file_name"]), photo)
    masks = tmp_path / "hub" / "train" / "mask"
    (masks / "palette.toml").write_bytes((tmp_path / "hub" / "palette.toml").read_bytes())
    pair(masks, tmp_path / "hub" / "train" / "photo", tmp_path / "again")
    hashes = {each.name: each.hash for each in read_manifest(tmp_path / "again").pairs}
    assert hashes == {each.name: each.hash for each in folder.of("train")}


def test_fiftyone_gets_photos_and_class_numbers_of_one_name_and_what_the_numbers_mean(
    pairs: Path, tmp_path: Path
) -> None:
    export_pairs(pairs, tmp_path / "voxels", format="fiftyone")
    (one,) = read_manifest(pairs).of("val")
    with Image.open(tmp_path / "voxels" / "val" / "labels" / f"{one.name}.png") as picture:
        numbers = np.asarray(picture)
        assert picture.mode == "L"
    assert np.array_equal(numbers, read_mask(tmp_path / "masks" / f"{one.name}.png", CARS))
    assert (tmp_path / "voxels" / "val" / "data" / f"{one.name}.png").is_file()
    targets = read_json(tmp_path / "voxels" / "mask_targets.json")
    assert targets == {**{str(index): name for index, name in enumerate(CARS.names)}, "255": "ignore"}


def test_pairs_that_a_layout_cannot_hold_are_refused_and_nothing_is_written(
    pairs: Path, tmp_path: Path, noise: "Noise", refused: "Refused"
) -> None:
    for name in ("a.1", "b", "c", "sub/d"):
        write_tiff(tmp_path / "heights" / f"{name}.tif", np.arange(96, dtype=np.float32).reshape(8, 12))
    pair(tmp_path / "heights", tmp_path / "photos", tmp_path / "dem")
    dest = tmp_path / "dest"
    with refused("not-split", tmp_path / "dem"):
        export_pairs(tmp_path / "dem", dest, format="webdataset")
    split(tmp_path / "dem", val=0, test=0)
    for name in ("huggingface", "fiftyone"):
        with refused("unfit-format", tmp_path / "dem"):
            export_pairs(tmp_path / "dem", dest, format=name)
    with refused("unknown-format", usage=True):
        export_pairs(pairs, dest, format="parquet")
    with refused("destination-inside-source", usage=True):
        export_pairs(pairs, pairs / "shards", format="webdataset")
    one = read_manifest(pairs).pairs[0]
    write_png(pairs / one.file, noise(9, Size(24, 8)))
    with refused("pictures-failed"):
        export_pairs(pairs, dest, format="huggingface")
    assert not dest.exists()
    summary = export_pairs(pairs, dest, format="huggingface", keep_going=True)
    assert (sum(summary.splits.values()), [skip.code for skip in summary.skipped]) == (3, ["hash-differs"])

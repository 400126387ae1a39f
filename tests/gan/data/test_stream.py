"""Pairs out of shards: the same batches as from the folder, also when nothing holds them all decoded."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.halves import load_halves
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.exports.pairs import export_pairs
from p2p_datatools.sheets.contact import contact_sheet
from p2p_datatools.splits.apply import split
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data import buffer
from p2p_gan.data.dataset import PairDataset, load_dataset
from p2p_gan.data.stream import PairStream, StreamedPixels
from p2p_gan.data.task import open_for_training, task_of
from p2p_gan.evaluation.scores import evaluate
from p2p_gan.inference.sampling import sample
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Notes, Refused

CPU = torch.device("cpu")


@pytest.fixture
def shards(pair_folder: Path, tmp_path: Path) -> Path:
    export_pairs(pair_folder, tmp_path / "shards", format="webdataset")
    return tmp_path / "shards"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room for decoded pairs."""

    def refuse(size: int, near: Path | None) -> Any:
        raise P2PError(near, "has 0 GiB free", "Free some.", code="no-space")

    monkeypatch.setattr(buffer, "_make_file", refuse)


def load(place: Path, config: Config) -> PairDataset:
    folder = open_for_training(place)
    return load_dataset(folder, task_of(folder, config.direction, config.a_encoding, config.b_encoding), config)


def test_a_folder_of_shards_has_the_pairs_the_hash_and_the_pixels_of_the_folder_that_was_exported(
    pair_folder: Path, shards: Path, tmp_path: Path
) -> None:
    own, theirs = open_pairs(pair_folder), open_pairs(shards)
    assert (theirs.data_hash, theirs.a, theirs.b, theirs.palette) == (own.data_hash, own.a, own.b, own.palette)
    for one, other in zip(own.of("train"), theirs.of("train"), strict=True):
        for a, b in zip(load_halves(own, one), load_halves(theirs, other), strict=True):
            assert np.array_equal(a, b)
    assert [each.code for each in check(shards).findings] == [each.code for each in check(pair_folder).findings]
    assert contact_sheet(shards).size


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("encoding", ["values", "classes"])
def test_a_batch_is_the_same_whether_pairs_are_in_memory_or_decoded_as_they_are_drawn(
    encoding: str, pair_folder: Path, shards: Path, tiny: Config
) -> None:
    settings = {"a_encoding": encoding, "class_balanced": True, "batch": 2}
    whole = load(pair_folder, with_settings(tiny, settings))
    drawn = load(shards, with_settings(tiny, {**settings, "cache_gib": 1e-9}))
    assert isinstance(drawn.input.pixels, StreamedPixels)
    assert not isinstance(whole.input.pixels, StreamedPixels)
    for first in range(0, 12, 2):
        one, other = (each.batch(each.positions(first, 2), CPU) for each in (whole, drawn))
        assert torch.equal(one.a, other.a)
        assert torch.equal(one.b, other.b)
        assert one.classes is not None
        assert other.classes is not None
        assert torch.equal(one.classes, other.classes)
        assert (one.ignored is None) == (other.ignored is None)


@pytest.mark.usefixtures("full")
def test_what_needs_all_pairs_beforehand_is_refused_and_a_folder_still_says_that_the_disk_is_full(
    pair_folder: Path, shards: Path, tiny: Config, refused: "Refused"
) -> None:
    with refused("unfit-setting", "rare_class_crops=0.5", usage=True):
        load(shards, with_settings(tiny, {"rare_class_crops": 0.5, "cache_gib": 1e-9}))
    with refused("no-space"):
        load(pair_folder, with_settings(tiny, {"cache_gib": 1e-9}))


def test_a_stream_keeps_the_pairs_that_were_used_last_and_reads_others_again() -> None:
    read: list[int] = []

    def decode(index: int) -> tuple[np.ndarray, ...]:
        read.append(index)
        return (np.full(1, index),)

    stream = PairStream(decode, 2)
    for index in (0, 1, 0, 2, 0, 1):
        assert stream.get(index)[0] == index
    assert read == [0, 1, 2, 1]
    stream.prepare([1, 1, 5, 6])
    assert sorted(read[4:]) == [5, 6]


@pytest.mark.usefixtures("full")
def test_a_run_from_shards_stops_resumes_and_ends_with_the_weights_of_a_run_from_the_folder(
    pair_folder: Path, shards: Path, tiny: Config, tmp_path: Path, notes: "Notes"
) -> None:
    steady = with_settings(tiny, {"lr_schedule": "constant", "images": 5})
    train(pair_folder, tmp_path / "whole", steady)
    streamed = with_settings(steady, {"cache_gib": 1e-9})
    train(shards, tmp_path / "run", with_settings(streamed, {"images": 2}))
    train(shards, tmp_path / "run", streamed, report=notes)
    assert any("read from its shard whenever" in line for line in notes.lines)
    ends = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "run")]
    assert ends[0] == ends[1]
    assert sample(tmp_path / "run", shards, tmp_path / "out").written == 2
    assert evaluate(tmp_path / "run", shards).pictures == 2


def test_shards_are_not_split_again_and_those_of_another_program_are_refused(
    shards: Path, tmp_path: Path, refused: "Refused"
) -> None:
    with refused("own-folder", shards):
        split(shards)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "0.tar").write_bytes((shards / "test-000000.tar").read_bytes())
    with refused("unknown-shards", tmp_path / "foreign"):
        open_pairs(tmp_path / "foreign")


def test_shards_that_are_missing_cut_off_or_changed_are_errors_that_name_them(shards: Path, refused: "Refused") -> None:
    folder, tar = open_pairs(shards), shards / "test-000000.tar"
    one, whole = folder.of("test")[0], tar.read_bytes()
    tar.write_bytes(whole[:700])
    with refused("truncated-shard", tar):
        load_halves(folder, one)
    assert one.shard is not None
    first, length = one.shard.places["b.png"]
    middle = first + length // 2
    tar.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(P2PError):
        load_halves(folder, one)
    assert "damaged-file" in {each.code for each in check(shards).findings}
    tar.unlink()
    with refused("missing-shard", shards):
        open_pairs(shards)
    header = json.loads((shards / "shards.json").read_text())
    (shards / "shards.json").write_text(json.dumps({**header, "version": 2}))
    with refused("unknown-version"):
        open_pairs(shards)
    (shards / "shards.json").write_text("[]")
    with refused("damaged-file"):
        open_pairs(shards)

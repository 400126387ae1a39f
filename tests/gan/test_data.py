"""Batches: one draw for both halves, everything from seed and position, and no wrong picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import write_png
from p2p_datatools.contract.manifest import open_pairs, read_manifest, write_manifest
from p2p_datatools.contract.palette import IGNORE_COLOR, load_palette
from p2p_datatools.contract.sizes import Size
from p2p_gan.config import Config
from p2p_gan.data import PairStore, identified, load_store, open_for_training, task_of, to_pictures, to_tensor

CPU = torch.device("cpu")


def make_store(**changes: object) -> PairStore:
    """A store whose b is a function of a, so that halves drawn apart are seen at once."""
    a = np.random.default_rng(0).integers(0, 256, (6, 40, 40, 3), dtype=np.uint8)
    store = PairStore(a, 255 - a, Size(32, 32), mirror=True, seed=0, has_ignored=False)
    return replace(store, **changes)  # type: ignore[arg-type]


def test_both_halves_of_a_pair_get_the_same_crop_and_mirror() -> None:
    drawn = [make_store().draw(position) for position in range(200)]
    assert all(np.array_equal(a, 255 - b) for a, b in drawn)


def test_half_of_the_pairs_are_mirrored_and_every_crop_is_possible() -> None:
    a = np.zeros((1, 2, 40, 3), np.uint8)
    a[..., 0] = np.arange(40)
    store = PairStore(a, a, Size(32, 2), mirror=True, seed=0, has_ignored=False)
    draws = [store.draw(position)[0][0, :, 0].astype(int) for position in range(400)]
    mirrored = [draw for draw in draws if draw[0] > draw[-1]]
    assert 150 < len(mirrored) < 250
    assert {int(draw.min()) for draw in draws} == set(range(9))


def test_every_epoch_shows_every_pair_once_in_another_order() -> None:
    a = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((6, 32, 32, 3), np.uint8)
    store = PairStore(a, a, Size(32, 32), mirror=False, seed=3, has_ignored=False)
    seen = [int(store.draw(position)[0][0, 0, 0]) for position in range(18)]
    epochs = [seen[0:6], seen[6:12], seen[12:18]]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert epochs[0] != epochs[1] or epochs[1] != epochs[2]


def test_a_batch_depends_on_the_seed_and_the_position_alone() -> None:
    store = make_store()
    whole = store.batch(5, 4, CPU)
    parts = [store.batch(5 + each, 1, CPU) for each in range(4)]
    assert torch.equal(whole.a, torch.cat([part.a for part in parts]))
    assert not torch.equal(whole.a, make_store(seed=1).batch(5, 4, CPU).a)


def test_pixels_survive_the_way_through_the_network_s_range() -> None:
    pictures = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    tensor = to_tensor(pictures, CPU)
    assert (tensor.min().item(), tensor.max().item()) == (-1.0, 1.0)
    np.testing.assert_array_equal(to_pictures(tensor), pictures)


def test_a_mask_stays_exact_when_it_is_jittered(pair_folder: Path, tiny: Config) -> None:
    folder = read_manifest(pair_folder)
    store = load_store(folder, task_of(folder, "a-to-b"), tiny)
    known = {tuple(color) for color in load_palette("cars").colors()[:5].tolist()}
    assert store.a.shape[1:3] == (40, 40)
    assert {tuple(color) for color in store.a.reshape(-1, 3).tolist()} <= known


def test_ignored_pixels_are_marked_where_the_mask_says_so(pair_folder: Path) -> None:
    a = np.zeros((1, 32, 32, 3), np.uint8)
    a[0, :4] = IGNORE_COLOR
    store = PairStore(a, a * 0, Size(32, 32), mirror=False, seed=0, has_ignored=True)
    ignored = store.batch(0, 1, CPU).ignored
    assert ignored is not None
    assert ignored[0, 0, :4].all()
    assert not ignored[0, 0, 4:].any()


def test_directions_are_said_in_the_words_of_the_halves(pair_folder: Path) -> None:
    folder = read_manifest(pair_folder)
    assert task_of(folder, "mask-to-photo") == task_of(folder, "a-to-b")
    assert task_of(folder, "photo-to-mask") == task_of(folder, "b-to-a")
    assert task_of(folder, "b-to-a").input.name == "photo"
    with pytest.raises(UsageError, match="there are a-to-b, b-to-a, mask-to-photo, photo-to-mask"):
        task_of(folder, "photo-to-map")


def test_a_picture_that_is_not_the_manifest_s_is_refused(pair_folder: Path, tiny: Config) -> None:
    folder = read_manifest(pair_folder)
    write_png(pair_folder / folder.of("train")[3].file, np.zeros((32, 64, 3), np.uint8))
    with pytest.raises(P2PError, match=r"car-003.png: is not the picture in the manifest"):
        load_store(folder, task_of(folder, "a-to-b"), tiny)


def test_pairs_that_were_never_split_say_which_command_splits_them(pair_folder: Path) -> None:
    folder = read_manifest(pair_folder)
    write_manifest(replace(folder, pairs=tuple(replace(pair, split="all") for pair in folder.pairs)))
    with pytest.raises(P2PError, match="p2p data split"):
        open_for_training(pair_folder)


def test_an_ordinary_pix2pix_folder_is_read_and_what_is_assumed_is_said(tmp_path: Path) -> None:
    for split, count in {"train": 3, "val": 1}.items():
        for number in range(count):
            write_png(tmp_path / split / f"{number}.png", np.full((16, 32, 3), number, np.uint8))
    folder = identified(open_pairs(tmp_path))
    assert {split: len(folder.of(split)) for split in ("train", "val", "test")} == {"train": 3, "val": 1, "test": 0}
    assert folder.foreign
    assert "no manifest" in folder.assumed[0]
    assert all(pair.size == Size(16, 16) for pair in folder.pairs)
    before = folder.data_hash
    write_png(tmp_path / "val" / "0.png", np.full((16, 32, 3), 9, np.uint8))
    assert identified(open_pairs(tmp_path)).data_hash != before


def test_an_odd_width_in_an_ordinary_folder_is_named(tmp_path: Path) -> None:
    write_png(tmp_path / "train" / "1.png", np.zeros((16, 33, 3), np.uint8))
    with pytest.raises(P2PError, match=r"1.png: is 33 pixels wide, an odd number"):
        identified(open_pairs(tmp_path))

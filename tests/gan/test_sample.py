"""Folders through a model: names, variants, repetition, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.images import read_photo, write_png
from p2p_gan.apply import How
from p2p_gan.config import Config
from p2p_gan.loop import train
from p2p_gan.sample import Sampling, sample


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for number in range(3):
        labels = np.zeros((20 + number, 30, 3), np.uint8)
        labels[5:10, 5 : 10 + number] = (255, 0, 0)
        write_png(tmp_path / "masks" / "sub" / f"{number}.png", labels)
    return tmp_path / "masks"


def test_every_picture_of_a_folder_comes_out_under_its_name_in_its_own_size(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    summary = sample(run_folder, [masks], tmp_path / "out")
    assert (summary.written, summary.kept, summary.skipped) == (3, 0, ())
    assert [read_photo(tmp_path / "out" / "sub" / f"{n}.png").shape for n in range(3)] == [
        (20 + n, 30, 3) for n in range(3)
    ]


def test_a_picture_is_the_same_alone_and_in_a_folder(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    sample(run_folder, [masks], tmp_path / "all")
    sample(run_folder, [masks / "sub" / "1.png"], tmp_path / "one")
    assert (tmp_path / "one" / "1.png").read_bytes() == (tmp_path / "all" / "sub" / "1.png").read_bytes()


def test_variants_are_numbered_and_the_first_is_that_of_one_alone(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    one = masks / "sub" / "1.png"
    sample(run_folder, [one], tmp_path / "several", Sampling(variants=2))
    sample(run_folder, [one], tmp_path / "single")
    first, second = ((tmp_path / "several" / f"1-{n}.png").read_bytes() for n in (1, 2))
    assert first != second
    assert first == (tmp_path / "single" / "1.png").read_bytes()


def test_the_same_call_again_adds_what_is_new_and_keeps_the_rest(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    before = (tmp_path / "out" / "sub" / "0.png").stat().st_mtime_ns
    write_png(masks / "new.png", np.zeros((16, 16, 3), np.uint8))
    summary = sample(run_folder, [masks], tmp_path / "out")
    assert (summary.written, summary.kept) == (1, 3)
    assert (tmp_path / "out" / "sub" / "0.png").stat().st_mtime_ns == before


def test_other_settings_do_not_mix_into_the_same_folder(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    with pytest.raises(UsageError, match="another model or other settings"):
        sample(run_folder, [masks], tmp_path / "out", Sampling(How(seed=1)))


def test_a_changed_input_does_not_replace_what_was_made_of_the_old_one(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    sample(run_folder, [masks], tmp_path / "out")
    write_png(masks / "sub" / "0.png", np.full((20, 30, 3), 255, np.uint8))
    with pytest.raises(P2PError, match="was made from another picture"):
        sample(run_folder, [masks], tmp_path / "out")


def test_the_held_out_pairs_of_a_pair_folder_come_with_the_real_picture_on_a_sheet(
    run_folder: Path, tmp_path: Path
) -> None:
    summary = sample(run_folder, [run_folder.parent / "pairs"], tmp_path / "out", Sampling(sheet=True))
    assert summary.written == 2
    assert read_photo(tmp_path / "out" / "car-010.png").shape == (32, 96, 3)


def test_of_an_ordinary_pix2pix_folder_the_held_out_input_halves_are_taken(tiny: Config, tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_png(tmp_path / "maps" / split / "1.png", np.zeros((16, 40, 3), np.uint8))
    train(tmp_path / "maps", tmp_path / "run", replace(tiny, images=1, direction="b-to-a"))
    sample(tmp_path / "run", [tmp_path / "maps"], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["1.png"]
    assert read_photo(tmp_path / "out" / "val" / "1.png").shape == (16, 20, 3)


def test_a_broken_input_leaves_no_destination_and_the_same_call_goes_on_once_it_is_mended(
    run_folder: Path, masks: Path, tmp_path: Path
) -> None:
    (masks / "bad.png").write_text("not a picture")
    with pytest.raises(P2PError, match=r"bad\.png: is not a picture"):
        sample(run_folder, [masks], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (masks / "bad.png").unlink()
    assert sample(run_folder, [masks], tmp_path / "out").kept == 3
    assert not (tmp_path / "out.partial").exists()


def test_going_on_without_it_lists_what_failed(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    (masks / "bad.png").write_text("not a picture")
    summary = sample(run_folder, [masks], tmp_path / "out", keep_going=True)
    assert (summary.written, len(summary.skipped)) == (3, 1)
    assert "bad.png" in (tmp_path / "out" / "skipped.jsonl").read_text()


def test_inputs_that_are_not_there_or_share_a_name_are_refused(run_folder: Path, masks: Path, tmp_path: Path) -> None:
    with pytest.raises(P2PError, match="there is no such picture or folder"):
        sample(run_folder, [masks / "nothing"], tmp_path / "out")
    write_png(tmp_path / "other" / "1.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(P2PError, match="have one name, 1"):
        sample(run_folder, [masks / "sub" / "1.png", tmp_path / "other" / "1.png"], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(P2PError, match="has no pictures"):
        sample(run_folder, [tmp_path / "empty"], tmp_path / "out")

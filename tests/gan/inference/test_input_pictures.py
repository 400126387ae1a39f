"""The pictures that a model is to be applied to, as they are listed before any is decoded."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_gan.inference.input_pictures import list_inputs, refuse_dest_among

if TYPE_CHECKING:
    from conftest import Refused

    from p2p_datatools.contract.errors import Skip


def test_pictures_of_one_name_are_named_together_and_the_others_go_on_where_that_is_asked(
    tmp_path: Path, refused: "Refused"
) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with refused("same-name") as error:
        list_inputs([tmp_path])
    assert all(str(tmp_path / name) in error.value.where for name in ("a.png", "a.jpg"))
    strange: list[Skip] = []
    assert [each.name for each in list_inputs([tmp_path], strange=strange)] == ["b"]
    assert [each.code for each in strange] == ["same-name"]
    (tmp_path / "b.png").unlink()
    with refused("same-name"):
        list_inputs([tmp_path], strange=[])


def test_outputs_do_not_lie_among_the_inputs_whose_number_would_double_with_each_call(
    tmp_path: Path, refused: "Refused"
) -> None:
    pictures, pairs = tmp_path / "pictures", tmp_path / "pairs"
    pictures.mkdir()
    for split in ("train", "test"):
        (pairs / split).mkdir(parents=True)
    for inputs, dest in ((pictures, pictures / "out"), (pictures, pictures), (pairs, pairs / "test" / "out")):
        with refused("destination-inside-source", dest, usage=True):
            refuse_dest_among(dest, [inputs])
    refuse_dest_among(tmp_path / "pictures-out", [pictures])
    refuse_dest_among(pairs / "samples", [pairs])  # only the splits are read
    Image.new("RGB", (8, 8)).save(pictures / "a.png")
    refuse_dest_among(pictures / "out", [pictures / "a.png"])


def _draw_pair(seed: int) -> Image.Image:
    """A few lines on black beside a smooth bright photo: two scenes that meet in the middle."""
    drawn = Image.new("RGB", (128, 64))
    bright = np.random.default_rng(seed).integers(128, 256, (6, 6, 3), np.uint8)
    drawn.paste(Image.fromarray(bright).resize((64, 64), Image.Resampling.BICUBIC), (64, 0))
    for x in (10, 30, 50):
        drawn.paste((255, 255, 255), (x, 5, x + 1, 50))
    return drawn


@pytest.mark.parametrize(
    ("files", "lists", "held_out"),
    [
        (["Training/0", "Training/1", "Testing/2", "Testing/3"], {}, ["2", "3"]),
        (["test/2", "test/3"], {}, ["2", "3"]),  # as a data set is given to those who only score
        (["0", "1", "2", "3"], {"train.txt": "0\n1\n", "test.txt": "2\n3\n"}, ["2", "3"]),
    ],
)
def test_pairs_that_training_takes_are_pairs_for_sampling_too_and_their_training_pictures_no_inputs(
    files: list[str], lists: dict[str, str], held_out: list[str], tmp_path: Path
) -> None:
    for number, name in enumerate(files):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        _draw_pair(number).save(tmp_path / f"{name}.png")
    for name, lines in lists.items():
        (tmp_path / name).write_text(lines)
    found = list_inputs([tmp_path])
    assert [each.name.rpartition("/")[2] for each in found] == held_out
    assert all(each.pair for each in found)


@pytest.mark.parametrize("size", [(32, 32), (64, 32)])
def test_photos_in_folders_of_splits_are_single_pictures_also_where_they_are_twice_as_wide_as_high(
    size: tuple[int, int], tmp_path: Path
) -> None:
    for number, split in enumerate(("Training", "val", "test")):
        (tmp_path / split).mkdir()
        rows = np.random.default_rng(number).integers(0, 256, (8, 4, 3), np.uint8)
        Image.fromarray(rows).resize(size, Image.Resampling.BICUBIC).save(tmp_path / split / "1.png")
    found = list_inputs([tmp_path])
    assert sorted(each.name for each in found) == ["Training/1", "test/1", "val/1"]
    assert not any(each.pair for each in found)


def test_a_pipe_is_offered_standard_input_instead(tmp_path: Path, refused: "Refused") -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused("special-file", tmp_path / "pipe") as error:
        list_inputs([tmp_path / "pipe"])
    assert "Write - " in error.value.to_do

"""What is translated into what, said in words; and what cannot be trained is refused at once, in one line."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half, PairFolder, read_manifest, write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.task import identify_files, open_for_training, refuse_unfit, task_of

if TYPE_CHECKING:
    from conftest import Refused


def test_directions_are_named_after_the_halves(pair_folder: Path, refused: "Refused") -> None:
    folder = read_manifest(pair_folder)
    assert task_of(folder, "mask-to-photo") == task_of(folder, "a-to-b")
    assert task_of(folder, "photo-to-mask") == task_of(folder, "b-to-a")
    assert task_of(folder, "b-to-a").input.name == "photo"
    with refused("unknown-direction", "direction=photo-to-map", usage=True) as error:
        task_of(folder, "photo-to-map")
    assert "a-to-b, b-to-a, mask-to-photo, photo-to-mask" in error.value.to_do


def test_halves_of_any_type_are_coded_as_the_manifest_says(tmp_path: Path) -> None:
    bands, grey = Half("bands", "picture", 12, "uint16", (0, 4095)), Half("grey", "photo", 1)
    task = task_of(PairFolder(tmp_path, bands, grey, None, ()), "b-to-a")
    assert [coding.channels for coding in task.codings] == [1, 12]
    assert task.codings[1].range == (0, 4095)


def test_classes_follow_their_half_when_the_direction_turns(pair_folder: Path) -> None:
    folder = read_manifest(pair_folder)
    there, back = task_of(folder, "a-to-b", a_encoding="classes"), task_of(folder, "b-to-a", a_encoding="classes")
    assert [coding.kind for coding in there.codings] == ["classes", "values"]
    assert [coding.kind for coding in back.codings] == ["values", "classes"]
    assert back.codings[1].channels == 5


def test_classes_of_a_photo_and_of_a_mask_without_a_palette_are_refused(pair_folder: Path, refused: "Refused") -> None:
    folder = read_manifest(pair_folder)
    with refused("unfit-setting", "b_encoding=classes", usage=True) as error:
        task_of(folder, "a-to-b", b_encoding="classes")
    assert "the half photo is a photo" in error.value.what
    with refused("unfit-setting", "a_encoding=classes", usage=True) as error:
        task_of(replace(folder, palette=None), "photo-to-mask", a_encoding="classes")
    assert "the half mask has no palette" in error.value.what


def test_rare_class_crops_are_refused_without_a_palette(pair_folder: Path, tiny: Config, refused: "Refused") -> None:
    folder, config = read_manifest(pair_folder), with_settings(tiny, {"rare_class_crops": 0.5})
    refuse_unfit(task_of(folder, "b-to-a"), config)
    with refused("unfit-setting", "rare_class_crops=0.5", usage=True):
        refuse_unfit(task_of(replace(folder, palette=None), "b-to-a"), config)


@pytest.mark.parametrize(("direction", "palette"), [("photo-to-mask", True), ("mask-to-photo", False)])
def test_labels_are_refused_where_no_mask_of_a_palette_becomes_a_photo(
    pair_folder: Path, tiny: Config, direction: str, palette: bool, refused: "Refused"
) -> None:
    folder = open_for_training(pair_folder)
    task = task_of(folder if palette else replace(folder, palette=None), direction)
    for name, value, way_out in (("segmentation_head", "on", "off"), ("gan_loss", "segmentation", "bce")):
        with refused("unfit-setting", f"{name}={value}", usage=True) as error:
            refuse_unfit(task, with_settings(tiny, {name: value}))
        assert f"Add --set {name}={way_out}." in error.value.to_do
    refuse_unfit(task, replace(tiny, segmentation_head="auto"))


@pytest.mark.parametrize(
    ("direction", "palette", "way_out"),
    [
        ("mask-to-photo", True, "Add --set a_encoding=classes."),
        ("photo-to-mask", True, "Leave it at off"),
        ("mask-to-photo", False, "Leave it at off"),
    ],
)
def test_norms_of_classes_are_refused_where_the_input_is_values(
    pair_folder: Path, tiny: Config, direction: str, palette: bool, way_out: str, refused: "Refused"
) -> None:
    folder = open_for_training(pair_folder)
    folder = folder if palette else replace(folder, palette=None)
    with refused("unfit-setting", "class_adaptive_norm=on", usage=True) as error:
        refuse_unfit(task_of(folder, direction), replace(tiny, class_adaptive_norm="on"))
    assert way_out in error.value.to_do
    if palette:
        refuse_unfit(task_of(folder, "a-to-b", a_encoding="classes"), replace(tiny, class_adaptive_norm="on"))


def test_colours_are_jittered_of_a_photo_that_becomes_a_mask_and_of_nothing_else(
    pair_folder: Path, tiny: Config, refused: "Refused"
) -> None:
    folder, config = read_manifest(pair_folder), with_settings(tiny, {"color_jitter": 0.2})
    refuse_unfit(task_of(folder, "photo-to-mask"), config)
    with refused("unfit-setting", "color_jitter=0.2", usage=True) as error:
        refuse_unfit(task_of(folder, "mask-to-photo"), config)
    assert "here a mask is translated into a photo" in error.value.what


def test_pairs_that_were_never_split_say_which_command_splits_them(pair_folder: Path, refused: "Refused") -> None:
    folder = read_manifest(pair_folder)
    write_manifest(replace(folder, pairs=tuple(replace(pair, split="all") for pair in folder.pairs)))
    with refused("not-split", pair_folder) as error:
        open_for_training(pair_folder)
    assert "p2p data split" in error.value.to_do


def test_an_ordinary_pix2pix_folder_is_read_and_what_is_assumed_is_reported(tmp_path: Path) -> None:
    for split, count in {"train": 3, "val": 1}.items():
        for number in range(count):
            write_png(tmp_path / split / f"{number}.png", np.full((16, 32, 3), number, np.uint8))
    folder = identify_files(open_pairs(tmp_path))
    assert {split: len(folder.of(split)) for split in ("train", "val", "test")} == {"train": 3, "val": 1, "test": 0}
    assert folder.foreign
    assert "no manifest" in folder.assumed[0]
    assert all(pair.size == Size(16, 16) for pair in folder.pairs)
    before = folder.data_hash
    write_png(tmp_path / "val" / "0.png", np.full((16, 32, 3), 9, np.uint8))
    assert identify_files(open_pairs(tmp_path)).data_hash != before


def test_an_odd_width_in_an_ordinary_folder_is_named(tmp_path: Path, refused: "Refused") -> None:
    write_png(tmp_path / "train" / "1.png", np.zeros((16, 33, 3), np.uint8))
    with refused("odd-width", tmp_path / "train" / "1.png") as error:
        identify_files(open_pairs(tmp_path))
    assert "33 pixels wide" in error.value.what

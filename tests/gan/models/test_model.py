"""A model file says everything about itself, and is refused in one line when it is not one."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import safetensors.torch
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.images import write_png
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import Model, check_model, model_bytes, read_card, read_model, save_model, write_model

if TYPE_CHECKING:
    from conftest import Refused


def test_a_model_knows_what_it_was_trained_for(run_folder: Path) -> None:
    card = read_model(run_folder).card
    assert (card.direction, card.input.kind, card.size, card.fit) == ("mask-to-photo", "mask", Size(32, 32), "stretch")
    assert (card.statistics, card.averaged, card.images) == ("picture", False, 12)
    assert card.palette is not None
    assert card.palette.names == ("background", "body", "tyres", "lights", "windows")
    assert len(card.data_hash) == 64


def test_a_run_folder_and_its_model_file_are_the_same_model(run_folder: Path) -> None:
    assert read_model(run_folder).digest == read_model(run_folder / MODEL_FILE).digest


def test_saving_what_was_loaded_gives_the_same_bytes(run_folder: Path, tmp_path: Path) -> None:
    model = read_model(run_folder)
    save_model(tmp_path / MODEL_FILE, model.card, model.generator)
    assert (tmp_path / MODEL_FILE).read_bytes() == (run_folder / MODEL_FILE).read_bytes()


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0notjson!"])
def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path, data: bytes, refused: "Refused") -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(data)
    with refused("damaged-file", file):
        read_model(file)


def test_a_model_cut_in_half_is_refused(run_folder: Path, tmp_path: Path, refused: "Refused") -> None:
    data = (run_folder / MODEL_FILE).read_bytes()
    (tmp_path / MODEL_FILE).write_bytes(data[: len(data) // 2])
    with refused("damaged-file", tmp_path / MODEL_FILE):
        read_model(tmp_path)


def test_a_model_that_states_a_terabyte_is_refused_without_reading_it(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    whole = (run_folder / MODEL_FILE).read_bytes()
    for length in (struct.unpack("<Q", whole[:8])[0], 10**11):
        with (tmp_path / MODEL_FILE).open("wb") as file:
            file.write(struct.pack("<Q", length) + whole[8 : len(whole) // 2])
            file.truncate(10**12)  # takes no place on the disk
        with refused("damaged-file", tmp_path / MODEL_FILE):
            read_model(tmp_path)


def test_a_network_that_the_tensors_are_not_is_refused_before_it_takes_memory(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    model = read_model(run_folder)
    huge = replace(model.card.architecture, filters=2**14, max_filters=2**14)
    write_model(tmp_path / MODEL_FILE, replace(model.card, architecture=huge), model.generator.state_dict())
    with refused("other-tensors", tmp_path / MODEL_FILE):
        read_model(tmp_path)


def test_tensors_without_a_description_are_refused(tmp_path: Path, refused: "Refused") -> None:
    safetensors.torch.save_file({"weight": torch.zeros(1)}, tmp_path / MODEL_FILE)
    with refused("not-a-model", tmp_path / MODEL_FILE):
        read_model(tmp_path)


def test_a_tensor_that_does_not_fit_is_named(run_folder: Path, tmp_path: Path, refused: "Refused") -> None:
    model = read_model(run_folder)
    tensors = dict(model.generator.state_dict())
    tensors["last.bias"] = torch.zeros(7)
    with safetensors.safe_open(run_folder / MODEL_FILE, "pt") as file:
        metadata = file.metadata()
    safetensors.torch.save_file(tensors, tmp_path / MODEL_FILE, metadata)
    with refused("other-tensors", tmp_path / MODEL_FILE) as error:
        read_model(tmp_path)
    assert "the tensor last.bias " in error.value.what


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_whose_training_failed_is_refused(
    value: float, run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    model = read_model(run_folder)
    with torch.no_grad():
        next(model.generator.parameters()).view(-1)[3] = value
    save_model(tmp_path / MODEL_FILE, model.card, model.generator)
    with refused("not-finite", tmp_path / MODEL_FILE):
        read_model(tmp_path)


def test_a_path_without_a_model_is_named(tmp_path: Path, refused: "Refused") -> None:
    with refused("missing-model", tmp_path / "nothing"):
        read_model(tmp_path / "nothing")
    with refused("missing-model", tmp_path):
        read_model(tmp_path)
    (tmp_path / BEST).write_bytes(b"")
    with refused("missing-model", tmp_path) as error:
        read_model(tmp_path)
    assert str(tmp_path / BEST) in error.value.to_do


def test_a_picture_in_the_place_of_the_model_is_called_so(tmp_path: Path, refused: "Refused") -> None:
    write_png(tmp_path / "a.PNG", np.zeros((8, 8, 3), np.uint8))
    with refused("missing-model", tmp_path / "a.PNG") as error:
        read_model(tmp_path / "a.PNG")
    assert "picture" in error.value.what


@pytest.mark.parametrize("read", [read_model, read_card])
def test_an_onnx_file_is_called_so(read: Callable[[Path], object], tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "model.ONNX").write_bytes(b"\x08\x08")
    with refused("other-format", tmp_path / "model.ONNX") as error:
        read(tmp_path / "model.ONNX")
    assert all(command in error.value.to_do for command in ("p2p sample", "p2p paint"))  # both apply it


def test_a_model_from_before_halves_were_coded_takes_and_gives_values(run_folder: Path, tmp_path: Path) -> None:
    model = read_model(run_folder)
    card = model.card.to_json()
    del card["input_as"], card["output_as"]
    for name in ("blocks", "upsampling", "dropout_blocks", "dropout_skip", "biases", "noise", "head"):
        del card["architecture"][name]
    tensors = dict(model.generator.state_dict())
    safetensors.torch.save_file(tensors, tmp_path / MODEL_FILE, {"p2p": json.dumps(card)})
    old = read_model(tmp_path)
    assert old.card == model.card
    assert (old.card.input_coding.kind, old.card.output_coding.channels) == ("values", 3)


def test_a_card_whose_halves_do_not_fit_its_network_is_refused(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    model = read_model(run_folder)
    save_model(tmp_path / MODEL_FILE, replace(model.card, input_as="classes"), model.generator)
    with refused("damaged-file", tmp_path / MODEL_FILE) as error:
        read_model(tmp_path)
    assert "has a damaged description" in error.value.what


def test_a_card_of_classes_and_native_sizes_is_read_back(make_model: Callable[..., Model], tmp_path: Path) -> None:
    halves = Half("mask", "mask"), Half("bands", "picture", 12, "float32", (-1.5, 4.0))
    model = make_model(*halves, palette=load_palette("cars"), input_as="classes", size=None)
    save_model(tmp_path / MODEL_FILE, model.card, model.generator)
    card = read_model(tmp_path).card
    assert card == model.card
    assert (card.input_coding.kind, card.input_coding.channels) == ("classes", 5)
    assert (card.output_coding.channels, card.output_coding.range) == (12, (-1.5, 4.0))


def flip(path: Path, at: int) -> None:
    """Change the lowest bit of a byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("float16", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_one_bit_of_the_weights_is_enough_to_refuse_a_model(
    share: float, float16: bool, make_model: Callable[..., Model], tmp_path: Path, refused: "Refused"
) -> None:
    photo, path = Half("photo", "photo"), tmp_path / "a.safetensors"
    model = make_model(photo, photo)
    path.write_bytes(model_bytes(model.card, model.generator, float16=float16))
    size = path.stat().st_size
    begin = 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]
    assert torch.equal(read_model(path).generator.state_dict()["last.bias"], model.generator.state_dict()["last.bias"])
    flip(path, begin + int(share * (size - begin)))
    assert read_card(path) == model.card
    for read in (read_model, check_model):
        with refused("damaged-file", path) as error:
            read(path)
        assert "SHA-256 of its weights" in error.value.what
        assert error.value.to_do.startswith("Copy it again from where it was made. ")


def test_one_letter_of_the_card_is_enough_too(
    make_model: Callable[..., Model], tmp_path: Path, refused: "Refused"
) -> None:
    model = make_model(Half("mask", "mask"), Half("photo", "photo"), palette=load_palette("cars"))
    save_model(tmp_path / MODEL_FILE, model.card, model.generator)
    flip(tmp_path / MODEL_FILE, (tmp_path / MODEL_FILE).read_bytes().index(b"32, 32") + 1)  # 33, 32
    (tmp_path / BEST).touch()
    for read in (read_card, read_model, check_model):
        with refused("damaged-file", tmp_path / MODEL_FILE) as error:
            read(tmp_path / MODEL_FILE)
        assert "SHA-256 of its description" in error.value.what
        assert f"Or give {tmp_path / BEST}, the best model" in error.value.to_do


@pytest.mark.parametrize("changed", ["p2p_sha256", "weights_sha256"])
def test_who_changed_a_model_on_purpose_is_told_which_hash_to_take_out(
    changed: str, make_model: Callable[..., Model], tmp_path: Path, refused: "Refused"
) -> None:
    model, path = make_model(Half("photo", "photo"), Half("photo", "photo")), tmp_path / MODEL_FILE
    save_model(path, model.card, model.generator)
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = {name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()}  # not in the file
    if changed == "weights_sha256":
        tensors["last.bias"] += 0.5
    else:
        metadata["p2p"] = metadata["p2p"].replace("32, 32", "64, 32")
    safetensors.torch.save_file(tensors, path, metadata=metadata)
    with refused("damaged-file", path) as error:
        read_model(path)
    assert f"take {changed} out of its metadata" in error.value.to_do
    del metadata[changed]
    safetensors.torch.save_file(tensors, path, metadata=metadata)
    found = read_model(path)
    assert torch.equal(found.generator.state_dict()["last.bias"], tensors["last.bias"])


def test_a_damaged_weight_is_not_called_a_failed_training(
    make_model: Callable[..., Model], tmp_path: Path, refused: "Refused"
) -> None:
    model, path = make_model(Half("photo", "photo"), Half("photo", "photo")), tmp_path / MODEL_FILE
    save_model(path, model.card, model.generator)
    path.write_bytes(path.read_bytes()[:-4] + struct.pack("<f", float("nan")))
    with refused("damaged-file", path):
        read_model(path)


def test_the_name_of_the_weights_does_not_depend_on_who_wrote_the_file(
    make_model: Callable[..., Model], tmp_path: Path
) -> None:
    model, path = make_model(Half("photo", "photo"), Half("photo", "photo")), tmp_path / MODEL_FILE
    save_model(path, model.card, model.generator)
    first = path.read_bytes()
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata() | {"writer": "another"}  # the order of metadata alone is chance
    safetensors.torch.save_file(dict(reversed(model.generator.state_dict().items())), path, metadata)
    assert path.read_bytes() != first
    read_model(path)
    save_model(path, model.card, read_model(path).generator)
    assert path.read_bytes() == first

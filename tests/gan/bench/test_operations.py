"""The operations of an update are those of its networks, counted without computing them."""

from dataclasses import replace

import pytest
import torch

from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.bench.operations import OperationCounter, Operations, count_operations
from p2p_gan.config.presets import PRESETS


def test_a_product_of_matrices_counts_two_operations_for_each_factor() -> None:
    with OperationCounter() as counter:
        torch.ones(2, 3) @ torch.ones(3, 5) + 1.0
    assert counter.flops == 2 * 2 * 3 * 5


def test_a_convolution_and_its_gradients_count() -> None:
    weight, picture = torch.ones(4, 3, 3, 3, requires_grad=True), torch.ones(1, 3, 8, 8)
    with OperationCounter() as counter:
        torch.nn.functional.conv2d(picture, weight, padding=1).sum().backward()  # type: ignore[no-untyped-call]
    assert counter.flops == 2 * 2 * (8 * 8 * 4 * 3 * 9)  # forward, and the gradient of the weight


def test_the_paper_s_update_takes_87_gflop_and_moves_1_6_gb_whatever_the_batch() -> None:
    found = count_operations(PRESETS["paper"])
    assert (round(found.flops / 1e9, 1), round(found.optimizer_bytes / 1e9, 2), found.batch) == (86.9, 1.6, 1)
    assert round(found.floor(83.0, 25.0), 2) == 1.11


def test_a_batch_and_a_gradient_penalty_which_is_differentiated_twice_take_more() -> None:
    tiny = replace(PRESETS["tiny"], size=Size(32, 32), unet_depth=2, discriminator_layers=1)
    one, four, penalty = (
        count_operations(replace(tiny, batch=batch, lambda_gp=weight, discriminator_norm="instance"))
        for batch, weight in ((1, 0.0), (4, 0.0), (1, 10.0))
    )
    assert four.flops == pytest.approx(4 * one.flops)
    assert four.optimizer_bytes == one.optimizer_bytes
    assert penalty.flops > 1.1 * one.flops


def test_noise_that_is_automatic_is_counted_as_masks_to_photos_have_it() -> None:
    best = replace(PRESETS["best"], size=Size(32, 32), unet_depth=2, discriminator_layers=1)
    found = count_operations(best)
    assert found == count_operations(replace(best, noise_channels=8, lambda_mode_seeking=0.5, dropout=0))
    assert found.flops > count_operations(replace(best, features="off")).flops  # a second picture of each input


def test_a_floor_adds_the_time_of_products_and_of_memory() -> None:
    assert Operations(flops=2e9, optimizer_bytes=3e9, batch=1).floor(gflops=4.0, gigabytes=6.0) == 1.0

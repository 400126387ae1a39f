"""Dropout and noise without torch are those of torch, number for number."""

import numpy as np
import pytest
import torch

from p2p_gan.inference.runtimes.random_draws import RandomSource
from p2p_gan.networks.architecture import DropoutLayer
from p2p_gan.networks.pixel_noise import KEYS


@pytest.mark.parametrize("seed", [0, 5, 2**40 + 17, 2**63 - 1])
def test_dropout_keeps_what_torch_keeps(seed: int) -> None:
    ours, theirs = RandomSource(seed), torch.Generator().manual_seed(seed)
    for share in (0.5, 0.3, 1 / 3, 0.1):
        kept = torch.rand((7, 5, 9), generator=theirs) >= share
        drawn = ours.dropout(DropoutLayer(7, 1, share), 5, 9)[0]
        np.testing.assert_array_equal(drawn > 0, kept.numpy())
        assert np.allclose(drawn[drawn > 0] * (1 - share), 1, rtol=1e-6)


@pytest.mark.parametrize("count", [1, 4, 15, 16, 17, 33, 64])
def test_noise_is_that_of_torch_and_leaves_the_source_where_torch_leaves_it(count: int) -> None:
    ours, theirs = RandomSource(3), torch.Generator().manual_seed(3)
    np.testing.assert_allclose(ours.normal(count), torch.randn((count, 1, 1), generator=theirs).flatten(), atol=3e-6)
    kept = torch.rand((1, 4, 4), generator=theirs) >= 0.5
    np.testing.assert_array_equal(ours.dropout(DropoutLayer(1, 1, 0.5), 4, 4)[0] > 0, kept.numpy())


def test_a_key_is_that_of_torch_and_leaves_the_source_where_torch_leaves_it() -> None:
    ours, theirs = RandomSource(5), torch.Generator().manual_seed(5)
    for _ in range(4):
        assert ours.below(KEYS) == int(torch.randint(KEYS, (1,), generator=theirs))
    np.testing.assert_allclose(ours.normal(2), torch.randn((2, 1, 1), generator=theirs).flatten(), atol=3e-6)


def test_a_source_that_is_seeded_again_is_as_a_new_one() -> None:
    source, layer = RandomSource(9), DropoutLayer(3, 1, 0.5)
    source.normal(5)
    source.seed(2**40 + 17)
    np.testing.assert_array_equal(source.dropout(layer, 4, 4), RandomSource(2**40 + 17).dropout(layer, 4, 4))

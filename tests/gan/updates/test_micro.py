"""Accumulated gradients: small batches make the update of a large one, wherever the mathematics is the same."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch, Part
from p2p_gan.machine.distributed import ALONE
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.norms import SyncBatchNorm
from p2p_gan.training.build import build
from p2p_gan.training.loop import share_batches
from p2p_gan.updates.lecam import DECAY
from p2p_gan.updates.micro import split_batch
from p2p_gan.updates.recipe import make_recipe
from p2p_gan.updates.step import Networks, Passes, _share, train_step


@pytest.fixture
def batch() -> Batch:
    """Five pairs 32x32 with classes, and ignored pixels that are many in some pairs and few in others."""
    random = torch.Generator().manual_seed(3)
    a, b = (torch.rand(5, 3, 32, 32, generator=random) * 2 - 1 for _ in range(2))
    ignored = torch.rand(5, 1, 32, 32, generator=random) < torch.tensor([0, 0.1, 0.9, 0.5, 0]).view(5, 1, 1, 1)
    classes = torch.randint(-1, 3, (5, 32, 32), generator=random)
    return Batch(a, b, ignored, classes)


def make(config: Config) -> Networks:
    shape = Architecture(3, 3, 3, 4, 8, config.norm, 0.0)
    return build(shape, replace(config, unet_depth=3), torch.device("cpu"), 3)


def cut(batch: Batch, at_once: int) -> Batch:
    """The batch to be computed in parts."""
    share, parts = share_batches(ALONE, range(len(batch.a)), at_once)
    assert list(share.positions) == list(range(len(batch.a)))
    return replace(batch, parts=parts)


def weights(nets: Networks) -> torch.Tensor:
    networks = [each for each in (nets.generator, nets.discriminator) if each is not None]
    return torch.cat([value.detach().flatten() for net in networks for value in net.parameters()])


def apart(
    config: Config, batch: Batch, at_once: int, updates: int = 1, *, classes: bool = False
) -> tuple[float, float]:
    """(the largest difference of losses, of weights relative to their way) of one batch and of its parts."""
    recipe, ends, losses, start = make_recipe(config, classes=classes), [], [], weights(make(config))
    for each in (batch, cut(batch, at_once)):
        nets = make(config)
        for optimizer in nets.optimizers:  # as Adam makes a full step of rounding where a gradient is 0
            optimizer.param_groups[0]["eps"] = 1e-3
        for _ in range(updates):
            found = train_step(nets, each, recipe, nullcontext)
        losses.append(found)
        ends.append(weights(nets))
    way = float((ends[0] - start).norm())
    return float((losses[0] - losses[1]).abs().max()), float((ends[0] - ends[1]).norm()) / way


INSTANCE = Config(
    norm="instance", dropout=0.0, discriminator_filters=4, discriminator_layers=2, generator_filters=4, max_filters=8
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"update_order": "simultaneous"},
        {"gan_loss": "none"},
        {"gan_loss": "hinge", "lambda_r1": 1.0},
        {"lambda_features": 10.0, "lambda_l2": 5.0},
        {"gan_loss": "segmentation", "lambda_labelmix": 0.0},
        {"segmentation_head": "on"},
        {
            **{"class_balanced": True, "segmentation_head": "on"},
            **{"segmentation_balanced": True, "segmentation_hinge": False},
        },
    ],
    ids=str,
)
def test_parts_make_the_update_of_the_whole_batch(changes: dict[str, Any], batch: Batch) -> None:
    losses, moved = apart(replace(INSTANCE, **changes), batch, at_once=2)
    assert losses < 1e-4
    assert moved < 1e-3


def test_parts_count_by_their_pixels_before_augmentation_so_that_they_make_one_whole(batch: Batch) -> None:
    seen = torch.full((1,), 0.3)  # the mean weight of what an augmented view shows
    parts = split_batch(cut(batch, 2))
    for balanced in (False, True):
        shares = [float(_share(part, None, seen, balanced=balanced)) * part.factor for part in parts]
        assert len(set(shares)) == 3
        assert sum(shares) == pytest.approx(1.0)


def test_moving_averages_decay_once_in_an_update_of_many_parts(batch: Batch) -> None:
    config = replace(INSTANCE, lambda_lecam=0.1)
    averages = []
    for each in (batch, cut(batch, 2)):
        nets = make(config)
        train_step(nets, each, make_recipe(config), nullcontext)
        assert nets.lecam is not None
        assert float(nets.lecam.weight) == pytest.approx(1 - DECAY)
        averages.append(nets.lecam.sums / nets.lecam.weight)
    whole, parts = averages
    assert torch.allclose(whole, parts, atol=1e-3)


def test_a_mean_over_ignored_pixels_is_that_of_the_whole_batch_and_not_of_means(batch: Batch) -> None:
    unequal = replace(INSTANCE, gan_loss="none")
    assert apart(unequal, batch, at_once=1)[1] < 1e-3


def test_cross_entropy_counts_the_pixels_of_all_parts_alike(batch: Batch) -> None:
    assert batch.classes is not None
    assert batch.ignored is not None
    one_hot = (batch.classes[:, None] == torch.arange(3)[:, None, None]).float()
    masks = replace(batch, b=one_hot, ignored=batch.ignored | (batch.classes < 0)[:, None])
    losses, moved = apart(replace(INSTANCE, gan_loss="none"), masks, at_once=1, classes=True)
    assert losses < 1e-4
    assert moved < 1e-3


@pytest.mark.parametrize("sizes", [(1, 1), (3, 1)], ids=str)
def test_ignored_pixels_count_alike_in_whichever_process_they_are(sizes: tuple[int, int]) -> None:
    random, count = torch.Generator().manual_seed(7), sum(sizes)
    a, b = (torch.rand(count, 3, 32, 32, generator=random) * 2 - 1 for _ in range(2))
    often = torch.tensor([0.9, 0.2, 0.5, 0.7])[:count, None, None, None]
    ignored = torch.rand(count, 1, 32, 32, generator=random) < often
    whole = Batch(a, b, ignored)
    config = replace(INSTANCE, gan_loss="none", lambda_l2=1.0)

    def learned(batch: Batch, mean: Callable[[torch.Tensor], torch.Tensor] | None) -> tuple[torch.Tensor, torch.Tensor]:
        nets = make(config)
        passes = Passes(nets.generator, None, mean) if mean else None
        losses = train_step(replace(nets, passes=passes), batch, make_recipe(config), nullcontext)
        gradients = (each.grad.flatten() for each in nets.generator.parameters() if each.grad is not None)
        return losses, torch.cat(list(gradients))

    # Factors with which the mean over two processes is the loss of the batch.
    parts, factors = (slice(sizes[0]), slice(sizes[0], count)), [2 * size / count for size in sizes]

    def part(mine: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows, others = parts[mine], parts[1 - mine]
        other = (~ignored[others]).float().mean() * factors[1 - mine]  # what the other process gives for the mean
        share = Batch(a[rows], b[rows], ignored[rows], factor=factors[mine])
        losses, gradient = learned(share, lambda own: (own + other) / 2)
        return losses * factors[mine], gradient

    expected, found = learned(whole, None), [part(number) for number in range(2)]
    for one, parts_of_it in zip(expected, zip(*found, strict=True), strict=True):
        torch.testing.assert_close(torch.stack(parts_of_it).mean(dim=0), one, atol=1e-5, rtol=1e-4)


def test_batch_norm_sees_a_part_at_a_time(batch: Batch) -> None:
    assert apart(replace(INSTANCE, norm="batch"), batch, at_once=1)[1] > 0.01


def test_statistics_over_processes_weigh_each_part_s_pairs_as_the_part_says(batch: Batch) -> None:
    class Alone(nn.Module):
        """A network of which nothing has to be averaged."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def no_sync(self) -> AbstractContextManager[None]:
            return nullcontext()

        def forward(self, *given: Any, **named: Any) -> Any:
            return self.network(*given, **named)

    config, across, seen = replace(INSTANCE, gan_loss="none"), SyncBatchNorm(), list[float]()
    nets = make(config)
    passes = Passes(Alone(nets.generator), None, lambda mean: mean, across)
    nets.generator.register_forward_hook(lambda *_: seen.append(across.weight))
    # The last part has fewer pairs than there are processes, so that two of them count half of one.
    parts = (Part(2, 0.4), Part(2, 0.4), Part(1, 0.2, weight=0.5))
    train_step(replace(nets, passes=passes), replace(batch, parts=parts), make_recipe(config), nullcontext)
    assert seen == [1.0, 1.0, 0.5]


def test_running_statistics_are_moved_once_for_each_part(batch: Batch) -> None:
    config = replace(INSTANCE, norm="batch")
    nets = make(config)
    norm = nets.generator.get_submodule("down.1.norm")
    seen: list[torch.Tensor] = []
    norm.register_forward_hook(lambda module, *_: seen.append(module.running_mean.clone()))
    train_step(nets, cut(batch, 3), make_recipe(config), nullcontext)
    changed = [not torch.equal(one, other) for one, other in pairwise(seen)]
    assert changed == [False, True, True]  # two passes for the discriminator, two for the generator


@pytest.mark.parametrize(("count", "at_once", "sizes"), [(5, 2, [2, 2, 1]), (6, 3, [3, 3])])
def test_a_batch_is_divided_in_order(
    count: int, at_once: int, sizes: list[int], random_input: Callable[..., torch.Tensor]
) -> None:
    a = random_input(count).contiguous(memory_format=torch.channels_last)
    found = split_batch(cut(Batch(a, a), at_once))
    assert [len(each.a) for each in found] == sizes
    assert torch.equal(torch.cat([each.a for each in found]), a)
    assert sum(each.factor for each in found) == pytest.approx(1)
    assert [each.last for each in found] == [False] * (len(sizes) - 1) + [True]
    assert all(each.a.is_contiguous(memory_format=torch.channels_last) for each in found)
    plain = split_batch(cut(Batch(a.contiguous(), a.contiguous()), at_once))
    assert all(each.a.is_contiguous() for each in plain), "in memory as the batch is"

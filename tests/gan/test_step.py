"""One update: who learns from what, and that twenty of them give the numbers they gave before."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from p2p_gan.recipe import Recipe
from p2p_gan.state import parts
from p2p_gan.step import Batch, Networks, train_step

GOLDEN = Path(__file__).parents[1] / "golden" / "train_step.json"


MakeNetworks = Callable[[], Networks]


def twenty_steps(nets: Networks, batch: Batch) -> list[list[float]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    losses = [train_step(nets, batch, Recipe(), contextlib.nullcontext).tolist() for _ in range(20)]
    torch.set_num_threads(threads)
    return losses


def parameters(nets: Networks) -> list[torch.Tensor]:
    return [parameter for part in parts(nets).values() for parameter in part.network.parameters()]


def test_twenty_updates_give_the_losses_they_always_gave(make_networks: MakeNetworks, easy_batch: Batch) -> None:
    # To change the golden file: see CONTRIBUTING.
    losses = twenty_steps(make_networks(), easy_batch)
    if "P2P_WRITE_GOLDEN" in os.environ:
        GOLDEN.write_text(json.dumps(losses, indent=1) + "\n")
    assert losses == [pytest.approx(row, rel=1e-3) for row in json.loads(GOLDEN.read_text())]


def test_the_discriminator_does_not_learn_in_the_generator_s_turn(
    make_networks: MakeNetworks, easy_batch: Batch
) -> None:
    nets = make_networks()
    train_step(nets, easy_batch, Recipe(), contextlib.nullcontext)
    assert not any(parameter.requires_grad for parameter in nets.opponent[0].parameters())
    assert all(parameter.grad is not None for parameter in nets.generator.parameters())


def test_both_networks_change_in_one_update(make_networks: MakeNetworks, easy_batch: Batch) -> None:
    nets = make_networks()
    before = [parameter.clone() for parameter in parameters(nets)]
    train_step(nets, easy_batch, Recipe(), contextlib.nullcontext)
    changed = [not torch.equal(old, new) for old, new in zip(before, parameters(nets), strict=True)]
    assert sum(changed) > len(changed) / 2


def test_ignored_pixels_give_no_loss_and_no_gradient(make_networks: MakeNetworks, easy_batch: Batch) -> None:
    nets = make_networks()
    before = [parameter.clone() for parameter in nets.generator.parameters()]
    ignored = Batch(easy_batch.a, easy_batch.b, torch.ones(1, 1, 32, 32, dtype=torch.bool))
    losses = train_step(nets, ignored, Recipe(), contextlib.nullcontext)
    assert losses[3].item() == 0
    assert all(torch.equal(a, b) for a, b in zip(before, nets.generator.parameters(), strict=True))


def test_the_generator_learns_an_easy_task(make_networks: MakeNetworks, easy_batch: Batch) -> None:
    losses = twenty_steps(make_networks(), easy_batch)
    assert losses[-1][3] < 0.9 * losses[0][3]

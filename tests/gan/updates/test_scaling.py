"""Losses scaled for float16: the same steps where nothing overflows, none where it does, exact after a resume."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from p2p_datatools.contract.errors import UsageError
from p2p_gan.config import Config
from p2p_gan.data.batch import Batch
from p2p_gan.machine.device import autocast_for, resolve_precision
from p2p_gan.networks.architecture import Architecture
from p2p_gan.runs import checkpoint
from p2p_gan.training.job import build
from p2p_gan.training.loop import train
from p2p_gan.updates.recipe import Recipe
from p2p_gan.updates.scaling import ScaledAdam, restore_scalers, scaler_states
from p2p_gan.updates.step import Networks, train_step, update

CPU = torch.device("cpu")


def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 1)


def scaled_networks(tiny: Config) -> Networks:
    return build(Architecture(3, 3, 5, 4, 8, "batch", 0.0), replace(tiny, precision="float16"), CPU)


def test_a_scaled_step_is_the_same_as_an_ordinary_one() -> None:
    x = torch.ones(3, 4)
    plain, scaled = layer(), layer()
    ordinary = torch.optim.Adam(plain.parameters(), lr=0.1, fused=True)
    update(ordinary, plain(x).square().mean())
    update(ScaledAdam(scaled.parameters(), device=CPU, lr=0.1, fused=True), scaled(x).square().mean())
    assert torch.allclose(plain.weight, scaled.weight, atol=1e-6)


def test_a_step_that_overflows_is_left_out_and_the_scale_halved() -> None:
    network = layer()
    optimizer = ScaledAdam(network.parameters(), device=CPU, lr=0.1, fused=True)
    before, scale = network.weight.clone(), optimizer.scaler.get_scale()
    update(optimizer, network(torch.full((1, 4), 1e38)).mean() * 1e4)
    assert torch.equal(network.weight, before)
    assert optimizer.scaler.get_scale() == scale / 2
    update(optimizer, network(torch.ones(1, 4)).mean())
    assert not torch.equal(network.weight, before)


@pytest.mark.parametrize("simultaneous", [False, True])
def test_each_network_has_its_own_scale_through_updates_and_checkpoints(
    tiny: Config, tmp_path: Path, simultaneous: bool
) -> None:
    nets = scaled_networks(tiny)
    wanted = [
        {**state, "scale": scale} for state, scale in zip(scaler_states(nets.optimizers), (256.0, 8.0), strict=True)
    ]
    restore_scalers(nets.optimizers, wanted)
    before = nets.generator.get_parameter("last.weight").clone()
    batch = Batch(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32))
    train_step(nets, batch, Recipe(simultaneous=simultaneous), autocast_for(CPU, "float32"))
    assert not torch.equal(nets.generator.get_parameter("last.weight"), before)
    progress = checkpoint.Progress(1, [0.0] * 4, 0, 0.0, extra={"scalers": scaler_states(nets.optimizers)})
    checkpoint.save(tmp_path, nets, progress, keep=1)
    again = scaled_networks(tiny)
    found = checkpoint.load_latest(tmp_path, again)
    assert found is not None
    restore_scalers(again.optimizers, found.extra["scalers"])
    states = scaler_states(again.optimizers)
    assert [(state["scale"], state["_growth_tracker"]) for state in states] == [(256.0, 1), (8.0, 1)]


def test_without_float16_there_is_no_scaler(make_networks: Callable[[], Networks]) -> None:
    nets = make_networks()
    assert not any(isinstance(each, ScaledAdam) for each in nets.optimizers)
    assert scaler_states(nets.optimizers) == []


@pytest.mark.parametrize("precision", ["float16", "tf32"])
def test_a_cpu_refuses_the_precisions_it_has_not(precision: str) -> None:
    with pytest.raises(UsageError, match=f"precision={precision}: exists on CUDA devices only"):
        resolve_precision(precision, CPU)


def test_float16_arithmetic_is_asked_for_by_its_name() -> None:
    with autocast_for(CPU, "float16")():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float16


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_float16_trains_and_resumes_on_cuda(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    config = replace(tiny, device="cuda", precision="float16", schedule="constant")
    train(pair_folder, tmp_path / "run", config)
    assert train(pair_folder, tmp_path / "run", replace(config, images=20)).before == 12

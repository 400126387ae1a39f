"""Losses scaled for float16: the same steps where nothing overflows, none where it does, exact after a resume."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from p2p_datatools.contract.errors import UsageError
from p2p_gan import checkpoint
from p2p_gan.config import Config
from p2p_gan.device import autocast_for, resolve_precision
from p2p_gan.job import build
from p2p_gan.loop import train
from p2p_gan.networks.architecture import Architecture
from p2p_gan.scaling import ScaledAdam, follow_gradient, restore_scaler, scaler_state
from p2p_gan.step import Batch, Networks, train_step

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
    follow_gradient(ordinary, plain(x).square().mean())
    follow_gradient(ScaledAdam(scaled.parameters(), device=CPU, lr=0.1, fused=True), scaled(x).square().mean())
    assert torch.allclose(plain.weight, scaled.weight, atol=1e-6)


def test_a_step_that_overflows_is_left_out_and_the_scale_halved() -> None:
    network = layer()
    optimizer = ScaledAdam(network.parameters(), device=CPU, lr=0.1, fused=True)
    before, scale = network.weight.clone(), optimizer.scaler.get_scale()
    follow_gradient(optimizer, network(torch.full((1, 4), 1e38)).mean() * 1e4)
    assert torch.equal(network.weight, before)
    assert optimizer.scaler.get_scale() == scale / 2
    follow_gradient(optimizer, network(torch.ones(1, 4)).mean())
    assert not torch.equal(network.weight, before)


def test_a_checkpoint_holds_each_network_s_scale(tiny: Config, tmp_path: Path) -> None:
    nets = scaled_networks(tiny)
    for optimizer, scale in ((nets.generator_optimizer, 256.0), (nets.discriminator_optimizer, 8.0)):
        restore_scaler(optimizer, {**scaler_state(optimizer), "scale": scale, "_growth_tracker": 3})
    train_step(
        nets,
        Batch(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)),
        l1_weight=1.0,
        autocast=autocast_for(CPU, "float32"),
    )
    checkpoint.save(tmp_path, nets, checkpoint.Progress(1, [0.0] * 4, 0, 0.0), keep=1)
    again = scaled_networks(tiny)
    checkpoint.load_latest(tmp_path, again)
    states = [scaler_state(each) for each in (again.generator_optimizer, again.discriminator_optimizer)]
    assert [(state["scale"], state["_growth_tracker"]) for state in states] == [(256.0, 4), (8.0, 4)]


def test_without_float16_there_is_no_scaler(make_networks: Callable[[], Networks]) -> None:
    optimizer = make_networks().generator_optimizer
    assert not isinstance(optimizer, ScaledAdam)
    assert scaler_state(optimizer) == {}


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

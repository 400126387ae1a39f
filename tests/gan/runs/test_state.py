"""All that training changes has a name, whatever parts the networks have."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from gan.fake_gpu import install
from torch import nn

from p2p_gan.runs import state
from p2p_gan.updates.step import Networks


@dataclass(frozen=True)
class WithCritic(Networks):
    critic: nn.Module | None = None
    critic_optimizer: torch.optim.Optimizer | None = None


def test_every_network_is_a_part_with_its_optimiser(make_networks: Callable[[], Networks]) -> None:
    nets = make_networks()
    parts = state.network_states(nets)
    assert list(parts) == ["generator", "discriminator"]
    assert parts["discriminator"].optimizer is nets.discriminator_optimizer


def test_the_ema_is_a_part_too_and_a_missing_network_is_not(make_networks: Callable[[], Networks]) -> None:
    one, two = make_networks(), make_networks()
    nets = WithCritic(**{**vars(one), "ema": two.generator})
    assert list(state.network_states(nets)) == ["generator", "discriminator", "ema"]
    assert state.network_states(nets)["ema"].optimizer is None
    with torch.no_grad():
        for parameter in two.generator.parameters():
            parameter.fill_(7)
    kept = {name: value.clone() for name, value in state.tensors_of(nets).items()}
    with torch.no_grad():
        for parameter in two.generator.parameters():
            parameter.zero_()
    state.restore_state(nets, kept)
    assert all((parameter == 7).all() for parameter in two.generator.parameters())


def test_the_size_of_a_checkpoint_is_known_before_the_first_update(make_networks: Callable[[], Networks]) -> None:
    nets = make_networks()
    before = state.size_in_bytes(nets)
    for part in state.network_states(nets).values():
        assert part.optimizer is not None
        for parameter in part.network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        part.optimizer.step()
    assert sum(value.nbytes for value in state.tensors_of(nets).values()) == before == state.size_in_bytes(nets)


def test_the_schedule_s_rates_come_back(make_networks: Callable[[], Networks]) -> None:
    nets = make_networks()
    nets.discriminator_and_optimizer[1].param_groups[0]["lr"] = 0.125
    rates = state.learning_rates(nets)
    other = make_networks()
    state.set_learning_rates(other, rates)
    assert state.learning_rates(other) == rates
    assert rates["discriminator"] == 0.125


@pytest.mark.parametrize("used", [True, False])
def test_the_random_state_of_a_gpu_is_kept_where_one_is_used_and_else_not_asked_for(
    make_networks: Callable[[], Networks], monkeypatch: pytest.MonkeyPatch, used: bool
) -> None:
    install(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: used)
    if not used:
        monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: pytest.fail("it would start CUDA"))
    assert ("random/cuda:0" in state.tensors_of(make_networks())) == used

"""Losses scaled for float16: the same steps where nothing overflows, none where it does, exact after a resume."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch
from torch import nn

from p2p_datatools.contract.errors import UsageError
from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch
from p2p_gan.machine.device import autocast_for, resolve_precision
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.models.model import read_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.norms import BatchNorm
from p2p_gan.runs import checkpoint
from p2p_gan.runs.state import network_states
from p2p_gan.training.build import build
from p2p_gan.training.run import train
from p2p_gan.updates.optimise import (
    RAMP,
    EagerAdam,
    EmaUpdate,
    GradScalerAdam,
    ema_decay,
    hold_learning_rate,
    let_record,
    new_ema,
    restore_scalers,
    scaler_states,
    set_learning_rate,
)
from p2p_gan.updates.recipe import Recipe
from p2p_gan.updates.step import Networks, train_step, update

if TYPE_CHECKING:
    from gan.conftest import MakeNetworks

CPU = torch.device("cpu")


def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 1)


def scaled_networks(tiny: Config) -> Networks:
    return build(Architecture(3, 3, 5, 4, 8, "batch", 0.0), replace(tiny, precision="float16"), CPU)


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_an_eager_step_is_that_of_torch_bit_for_bit(kind: Callable[[float], Any]) -> None:
    x, networks = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), (layer(), layer())
    optimizers = [
        adam(each.parameters(), lr=kind(0.1), betas=(0.5, 0.999), fused=True)
        for adam, each in zip((torch.optim.Adam, EagerAdam), networks, strict=True)
    ]
    for optimizer, network in zip(optimizers, networks, strict=True):
        for _ in range(5):
            optimizer.zero_grad(set_to_none=True)
            network(x).square().mean().backward()
            optimizer.step()
    assert torch.equal(networks[0].weight, networks[1].weight)
    states = [optimizer.state_dict() for optimizer in optimizers]
    assert str(states[0]) == str(states[1])


def test_a_step_needs_nothing_of_what_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its import takes as long as that of torch, and 70 MB.
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # an import fails
    network = layer()
    optimizer = EagerAdam(network.parameters(), lr=0.1, fused=True)
    optimizer.zero_grad()
    update(optimizer, network(torch.ones(1, 4)).mean())


def test_an_eager_step_keeps_the_hooks_of_torch() -> None:
    network, called = layer(), []
    optimizer = EagerAdam(network.parameters(), lr=0.1, fused=True)
    optimizer.register_step_post_hook(lambda *_: called.append(1))
    update(optimizer, network(torch.ones(1, 4)).mean())
    assert called == [1]


def test_a_scaled_step_is_the_same_as_an_ordinary_one() -> None:
    x = torch.ones(3, 4)
    plain, scaled = layer(), layer()
    ordinary = torch.optim.Adam(plain.parameters(), lr=0.1, fused=True)
    update(ordinary, plain(x).square().mean())
    update(GradScalerAdam(scaled.parameters(), device=CPU, lr=0.1, fused=True), scaled(x).square().mean())
    assert torch.allclose(plain.weight, scaled.weight, atol=1e-6)


def test_a_step_that_overflows_is_left_out_and_the_scale_halved() -> None:
    network = layer()
    optimizer = GradScalerAdam(network.parameters(), device=CPU, lr=0.1, fused=True)
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
    train_step(
        nets,
        batch,
        Recipe(Config(update_order="simultaneous" if simultaneous else "alternating")),
        autocast_for(CPU, "float32"),
    )
    assert not torch.equal(nets.generator.get_parameter("last.weight"), before)
    progress = checkpoint.Progress(1, [0.0] * 4, 0, 0.0, extra={"scalers": scaler_states(nets.optimizers)})
    checkpoint.save(tmp_path, nets, progress, keep=1)
    again = scaled_networks(tiny)
    found = checkpoint.load_latest(tmp_path, again)
    assert found is not None
    restore_scalers(again.optimizers, found.extra["scalers"])
    states = scaler_states(again.optimizers)
    assert [(state["scale"], state["_growth_tracker"]) for state in states] == [(256.0, 1), (8.0, 1)]


def test_without_float16_no_scaler_is_used(make_networks: Callable[[], Networks]) -> None:
    nets = make_networks()
    assert not any(isinstance(each, GradScalerAdam) for each in nets.optimizers)
    assert scaler_states(nets.optimizers) == []


@pytest.mark.parametrize("precision", ["float16", "tf32"])
def test_a_cpu_refuses_the_precisions_it_has_not(precision: str) -> None:
    with pytest.raises(UsageError, match=f"precision={precision}: exists on CUDA devices only"):
        resolve_precision(precision, CPU)


def test_float16_arithmetic_is_asked_for_by_its_name() -> None:
    with autocast_for(CPU, "float16")():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float16


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_float16_trains_and_resumes_on_cuda(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    config = replace(tiny, device="cuda", precision="float16", lr_schedule="constant")
    train(pair_folder, tmp_path / "run", config)
    assert train(pair_folder, tmp_path / "run", replace(config, images=20)).before == 12


def test_after_k_updates_the_ema_is_the_sum_of_the_closed_form(make_networks: "MakeNetworks") -> None:
    generator = make_networks().generator
    average, kept, states = new_ema(generator), 0.75, [list(generator.state_dict().values())]
    random = torch.Generator().manual_seed(1)
    states[0] = [value.clone() for value in states[0]]
    for _ in range(5):
        for value in generator.state_dict().values():
            value.copy_(torch.randn(value.shape, generator=random))
        states.append([value.clone() for value in generator.state_dict().values()])
        EmaUpdate(average, generator)(kept)
    for index, value in enumerate(average.state_dict().values()):
        expected = kept**5 * states[0][index]
        for k in range(1, 6):
            expected = expected + (1 - kept) * kept ** (5 - k) * states[k][index]
        torch.testing.assert_close(value, expected)


def test_statistics_are_averaged_as_weights_are(make_networks: "MakeNetworks") -> None:
    generator = make_networks().generator
    average = new_ema(generator)
    theirs, ours = (
        [module for module in each.modules() if isinstance(module, BatchNorm)] for each in (generator, average)
    )
    theirs[0].running_mean.fill_(8.0)
    EmaUpdate(average, generator)(0.75)
    assert torch.equal(ours[0].running_mean, torch.full_like(theirs[0].running_mean, 2.0))


def test_the_ema_shares_no_memory_with_the_generator_and_takes_no_gradient(make_networks: "MakeNetworks") -> None:
    generator = make_networks().generator
    average = new_ema(generator)
    assert not any(parameter.requires_grad for parameter in average.parameters())
    pointers = {parameter.data_ptr() for parameter in generator.parameters()}
    assert not pointers & {parameter.data_ptr() for parameter in average.parameters()}


@pytest.mark.parametrize("batch", [1, 10])
def test_half_is_forgotten_in_a_half_life_whatever_the_batch(batch: int) -> None:
    kept = 1.0
    for seen in range(1_000_000, 1_000_100, batch):
        kept *= ema_decay(seen, batch, 100.0)
    assert kept == pytest.approx(0.5)


def test_the_first_draw_of_the_weights_is_forgotten_at_once_and_the_beginning_soon() -> None:
    assert ema_decay(0, 1, 1_000.0) == 0
    assert ema_decay(200, 10, 1_000.0) == pytest.approx(0.5 ** (10 / (RAMP * 200)))
    assert ema_decay(1_000_000, 10, 1_000.0) == pytest.approx(0.5 ** (10 / 1_000))


def state(run: Path) -> tuple[bytes, bytes]:
    newest = max((run / "checkpoints").glob("*.safetensors"))
    return (run / MODEL_FILE).read_bytes(), newest.read_bytes()


def test_a_resumed_run_has_the_ema_and_the_draws_of_one_that_never_stopped(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(
        tiny,
        lr_schedule="constant",
        discriminator_norm="none",
        ema_half_life=6.0,
        discriminator_augment="all",
        noise_channels=2,
        lambda_mode_seeking=1.0,
    )
    config = replace(config, lambda_gp=10.0, images=6)
    train(pair_folder, tmp_path / "run", replace(config, images=3))
    train(pair_folder, tmp_path / "run", config)
    train(pair_folder, tmp_path / "whole", config)
    assert state(tmp_path / "run") == state(tmp_path / "whole")


def test_the_decay_of_a_run_s_ema_follows_from_the_images_before_each_update(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(
        tiny, ema_half_life=50.0, batch=2, images=42, checkpoint_every=20, sample_every=99, validate_every=99
    )
    train(pair_folder, tmp_path / "run", config)
    before, after = (
        safetensors.torch.load_file(tmp_path / "run" / "checkpoints" / f"{images:010d}.safetensors")
        for images in (40, 42)
    )
    # 5% of 40 images are a half-life of 2, which is a batch.
    for name in (name for name in after if name.startswith("generator/")):
        mine = name.replace("generator/", "ema/")
        torch.testing.assert_close(after[mine], (before[mine] + after[name]) / 2)


def test_a_run_without_ema_keeps_no_average(make_networks: "MakeNetworks") -> None:
    nets = make_networks()
    assert nets.ema is None
    assert nets.inference_generator is nets.generator
    assert set(network_states(nets)) == {"generator", "discriminator"}


def test_a_model_file_holds_the_ema_weights_and_says_so(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, ema_half_life=400.0, images=4))
    model = read_model(tmp_path / "run")
    saved = safetensors.torch.load_file(max((tmp_path / "run" / "checkpoints").glob("*.safetensors")))
    assert model.card.averaged
    for name, value in model.generator.state_dict().items():
        assert torch.equal(value, saved[f"ema/{name}"])
    assert any(not torch.equal(value, saved[f"generator/{name}"]) for name, value in model.generator.named_parameters())


def test_a_learning_rate_in_a_tensor_stays_in_it_and_is_the_same_rate(make_networks: Callable[[], Networks]) -> None:
    optimizer = make_networks().generator_optimizer
    set_learning_rate(optimizer, 0.3)
    assert optimizer.param_groups[0]["lr"] == 0.3
    hold_learning_rate(optimizer, CPU)
    held = optimizer.param_groups[0]["lr"]
    hold_learning_rate(optimizer, CPU)
    assert held.item() == 0.3
    set_learning_rate(optimizer, 0.1)
    assert optimizer.param_groups[0]["lr"] is held
    assert held.item() == 0.1


def test_an_optimiser_may_be_recorded_only_while_it_is(make_networks: Callable[[], Networks]) -> None:
    optimizers = [*make_networks().optimizers, torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)]

    def allowed() -> list[object]:
        return [each.param_groups[0].get("capturable") for each in optimizers]

    def fail() -> None:
        with let_record(optimizers):
            assert allowed() == [True, True, None]
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        fail()
    assert allowed() == [False, False, None]

"""The moving average against its closed form."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from p2p_gan.config import Config
from p2p_gan.models.model import FILE, load_model
from p2p_gan.networks.norms import Norm
from p2p_gan.runs.state import parts
from p2p_gan.training.loop import train
from p2p_gan.updates.average import RAMP, average_of, decay, follow
from p2p_gan.updates.step import Networks

MakeNetworks = Callable[[], Networks]


def test_after_k_updates_the_average_is_the_sum_of_the_closed_form(make_networks: MakeNetworks) -> None:
    generator = make_networks().generator
    average, kept, states = average_of(generator), 0.75, [list(generator.state_dict().values())]
    random = torch.Generator().manual_seed(1)
    states[0] = [value.clone() for value in states[0]]
    for _ in range(5):
        for value in generator.state_dict().values():
            value.copy_(torch.randn(value.shape, generator=random))
        states.append([value.clone() for value in generator.state_dict().values()])
        follow(average, generator, kept)
    for index, value in enumerate(average.state_dict().values()):
        expected = kept**5 * states[0][index]
        for k in range(1, 6):
            expected = expected + (1 - kept) * kept ** (5 - k) * states[k][index]
        torch.testing.assert_close(value, expected)


def test_statistics_are_averaged_as_weights_are(make_networks: MakeNetworks) -> None:
    generator = make_networks().generator
    average = average_of(generator)
    theirs, ours = ([module for module in each.modules() if isinstance(module, Norm)] for each in (generator, average))
    theirs[0].running_mean.fill_(8.0)
    follow(average, generator, 0.75)
    assert torch.equal(ours[0].running_mean, torch.full_like(theirs[0].running_mean, 2.0))


def test_the_average_is_moved_by_nothing_else(make_networks: MakeNetworks) -> None:
    generator = make_networks().generator
    average = average_of(generator)
    assert not any(parameter.requires_grad for parameter in average.parameters())
    pointers = {parameter.data_ptr() for parameter in generator.parameters()}
    assert not pointers & {parameter.data_ptr() for parameter in average.parameters()}


@pytest.mark.parametrize("batch", [1, 10])
def test_half_is_forgotten_in_a_half_life_whatever_the_batch(batch: int) -> None:
    kept = 1.0
    for seen in range(1_000_000, 1_000_100, batch):
        kept *= decay(seen, batch, 100.0)
    assert kept == pytest.approx(0.5)


def test_the_first_draw_of_the_weights_is_forgotten_at_once_and_the_beginning_soon() -> None:
    assert decay(0, 1, 1_000.0) == 0
    assert decay(200, 10, 1_000.0) == pytest.approx(0.5 ** (10 / (RAMP * 200)))
    assert decay(1_000_000, 10, 1_000.0) == pytest.approx(0.5 ** (10 / 1_000))


def state(run: Path) -> tuple[bytes, bytes]:
    newest = max((run / "checkpoints").glob("*.safetensors"))
    return (run / FILE).read_bytes(), newest.read_bytes()


def test_a_run_that_went_on_has_the_average_and_the_draws_of_one_that_never_stopped(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(
        tiny, schedule="constant", discriminator_norm="none", average=6.0, augment="all", noise=2, mode_seeking=1.0
    )
    config = replace(config, gradient_penalty=10.0, images=12)
    train(pair_folder, tmp_path / "run", replace(config, images=7))
    train(pair_folder, tmp_path / "run", config)
    train(pair_folder, tmp_path / "whole", config)
    assert state(tmp_path / "run") == state(tmp_path / "whole")


def test_a_run_s_average_keeps_what_the_images_before_each_update_say(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(tiny, average=50.0, batch=2, images=42, checkpoint_every=20, sample_every=99, validate_every=99)
    train(pair_folder, tmp_path / "run", config)
    before, after = (
        safetensors.torch.load_file(tmp_path / "run" / "checkpoints" / f"{images:010d}.safetensors")
        for images in (40, 42)
    )
    # 5% of 40 images are a half-life of 2, which is a batch.
    for name in (name for name in after if name.startswith("generator/")):
        mine = name.replace("generator/", "averaged/")
        torch.testing.assert_close(after[mine], (before[mine] + after[name]) / 2)


def test_a_run_that_wants_no_average_keeps_none(make_networks: MakeNetworks) -> None:
    nets = make_networks()
    assert nets.averaged is None
    assert nets.applied is nets.generator
    assert set(parts(nets)) == {"generator", "discriminator"}


def test_a_model_file_holds_the_average_and_says_so(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, average=400.0))
    model = load_model(tmp_path / "run")
    saved = safetensors.torch.load_file(max((tmp_path / "run" / "checkpoints").glob("*.safetensors")))
    assert model.card.averaged
    for name, value in model.generator.state_dict().items():
        assert torch.equal(value, saved[f"averaged/{name}"])
    assert any(not torch.equal(value, saved[f"generator/{name}"]) for name, value in model.generator.named_parameters())

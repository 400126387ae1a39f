"""A whole update asks for nothing that a CUDA graph cannot hold, whatever its settings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import Batch, load_dataset
from p2p_gan.training.job import make_job
from p2p_gan.training.steps.update import WholeUpdate
from p2p_gan.updates.losses import LOSSES
from p2p_gan.updates.optimise import let_record

ALL = Config(
    a_encoding="values",
    lambda_l2=1,
    lambda_frequency=1,
    class_balanced=True,
    lambda_features=1,
    lambda_gp=1,
    lambda_r1=1,
    lambda_lecam=1,
    label_smoothing=0.1,
    lambda_mode_seeking=1,
    noise_channels=2,
    pixel_noise=1,
    discriminator_norm="none",
    discriminator_augment="all",
    segmentation_head="on",
    segmentation_hinge=True,
    spectral_norm=True,
    ema_half_life=100.0,
)
OTHERS = {
    "everything": ALL,
    "everything at once": replace(ALL, update_order="simultaneous", gan_loss="lsgan", discriminator_scales=2),
    "hinge, resnet": replace(ALL, gan_loss="hinge", label_smoothing=0, generator="resnet", resnet_blocks=1),
    "bilinear": replace(ALL, upsampling="bilinear"),
    "wgan, resize": replace(ALL, gan_loss="wgan", label_smoothing=0, upsampling="resize", norm="instance"),
    "segmentation": Config(gan_loss="segmentation", lambda_lecam=1, discriminator_augment="all"),
    "segmentation at once": Config(gan_loss="segmentation", update_order="simultaneous", a_encoding="classes"),
    "norms of classes": replace(ALL, a_encoding="classes", class_adaptive_norm="on"),
    "classes": Config(direction="b-to-a", a_encoding="classes", discriminator_augment="all"),
    "pretrained features": replace(
        ALL, lambda_perceptual=1, lambda_projected=1, perceptual_stages=3, projected_stages=2
    ),
}


def make_small(config: Config) -> Config:
    """The config with networks of four filters at 32x32."""
    return replace(
        config,
        size=Size(32, 32),
        generator_filters=4,
        max_filters=8,
        discriminator_filters=4,
        discriminator_layers=min(1, config.discriminator_layers),
        perceptual_stages=min(2, config.perceptual_stages),  # deeper ones need larger pictures
        images=10,
        batch=2,
        precision="float32",
        device="cpu",
        threads=1,
    )


@pytest.fixture
def make_update(pair_folder: Path, feature_file: Path) -> Callable[..., tuple[WholeUpdate, Batch]]:
    """An update for a config, and the first batch of the run, with some pixels to ignore."""

    def make(config: Config, **options: Any) -> tuple[WholeUpdate, Batch]:
        config = replace(config, features=str(feature_file)) if config.lambda_perceptual else config
        job = make_job(open_pairs(pair_folder), config)
        batch = load_dataset(job.folder, job.task, job.config).batch([0, 1], job.device)
        ignored = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
        ignored[:, :, :4] = True
        return WholeUpdate(job, **options), replace(batch, ignored=ignored)

    return make


@pytest.mark.parametrize("name", [*PRESETS, *OTHERS])
def test_no_update_waits_for_the_device(
    name: str, make_update: Callable[..., tuple[WholeUpdate, Batch]], no_host_reads: Callable[[], TorchDispatchMode]
) -> None:
    update, batch = make_update(make_small((PRESETS | OTHERS)[name]), recordable=True)
    update.set_numbers(1e-3, 0.5)
    with let_record(update.job.nets.optimizers), no_host_reads():
        update(batch)
    assert all(map(torch.isfinite, torch.tensor(update.ring.read(1)).flatten()))
    assert not any(group["capturable"] for each in update.job.nets.optimizers for group in each.param_groups)


@pytest.mark.parametrize("name", ["segmentation", "norms of classes"])
def test_the_losses_of_an_update_in_16_bits_are_those_in_32_but_for_rounding(
    name: str, make_update: Callable[..., tuple[WholeUpdate, Batch]]
) -> None:
    found = []
    for precision in ("float32", "bfloat16"):
        update, batch = make_update(replace(make_small(OTHERS[name]), precision=precision), recordable=False)
        update.set_numbers(1e-5, 0.0)
        update(batch)
        found.append(dict(zip(update.job.recipe.names, update.ring.read(1)[0], strict=True)))
        assert all(value.dtype == torch.float32 for value in update.job.nets.generator.state_dict().values())
    found[0].pop("g_modes", None)  # a quotient of small differences
    assert {name: found[1][name] for name in found[0]} == pytest.approx(found[0], rel=0.1, abs=0.01)


def test_together_these_updates_have_every_loss(make_update: Callable[..., tuple[WholeUpdate, Batch]]) -> None:
    found = [make_update(make_small(config), recordable=False)[0].job.recipe.names for config in OTHERS.values()]
    assert {name for names in found for name in names} == {row.name for row in LOSSES}


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: float(x.mean()),
        lambda x: bool((x > 0).any()),
        lambda x: x[x > 0],
        lambda x: x.masked_select(x > 0),
        lambda x: (x > 0).nonzero(),
        lambda x: x * torch.tensor([1.0, 2.0, 3.0]),
        lambda x: x + torch.rand(3),
        lambda x: x + torch.arange(3),
    ],
)
def test_what_waits_for_the_device_is_found(
    read: Callable[[torch.Tensor], object], no_host_reads: Callable[[], TorchDispatchMode]
) -> None:
    with pytest.raises(RuntimeError, match="not permitted"), no_host_reads():
        read(torch.ones(2, 3))


def test_the_discriminator_learns_at_its_own_rate_which_falls_with_the_generator_s(
    make_update: Callable[..., tuple[WholeUpdate, Batch]],
) -> None:
    small = replace(make_small(PRESETS["tiny"]), learning_rate=1e-3)
    found = []
    for config in (replace(small, discriminator_learning_rate=4e-3), replace(small, learning_rate=4e-3)):
        update, batch = make_update(config, recordable=False)
        update.set_numbers(config.learning_rate, 0.0)
        update(batch)
        discriminator, optimizer = update.job.nets.discriminator_and_optimizer
        found.append([value.clone() for value in discriminator.parameters()])
        update.set_numbers(config.learning_rate / 2, 0.0)
        assert [float(optimizer.param_groups[0]["lr"])] == [2e-3]
        assert update.job.nets.generator_optimizer.param_groups[0]["lr"] == config.learning_rate / 2
    assert all(map(torch.equal, *found))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_update_with_its_numbers_in_tensors_is_the_same_update(
    make_update: Callable[..., tuple[WholeUpdate, Batch]], precision: str
) -> None:
    found = []
    for recordable in (False, True):
        config = replace(make_small(PRESETS["tiny"]), ema_half_life=5.0, precision=precision, dropout=0.5)
        update, batch = make_update(config, recordable=recordable)
        for number in range(3):
            update.set_numbers(3e-4 / (1 + number), 0.9 / (1 + number))
            update(batch)
        nets = update.job.nets
        values = [value for network in (nets.generator, nets.ema) if network for value in network.state_dict().values()]
        found.append((update.ring.read(3), values))
    assert found[0][0] == found[1][0]
    assert all(map(torch.equal, found[0][1], found[1][1]))

"""A config becomes the networks it speaks of, and a run of any of them goes on exactly where it stopped."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from p2p_datatools.contract.palette import load_palette
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.data.task import open_for_training
from p2p_gan.machine.distributed import Ranks
from p2p_gan.models.location import MODEL_FILE
from p2p_gan.models.model import read_model
from p2p_gan.networks.blocks import SpectralConv
from p2p_gan.networks.discriminators import MultiScale, PatchGAN, SegmentationHead
from p2p_gan.networks.norms import BatchNorm, InstanceNorm
from p2p_gan.runs import checkpoint
from p2p_gan.runs.state import network_states
from p2p_gan.training.build import discriminator_of
from p2p_gan.training.job import make_job, outgrown, refuse_contradictions, refuse_uneven, settle_randomness
from p2p_gan.training.planning import plan
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused

CARS = load_palette("cars")
NETWORKS: dict[str, dict[str, object]] = {
    "encoder-decoder": {"generator": "encoder-decoder", "conditional": False},
    "resnet": {"generator": "resnet", "resnet_blocks": 2, "norm": "instance", "discriminator_layers": 0},
    "resize": {"upsampling": "resize", "norm": "none", "noise_channels": 3, "unet_depth": 3},
    "scales": {
        "discriminator_scales": 2,
        "discriminator_layers": 1,
        "spectral_norm": True,
        "discriminator_norm": "none",
    },
    "labels": {"segmentation_head": "auto", "upsampling": "bilinear"},
    "later losses": {"lambda_frequency": 1, "lambda_lecam": 1, "discriminator_learning_rate": 1e-3},
    "segmentation": {"gan_loss": "segmentation", "segmentation_head": "auto", "lambda_lecam": 1},
    "norms of classes": {"a_encoding": "classes", "class_adaptive_norm": "auto", "noise_channels": 1, "pixel_noise": 2},
}


# What these have to remember is of kinds that the others have too.
LONG = ("encoder-decoder", "resize", "labels", "later losses")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in NETWORKS], ids=list(NETWORKS)
)
def test_a_stopped_run_of_any_networks_ends_bit_for_bit_like_a_whole_one(
    name: str, pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    config = replace(with_settings(tiny, NETWORKS[name]), images=4, checkpoint_every=2, lr_schedule="constant")
    train(pair_folder, tmp_path / "whole", config)
    train(pair_folder, tmp_path / "run", replace(config, images=2))
    train(pair_folder, tmp_path / "run", config)
    whole, resumed = ((tmp_path / each / MODEL_FILE).read_bytes() for each in ("whole", "run"))
    assert resumed == whole
    last = [tmp_path / each / checkpoint.CHECKPOINTS / "0000000004.safetensors" for each in ("whole", "run")]
    assert last[0].read_bytes() == last[1].read_bytes()


def test_a_model_of_a_run_knows_its_whole_shape(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    config = with_settings(
        tiny, {**NETWORKS["resize"], "bias_before_norm": "off", "dropout_blocks": 1, "dropout_skip": 1}
    )
    train(pair_folder, tmp_path / "run", replace(config, images=1))
    shape = read_model(tmp_path / "run").card.architecture
    assert (shape.kind, shape.depth, shape.upsampling, shape.norm, shape.noise) == ("unet", 3, "resize", "none", 3)
    assert (shape.biases, shape.dropout_blocks, shape.dropout_skip, shape.head) == (False, 1, 1, "tanh")


def test_the_seed_of_a_run_draws_the_weights_of_all_its_networks(pair_folder: Path, tiny: Config) -> None:
    one, again, other = (
        network_states(make_job(open_for_training(pair_folder), replace(tiny, seed=seed)).nets) for seed in (0, 0, 1)
    )
    assert list(one) == ["generator", "discriminator"]
    for name in one:
        weights, alike, unlike = (
            next(each for each in parts[name].network.parameters() if each.ndim == 4) for parts in (one, again, other)
        )
        assert torch.equal(weights, alike)
        assert not torch.equal(weights, unlike)


def test_the_discriminator_is_the_one_of_the_config() -> None:
    scales = discriminator_of(Config(discriminator_scales=3, spectral_norm=True, discriminator_norm="instance"), 3, 2)
    assert isinstance(scales, MultiScale)
    assert len(scales.scales) == 3
    convs = [module for module in scales.modules() if isinstance(module, torch.nn.Conv2d)]
    assert {type(conv) for conv in convs} == {SpectralConv}
    assert not any(isinstance(module, BatchNorm) for module in scales.modules())
    assert sum(isinstance(module, InstanceNorm) for module in scales.modules()) == 9
    assert convs[0].in_channels == 5


@pytest.mark.parametrize("layers", [0, 1, 4])
def test_the_patchgan_has_as_many_strided_layers_as_the_config_says(layers: int) -> None:
    patches = discriminator_of(Config(discriminator_layers=layers), 3, 3)
    strides = [module.stride for module in patches.modules() if isinstance(module, torch.nn.Conv2d)]
    assert strides.count((2, 2)) == layers


def test_labels_are_seen_where_a_mask_becomes_a_photo_if_that_is_left_open(pair_folder: Path, tiny: Config) -> None:
    folder, config = open_for_training(pair_folder), replace(tiny, segmentation_head="auto")
    there = make_job(folder, config)
    assert there.config.segmentation_head == "on"
    assert isinstance(there.nets.discriminator, SegmentationHead)
    assert there.nets.discriminator.labeller(torch.zeros(1, 3, 32, 32)).shape == (1, len(CARS.classes), 32, 32)
    for other in ({"direction": "photo-to-mask"}, {"gan_loss": "none"}, {"gan_loss": "segmentation"}):
        back = make_job(folder, with_settings(config, other))
        assert back.config.segmentation_head == "off"
        assert not isinstance(back.nets.discriminator, SegmentationHead)


def test_layers_of_patches_that_a_discriminator_that_segments_does_not_have_are_said(
    pair_folder: Path, tiny: Config
) -> None:
    folder, config = open_for_training(pair_folder), replace(tiny, gan_loss="segmentation", discriminator_layers=1)
    (note,) = make_job(folder, config).notes
    assert note.startswith("discriminator_layers=1 has no effect")
    for other in ({"discriminator_layers": 3}, {"gan_loss": "bce"}):
        assert make_job(folder, with_settings(config, other)).notes == ()


@pytest.mark.parametrize("head", ["off", "auto"])
def test_settings_of_a_segmentation_head_that_there_is_not_are_said(pair_folder: Path, tiny: Config, head: str) -> None:
    folder = open_for_training(pair_folder)
    asked = {"segmentation_head": head, "direction": "photo-to-mask", "segmentation_hinge": False}
    config = with_settings(tiny, asked | {"lambda_segmentation": 10})
    assert make_job(folder, config).notes == (
        "lambda_segmentation=10 has no effect without a segmentation head.",
        "segmentation_hinge=off has no effect without a segmentation head.",
    )
    back = with_settings(config, {"direction": "mask-to-photo", "segmentation_head": "on"})
    assert make_job(folder, back).notes == ()


def test_norms_adapt_to_classes_where_the_input_is_classes_if_that_is_left_open(
    pair_folder: Path, tiny: Config
) -> None:
    folder = open_for_training(pair_folder)
    config = replace(tiny, class_adaptive_norm="auto", a_encoding="auto", b_encoding="auto")
    there = make_job(folder, config)
    assert there.config.class_adaptive_norm == "on"
    assert there.card.architecture.class_adaptive
    for other in ({"direction": "photo-to-mask"}, {"a_encoding": "values"}, {"generator": "resnet"}, {"norm": "none"}):
        assert make_job(folder, with_settings(config, other)).config.class_adaptive_norm == "off"


def test_a_segmentation_head_halves_no_more_often_than_its_generator() -> None:
    found = discriminator_of(Config(segmentation_head="on", unet_depth=2), 3, 3, labels=5)
    assert isinstance(found, SegmentationHead)
    assert found.labeller.unit == 4
    deep = discriminator_of(Config(segmentation_head="on", unet_depth=8), 3, 3, labels=5)
    assert isinstance(deep, SegmentationHead)
    assert deep.labeller.unit == 16


@pytest.mark.parametrize(("patches", "filters"), [(64, 32), (16, 16), (4, 16)])
def test_a_segmentation_head_is_half_as_wide_as_the_patchgan_but_not_blind(patches: int, filters: int) -> None:
    config = Config(segmentation_head="on", discriminator_filters=patches, unet_depth=5)
    found = discriminator_of(config, 3, 3, labels=5)
    assert isinstance(found, SegmentationHead)
    assert next(found.labeller.parameters()).shape == (filters, 3, 4, 4)


@pytest.mark.parametrize(("images", "rate", "pixels"), [(999, 4e-4, 0), (1_000, 2e-4, 4)])
def test_the_length_of_a_run_decides_on_its_learning_rate_and_noise_of_pixels(
    tiny: Config, images: int, rate: float, pixels: int, pair_folder: Path
) -> None:
    asked = replace(tiny, learning_rate=-1.0, noise_channels=-1, pixel_noise=-1, lambda_perceptual=1.0, images=images)
    config = refuse_contradictions(open_for_training(pair_folder), asked)
    assert config.learning_rate == rate
    assert settle_randomness(asked, images, masks=True)["pixel_noise"] == pixels
    by_epochs = replace(asked, images=None, epochs=10_000)
    assert refuse_contradictions(open_for_training(pair_folder), by_epochs).learning_rate == 2e-4


def test_a_short_run_that_becomes_a_long_one_is_told_what_it_keeps(tiny: Config) -> None:
    short = replace(tiny, learning_rate=4e-4, noise_channels=8, images=400)
    (line,) = outgrown(short, replace(short, images=1_000))
    assert "a new run of 1,000 images with auto for both has 0.0002 and 4" in line
    assert not outgrown(short, replace(short, images=999))
    for own in ({"learning_rate": 1e-4}, {"pixel_noise": 4}, {"noise_channels": 0}, {"images": 1_000}):
        assert not outgrown(replace(short, **own), replace(short, images=2_000))


def test_an_unconditional_discriminator_takes_the_output_alone() -> None:
    single = discriminator_of(Config(conditional=False), 3, 2)
    assert isinstance(single, PatchGAN)
    assert single.convs[0].in_channels == 2


def test_the_plan_says_how_far_a_logit_sees_at_every_scale(pair_folder: Path, tiny: Config) -> None:
    assert plan(pair_folder, tiny).receptive_fields == (34,)
    two = replace(tiny, discriminator_scales=2, discriminator_layers=1)
    assert plan(pair_folder, two).receptive_fields == (16, 32)


def test_a_crop_decides_how_deep_a_unet_is_and_a_resnet_s_depth_is_its_own(pair_folder: Path, tiny: Config) -> None:
    from p2p_datatools.contract.pictures.sizes import Size

    cropped = replace(tiny, size=Size(64, 64), crop=Size(32, 32))
    assert make_job(open_for_training(pair_folder), cropped).config.unet_depth == 5
    assert make_job(open_for_training(pair_folder), replace(tiny, generator="resnet")).config.unet_depth == 2


def test_losses_by_class_are_refused_where_no_half_has_classes(
    pair_folder: Path, tiny: Config, refused: "Refused"
) -> None:
    balanced, folder = replace(tiny, class_balanced=True), open_for_training(pair_folder)
    make_job(folder, balanced)
    photos = replace(folder, a=folder.b, b=folder.b, palette=None)
    with refused("unfit-setting", "class_balanced=on", usage=True):
        make_job(photos, balanced)


@pytest.mark.parametrize(
    ("batch", "world", "near"), [(1, 2, "Choose 2, the smallest"), (6, 4, "Choose 4 or 8, the nearest")]
)
def test_a_batch_that_devices_cannot_share_alike_is_refused(
    batch: int, world: int, near: str, refused: "Refused"
) -> None:
    with refused("uneven-batch", f"batch={batch}", usage=True) as error:
        refuse_uneven(batch, world)
    assert near in error.value.to_do


def test_pairs_that_devices_see_alone_are_applied_by_their_own_statistics(pair_folder: Path, tiny: Config) -> None:
    folder = open_for_training(pair_folder)
    config = replace(tiny, batch=2)
    assert make_job(folder, config, Ranks(world=2)).card.statistics == "running"
    assert make_job(folder, replace(config, sync_batchnorm=False), Ranks(world=2)).card.statistics == "picture"

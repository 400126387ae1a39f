"""What a config may hold, and how words become one."""

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config import foreign_words
from p2p_gan.config.config import Config
from p2p_gan.config.foreign_words import SAME, SENTENCES
from p2p_gan.config.old_names import NAMES, VALUES
from p2p_gan.config.parse import config_from_json, find_setting, settings_from_toml, with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.config.sides import deepest_unet, nearest_size

if TYPE_CHECKING:
    from conftest import Refused


def test_the_paper_preset_is_what_the_paper_states() -> None:
    paper = PRESETS["paper"]
    assert (paper.size, paper.batch, paper.epochs, paper.learning_rate) == (Size(256, 256), 1, 200, 2e-4)
    assert (paper.beta1, paper.beta2, paper.lambda_l1, paper.dropout) == (0.5, 0.999, 100.0, 0.5)
    assert (paper.generator_filters, paper.discriminator_filters, paper.discriminator_layers) == (64, 64, 3)
    assert (paper.lr_schedule, paper.mirror, paper.fit) == ("constant", True, "stretch")
    assert round(256 * paper.jitter) == 286


def test_json_gives_every_preset_back() -> None:
    for preset in PRESETS.values():
        assert config_from_json(preset.to_json(), where="run.json") == preset


@pytest.mark.parametrize(
    ("size", "depth"), [((256, 256), 8), ((512, 512), 8), ((160, 96), 5), ((384, 256), 7), ((32, 32), 5)]
)
def test_a_unet_is_as_deep_as_both_sides_can_be_halved(size: tuple[int, int], depth: int) -> None:
    assert deepest_unet(Size(*size)) == depth


def test_a_size_the_network_cannot_take_names_the_nearest_that_works(refused: "Refused") -> None:
    with refused("settings-conflict", "size=250x100", usage=True) as caught:
        Config(size=Size(250, 100))
    assert "256x96" in caught.value.to_do
    assert nearest_size(Size(1, 1)) == Size(32, 32)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0),
        ("batch", -1),
        ("dropout", 1.0),
        ("jitter", 0.9),
        ("unet_depth", 9),
        ("discriminator_layers", 7),
        ("beta1", 1),
        ("images", 0),
        ("seed", -1),
        ("lambda_l1", -1),
        ("lambda_l1", float("inf")),
        ("lambda_l1", float("nan")),
        ("checkpoint_every", 0),
        ("seed", 2**63),
        ("threads", 100_000),
        ("batch", 10**12),
        ("generator_filters", 10**9),
        ("max_filters", 0),
        ("discriminator_filters", 10**7),
        ("images", 10**10),
        ("checkpoint_minutes", float("inf")),
        ("cache_gib", float("inf")),
    ],
)
def test_a_value_out_of_range_is_refused_by_the_name_of_its_setting(
    name: str, value: object, refused: "Refused"
) -> None:
    with refused("setting-range", usage=True) as caught:
        with_settings(Config(), {name: value})
    assert caught.value.where.startswith(f"{name}=")


def test_a_value_outside_the_choices_is_answered_with_the_choices(refused: "Refused") -> None:
    with refused("setting-choice", "precision=float8", usage=True) as caught:
        with_settings(Config(), {"precision": "float8"})
    assert "auto, float32, tf32, bfloat16, float16" in caught.value.to_do


def test_a_discriminator_too_deep_for_the_size_says_which_side_it_needs(refused: "Refused") -> None:
    with refused("settings-conflict", "size=32x32") as caught:
        Config(size=Size(32, 32), discriminator_layers=4)
    assert "at least 48 pixels" in caught.value.what


def test_a_misspelt_setting_is_answered_with_the_nearest_name(refused: "Refused") -> None:
    with refused("unknown-setting", "lambda_l1l", usage=True) as caught:
        with_settings(Config(), {"lambda_l1l": "10"})
    assert "lambda_l1" in caught.value.to_do


@pytest.mark.parametrize(
    ("word", "value", "ours"),
    [
        ("lr", "0.001", "learning_rate=0.001"),
        ("lambda_L1", "10", "lambda_l1=10"),
        ("ngf", "32", "generator_filters=32"),
        ("ndf", "32", "discriminator_filters=32"),
        ("netG", "unet_256", "generator=unet."),
        ("netG", "resnet_9blocks", "generator=resnet and resnet_blocks=9"),
        ("netD", "pixel", "discriminator_layers=0"),
        ("which_direction", "BtoA", "direction=b-to-a"),
        ("gan_mode", "vanilla", "gan_loss=bce"),
        ("gan_mode", "wgangp", "gan_loss=wgan and lambda_gp=10"),
        ("gan_mode", "strange", "gan_loss"),
        ("ema", "on", "ema_half_life"),
        ("n_layers", "2", "discriminator_layers=2"),
        ("n_layers_D", "2", "discriminator_layers=2"),
        ("batchSize", "4", "batch=4"),
        ("batch-size", "4", "batch=4"),
        ("niter", "100", "epochs"),
        ("no_flip", "", "mirror=off"),
    ],
)
def test_a_word_of_the_field_is_answered_with_our_setting(word: str, value: str, ours: str, refused: "Refused") -> None:
    with refused("unknown-setting", word, usage=True) as caught:
        with_settings(Config(), {word: value})
    assert ours in caught.value.to_do
    with refused("unknown-setting", word, usage=True):
        find_setting(word)


def test_the_words_of_the_field_lead_to_settings_and_are_none() -> None:
    known = settings_of(Config)
    assert set(SAME.values()) | {setting for setting, _ in foreign_words.VALUE_WORDS.values()} <= set(known)
    assert not (set(SAME) | set(SENTENCES) | set(foreign_words.VALUE_WORDS)) & set(known)
    for setting, values in foreign_words.VALUE_WORDS.values():
        for written in values.values():
            name, _, value = written.partition("=")
            assert name == setting
            if known[name].choices:
                assert value in known[name].choices
    sentences = " ".join(SENTENCES.values())
    assert set(re.findall(r"(\w+)=", sentences)) <= set(known)


@pytest.mark.parametrize(("old", "new"), NAMES.items())
def test_an_old_name_is_refused_with_the_new_one_named(old: str, new: str, refused: "Refused") -> None:
    assert old not in vars(Config())
    with refused("renamed-setting", f"{old}=1", usage=True) as caught:
        with_settings(Config(), {old: "1"})
    assert f"{new}=1" in caught.value.to_do
    assert new in vars(Config())


@pytest.mark.parametrize(
    ("name", "value", "new"),
    [
        *((name, old, f"{name}={new}") for name, values in VALUES.items() for old, new in values.items()),
        ("game", "least-squares", "gan_loss=lsgan"),
        ("game", "hinge", "gan_loss=hinge"),
        ("discriminator", "labels", "segmentation_head=on"),
        ("discriminator", "auto", "segmentation_head=auto"),
    ],
)
def test_an_old_value_is_refused_with_the_new_one_named(name: str, value: str, new: str, refused: "Refused") -> None:
    with refused("renamed-setting", f"{name}={value}", usage=True) as caught:
        with_settings(Config(), {name: value})
    assert caught.value.to_do == f"Write {new}."
    word, _, meant = new.partition("=")
    assert meant in settings_of(Config)[word].choices


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mirror", "maybe"),
        ("batch", "2.5"),
        ("learning_rate", "fast"),
        ("images", "many"),
        ("size", "12x"),
        ("crop", "12x"),
        ("seed", "inf"),
        ("images", "1e400"),
        ("epochs", "nan"),
        ("learning_rate", True),
    ],
)
def test_a_value_of_the_wrong_type_says_what_it_should_be(name: str, value: object, refused: "Refused") -> None:
    with refused("setting-type", f"{name}={value}", usage=True):
        with_settings(Config(), {name: value})


def test_a_large_whole_number_is_taken_to_its_last_digit() -> None:
    assert with_settings(Config(), {"seed": 2**53 + 1}).seed == 2**53 + 1


def test_text_becomes_values_of_the_field_s_type() -> None:
    config = with_settings(Config(), {"mirror": "off", "images": "40_000", "learning_rate": "1e-4", "size": "384x256"})
    assert (config.mirror, config.images, config.learning_rate, config.size) == (False, 40_000, 1e-4, Size(384, 256))


def test_a_toml_file_sets_fields_and_a_broken_one_is_named(tmp_path: Path, refused: "Refused") -> None:
    file = tmp_path / "mine.toml"
    file.write_text('batch = 4\nsize = "64"\n')
    assert with_settings(Config(), settings_from_toml(file)).batch == 4
    file.write_text("batch = \n")
    with refused("bad-toml", file, usage=True):
        settings_from_toml(file)


def test_every_field_of_the_config_has_a_type_that_words_can_set() -> None:
    for field in dataclasses.fields(Config):
        value = getattr(Config(), field.name)
        assert getattr(with_settings(Config(), {field.name: value}), field.name) == value


def test_a_size_in_multiples_of_4_is_for_resnets(refused: "Refused") -> None:
    assert Config(size=Size(100, 84), generator="resnet").size == Size(100, 84)
    for size, generator, near in (("102x84", "resnet", "104x84"), ("100x84", "unet", "96x96")):
        with refused("settings-conflict", f"size={size}") as caught:
            with_settings(Config(), {"size": size, "generator": generator})
        assert near in caught.value.to_do
    assert Config(size=Size(104, 88), unet_depth=3).unet_depth == 3


def test_scales_of_the_discriminator_need_larger_pictures(refused: "Refused") -> None:
    with refused("settings-conflict", "size=64x64") as caught:
        Config(size=Size(64, 64), discriminator_scales=3)
    assert "at 3 scales need at least 96 pixels" in caught.value.what
    assert Config(size=Size(96, 96), discriminator_scales=3).discriminator_scales == 3
    assert Config(size=Size(32, 32), discriminator_scales=3, discriminator_layers=0).discriminator_scales == 3


@pytest.mark.parametrize(
    ("settings", "place", "way_out"),
    [
        ({"generator": "resnet", "unet_depth": 5}, "unet_depth=5", "resnet_blocks"),
        ({"size": "160x96", "unet_depth": 6}, "unet_depth=6", "Leave unet_depth at auto"),
        ({"size": "native", "fit": "keep"}, "fit=keep", "--size"),
        ({"size": "64", "crop": "128"}, "crop=128x128", "smaller"),
        ({"rare_class_crops": 0.5, "jitter": 1}, "rare_class_crops=0.5", "crop=128"),
        ({"gan_loss": "wgan"}, "gan_loss=wgan", "lambda_gp=10"),
        ({"lambda_gp": 10}, "lambda_gp=10", "discriminator_norm=instance"),
        (
            {"lambda_r1": 1, "norm": "instance", "discriminator_norm": "batch"},
            "lambda_r1=1",
            "discriminator_norm=instance",
        ),
        ({"label_smoothing": 0.1, "gan_loss": "hinge"}, "label_smoothing=0.1", "Leave it at 0"),
        ({"lambda_mode_seeking": 1}, "lambda_mode_seeking=1", "noise_channels=8"),
        ({"lambda_gan": 0}, "lambda_gan=0", "gan_loss=none"),
        ({"gan_loss": "none", "lambda_features": 10}, "lambda_features=10", "Leave it at 0"),
        ({"gan_loss": "none", "discriminator_augment": "geometry"}, "discriminator_augment=geometry", "at none"),
        ({"gan_loss": "none", "discriminator_learning_rate": 1}, "discriminator_learning_rate=1", "at same"),
        ({"gan_loss": "segmentation", "lambda_features": 1}, "lambda_features=1", "at 0"),
        ({"gan_loss": "segmentation", "discriminator_scales": 2}, "discriminator_scales=2", "at 1"),
        ({"gan_loss": "segmentation", "spectral_norm": "on"}, "spectral_norm=on", "at off"),
        ({"gan_loss": "segmentation", "conditional": "off"}, "conditional=off", "at on"),
        ({"gan_loss": "segmentation", "segmentation_head": "on"}, "segmentation_head=on", "at off"),
        ({"gan_loss": "segmentation", "label_smoothing": 0.1}, "label_smoothing=0.1", "Leave it at 0"),
        ({"class_adaptive_norm": "on", "generator": "resnet"}, "class_adaptive_norm=on", "generator=unet"),
        ({"class_adaptive_norm": "on", "norm": "none"}, "class_adaptive_norm=on", "norm=batch"),
        ({"gan_loss": "none", "update_order": "simultaneous"}, "update_order=simultaneous", "at alternating"),
        ({"gan_loss": "none", "segmentation_head": "on"}, "segmentation_head=on", "at off"),
        ({"gan_loss": "none", "segmentation_balanced": "on"}, "segmentation_balanced=on", "at off"),
        ({"gan_loss": "segmentation", "segmentation_hinge": "off"}, "segmentation_hinge=off", "at on"),
    ],
)
def test_settings_that_exclude_each_other_are_refused_by_name_with_a_way_out(
    settings: dict[str, Any], place: str, way_out: str, refused: "Refused"
) -> None:
    with refused("settings-conflict", place, usage=True) as caught:
        with_settings(Config(), settings)
    assert way_out in caught.value.to_do

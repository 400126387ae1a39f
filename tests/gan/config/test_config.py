"""What a config may hold, and how words become one."""

import dataclasses
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import config_from_json, settings_from_toml, with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.config.sides import deepest_unet, nearest_size


def test_the_paper_preset_is_what_the_paper_states() -> None:
    paper = PRESETS["paper"]
    assert (paper.size, paper.batch, paper.epochs, paper.rate) == (Size(256, 256), 1, 200, 2e-4)
    assert (paper.beta1, paper.beta2, paper.l1_weight, paper.dropout) == (0.5, 0.999, 100.0, 0.5)
    assert (paper.filters, paper.discriminator_filters, paper.discriminator_layers) == (64, 64, 3)
    assert (paper.schedule, paper.mirror, paper.fit) == ("constant", True, "stretch")
    assert round(256 * paper.jitter) == 286


def test_json_gives_every_preset_back() -> None:
    for preset in PRESETS.values():
        assert config_from_json(preset.to_json(), where="run.json") == preset


@pytest.mark.parametrize(
    ("size", "depth"), [((256, 256), 8), ((512, 512), 8), ((160, 96), 5), ((384, 256), 7), ((32, 32), 5)]
)
def test_a_unet_is_as_deep_as_both_sides_can_be_halved(size: tuple[int, int], depth: int) -> None:
    assert deepest_unet(Size(*size)) == depth


def test_a_size_the_network_cannot_take_names_the_nearest_that_works() -> None:
    with pytest.raises(UsageError, match="size=250x100: is not possible; the nearest that works is 256x96"):
        Config(size=Size(250, 100))
    assert nearest_size(Size(1, 1)) == Size(32, 32)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0),
        ("batch", -1),
        ("dropout", 1.0),
        ("jitter", 0.9),
        ("depth", 9),
        ("discriminator_layers", 7),
        ("precision", "float8"),
        ("beta1", 1),
        ("images", 0),
        ("seed", -1),
        ("l1_weight", -1),
        ("checkpoint_every", 0),
        ("seed", 2**63),
        ("threads", 100_000),
        ("batch", 10**12),
        ("filters", 10**9),
        ("max_filters", 0),
        ("discriminator_filters", 10**7),
        ("images", 10**10),
        ("checkpoint_minutes", float("inf")),
        ("memory", float("inf")),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_field(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"^{name}="):
        with_settings(Config(), {name: value})


def test_a_discriminator_too_deep_for_the_size_says_which_side_it_needs() -> None:
    with pytest.raises(UsageError, match="4 discriminator layers need sides from 48"):
        Config(size=Size(32, 32), discriminator_layers=4)


def test_a_misspelt_field_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean l1_weight"):
        with_settings(Config(), {"l1_wieght": "10"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mirror", "maybe"),
        ("batch", "2.5"),
        ("rate", "fast"),
        ("images", "many"),
        ("size", "12x"),
        ("seed", "inf"),
        ("images", "1e400"),
        ("epochs", "nan"),
        ("rate", True),
    ],
)
def test_a_value_of_the_wrong_type_says_what_it_should_be(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"^{name}={value}: is not "):
        with_settings(Config(), {name: value})


def test_a_large_whole_number_is_taken_to_its_last_digit() -> None:
    assert with_settings(Config(), {"seed": 2**53 + 1}).seed == 2**53 + 1


def test_words_become_values_of_the_field_s_type() -> None:
    config = with_settings(Config(), {"mirror": "off", "images": "40_000", "rate": "1e-4", "size": "384x256"})
    assert (config.mirror, config.images, config.rate, config.size) == (False, 40_000, 1e-4, Size(384, 256))


def test_a_toml_file_sets_fields_and_a_broken_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('batch = 4\nsize = "64"\n')
    assert with_settings(Config(), settings_from_toml(file)).batch == 4
    file.write_text("batch = \n")
    with pytest.raises(UsageError, match=r"mine\.toml: is not a readable TOML file"):
        settings_from_toml(file)


def test_every_field_of_the_config_has_a_type_that_words_can_set() -> None:
    for field in dataclasses.fields(Config):
        value = getattr(Config(), field.name)
        assert getattr(with_settings(Config(), {field.name: value}), field.name) == value


def test_a_size_in_multiples_of_4_is_for_resnets() -> None:
    assert Config(size=Size(100, 84), generator="resnet").size == Size(100, 84)
    with pytest.raises(UsageError, match="size=102x84: is not possible; the nearest that works is 104x84"):
        Config(size=Size(102, 84), generator="resnet")
    with pytest.raises(UsageError, match="size=100x84: is not possible; the nearest that works is 96x96"):
        Config(size=Size(100, 84))
    assert Config(size=Size(104, 88), depth=3).depth == 3


def test_scales_of_the_discriminator_need_larger_pictures() -> None:
    with pytest.raises(UsageError, match=r"size=64x64: .* 3 discriminator layers at 3 scales need sides from 96"):
        Config(size=Size(64, 64), discriminators=3)
    assert Config(size=Size(96, 96), discriminators=3).discriminators == 3
    assert Config(size=Size(32, 32), discriminators=3, discriminator_layers=0).discriminators == 3


def test_a_resnet_s_depth_is_its_own() -> None:
    with pytest.raises(UsageError, match="depth=5: is not possible; a resnet always halves its input 2 times"):
        Config(generator="resnet", depth=5)

"""The arms are the paper's, and each is what its name says whatever the settings start from."""

from typing import TYPE_CHECKING

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.experiments.record import slug
from p2p_gan.experiments.tables import ARMS, BASE, TABLES, arms_of, changes_text, chosen_tables, with_gan
from p2p_gan.networks.discriminators import receptive_fields
from p2p_gan.updates.recipe import make_recipe

if TYPE_CHECKING:
    from conftest import Refused

ALL = tuple(TABLES)


def test_every_table_is_made_of_arms_and_every_arm_is_in_a_table() -> None:
    assert {arm for table in TABLES.values() for arm in table.arms} == set(ARMS)
    assert all(arm in table.arms for table in TABLES.values() for arm, _ in table.paper)


def test_arms_have_folders_of_their_own() -> None:
    assert len({slug(arm) for arm in ARMS}) == len(ARMS)


def test_patches_are_as_large_as_their_names_say() -> None:
    arms, _ = arms_of(("field",), Config())
    assert len(arms) == 4
    for name, config in arms.items():
        (field,) = receptive_fields(config.discriminator_layers, 1)
        assert name == f"{field}x{field} patches"


def test_the_paper_says_of_its_arms_what_its_tables_say() -> None:
    assert dict(TABLES["loss"].paper) == {
        **{"L1": ".42 / .15 / .11", "GAN": ".22 / .05 / .01", "cGAN": ".57 / .22 / .16"},
        **{"L1+GAN": ".64 / .20 / .15", BASE: ".66 / .23 / .17"},
    }
    assert TABLES["loss"].paper_real == ".80 / .26 / .21"
    assert dict(TABLES["architecture"].paper) == {
        **{"encoder-decoder L1": ".35 / .08", "encoder-decoder L1+cGAN": ".29 / .05"},
        **{"L1": ".48 / .13", BASE: ".55 / .14"},
    }
    assert dict(TABLES["field"].paper) == {
        **{"1x1 patches": ".39 / .10", "16x16 patches": ".65 / .17"},
        **{"70x70 patches": ".66 / .17", "286x286 patches": ".42 / .11"},
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_variety_is_asked_of_models_that_can_have_some_from_every_preset(preset: str) -> None:
    arms, _ = arms_of(("collapse",), with_gan(PRESETS[preset]))
    assert set(arms) == set(TABLES["collapse"].arms)
    for name, config in arms.items():
        assert config.dropout == 0.5 if "dropout" in name else config.noise_channels == 8
        assert bool(config.noise_channels) == ("noise" in name)
        assert bool(config.lambda_mode_seeking) == ("mode seeking" in name)
        assert bool(config.lambda_l1) == ("L1" in name)


def test_where_the_settings_have_the_papers_dropout_it_is_not_trained_twice() -> None:
    arms, _ = arms_of(("loss", "collapse"), Config())
    assert arms["cGAN, dropout"] == arms["cGAN"]
    assert arms["L1+cGAN, dropout"] == arms[BASE]


@pytest.mark.parametrize("preset", PRESETS)
def test_an_arm_trains_against_the_discriminator_that_its_name_says_from_every_preset(preset: str) -> None:
    arms, _ = arms_of(("loss",), with_gan(PRESETS[preset]))
    assert set(arms) == set(TABLES["loss"].arms)
    for as_classes in (False, True):
        for name, config in arms.items():
            recipe = make_recipe(config, classes=as_classes)
            likeness = {"g_classes"} if as_classes else {"g_l1"}
            assert (config.gan_loss != "none") == ("GAN" in name) == ("d_real" in recipe.names)
            assert bool(likeness & set(recipe.names)) == ("L1" in name)
            assert config.conditional or name in ("GAN", "L1+GAN")
            assert config.segmentation_head == "off"


def test_an_arm_that_the_size_cannot_have_is_left_out_with_the_reason() -> None:
    possible, impossible = arms_of(ALL, Config(size=Size(64, 64)))
    assert list(impossible) == ["286x286 patches"]
    assert "size=64x64: is too small: 5 discriminator layers need at least" in impossible["286x286 patches"]
    assert set(possible) | set(impossible) == set(ARMS)


def test_where_no_arm_can_be_trained_the_first_reason_is_given(refused: "Refused") -> None:
    def refuse(config: Config) -> None:
        raise UsageError("norm=none", "is not liked", "Like it.", code="test")

    with refused("no-possible-arm", "tables=loss", usage=True) as error:
        arms_of(("loss",), Config(), refuse)
    assert "norm=none: is not liked" in error.value.what
    assert error.value.to_do == "Like it."


def test_an_arm_is_described_by_the_fields_in_which_it_differs() -> None:
    arms, _ = arms_of(("loss",), Config())
    assert changes_text(arms[BASE], Config()) == "nothing"
    assert changes_text(arms["L1"], Config()) == "gan_loss=none"
    assert changes_text(arms["GAN"], Config()) == "conditional=off lambda_l1=0 lambda_ce=0"
    assert changes_text(PRESETS["best"], with_settings(PRESETS["best"], {"noise_channels": 8})) == "noise_channels=auto"


def test_tables_are_chosen_by_name(refused: "Refused") -> None:
    assert chosen_tables("all") == ALL
    assert chosen_tables("field, loss") == ("field", "loss")
    assert chosen_tables("Loss,field,loss,") == ("loss", "field")
    assert chosen_tables("loss,all") == ALL
    with refused("unknown-table", "tables=losses", usage=True) as error:
        chosen_tables("losses")
    assert "Choose from all, loss, architecture" in error.value.to_do

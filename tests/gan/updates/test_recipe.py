"""Which losses a config asks for, in which order, and what pairs contradict it."""

from typing import Any

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.updates.recipe import Recipe, recipe_of


def config(**settings: Any) -> Config:
    return with_settings(Config(), settings)


def test_the_paper_s_recipe_is_the_default_one_with_its_four_losses() -> None:
    assert recipe_of(PRESETS["paper"]) == Recipe()
    assert Recipe().weights == {"d_real": 1, "d_fake": 1, "g_gan": 1, "g_l1": 100}


def test_everything_at_once_is_named_in_an_order_that_begins_with_the_paper_s() -> None:
    everything = config(
        l2_weight=1, feature_weight=10, gradient_penalty=10, r1=1, discriminator_norm="none", noise=2, mode_seeking=1
    )
    further = ("g_l2", "g_features", "d_penalty", "d_r1", "g_modes")
    assert recipe_of(everything).names == ("d_real", "d_fake", "g_gan", "g_l1", *further)


def test_a_discriminator_of_labels_adds_what_it_learns_and_what_the_generator_pays() -> None:
    found = recipe_of(config(discriminator="labels", label_weight=30))
    assert found.names == ("d_real", "d_fake", "g_gan", "g_l1", "g_labels", "d_labels")
    assert (found.weights["g_labels"], found.weights["d_labels"]) == (30, 1)
    assert "g_labels" not in recipe_of(config(discriminator="labels", label_weight=0)).names


def test_r1_counts_half_of_its_factor_as_its_authors_write_it() -> None:
    assert recipe_of(config(r1=10, discriminator_norm="none")).weights["d_r1"] == 5


def test_classes_take_the_place_of_l1_and_l2() -> None:
    assert recipe_of(config(l2_weight=1), output_classes=True).names == ("d_real", "d_fake", "g_gan", "g_classes")


def test_without_a_game_the_likeness_is_alone() -> None:
    assert recipe_of(config(game="none")).names == ("g_l1",)
    assert recipe_of(config(game="none", l2_weight=2)).weights == {"g_l1": 100, "g_l2": 2}


@pytest.mark.parametrize(
    ("settings", "pairs", "message"),
    [
        ({"balanced": "on"}, {"has_classes": False}, "balanced=True: these pairs have no mask"),
        ({"augment": "all"}, {"colours": (False, False)}, "augment=all: neither half .* augment=geometry"),
        ({"augment": "colour"}, {"colours": (False, False)}, "augment=colour: neither half"),
        ({"game": "none", "l1_weight": 0}, {}, "game=none: leaves .* l1_weight=100"),
        ({"game": "none", "class_weight": 0}, {"output_classes": True}, "game=none: leaves .* class_weight=100"),
        ({"l1_weight": 0, "balanced": "on"}, {}, "balanced=True: has no loss .* l1_weight=100"),
    ],
)
def test_what_the_pairs_contradict_is_refused_with_a_way_out(
    settings: dict[str, Any], pairs: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        recipe_of(config(**settings), **pairs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"game": "wasserstein"}, "^game=wasserstein: .* gradient_penalty=10"),
        ({"gradient_penalty": 10}, "^gradient_penalty=10.0: .* discriminator_norm=instance"),
        ({"r1": 1, "norm": "instance", "discriminator_norm": "batch"}, "^r1=1.0: .* discriminator_norm=instance"),
        ({"smoothing": 0.1, "game": "hinge"}, "^smoothing=0.1: .* no targets"),
        ({"mode_seeking": 1}, "^mode_seeking=1.0: .* noise=8"),
        ({"game_weight": 0}, "^game_weight=0.0: .* game=none"),
        ({"game": "none", "feature_weight": 10}, "^feature_weight=10.0: .* game=none has no discriminator"),
        ({"game": "none", "augment": "geometry"}, "^augment=geometry: .* leave it at none"),
        ({"game": "none", "updates": "simultaneous"}, "^updates=simultaneous: .* leave it at alternating"),
        ({"l1_weight": "inf"}, "^l1_weight=inf: .* 0 or more"),
    ],
)
def test_settings_that_exclude_each_other_are_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        config(**settings)

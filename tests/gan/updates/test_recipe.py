"""Which losses a config asks for, in which order, and what pairs contradict it."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch

from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.base import Judgement, PhotoFeatures
from p2p_gan.networks.discriminators import PatchGAN
from p2p_gan.updates import recipe as recipe_module
from p2p_gan.updates.losses import (
    LOSSES,
    FeaturePair,
    GeneratorOutput,
    Loss,
    PictureComparison,
    projection_generator_loss,
    projection_loss,
)
from p2p_gan.updates.recipe import Recipe, make_recipe
from p2p_gan.updates.step import Networks, train_step

if TYPE_CHECKING:
    from conftest import Refused

    from p2p_gan.networks.efficientnet import FeatureNetwork


def config(**settings: Any) -> Config:
    return with_settings(Config(), settings)


def test_the_paper_s_recipe_is_the_default_one_with_its_four_losses() -> None:
    assert make_recipe(PRESETS["paper"]) == Recipe()
    assert Recipe().weights == {"d_real": 1, "d_fake": 1, "g_gan": 1, "g_l1": 100}


def test_everything_at_once_is_named_in_an_order_that_begins_with_the_paper_s() -> None:
    everything = config(
        **{"lambda_l2": 1, "lambda_features": 10, "lambda_gp": 10, "lambda_r1": 1, "discriminator_norm": "none"},
        **{"noise_channels": 2, "lambda_mode_seeking": 1},
    )
    further = ("g_l2", "g_features", "d_penalty", "d_r1", "g_modes")
    assert make_recipe(everything).names == ("d_real", "d_fake", "g_gan", "g_l1", *further)


def test_features_add_a_loss_of_the_generator_and_heads_one_of_each_network() -> None:
    found = make_recipe(config(lambda_perceptual=3, lambda_projected=2))
    weights = {"g_perceptual": 3, "d_projected": 1, "g_projected": 2}
    assert {name: found.weights[name] for name in weights} == weights
    assert not make_recipe(config(lambda_perceptual=3, lambda_projected=2, features="off")).weights.keys() & weights


def test_a_segmentation_head_adds_what_it_learns_and_what_the_generator_pays() -> None:
    found = make_recipe(config(segmentation_head="on", lambda_segmentation=30))
    assert found.names == ("d_real", "d_fake", "g_gan", "g_l1", "g_labels", "d_labels")
    assert (found.weights["g_labels"], found.weights["d_labels"]) == (30, 1)
    for head in ("on", "off"):
        for hinge in (True, False):
            found = make_recipe(config(segmentation_head=head, segmentation_hinge=hinge))
            assert found.matches_real is (hinge and head == "on")
    assert "g_labels" not in make_recipe(config(segmentation_head="on", lambda_segmentation=0)).names


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({}, False),
        ({"segmentation_head": "on"}, True),
        ({"gan_loss": "segmentation", "lambda_labelmix": 0}, True),
        ({"lambda_projected": 1}, True),
    ],
    ids=str,
)
def test_the_classes_of_the_mask_are_seen_where_a_judgement_of_the_discriminator_needs_them(
    settings: dict[str, Any], read: bool
) -> None:
    assert make_recipe(config(**settings)).sees_classes is read


def test_r1_counts_half_of_its_factor_as_its_authors_write_it() -> None:
    assert make_recipe(config(lambda_r1=10, discriminator_norm="none")).weights["d_r1"] == 5


@pytest.mark.parametrize(
    ("factor", "loss", "others"),
    [
        ("lambda_gan", "g_gan", {}),
        ("lambda_l1", "g_l1", {}),
        ("lambda_l2", "g_l2", {}),
        ("lambda_frequency", "g_frequency", {}),
        ("lambda_ce", "g_classes", {}),
        ("lambda_features", "g_features", {}),
        ("lambda_segmentation", "g_labels", {"segmentation_head": "on"}),
        ("lambda_gp", "d_penalty", {"discriminator_norm": "none"}),
        ("lambda_labelmix", "d_labelmix", {"gan_loss": "segmentation"}),
        ("lambda_lecam", "d_lecam", {}),
        ("lambda_perceptual", "g_perceptual", {}),
        ("lambda_projected", "g_projected", {}),
        ("lambda_mode_seeking", "g_modes", {"noise_channels": 2}),
    ],
)
def test_every_lambda_is_the_weight_of_its_loss_and_of_no_other(factor: str, loss: str, others: dict[str, Any]) -> None:
    low, high = (
        make_recipe(config(**{factor: value}, **others), classes=loss == "g_classes").weights for value in (3, 7)
    )
    assert (low[loss], high[loss]) == (3, 7)
    assert {name for name in low if low[name] != high[name]} == {loss}


def test_classes_take_the_place_of_l1_and_l2() -> None:
    assert make_recipe(config(lambda_l2=1), classes=True).names == ("d_real", "d_fake", "g_gan", "g_classes")


def test_without_a_discriminator_the_likeness_is_alone() -> None:
    assert make_recipe(config(gan_loss="none")).names == ("g_l1",)
    assert make_recipe(config(gan_loss="none", lambda_l2=2)).weights == {"g_l1": 100, "g_l2": 2}


def test_a_row_more_in_the_table_is_a_loss_more_in_every_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Loss("g_mean", lambda config: 0.5, of_pictures=lambda at: at.generated.fake_b.mean())
    monkeypatch.setattr(recipe_module, "LOSSES", (*LOSSES, added))
    assert Recipe().weights == {"d_real": 1, "d_fake": 1, "g_gan": 1, "g_l1": 100, "g_mean": 0.5}


@pytest.mark.parametrize(
    ("settings", "pairs", "code", "way_out"),
    [
        ({"class_balanced": "on"}, {"has_mask": False}, "unfit-setting", "pair masks"),
        ({"discriminator_augment": "all"}, {"photos": (False, False)}, "unfit-setting", "augment=geometry"),
        ({"discriminator_augment": "color"}, {"photos": (False, False)}, "unfit-setting", "augment=geometry"),
        ({"gan_loss": "none", "lambda_l1": 0}, {}, "settings-conflict", "lambda_l1=100"),
        ({"gan_loss": "none", "lambda_ce": 0}, {"classes": True}, "settings-conflict", "lambda_ce=100"),
        ({"class_balanced": "on", "lambda_l1": 0}, {}, "settings-conflict", "lambda_l1=100"),
        ({"lambda_frequency": 1}, {"classes": True}, "unfit-setting", "Leave it at 0"),
    ],
)
def test_what_the_pairs_contradict_is_refused_with_a_way_out(
    settings: dict[str, Any], pairs: dict[str, Any], code: str, way_out: str, refused: "Refused"
) -> None:
    name, value = next(iter(settings.items()))
    with refused(code, f"{name}={value}", usage=True) as caught:
        make_recipe(config(**settings), **pairs)
    assert way_out in caught.value.to_do


class HeadsThatRemember(PatchGAN):
    """A discriminator with one projected head, which keeps the photos, features, condition and output of each pass."""

    def __init__(self) -> None:
        super().__init__(6, filters=4, layers=1, norm="none")
        self.judged: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.given: list[torch.Tensor | None] = []
        self.said: list[Judgement] = []

    def forward(
        self, a: torch.Tensor, b: torch.Tensor, labels: bool = False, seen: PhotoFeatures | None = None
    ) -> Judgement:
        assert seen is not None, "each pass of heads needs features"
        self.judged.append((b.detach(), seen.stages[0].detach()))
        self.given.append(seen.condition)
        judgement: Judgement = super().forward(a, b, labels)
        self.said.append(judgement._replace(projected=(judgement.logits[0] + seen.stages[0].mean(),)))
        return self.said[-1]


class FeaturesThatAreTheirPhotos:
    """A feature network of one stage, which counts what it looks at."""

    def __init__(self) -> None:
        self.photos = 0

    def compare(
        self, real: torch.Tensor, fake: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
        """Both photos as their features."""
        self.photos += 2
        return (real,), (fake,)


def update_with_heads(
    network: FeaturesThatAreTheirPhotos, discriminator: HeadsThatRemember, config: Config
) -> tuple[Batch, dict[str, float]]:
    """Make an update of networks with these heads; returns its batch and losses."""
    generator = Architecture(3, 3, 5, 4, 8, "instance", 0.0).build()
    first, second = (torch.optim.SGD(each.parameters(), lr=0.1) for each in (generator, discriminator))
    nets = Networks(generator, discriminator, first, second, features=cast("FeatureNetwork", network))
    a, b = (torch.rand(2, 3, 32, 32) * 2 - 1 for _ in range(2))
    batch = Batch(a, b)
    recipe = make_recipe(config)
    return batch, dict(zip(recipe.names, train_step(nets, batch, recipe, nullcontext).tolist(), strict=True))


@pytest.mark.parametrize(
    ("changes", "looks"),
    [
        ({}, 2),
        ({"lambda_perceptual": 1}, 2),
        ({"discriminator_augment": "color"}, 4),
        ({"lambda_perceptual": 1, "perceptual_color": 0.5}, 2 + 4),
        ({"lambda_perceptual": 1, "discriminator_augment": "geometry"}, 2 + 4),
    ],
    ids=str,
)
def test_heads_judge_the_photos_that_the_discriminator_sees_and_photos_are_looked_at_once(
    changes: dict[str, Any], looks: int
) -> None:
    network, discriminator = FeaturesThatAreTheirPhotos(), HeadsThatRemember()
    update_with_heads(network, discriminator, Config(lambda_projected=1, **changes))
    assert network.photos == looks, "real and fake, and again where the discriminator sees others"
    for photos, features in discriminator.judged:
        assert torch.equal(photos, features)


@pytest.mark.parametrize("conditional", [True, False])
def test_heads_are_given_the_input_where_the_discriminator_is_conditional(conditional: bool) -> None:
    network, discriminator = FeaturesThatAreTheirPhotos(), HeadsThatRemember()
    batch, _ = update_with_heads(network, discriminator, Config(lambda_projected=1, conditional=conditional))
    assert discriminator.given
    assert all(given is (batch.a if conditional else None) for given in discriminator.given)


def test_heads_learn_to_tell_real_photos_from_generated_ones_which_pay_for_it() -> None:
    network, discriminator = FeaturesThatAreTheirPhotos(), HeadsThatRemember()
    _, losses = update_with_heads(network, discriminator, Config(lambda_projected=1))
    real, fake, later = discriminator.said
    told = projection_loss(real, real=True) + projection_loss(fake, real=False)
    assert losses["d_projected"] == pytest.approx(told.item(), rel=1e-6)
    assert losses["g_projected"] == pytest.approx(projection_generator_loss(later).item(), rel=1e-6)


@pytest.mark.parametrize(("stages", "loss"), [(1, 0.0), (2, 4.0)])
def test_the_perceptual_loss_compares_as_many_stages_as_it_is_asked_to(stages: int, loss: float) -> None:
    photo, one = torch.rand(1, 3, 4, 4), torch.ones(1, 1, 2, 2)
    features = FeaturePair(real=(photo, one), fake=(photo, -one))  # unit vectors that are 2 apart
    comparison = PictureComparison(photo, GeneratorOutput(photo, photo, None, features), None, 1.0, stages)
    assert Recipe(Config(lambda_perceptual=1)).compare(comparison)["g_perceptual"].item() == pytest.approx(loss)

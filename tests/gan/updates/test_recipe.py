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
from p2p_gan.updates.losses import LOSSES, Loss
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
    """A discriminator with one projected head, which keeps the photos of each pass and their features."""

    def __init__(self) -> None:
        super().__init__(6, filters=4, layers=1, norm="none")
        self.judged: list[tuple[torch.Tensor, torch.Tensor]] = []

    def forward(
        self, a: torch.Tensor, b: torch.Tensor, labels: bool = False, seen: PhotoFeatures | None = None
    ) -> Judgement:
        assert seen is not None, "each pass of heads needs features"
        self.judged.append((b.detach(), seen.stages[0].detach()))
        judgement: Judgement = super().forward(a, b, labels)
        return judgement._replace(projected=(judgement.logits[0] + seen.stages[0].mean(),))


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
    network = FeaturesThatAreTheirPhotos()
    discriminator = HeadsThatRemember()
    generator = Architecture(3, 3, 5, 4, 8, "instance", 0.0).build()
    first, second = (torch.optim.SGD(network.parameters(), lr=0.1) for network in (generator, discriminator))
    nets = Networks(generator, discriminator, first, second, features=cast("FeatureNetwork", network))
    a, b = (torch.rand(2, 3, 32, 32) * 2 - 1 for _ in range(2))
    train_step(nets, Batch(a, b), make_recipe(Config(lambda_projected=1, **changes)), nullcontext)
    assert network.photos == looks, "real and fake, and again where the discriminator sees others"
    for photos, features in discriminator.judged:
        assert torch.equal(photos, features)

"""The losses that an update computes for a config and its pairs, their weights, and their weighted sums.

Nothing here may change a network; settings that contradict the pairs are refused here, before training.
"""

from dataclasses import dataclass
from functools import cached_property, reduce

import torch
from torch import Tensor

from p2p_datatools.contract.settings import refuse_setting
from p2p_gan.config.config import Config
from p2p_gan.updates.losses import LOSSES, Loss, Losses, Network, PictureComparison, Verdicts, times


@dataclass(frozen=True)
class Recipe:
    """The config, whether the output is `classes`, and which halves (input, output) are `photos`."""

    config: Config = Config()
    classes: bool = False
    photos: tuple[bool, bool] = (False, True)

    @cached_property
    def rows(self) -> tuple[Loss, ...]:
        """The losses with a weight above 0, in the order of the table; no others are computed."""
        other = "values" if self.classes else "classes"
        return tuple(row for row in LOSSES if row.output != other and row.weight(self.config) > 0)

    @cached_property
    def weights(self) -> dict[str, float]:
        """The weight of each loss that is computed."""
        return {row.name: row.weight(self.config) for row in self.rows}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the losses that an update returns, in order; they are returned without their weights."""
        return tuple(self.weights)

    @cached_property
    def matches_real(self) -> bool:
        """Whether the generator's losses need the discriminator's output for the real pair too."""
        return any(row.matches_real(self.config) and row.network == "g" for row in self.rows)

    @property
    def keeps_labels(self) -> bool:
        """Whether the generator's turn uses the classes that the head found in the real photo in the discriminator's.

        They are from before that step, and with augmentation those of another view.
        """
        hinge = "g_labels" in self.weights and self.config.segmentation_hinge
        return hinge and "g_features" not in self.weights and self.config.discriminator_augment == "none"

    @property
    def sees_classes(self) -> bool:
        """Whether the losses of the discriminator's output need the mask's classes."""
        segments = self.has_segmentation_head or self.config.gan_loss == "segmentation"
        return segments or self.has_projected_heads

    @property
    def uses_features(self) -> bool:
        """Whether a loss uses the features of a pretrained network that are known before the discriminator is asked."""
        return "g_perceptual" in self.weights or (self.has_projected_heads and self.shares_features)

    @property
    def shares_features(self) -> bool:
        """Whether projected heads judge the photos that the perceptual loss compares: in colour and not augmented."""
        config = self.config
        whole = config.perceptual_color == 1 or "g_perceptual" not in self.weights
        return config.discriminator_augment == "none" and whole

    @property
    def has_segmentation_head(self) -> bool:
        """Whether the discriminator has a head that segments b beside its patches."""
        return self.config.segmentation_head == "on"

    @property
    def has_projected_heads(self) -> bool:
        """Whether the discriminator has projected heads."""
        return "g_projected" in self.weights

    def compare(self, comparison: PictureComparison) -> Losses:
        """The losses that need no discriminator."""
        return {row.name: row.of_pictures(comparison) for row in self.rows if row.of_pictures is not None}

    def judge(self, network: Network, verdicts: Verdicts) -> Losses:
        """The losses of one network that need the discriminator's output."""
        rows = (row for row in self.rows if row.network == network)
        return {row.name: row.of_verdicts(verdicts) for row in rows if row.of_verdicts is not None}

    def objective(self, network: Network, losses: Losses, factor: float) -> Tensor:
        """The weighted sum of a network's losses, times the `factor` of this part of the batch."""
        rows = (row for row in self.rows if row.network == network)
        total = reduce(torch.add, [times(losses[row.name], factor * self.weights[row.name]) for row in rows])
        # Halved, penalties too, so that the discriminator learns more slowly than the generator (section 3.3).
        return total / 2 if network == "d" and self.config.halve_discriminator_loss else total


def make_recipe(
    config: Config, *, classes: bool = False, photos: tuple[bool, bool] = (False, True), has_mask: bool = True
) -> Recipe:
    """The recipe for a config and pairs: whether the output is `classes`, which halves are `photos`, if one is a mask.

    Raises UsageError for a setting that these pairs contradict.
    """
    if config.class_balanced and not has_mask:
        what = "needs a mask with a palette, but no half of these pairs has one"
        refuse_setting(config, "class_balanced", what, "Set it to off, or pair masks.", code="unfit-setting")
    if config.discriminator_augment in ("color", "all") and not any(photos):
        what = "changes the colours of photos, but neither half of these pairs is a photo"
        to_do = "Use --set discriminator_augment=geometry, or pair with --halves that say which half is a photo."
        refuse_setting(config, "discriminator_augment", what, to_do, code="unfit-setting")
    if config.lambda_frequency and classes:
        what = "compares the spectra of values, but the output of these pairs is classes"
        refuse_setting(config, "lambda_frequency", what, "Leave it at 0.", code="unfit-setting")
    recipe = Recipe(config, classes, photos)
    _refuse_without_target(recipe)
    return recipe


def _refuse_without_target(recipe: Recipe) -> None:
    """Raise UsageError if the generator has no loss, or class_balanced has no loss to apply to."""
    likeness = ("g_classes",) if recipe.classes else ("g_l1", "g_l2")
    if any(name in recipe.weights for name in likeness):
        return
    config, to_do = recipe.config, f"Add --set {'lambda_ce' if recipe.classes else 'lambda_l1'}=100."
    if config.gan_loss == "none" and not {"g_frequency", "g_perceptual"} & set(recipe.weights):
        refuse_setting(config, "gan_loss", "leaves the generator without any loss", to_do)
    if config.class_balanced:
        refuse_setting(config, "class_balanced", "has no loss to apply to", to_do)

"""What an update has to compute: the losses that a config and its pairs ask for, their weights, and their sums.

Nothing here may move a network; what contradicts the pairs is refused here, before training.
"""

from dataclasses import dataclass
from functools import cached_property, reduce

import torch
from torch import Tensor

from p2p_datatools.contract.settings import refuse_setting
from p2p_gan.config.config import Config
from p2p_gan.updates.losses import LOSSES, Loss, Losses, PictureComparison, Player, Verdicts


@dataclass(frozen=True)
class Recipe:
    """The config, whether the output is `classes`, and which halves (input, output) are `photos`."""

    config: Config = Config()
    classes: bool = False
    photos: tuple[bool, bool] = (False, True)

    @cached_property
    def rows(self) -> tuple[Loss, ...]:
        """The losses that have a weight, in the order of the table; the others are not computed."""
        other = "values" if self.classes else "classes"
        return tuple(row for row in LOSSES if row.output != other and row.weight(self.config) > 0)

    @cached_property
    def weights(self) -> dict[str, float]:
        """The weight of each loss that is computed."""
        return {row.name: row.weight(self.config) for row in self.rows}

    @property
    def names(self) -> tuple[str, ...]:
        """The losses that an update reports, in their order; all are reported before they are weighted."""
        return tuple(self.weights)

    @cached_property
    def matches_real(self) -> bool:
        """Whether the generator's losses need the discriminator's judgement of the real pair too."""
        return any(row.matches_real and row.player == "g" for row in self.rows)

    def compare(self, comparison: PictureComparison) -> Losses:
        """The losses of the pictures alone."""
        return {row.name: row.of_pictures(comparison) for row in self.rows if row.of_pictures is not None}

    def judge(self, player: Player, verdicts: Verdicts) -> Losses:
        """The losses that one player has of what the discriminator says."""
        rows = (row for row in self.rows if row.player == player)
        return {row.name: row.of_verdicts(verdicts) for row in rows if row.of_verdicts is not None}

    def objective(self, player: Player, losses: Losses, factor: float) -> Tensor:
        """The weighted sum of a player's losses, for a part of the batch that counts by `factor`."""
        rows = (row for row in self.rows if row.player == player)
        total = reduce(torch.add, [factor * self.weights[row.name] * losses[row.name] for row in rows])
        # Halved, penalties too, which slows the discriminator against the generator (section 3.3).
        return total / 2 if player == "d" and self.config.halve_discriminator_loss else total


def make_recipe(
    config: Config, *, classes: bool = False, photos: tuple[bool, bool] = (False, True), has_mask: bool = True
) -> Recipe:
    """The recipe for pairs whose output is classes or not, with such photos, and with a mask half or not.

    Raises UsageError for a setting that these pairs contradict.
    """
    if config.class_balanced and not has_mask:
        what = "needs a mask with a palette that says the class of a pixel, and these pairs have none"
        refuse_setting(config, "class_balanced", what, "Leave it off, or pair masks.", code="unfit-setting")
    if config.discriminator_augment in ("color", "all") and not any(photos):
        what = "changes the colours of photos, and neither half of these pairs is a photo"
        to_do = "Take --set discriminator_augment=geometry, or pair with --halves that say which half is a photo."
        refuse_setting(config, "discriminator_augment", what, to_do, code="unfit-setting")
    recipe = Recipe(config, classes, photos)
    _refuse_without_target(recipe)
    return recipe


def _refuse_without_target(recipe: Recipe) -> None:
    """Raise UsageError when nothing tells the generator what is wanted, or nothing is there to balance."""
    likeness = ("g_classes",) if recipe.classes else ("g_l1", "g_l2")
    if any(name in recipe.weights for name in likeness):
        return
    config, to_do = recipe.config, f"Add --set {'lambda_ce' if recipe.classes else 'lambda_l1'}=100."
    if config.gan_loss == "none":
        refuse_setting(config, "gan_loss", "leaves the generator nothing to learn from", to_do)
    if config.class_balanced:
        refuse_setting(config, "class_balanced", "has no loss whose pixels it could weigh", to_do)

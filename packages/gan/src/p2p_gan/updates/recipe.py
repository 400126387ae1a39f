"""What one update needs of the config: the game, the losses with their weights and names, and who moves when.

Nothing here may compute a loss or import torch; what contradicts the pairs is refused here, before training.
"""

from dataclasses import dataclass

from p2p_datatools.contract.errors import UsageError
from p2p_gan.config.config import Config


@dataclass(frozen=True)
class Recipe:
    """How the two networks learn; the fields are those of `Config` and mean the same.

    `classes`: the output is class logits. `labels`: the discriminator also sees the mask in the photo. `colours`: which
    halves (input, output) are photos, whose colours augmentation may change.
    """

    game: str = "cross-entropy"
    game_weight: float = 1.0
    l1_weight: float = 100.0
    l2_weight: float = 0.0
    classes: bool = False
    class_weight: float = 100.0
    balanced: bool = False
    feature_weight: float = 0.0
    labels: bool = False
    label_weight: float = 10.0
    gradient_penalty: float = 0.0
    r1: float = 0.0
    smoothing: float = 0.0
    halved: bool = True
    simultaneous: bool = False
    mode_seeking: float = 0.0
    augment: str = "none"
    colours: tuple[bool, bool] = (False, True)
    average: float = 0.0

    @property
    def plays(self) -> bool:
        """Whether there is a discriminator."""
        return self.game != "none"

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each loss that is computed, in the order of its report; a loss without weight is absent.

        R1 counts half of its factor (Mescheder et al. 2018, eq. 9).
        """
        plays, values, labels = float(self.plays), float(not self.classes), float(self.labels)
        weights = {
            "d_real": plays,
            "d_fake": plays,
            "g_gan": plays * self.game_weight,
            "g_l1": values * self.l1_weight,
            "g_l2": values * self.l2_weight,
            "g_classes": (1 - values) * self.class_weight,
            "g_features": self.feature_weight,
            "g_labels": labels * self.label_weight,
            "d_labels": labels,
            "d_penalty": self.gradient_penalty,
            "d_r1": self.r1 / 2,
            "g_modes": self.mode_seeking,
        }
        return {name: weight for name, weight in weights.items() if weight > 0}

    @property
    def names(self) -> tuple[str, ...]:
        """The losses that an update reports, in their order; all are reported before they are weighted."""
        return tuple(self.weights)


def recipe_of(
    config: Config,
    output_classes: bool = False,
    *,
    colours: tuple[bool, bool] = (False, True),
    has_classes: bool = True,
) -> Recipe:
    """The recipe for pairs whose output is classes or not, with such photos, and with a mask half or not.

    Raises UsageError for a setting that these pairs contradict.
    """
    if config.balanced and not has_classes:
        raise UsageError(
            "balanced=True",
            "these pairs have no mask with a palette that says the class of a pixel",
            "Leave it off, or pair masks.",
            code="?",
        )
    if config.augment in ("colour", "all") and not any(colours):
        raise UsageError(
            f"augment={config.augment}",
            "neither half of these pairs is a photo, whose colours alone may change",
            "Take --set augment=geometry, or pair with --halves that say which half is a photo.",
            code="?",
        )
    recipe = Recipe(
        game=config.game,
        game_weight=config.game_weight,
        l1_weight=config.l1_weight,
        l2_weight=config.l2_weight,
        classes=output_classes,
        class_weight=config.class_weight,
        balanced=config.balanced,
        feature_weight=config.feature_weight,
        labels=config.discriminator == "labels",
        label_weight=config.label_weight,
        gradient_penalty=config.gradient_penalty,
        r1=config.r1,
        smoothing=config.smoothing,
        halved=config.halved,
        simultaneous=config.updates == "simultaneous",
        mode_seeking=config.mode_seeking,
        augment=config.augment,
        colours=colours,
        average=config.average,
    )
    _refuse_unled(recipe)
    return recipe


def _refuse_unled(recipe: Recipe) -> None:
    """Raise UsageError when nothing tells the generator what is wanted, or nothing is there to balance."""
    likeness = ("g_classes",) if recipe.classes else ("g_l1", "g_l2")
    weighs = "class_weight" if recipe.classes else "l1_weight"
    found = any(name in recipe.weights for name in likeness)
    if not found and not recipe.plays:
        raise UsageError("game=none", f"leaves the generator nothing to learn from; add --set {weighs}=100", code="?")
    if not found and recipe.balanced:
        raise UsageError("balanced=True", f"has no loss whose pixels it could weigh; add --set {weighs}=100", code="?")

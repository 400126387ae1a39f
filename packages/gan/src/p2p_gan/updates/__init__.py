"""One training step as a function: the losses and penalties, their weights, augmentation, the optimisers and the EMA.

Nothing here may read a file, know a pair folder, or measure time.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.updates.losses import (
        class_loss,
        discriminator_loss,
        feature_loss,
        generator_loss,
        gradient_penalty,
        l1_loss,
        l2_loss,
        r1_penalty,
    )
    from p2p_gan.updates.recipe import Recipe, make_recipe
    from p2p_gan.updates.step import Networks, train_step
else:
    __getattr__, __dir__ = open_door(
        __name__,
        losses="class_loss discriminator_loss feature_loss generator_loss gradient_penalty l1_loss l2_loss r1_penalty",
        recipe="Recipe make_recipe",
        step="Networks train_step",
    )

__all__ = [
    "Networks",
    "Recipe",
    "class_loss",
    "discriminator_loss",
    "feature_loss",
    "generator_loss",
    "gradient_penalty",
    "l1_loss",
    "l2_loss",
    "make_recipe",
    "r1_penalty",
    "train_step",
]

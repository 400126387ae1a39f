"""A discriminator that also sees the mask in the photo: the auxiliary classifier of a GAN, a class for each pixel.

Nothing here may know which loss its logits go into, or show the labeller the mask that it is to see.
"""

from torch import Tensor

from p2p_gan.networks.blocks import Style
from p2p_gan.networks.contract import Discriminator, Judgement
from p2p_gan.networks.unet import UNet


class Labelling(Discriminator):
    """Any discriminator, and beside it a U-Net that labels b alone (Odena et al. 2017, section 3, for each pixel).

    The auxiliary classifier of AC-GAN says the class of a picture; this one says the class of each pixel, so that what
    the patches overlook, a lamp of ten pixels, costs the generator something. It halves b as often as there are
    `widths`, and has neither dropout nor a checkerboard.
    """

    def __init__(self, patches: Discriminator, outputs: int, *, classes: int, widths: list[int], norm: str) -> None:
        super().__init__()
        self.patches = patches
        self.labeller = UNet(
            outputs,
            classes,
            widths=widths,
            dropouts=[0.0] * (len(widths) - 1),
            style=Style(norm, "resize"),
            head="logits",
        )

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """What the patches say of (a, b), and, if asked for, the classes that b shows (n, classes, h, w), as logits."""
        judgement = self.patches(a, b)
        return judgement._replace(labels=self.labeller(b)) if labels else judgement

"""The discriminators: PatchGAN (Isola et al. 2017, appendix 6.1.2), multi-scale, with a segmentation head, a segmenter.

Nothing here may know which loss is computed from their logits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from p2p_gan.networks.base import Discriminator, Judgement
from p2p_gan.networks.blocks import LEAK, SpectralConv, Style
from p2p_gan.networks.norms import norm_layer
from p2p_gan.networks.unet import Levels, UNet


class PatchGAN(Discriminator):
    """One logit for each patch of the pair (a, b), or of b alone if not `conditional`; no norm in the first layer.

    `layers` is the number of strided layers: with 3 the receptive field is 70x70 pixels; 0 classifies single pixels by
    1x1 convolutions. `inputs` is the number of input channels.
    """

    def __init__(
        self, inputs: int, *, filters: int, layers: int, norm: str, spectral: bool = False, conditional: bool = True
    ) -> None:
        super().__init__()
        self.conditional = conditional
        count = max(1, layers) + 1
        widths = [inputs, *(min(filters * 2**level, filters * 8) for level in range(count))]
        strides = [2 if level < layers else 1 for level in range(count)]
        kernel = 4 if layers else 1
        self.convs = nn.ModuleList(
            _conv(widths[level], widths[level + 1], kernel, strides[level], spectral=spectral) for level in range(count)
        )
        self.norms = nn.ModuleList(norm_layer(norm if level else "none", widths[level + 1]) for level in range(count))
        self.last = _conv(widths[-1], 1, kernel, 1, spectral=spectral)

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """One logit for each patch; the features are the outputs of all layers but the last."""
        x = torch.cat((a, b), dim=1) if self.conditional else b
        features = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), LEAK)
            features.append(x)
        return Judgement((self.last(x),), tuple(features))


class MultiScale(Discriminator):
    """Discriminators of one shape, each on pictures half as large as the one before (Wang et al. 2018, section 3.2)."""

    def __init__(self, scales: list[PatchGAN]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(scales)

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """The logits of every scale, the full one first."""
        logits: list[Tensor] = []
        features: list[Tensor] = []
        for number, scale in enumerate(self.scales):
            if number:
                a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
            output: Judgement = scale(a, b)
            logits += output.logits
            features += output.features
        return Judgement(tuple(logits), tuple(features))


def _conv(inputs: int, outputs: int, kernel: int, stride: int, *, spectral: bool) -> nn.Conv2d:
    padding = 1 if kernel == 4 else 0
    if spectral:
        return SpectralConv(inputs, outputs, kernel, stride=stride, padding=padding)
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding)


def receptive_field(layers: int) -> int:
    """The side in pixels of the receptive field of one logit of a PatchGAN with `layers` strided layers."""
    if layers == 0:
        return 1
    field = 1
    for stride in [1, 1, *[2] * layers]:
        field = (field - 1) * stride + 4
    return field


def receptive_fields(layers: int, scales: int) -> tuple[int, ...]:
    """The receptive field at each scale, in pixels of the full picture: each halving of the picture doubles it."""
    return tuple(receptive_field(layers) * 2**scale for scale in range(scales))


class SegmentationHead(Discriminator):
    """Any discriminator with an additional U-Net that segments b (Odena et al. 2017, section 3, for each pixel).

    The auxiliary classifier of AC-GAN predicts the class of a picture, this one the class of each pixel, so that small
    objects that the PatchGAN overlooks, such as a lamp of ten pixels, enter the generator's loss. The U-Net has one
    level for each of the `widths`, no dropout, and resize convolutions.
    """

    def __init__(self, patches: Discriminator, outputs: int, *, classes: int, widths: list[int], norm: str) -> None:
        super().__init__()
        self.patches = patches
        self.labeller = UNet(outputs, classes, Levels(tuple(widths)), style=Style(norm, "resize"), head="logits")

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """The discriminator's output for (a, b), and with `labels` the class logits (n, classes, h, w) of b."""
        judgement: Judgement = self.patches(a, b)
        return judgement._replace(labels=self.labeller(b)) if labels else judgement

    def segment(self, b: Tensor) -> Tensor:
        """The class logits without those of the patches."""
        labels: Tensor = self.labeller(b)
        return labels


class PixelClassifier(Discriminator):
    """Classifies each pixel of b as one of the mask's `classes` or as fake, which is the last (Schönfeld et al. 2021).

    A U-Net as that of `SegmentationHead`. It does not see a, which the loss compares with its output. The logit of a
    pixel is that of being of any class but fake: log of the sum of e^(logit of a class), minus the logit of fake.
    """

    def __init__(self, outputs: int, *, classes: int, widths: list[int], norm: str) -> None:
        super().__init__()
        self.segmenter = UNet(outputs, classes + 1, Levels(tuple(widths)), style=Style(norm, "resize"), head="logits")

    def forward(self, a: Tensor, b: Tensor, labels: bool = False) -> Judgement:
        """Logits (n, 1, h, w), no features, and always `labels` (n, classes + 1, h, w)."""
        scores = self.segmenter(b).float()
        real = torch.logsumexp(scores[:, :-1], dim=1, keepdim=True) - scores[:, -1:]
        return Judgement((real,), (), scores)

"""The settings of a run that say what it learns from and with which networks: data, length and networks.

Nothing here may weigh a loss or check one setting against another; `config.py` does, and its `Config` has these too.
"""

from dataclasses import dataclass
from functools import partial

from p2p_datatools.contract.pictures.sizes import TRAIN_FITS, Size, TrainFit
from p2p_datatools.contract.settings import OpenBound, setting
from p2p_gan.networks.architecture import GENERATORS

NATIVE = "native"  # the word for pictures of their own size
_NORMS = ("batch", "instance", "none")
_ENCODINGS = ("values", "classes", "auto")
_MOST_IMAGES = 10**10 - 1  # the names of checkpoints have ten digits
_MOST_FILTERS = 8192
_data_setting, _run_setting = partial(setting, group="data"), partial(setting, group="run")
_network_setting = partial(setting, group="networks")


@dataclass(frozen=True)
class NetworkSettings:
    """The first settings of a `Config`, which checks them."""

    direction: str = _data_setting(
        "a-to-b",
        "The direction of translation: a-to-b, b-to-a, or the same with the names of the halves, such as "
        "mask-to-photo.",
    )
    a_encoding: str = _data_setting(
        "values",
        "How half A is encoded for the networks: as values, as classes of a mask (one-hot as input, class logits as "
        "output), or auto, which means classes for a mask with a palette.",
        choices=_ENCODINGS,
    )
    b_encoding: str = _data_setting(
        "values", "How half B is encoded for the networks; the choices are those of a_encoding.", choices=_ENCODINGS
    )
    size: Size | None = _data_setting(
        Size(256, 256),
        "Width and height in pixels to which pictures are resized, multiples of 32, or of 4 for a resnet; native keeps "
        "the size of each picture, without jitter.",
        words={NATIVE: None},
        unit="pixels",
    )
    fit: TrainFit = _data_setting(  # noqa: RUF009 - a field, as with `setting`
        "stretch",
        "How a picture with another aspect ratio is brought to that size: stretch it, crop it, pad it, or keep its "
        "aspect ratio with about the same number of pixels.",
        choices=TRAIN_FITS,
    )
    crop: Size | None = _data_setting(
        None,
        "Width and height in pixels of the random crops to train on; none trains on whole pictures.",
        words={"none": None, "": None},
        unit="pixels",
    )
    jitter: float = _data_setting(
        286 / 256,
        "Pictures are resized to this many times the size before a random crop of the size; 1 switches it off.",
        low=1,
        high=2,
        unit="times",
    )
    mirror: bool = _data_setting(True, "Flip half of the pairs left to right, A and B together.")
    rare_class_crops: float = _data_setting(
        0.0,
        "The share of crops that are placed around a rare class of the mask; 0 switches it off.",
        low=0,
        high=1,
        unit="share",
    )
    color_jitter: float = _data_setting(
        0.0,
        "The largest share by which brightness, contrast and saturation of an input photo vary; 0 switches it off.",
        low=0,
        high=0.9,
        unit="share",
    )
    images: int | None = _run_setting(
        None,
        "The number of images to train on in total; none takes it from epochs.",
        low=1,
        high=_MOST_IMAGES,
        words={"none": None},
        unit="images",
        on_resume="free",
    )
    epochs: int = _run_setting(
        200,
        "The number of epochs, each once through the training pairs; used only if images is none.",
        low=1,
        unit="epochs",
        on_resume="free",
    )
    batch: int = _run_setting(
        1,
        "The number of pairs in a batch; auto takes the largest power of two that fits into the device's memory.",
        low=1,
        high=65_536,
        words={"auto": 0},
        unit="pairs",
        on_resume="auto",
    )
    accumulate: int = _run_setting(
        1,
        "The number of batches whose gradients are accumulated to one update, as if the batch were that many times as "
        "large; batch norm sees one of them at a time.",
        low=1,
        high=65_536,
        unit="batches",
    )
    seed: int = _run_setting(0, "The seed of all random numbers.", low=0, high=2**63 - 1)
    generator: str = _network_setting(
        "unet",
        "The generator: a U-Net, a U-Net without skips (encoder-decoder), or a resnet (Isola et al. 2017, appendix "
        "6.1.1).",
        choices=tuple(GENERATORS),
    )
    generator_filters: int = _network_setting(
        64,
        "Channels of the generator's outermost layer; they double at each halving of the resolution.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
    )
    max_filters: int = _network_setting(
        512, "The largest number of channels of a layer of the generator.", low=1, high=_MOST_FILTERS, unit="channels"
    )
    unet_depth: int = _network_setting(
        0,
        "The number of halvings in a U-Net; auto takes the most that the size allows, at most 8; not for a resnet.",
        low=1,
        high=8,
        words={"auto": 0},
        unit="halvings",
        on_resume="auto",
    )
    resnet_blocks: int = _network_setting(
        9,
        "The number of residual blocks of a resnet; the authors' reference code uses 6 and 9.",
        low=1,
        high=32,
        unit="blocks",
    )
    upsampling: str = _network_setting(
        "transposed",
        "How the generator upsamples: by transposed convolutions; by resize (nearest neighbour, then a convolution), "
        "which avoids checkerboard artefacts; or by bilinear interpolation and a convolution, which also avoids "
        "straight lines in areas without content; the two outermost layers of a U-Net are then as with resize.",
        choices=("transposed", "resize", "bilinear"),
    )
    dropout: float = _network_setting(
        0.5,
        "The share of values that dropout sets to 0 in the generator; 0 switches it off; auto is 0 with noise channels "
        "and 0.5 without.",
        low=0,
        high=OpenBound(1),
        words={"auto": -1.0},
        unit="share",
        on_resume="auto",
    )
    dropout_blocks: int = _network_setting(
        3, "The number of decoder blocks with dropout; a resnet has it in every block.", low=0, high=8, unit="blocks"
    )
    dropout_skip: int = _network_setting(
        0,
        "The number of innermost decoder blocks without dropout, before those that have it.",
        low=0,
        high=8,
        unit="blocks",
    )
    norm: str = _network_setting("batch", "The normalisation of the generator's layers.", choices=_NORMS)
    class_adaptive_norm: str = _network_setting(
        "off",
        "Whether each norm of the decoder has a scale and a shift for each class of the input mask (CLADE, Tan et al. "
        "2021); auto is on when the input is classes; not for a resnet.",
        choices=("off", "on", "auto"),
        on_resume="auto",
    )
    bias_before_norm: bool = _network_setting(
        True, "Give layers before a norm a bias too; the authors' reference code does so before instance norm only."
    )
    noise_channels: int = _network_setting(
        0,
        "The number of noise channels that are added to the generator's input; auto adds 8 where masks are translated "
        "into photos that pretrained features watch.",
        low=0,
        high=64,
        words={"auto": -1},
        unit="channels",
        on_resume="auto",
    )
    pixel_noise: int = _network_setting(
        0,
        "The number of noise channels with another number at each pixel, from which areas without content get "
        "their texture; auto adds 4 beside noise_channels where masks are translated into photos that pretrained "
        "features watch, in runs of 1,000 images and more.",
        low=0,
        high=64,
        words={"auto": -1},
        unit="channels",
        on_resume="auto",
    )
    discriminator_filters: int = _network_setting(
        64,
        "Channels of the discriminator's outermost layer; they double with each layer.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
    )
    discriminator_layers: int = _network_setting(
        3,
        "The number of strided layers of the PatchGAN: 0 has a receptive field of one pixel, 3 of 70x70 (appendix "
        "6.1.2).",
        low=0,
        high=6,
        unit="layers",
    )
    discriminator_norm: str = _network_setting(
        "same",
        "The normalisation of the discriminator's layers; same takes that of the generator.",
        choices=("same", *_NORMS),
    )
    segmentation_head: str = _network_setting(
        "off",
        "Whether the discriminator also learns to segment photos into the mask's classes; auto is on when masks are "
        "translated into photos.",
        choices=("off", "on", "auto"),
        on_resume="auto",
    )
    discriminator_scales: int = _network_setting(
        1,
        "The number of scales, each with its own discriminator at half the resolution of the one before (pix2pixHD).",
        low=1,
        high=3,
        unit="scales",
    )
    spectral_norm: bool = _network_setting(False, "Apply spectral norm to the discriminator's layers.")
    conditional: bool = _network_setting(True, "Give the discriminator the input too (cGAN).")

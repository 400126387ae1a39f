"""The config of a run: every setting declared once, with what it means and may be, and those that exclude each other.

Nothing here may change a setting; a config that cannot work is refused with the setting, the reason and a way out.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.pictures.sizes import TRAIN_FITS, Size, TrainFit
from p2p_datatools.contract.settings import check_settings, refuse_setting, setting
from p2p_gan.config.sides import deepest_unet, nearest_size, smallest_side, unit_of
from p2p_gan.networks.architecture import GENERATORS

NATIVE = "native"  # the word for pictures of their own size
_NORMS = ("batch", "instance", "none")
_ENCODINGS = ("values", "classes", "auto")
_MOST_IMAGES = 10**10 - 1  # the names of checkpoints have ten digits
_MOST_FILTERS = 8192
_DATA, _NETWORKS, _LOSSES, _OPTIMISATION = "data", "networks", "losses", "optimisation"
_RUN, _MACHINE, _RECORD = "run", "machine", "record"


@dataclass(frozen=True)
class Config:
    """A run's settings; the defaults are Isola et al. 2017 (section 3.3 and appendix), trained on facades.

    Raises UsageError naming the setting when a value cannot work.
    """

    direction: str = setting(
        "a-to-b",
        "What becomes what: a-to-b, b-to-a, or the same in the words of the halves, such as mask-to-photo.",
        group=_DATA,
    )
    a_encoding: str = setting(
        "values",
        "How the networks see half A: as values, as one-hot classes of a mask (class logits as output), or auto, "
        "which is classes for a mask with a palette.",
        choices=_ENCODINGS,
        group=_DATA,
    )
    b_encoding: str = setting(
        "values", "How the networks see half B, as a_encoding says it of A.", choices=_ENCODINGS, group=_DATA
    )
    size: Size | None = setting(
        Size(256, 256),
        "Width and height in pixels to which pictures are brought, multiples of 32, or of 4 for a resnet; native keeps "
        "each picture's own, without jitter.",
        words={NATIVE: None},
        unit="pixels",
        group=_DATA,
    )
    fit: TrainFit = setting(
        "stretch",
        "How a picture of another shape comes to that size: stretch it, crop it, pad it, or keep its shape with about "
        "as many pixels.",
        choices=TRAIN_FITS,
        group=_DATA,
    )
    crop: Size | None = setting(
        None,
        "Width and height in pixels of random crops to train on, out of larger pictures; none shows them whole.",
        words={"none": None, "": None},
        unit="pixels",
        group=_DATA,
    )
    jitter: float = setting(
        286 / 256,
        "How many times the size pictures are resized to before a random crop of the size; 1 switches it off.",
        low=1,
        high=2,
        unit="times",
        group=_DATA,
    )
    mirror: bool = setting(True, "Flip half of the pairs left to right, both halves alike.", group=_DATA)
    rare_class_crops: float = setting(
        0.0,
        "The share of crops that are drawn around a rare class of the mask half; 0 switches it off.",
        low=0,
        high=1,
        unit="share",
        group=_DATA,
    )
    color_jitter: float = setting(
        0.0,
        "The share by which brightness, contrast and saturation of an input photo vary at most; 0 switches it off.",
        low=0,
        high=0.9,
        unit="share",
        group=_DATA,
    )
    images: int | None = setting(
        None,
        "How many images the run sees in all; none leaves it to epochs.",
        low=1,
        high=_MOST_IMAGES,
        words={"none": None},
        unit="images",
        group=_RUN,
        on_resume="free",
    )
    epochs: int = setting(
        200,
        "How many epochs the run lasts, each once through the training pairs; counts only where images is not given.",
        low=1,
        unit="epochs",
        group=_RUN,
        on_resume="free",
    )
    batch: int = setting(
        1,
        "How many pairs one update sees; auto is the largest power of two that fits into the device's memory.",
        low=1,
        high=65_536,
        words={"auto": 0},
        unit="pairs",
        group=_RUN,
        on_resume="auto",
    )
    seed: int = setting(0, "The source of all randomness.", low=0, high=2**63 - 1, group=_RUN)
    generator: str = setting(
        "unet",
        "The generator: a U-Net, the same without skips, or a resnet (Isola et al. 2017, appendix 6.1.1).",
        choices=tuple(GENERATORS),
        group=_NETWORKS,
    )
    generator_filters: int = setting(
        64,
        "Channels of the generator's outermost layer; they double at each halving.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
        group=_NETWORKS,
    )
    max_filters: int = setting(
        512,
        "Channels that no layer of the generator exceeds.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
        group=_NETWORKS,
    )
    unet_depth: int = setting(
        0,
        "How many halvings a U-Net or encoder-decoder has; auto is the most that the size allows, at most 8.",
        low=1,
        high=8,
        words={"auto": 0},
        unit="halvings",
        group=_NETWORKS,
        on_resume="auto",
    )
    resnet_blocks: int = setting(
        9,
        "How many residual blocks a resnet has; the authors' reference code has 6 and 9.",
        low=1,
        high=32,
        unit="blocks",
        group=_NETWORKS,
    )
    upsampling: str = setting(
        "transposed",
        "How the generator grows pictures: by transposed convolutions, or resize (nearest neighbour, then a "
        "convolution), which leaves no checkerboard.",
        choices=("transposed", "resize"),
        group=_NETWORKS,
    )
    dropout: float = setting(
        0.5,
        "The share of values that dropout sets to 0 in the generator; 0 switches it off.",
        low=0,
        below=1,
        unit="share",
        group=_NETWORKS,
    )
    dropout_blocks: int = setting(
        3,
        "How many decoder blocks have dropout; a resnet has it in every block.",
        low=0,
        high=8,
        unit="blocks",
        group=_NETWORKS,
    )
    dropout_skip: int = setting(
        0,
        "How many innermost decoder blocks come without dropout before those that have it.",
        low=0,
        high=8,
        unit="blocks",
        group=_NETWORKS,
    )
    norm: str = setting("batch", "The normalisation of the generator's layers.", choices=_NORMS, group=_NETWORKS)
    bias_before_norm: bool = setting(
        True,
        "Give layers before a norm a bias too; the authors' reference code has one before instance norm only.",
        group=_NETWORKS,
    )
    noise_channels: int = setting(
        0,
        "Random values given to the generator beside the picture, each as one more of its channels.",
        low=0,
        high=64,
        unit="channels",
        group=_NETWORKS,
    )
    discriminator_filters: int = setting(
        64,
        "Channels of the discriminator's outermost layer; they double with each layer.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
        group=_NETWORKS,
    )
    discriminator_layers: int = setting(
        3,
        "How many strided layers the PatchGAN has: 0 sees single pixels, 3 patches of 70x70 (appendix 6.1.2).",
        low=0,
        high=6,
        unit="layers",
        group=_NETWORKS,
    )
    discriminator_norm: str = setting(
        "same",
        "The normalisation of the discriminator's layers; same is the generator's.",
        choices=("same", *_NORMS),
        group=_NETWORKS,
    )
    segmentation_head: str = setting(
        "off",
        "Whether the discriminator also learns to segment the photo into the mask's classes; auto is on where a mask "
        "becomes a photo.",
        choices=("off", "on", "auto"),
        group=_NETWORKS,
        on_resume="auto",
    )
    discriminator_scales: int = setting(
        1,
        "At how many scales discriminators look, each scale half of the one before.",
        low=1,
        high=3,
        unit="scales",
        group=_NETWORKS,
    )
    spectral_norm: bool = setting(False, "Give the discriminator's layers spectral norm.", group=_NETWORKS)
    conditional: bool = setting(True, "Show the discriminator the input too.", group=_NETWORKS)
    gan_loss: str = setting(
        "bce",
        "The adversarial loss: bce (cross-entropy, Isola et al. 2017), lsgan (least squares), hinge, wgan "
        "(Wasserstein), or none, which leaves the discriminator away.",
        choices=("bce", "lsgan", "hinge", "wgan", "none"),
        group=_LOSSES,
    )
    lambda_gan: float = setting(1.0, "The weight of the adversarial loss in the generator's.", low=0, group=_LOSSES)
    lambda_l1: float = setting(100.0, "The weight of L1 between generated and real values.", low=0, group=_LOSSES)
    lambda_l2: float = setting(0.0, "The weight of L2 between generated and real values.", low=0, group=_LOSSES)
    lambda_ce: float = setting(
        100.0,
        "The weight of the cross-entropy of classes, which takes the place of L1 and L2 where the output is classes.",
        low=0,
        group=_LOSSES,
    )
    class_balanced: bool = setting(
        False,
        "Let every class of the mask half weigh the same in L1, L2 and the classes' cross-entropy.",
        group=_LOSSES,
    )
    lambda_features: float = setting(
        0.0, "The weight of feature matching (pix2pixHD) in the generator's loss.", low=0, group=_LOSSES
    )
    lambda_segmentation: float = setting(
        10.0,
        "The weight, in the generator's loss, of the mask's classes as the segmentation head sees them in the "
        "generated photo.",
        low=0,
        group=_LOSSES,
    )
    lambda_gp: float = setting(
        0.0, "The weight of the gradient penalty (WGAN-GP) in the discriminator's loss.", low=0, group=_LOSSES
    )
    lambda_r1: float = setting(
        0.0,
        "The weight of the R1 penalty, half of which is counted, in the discriminator's loss.",
        low=0,
        group=_LOSSES,
    )
    label_smoothing: float = setting(
        0.0,
        "How much the discriminator's target for real pairs lies below 1 (one-sided); 0 switches it off.",
        low=0,
        high=0.5,
        group=_LOSSES,
    )
    halve_discriminator_loss: bool = setting(
        True, "Halve the discriminator's loss, which slows it against the generator (section 3.3).", group=_LOSSES
    )
    update_order: str = setting(
        "alternating",
        "Whether the discriminator is updated before the generator looks at it, or both simultaneously from one "
        "forward pass.",
        choices=("alternating", "simultaneous"),
        group=_OPTIMISATION,
    )
    lambda_mode_seeking: float = setting(
        0.0, "The weight of the mode-seeking loss, which asks two draws of noise to differ.", low=0, group=_LOSSES
    )
    discriminator_augment: str = setting(
        "none",
        "Differentiable augmentation of what the discriminator sees (DiffAugment), for few pairs.",
        choices=("none", "color", "geometry", "all"),
        group=_OPTIMISATION,
    )
    ema_half_life: float = setting(
        0.0,
        "The half-life, in images, of the generator's moving average, which then is the model; 0 keeps none.",
        low=0,
        unit="images",
        group=_OPTIMISATION,
    )
    learning_rate: float = setting(
        2e-4, "The learning rate of Adam for both networks; the paper takes 0.0002.", above=0, group=_OPTIMISATION
    )
    beta1: float = setting(0.5, "Adam's decay of the first moment.", low=0, below=1, group=_OPTIMISATION)
    beta2: float = setting(0.999, "Adam's decay of the second moment.", low=0, below=1, group=_OPTIMISATION)
    lr_schedule: str = setting(
        "constant",
        "How the learning rate goes on: constant, or linear, which is constant for the first half and then falls to 0.",
        choices=("constant", "linear"),
        group=_OPTIMISATION,
    )
    device: str = setting(
        "auto",
        "Where to compute: cpu, cuda, or cuda*N for N GPUs; auto takes a GPU if there is one.",
        group=_MACHINE,
        on_resume="auto",
    )
    precision: str = setting(
        "auto",
        "The arithmetic; auto takes the fastest that trains as float32 does on this machine.",
        choices=("auto", "float32", "tf32", "bfloat16", "float16"),
        group=_MACHINE,
        on_resume="auto",
    )
    threads: int = setting(
        0,
        "How many threads the CPU computes with; auto is as many as torch takes.",
        low=1,
        high=1024,
        words={"auto": 0},
        unit="threads",
        group=_MACHINE,
        on_resume="auto",
    )
    deterministic: bool = setting(False, "Compute the same losses again on CUDA too, somewhat slower.", group=_MACHINE)
    cache_gib: float = setting(
        4.0,
        "How many GiB of decoded pairs are held in memory; more lie in a mapped file.",
        above=0,
        unit="GiB",
        group=_MACHINE,
        on_resume="free",
    )
    sync_batchnorm: bool = setting(
        True,
        "On several devices, take the statistics of batch norm over all of a batch, not for each device's part.",
        group=_MACHINE,
    )
    restarts: int = setting(
        3,
        "On several devices, how many times a process that was killed or lost is replaced.",
        low=0,
        unit="times",
        group=_MACHINE,
        on_resume="free",
    )
    log_every: int = setting(
        100, "Images between two lines of the record.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    sample_every: int = setting(
        5_000, "Images between two grids of samples.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    checkpoint_every: int = setting(
        5_000, "Images between two checkpoints.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    checkpoint_minutes: float = setting(
        5.0,
        "Minutes after which a checkpoint is written at last.",
        above=0,
        unit="minutes",
        group=_RECORD,
        on_resume="free",
    )
    keep_checkpoints: int = setting(
        2, "How many of the latest checkpoints are kept.", low=1, unit="checkpoints", group=_RECORD, on_resume="free"
    )
    validate_every: int = setting(
        5_000, "Images between two scores on val/.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    # Not free: the best of some pairs says nothing beside a score on others.
    validate_pairs: int = setting(100, "How many pairs of val/ are scored at most.", low=1, unit="pairs", group=_RECORD)
    tensorboard: bool = setting(False, "Write TensorBoard's event files too.", group=_RECORD, on_resume="free")
    recover: bool = setting(
        False,
        "Go back once to the last checkpoint, at half the learning rate, after a loss that is not a number.",
        group=_RUN,
        on_resume="free",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        _check_sizes(self)
        _check_losses(self)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `config_from_json` reads them back."""
        sizes = {"size": str(self.size or NATIVE), "crop": str(self.crop) if self.crop else None}
        return {**dataclasses.asdict(self), **sizes}

    @property
    def input_size(self) -> Size | None:
        """The size that the networks see in training; None where pictures have many."""
        return self.crop or (self.size if self.fit != "keep" else None)


def _check_sizes(config: Config) -> None:
    unit = unit_of(config.generator, config.unet_depth)
    for name, size in (("size", config.size), ("crop", config.crop)):
        if size is not None and size != nearest_size(size, unit):
            what = f"needs sides that are multiples of {unit} pixels, at least 32"
            refuse_setting(config, name, what, f"The nearest that works is {nearest_size(size, unit)}.")
    if config.size is None and config.fit != "stretch":
        what = "says how pictures come to a size, and size=native keeps their own"
        refuse_setting(config, "fit", what, "Give a --size, or leave fit at stretch.")
    if config.size and config.crop and any(part > whole for part, whole in zip(config.crop, config.size, strict=True)):
        refuse_setting(config, "crop", f"does not fit into size {config.size}", "Take a smaller crop.")
    if config.rare_class_crops and not config.crop and (config.jitter == 1 or config.size is None):
        what = "draws crops, and pictures are shown whole"
        refuse_setting(config, "rare_class_crops", what, "Add --set crop=128, or jitter.")
    halvings = GENERATORS[config.generator].halvings
    if halvings is not None and config.unet_depth not in (0, halvings):
        what = f"is not for a {config.generator}, which always halves its input {halvings} times"
        refuse_setting(config, "unet_depth", what, "Leave it out; the depth of a resnet is resnet_blocks.")
    if config.input_size is not None:
        _check_depths(config, config.input_size)


def _check_depths(config: Config, size: Size) -> None:
    field = "crop" if config.crop else "size"
    needed = smallest_side(config.discriminator_layers, config.discriminator_scales)
    if min(size) < needed and config.gan_loss != "none":
        scales = f" at {config.discriminator_scales} scales" if config.discriminator_scales > 1 else ""
        what = f"is too small: {config.discriminator_layers} discriminator layers{scales} need sides from {needed}"
        refuse_setting(config, field, what, "Take larger pictures, or fewer discriminator_layers.")
    deepest = deepest_unet(size)
    if GENERATORS[config.generator].halvings is None and config.unet_depth > deepest:
        refuse_setting(config, "unet_depth", f"is too deep: size {size} can be halved {deepest} times", "Leave it out.")


def _check_losses(config: Config) -> None:
    if config.gan_loss == "none":
        _check_without_gan(config)
    elif not config.lambda_gan and not config.lambda_features:
        what = "leaves the discriminator nothing to teach the generator"
        refuse_setting(config, "lambda_gan", what, "Take --set gan_loss=none.")
    if config.gan_loss == "wgan" and not config.lambda_gp:
        refuse_setting(config, "gan_loss", "needs a critic whose slope is held at 1", "Add --set lambda_gp=10.")
    if config.label_smoothing and config.gan_loss not in ("bce", "lsgan"):
        what = f"has no targets to smooth with gan_loss={config.gan_loss}"
        refuse_setting(config, "label_smoothing", what, "Leave it at 0.")
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
    for name in ("lambda_gp", "lambda_r1"):
        if getattr(config, name) and norm == "batch":
            what = "is a penalty for each picture by itself, and the discriminator's batch norm mixes them"
            refuse_setting(config, name, what, "Add --set discriminator_norm=instance.")
    if config.lambda_mode_seeking and not config.noise_channels:
        what = "compares two draws of the noise input, and there is none"
        refuse_setting(config, "lambda_mode_seeking", what, "Add --set noise_channels=8.")


def _check_without_gan(config: Config) -> None:
    """Refuse what speaks of a discriminator where there is none."""
    off: dict[str, Any] = {"lambda_features": 0, "lambda_gp": 0, "lambda_r1": 0, "label_smoothing": 0}
    off |= {"discriminator_augment": "none", "update_order": "alternating"}
    off |= {"segmentation_head": "off"} if config.segmentation_head == "on" else {}
    for name, value in off.items():
        if getattr(config, name) != value:
            what = "is about the discriminator, and gan_loss=none has none"
            refuse_setting(config, name, what, f"Leave it at {value}, or choose another gan_loss.")

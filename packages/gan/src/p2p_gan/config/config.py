"""What a config may hold: the choices, the ranges, and the settings that exclude each other.

Nothing here may change a setting; a config that cannot work is refused with the field, the reason and a way out.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, NoReturn

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import TRAIN_FITS, Size, TrainFit
from p2p_gan.config.sides import RESNET_DEPTH, deepest_unet, nearest_size, smallest_side, unit_of

NORMS = ("batch", "instance", "none")


CHOICES: dict[str, tuple[str, ...]] = {
    "fit": TRAIN_FITS,
    "a_as": ("values", "classes", "auto"),
    "b_as": ("values", "classes", "auto"),
    "generator": ("unet", "encoder-decoder", "resnet"),
    "upsampling": ("transposed", "resize"),
    "norm": NORMS,
    "discriminator_norm": ("same", *NORMS),
    "discriminator": ("patches", "labels", "auto"),
    "game": ("cross-entropy", "least-squares", "hinge", "wasserstein", "none"),
    "updates": ("alternating", "simultaneous"),
    "augment": ("none", "colour", "geometry", "all"),
    "schedule": ("constant", "linear"),
    "precision": ("auto", "float32", "tf32", "bfloat16", "float16"),
}


# (lowest, highest) of a number, and what the person should know of it.
RANGES: dict[str, tuple[float, float, str]] = {
    "jitter": (1, 2, "it lies between 1 (off) and 2"),
    "rare_crops": (0, 1, "it is a share between 0 (off) and 1"),
    "colour_jitter": (0, 0.9, "it lies between 0 (off) and 0.9"),
    "depth": (0, 8, "it lies between 1 and 8, or is 0 for the deepest possible"),
    "blocks": (1, 32, "it lies between 1 and 32; the paper's reference code has 6 and 9"),
    "dropout_blocks": (0, 8, "it lies between 0 and 8"),
    "dropout_skip": (0, 8, "it lies between 0 and 8"),
    "noise": (0, 64, "it lies between 0 (none) and 64 channels"),
    "discriminator_layers": (0, 6, "it lies between 0 (single pixels) and 6"),
    "discriminators": (1, 3, "it lies between 1 and 3"),
    "smoothing": (0, 0.5, "it lies between 0 (off) and 0.5"),
    "seed": (0, 2**63 - 1, "it lies between 0 and 2^63 - 1"),
    "threads": (0, 1024, "it lies between 1 and 1,024, or is 0 for as many as torch takes"),
    "batch": (0, 65_536, "it lies between 1 and 65,536, or is auto"),
    **dict.fromkeys(("filters", "max_filters", "discriminator_filters"), (1, 8192, "it lies between 1 and 8,192")),
}


MOST_IMAGES = 10**10 - 1  # the names of checkpoints have ten digits


AT_LEAST_1 = ("epochs", "keep_checkpoints", "validate_pairs")


INTERVALS = ("log_every", "sample_every", "checkpoint_every", "validate_every")


NOT_NEGATIVE = (
    *("game_weight", "l1_weight", "l2_weight", "class_weight", "feature_weight", "label_weight"),
    *("gradient_penalty", "r1", "mode_seeking", "average", "restarts"),
)


def check(config: "Config") -> None:
    """Raise UsageError for the first field that cannot work."""
    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            _refuse(config, name, f"choose from {', '.join(choices)}")
    for name, (low, high, why) in RANGES.items():
        if not low <= getattr(config, name) <= high:
            _refuse(config, name, why)
    for name in AT_LEAST_1:
        if getattr(config, name) < 1:
            _refuse(config, name, "it is at least 1")
    for name in INTERVALS:
        if getattr(config, name) < 1:
            _refuse(config, name, "it is a number of images, at least 1")
    for name in NOT_NEGATIVE:
        if not 0 <= getattr(config, name) < float("inf"):
            _refuse(config, name, "it is 0 or more")
    _check_numbers(config)
    _check_sizes(config)
    _check_losses(config)


def _refuse(config: "Config", name: str, why: str) -> NoReturn:
    raise UsageError(f"{name}={getattr(config, name)}", f"is not possible; {why}", code="impossible-setting")


def _check_numbers(config: "Config") -> None:
    if not 0 <= config.dropout < 1:
        _refuse(config, "dropout", "it lies between 0 (off) and 1")
    if not 0 < config.rate < float("inf"):
        _refuse(config, "rate", "it is above 0; the paper takes 0.0002")
    for name in ("beta1", "beta2"):
        if not 0 <= getattr(config, name) < 1:
            _refuse(config, name, "it lies between 0 and 1")
    for name in ("checkpoint_minutes", "memory"):
        if not 0 < getattr(config, name) < float("inf"):
            _refuse(config, name, "it is a number above 0")
    if config.images is not None and not 1 <= config.images <= MOST_IMAGES:
        _refuse(config, "images", f"it lies between 1 and {MOST_IMAGES:,}")


def _check_sizes(config: "Config") -> None:
    unit = unit_of(config.generator, config.depth)
    for name, size in (("size", config.size), ("crop", config.crop)):
        if size is not None and size != nearest_size(size, unit):
            _refuse(config, name, f"the nearest that works is {nearest_size(size, unit)}")
    if config.size is None and config.fit != "stretch":
        _refuse(config, "fit", "it says how pictures come to a size, and native ones keep theirs; give a --size")
    if config.size and config.crop and any(part > whole for part, whole in zip(config.crop, config.size, strict=True)):
        _refuse(config, "crop", f"it does not fit into size {config.size}")
    if config.rare_crops and not config.crop and (config.jitter == 1 or config.size is None):
        _refuse(config, "rare_crops", "pictures are shown whole, without crops; add --set crop=128, or jitter")
    if config.generator == "resnet" and config.depth not in (0, RESNET_DEPTH):
        _refuse(config, "depth", f"a resnet always halves its input {RESNET_DEPTH} times; set blocks instead")
    if config.seen is not None:
        _check_depths(config, config.seen)


def _check_depths(config: "Config", seen: Size) -> None:
    field = "crop" if config.crop else "size"
    needed = smallest_side(config.discriminator_layers, config.discriminators)
    if min(seen) < needed and config.game != "none":
        scales = f" at {config.discriminators} scales" if config.discriminators > 1 else ""
        _refuse(config, field, f"{config.discriminator_layers} discriminator layers{scales} need sides from {needed}")
    deepest = deepest_unet(seen)
    if config.generator != "resnet" and config.depth > deepest:
        _refuse(config, "depth", f"size {seen} can be halved {deepest} times")


def _check_losses(config: "Config") -> None:
    if config.game == "none":
        _check_without_game(config)
    elif not config.game_weight and not config.feature_weight:
        _refuse(config, "game_weight", "a game without weight teaches the generator nothing; take --set game=none")
    if config.game == "wasserstein" and not config.gradient_penalty:
        _refuse(config, "game", "its critic must be held to a slope of 1; add --set gradient_penalty=10")
    if config.smoothing and config.game not in ("cross-entropy", "least-squares"):
        _refuse(config, "smoothing", f"{config.game} has no targets to smooth; leave it at 0")
    norm = config.norm if config.discriminator_norm == "same" else config.discriminator_norm
    for name in ("gradient_penalty", "r1"):
        if getattr(config, name) and norm == "batch":
            why = (
                "it holds for each picture by itself, and batch norm mixes them; add --set discriminator_norm=instance"
            )
            _refuse(config, name, why)
    if config.mode_seeking and not config.noise:
        _refuse(config, "mode_seeking", "it compares two draws of the noise input; add --set noise=8")


def _check_without_game(config: "Config") -> None:
    """Refuse what speaks of a discriminator where there is none."""
    if config.discriminator == "labels":
        _refuse(config, "discriminator", "game=none has none; leave it at patches, or choose a game")
    off = {"feature_weight": 0.0, "gradient_penalty": 0.0, "r1": 0.0, "smoothing": 0.0}
    for name, value in {**off, "augment": "none", "updates": "alternating"}.items():
        if getattr(config, name) != value:
            _refuse(config, name, f"game=none has no discriminator; leave it at {value}, or choose a game")


NATIVE = "native"  # the word for pictures of their own size


@dataclass(frozen=True)
class Config:
    """A run's settings; the defaults are Isola et al. 2017 (section 3.3 and appendix), trained on facades.

    Raises UsageError naming the field when a value cannot work (see `rules`).
    """

    # The task. A direction is a-to-b or b-to-a, or says the same in the words of the halves (mask-to-photo).
    direction: str = "a-to-b"
    a_as: str = "values"  # classes: a mask is one-hot as input, class logits as output; auto: where it is a mask
    b_as: str = "values"
    # Sizes. Pictures are brought to `size` times `jitter` by `fit`; the networks see crops of `crop`, or of `size`.
    # Width and height, multiples of 32, or of 4 for a resnet; None (native): each picture's own, without jitter.
    size: Size | None = Size(256, 256)
    fit: TrainFit = "stretch"  # how a picture of another shape comes to that size; keep: its shape, as many pixels
    crop: Size | None = None  # train on random crops of this size out of larger pictures
    jitter: float = 286 / 256  # resize to this many times the size, then crop at random; 1 switches it off
    mirror: bool = True  # flip half of the pairs left to right, both halves alike
    rare_crops: float = 0.0  # the share of crops that are drawn around a rare class of the mask half
    colour_jitter: float = 0.0  # brightness, contrast and saturation of an input photo vary by up to this share
    # How long. `epochs` counts only where `images` is not given.
    images: int | None = None
    epochs: int = 200
    batch: int = 1  # auto (0): the largest power of two that fits into the device's memory
    seed: int = 0
    # Generator (appendix 6.1.1): U-Net; `depth` 0 takes the deepest that the size allows, at most 8.
    generator: str = "unet"
    filters: int = 64
    max_filters: int = 512
    depth: int = 0
    blocks: int = 9  # of a resnet
    upsampling: str = "transposed"  # resize: nearest neighbour, then a convolution, which leaves no checkerboard
    dropout: float = 0.5
    dropout_blocks: int = 3  # that many decoder blocks have dropout,
    dropout_skip: int = 0  # after so many innermost ones that have none; a resnet has it in every block
    norm: str = "batch"
    biases: bool = True  # beside norms too; the reference implementation has them beside instance norm only
    noise: int = 0  # random values given to the generator beside the picture, each as one more channel
    # Discriminator (appendix 6.1.2): PatchGAN; three strided layers see patches of 70x70.
    discriminator_filters: int = 64
    discriminator_layers: int = 3
    discriminator_norm: str = "same"  # as the generator's
    discriminator: str = (
        "patches"  # labels: it also learns to see the mask in the photo; auto: where there is one to see
    )
    discriminators: int = 1  # at so many scales, each half of the one before
    spectral_norm: bool = False
    conditional: bool = True  # the discriminator sees the input too
    # Losses (sections 3.1 and 3.3).
    game: str = "cross-entropy"
    game_weight: float = 1.0
    l1_weight: float = 100.0
    l2_weight: float = 0.0
    class_weight: float = 100.0  # of the cross-entropy, where the output is classes; it takes the place of L1 and L2
    balanced: bool = False  # every class of the mask half weighs the same in L1, L2 and the classes' cross-entropy
    feature_weight: float = 0.0
    label_weight: float = 10.0  # of the mask's classes as the discriminator of labels sees them in the generated photo
    gradient_penalty: float = 0.0
    r1: float = 0.0
    smoothing: float = 0.0  # real is 1 minus this (one-sided)
    halved: bool = True  # the discriminator's loss, which slows it against the generator
    updates: str = "alternating"  # simultaneous: both networks from one forward pass
    mode_seeking: float = 0.0
    # Small data.
    augment: str = "none"  # differentiable augmentation of what the discriminator sees
    average: float = 0.0  # half-life, in images, of the generator's moving average; 0 keeps none
    # Optimisation (section 3.3).
    rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    schedule: str = "constant"  # linear: constant for the first half, then falling to zero
    # The machine. What `auto` and 0 become is written into run.json and used again on resume.
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    deterministic: bool = False  # on CUDA: the same losses again, somewhat slower
    memory: float = 4.0  # GiB of decoded pairs to hold; more lie in a mapped file
    sync_norm: bool = True  # on several devices, batch norm takes its statistics over all of a batch, not each its part
    restarts: int = 3  # on several devices: how often a process that was killed or lost is replaced
    # Intervals, in images seen, and minutes where the name says so.
    log_every: int = 100
    sample_every: int = 5_000
    checkpoint_every: int = 5_000
    checkpoint_minutes: float = 5.0
    keep_checkpoints: int = 2
    validate_every: int = 5_000
    validate_pairs: int = 100  # at most so many pairs of val/ are scored
    tensorboard: bool = False
    recover: bool = False  # once, after a loss that is no number: back to the last checkpoint, at half the rate

    def __post_init__(self) -> None:
        from p2p_gan.config import config as config_module  # the rules speak of this class

        config_module.check(self)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `config_from_json` reads them back."""
        sizes = {"size": str(self.size or NATIVE), "crop": str(self.crop) if self.crop else None}
        return {**dataclasses.asdict(self), **sizes}

    @property
    def seen(self) -> Size | None:
        """The size that the networks see in training; None where pictures have many."""
        return self.crop or (self.size if self.fit != "keep" else None)

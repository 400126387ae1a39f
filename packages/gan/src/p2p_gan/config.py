"""Everything a training run depends on, as one frozen dataclass that validates itself.

Nothing here may import torch or look at data; durations are counted in images seen, never in steps or seconds.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.sizes import Size, TrainFit

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
        from p2p_gan import rules  # the rules speak of this class

        rules.check(self)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `config_from_json` reads them back."""
        sizes = {"size": str(self.size or NATIVE), "crop": str(self.crop) if self.crop else None}
        return {**dataclasses.asdict(self), **sizes}

    @property
    def seen(self) -> Size | None:
        """The size that the networks see in training; None where pictures have many."""
        return self.crop or (self.size if self.fit != "keep" else None)

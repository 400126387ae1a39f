"""The config of a run: each setting with its default, meaning and range, and the checks of settings against each other.

Nothing here may change a setting; a config that cannot work is refused with the setting, the reason and a way out.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.pictures.sizes import TRAIN_FITS, Size, TrainFit
from p2p_datatools.contract.settings import check_settings, setting
from p2p_gan.config.conflicts import refuse_conflicts
from p2p_gan.networks.architecture import GENERATORS

NATIVE = "native"  # the word for pictures of their own size
_NORMS = ("batch", "instance", "none")
_SCORES = ("auto", "l1", "psnr", "ssim", "colors", "sharpness", "accuracy", "mean_iou")
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
        "The direction of translation: a-to-b, b-to-a, or the same with the names of the halves, such as "
        "mask-to-photo.",
        group=_DATA,
    )
    a_encoding: str = setting(
        "values",
        "How half A is encoded for the networks: as values, as classes of a mask (one-hot as input, class logits as "
        "output), or auto, which means classes for a mask with a palette.",
        choices=_ENCODINGS,
        group=_DATA,
    )
    b_encoding: str = setting(
        "values",
        "How half B is encoded for the networks; the choices are those of a_encoding.",
        choices=_ENCODINGS,
        group=_DATA,
    )
    size: Size | None = setting(
        Size(256, 256),
        "Width and height in pixels to which pictures are resized, multiples of 32, or of 4 for a resnet; native keeps "
        "the size of each picture, without jitter.",
        words={NATIVE: None},
        unit="pixels",
        group=_DATA,
    )
    fit: TrainFit = setting(
        "stretch",
        "How a picture with another aspect ratio is brought to that size: stretch it, crop it, pad it, or keep its "
        "aspect ratio with about the same number of pixels.",
        choices=TRAIN_FITS,
        group=_DATA,
    )
    crop: Size | None = setting(
        None,
        "Width and height in pixels of the random crops to train on; none trains on whole pictures.",
        words={"none": None, "": None},
        unit="pixels",
        group=_DATA,
    )
    jitter: float = setting(
        286 / 256,
        "Pictures are resized to this many times the size before a random crop of the size; 1 switches it off.",
        low=1,
        high=2,
        unit="times",
        group=_DATA,
    )
    mirror: bool = setting(True, "Flip half of the pairs left to right, A and B together.", group=_DATA)
    rare_class_crops: float = setting(
        0.0,
        "The share of crops that are placed around a rare class of the mask; 0 switches it off.",
        low=0,
        high=1,
        unit="share",
        group=_DATA,
    )
    color_jitter: float = setting(
        0.0,
        "The largest share by which brightness, contrast and saturation of an input photo vary; 0 switches it off.",
        low=0,
        high=0.9,
        unit="share",
        group=_DATA,
    )
    images: int | None = setting(
        None,
        "The number of images to train on in total; none takes it from epochs.",
        low=1,
        high=_MOST_IMAGES,
        words={"none": None},
        unit="images",
        group=_RUN,
        on_resume="free",
    )
    epochs: int = setting(
        200,
        "The number of epochs, each once through the training pairs; used only if images is none.",
        low=1,
        unit="epochs",
        group=_RUN,
        on_resume="free",
    )
    batch: int = setting(
        1,
        "The number of pairs in a batch; auto takes the largest power of two that fits into the device's memory.",
        low=1,
        high=65_536,
        words={"auto": 0},
        unit="pairs",
        group=_RUN,
        on_resume="auto",
    )
    accumulate: int = setting(
        1,
        "The number of batches whose gradients are accumulated to one update, as if the batch were that many times as "
        "large; batch norm sees one of them at a time.",
        low=1,
        high=65_536,
        unit="batches",
        group=_RUN,
    )
    seed: int = setting(0, "The seed of all random numbers.", low=0, high=2**63 - 1, group=_RUN)
    generator: str = setting(
        "unet",
        "The generator: a U-Net, a U-Net without skips (encoder-decoder), or a resnet (Isola et al. 2017, appendix "
        "6.1.1).",
        choices=tuple(GENERATORS),
        group=_NETWORKS,
    )
    generator_filters: int = setting(
        64,
        "Channels of the generator's outermost layer; they double at each halving of the resolution.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
        group=_NETWORKS,
    )
    max_filters: int = setting(
        512,
        "The largest number of channels of a layer of the generator.",
        low=1,
        high=_MOST_FILTERS,
        unit="channels",
        group=_NETWORKS,
    )
    unet_depth: int = setting(
        0,
        "The number of halvings in a U-Net; auto takes the most that the size allows, at most 8; not for a resnet.",
        low=1,
        high=8,
        words={"auto": 0},
        unit="halvings",
        group=_NETWORKS,
        on_resume="auto",
    )
    resnet_blocks: int = setting(
        9,
        "The number of residual blocks of a resnet; the authors' reference code uses 6 and 9.",
        low=1,
        high=32,
        unit="blocks",
        group=_NETWORKS,
    )
    upsampling: str = setting(
        "transposed",
        "How the generator upsamples: by transposed convolutions, or by resize (nearest neighbour, then a "
        "convolution), which avoids checkerboard artefacts.",
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
        "The number of decoder blocks with dropout; a resnet has it in every block.",
        low=0,
        high=8,
        unit="blocks",
        group=_NETWORKS,
    )
    dropout_skip: int = setting(
        0,
        "The number of innermost decoder blocks without dropout, before those that have it.",
        low=0,
        high=8,
        unit="blocks",
        group=_NETWORKS,
    )
    norm: str = setting("batch", "The normalisation of the generator's layers.", choices=_NORMS, group=_NETWORKS)
    class_adaptive_norm: str = setting(
        "off",
        "Whether each norm of the decoder has a scale and a shift for each class of the input mask (CLADE, Tan et al. "
        "2021); auto is on when the input is classes; not for a resnet.",
        choices=("off", "on", "auto"),
        group=_NETWORKS,
        on_resume="auto",
    )
    bias_before_norm: bool = setting(
        True,
        "Give layers before a norm a bias too; the authors' reference code does so before instance norm only.",
        group=_NETWORKS,
    )
    noise_channels: int = setting(
        0,
        "The number of noise channels that are added to the generator's input.",
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
        "The number of strided layers of the PatchGAN: 0 has a receptive field of one pixel, 3 of 70x70 (appendix "
        "6.1.2).",
        low=0,
        high=6,
        unit="layers",
        group=_NETWORKS,
    )
    discriminator_norm: str = setting(
        "same",
        "The normalisation of the discriminator's layers; same takes that of the generator.",
        choices=("same", *_NORMS),
        group=_NETWORKS,
    )
    segmentation_head: str = setting(
        "off",
        "Whether the discriminator also learns to segment photos into the mask's classes; auto is on when masks are "
        "translated into photos.",
        choices=("off", "on", "auto"),
        group=_NETWORKS,
        on_resume="auto",
    )
    discriminator_scales: int = setting(
        1,
        "The number of scales, each with its own discriminator at half the resolution of the one before (pix2pixHD).",
        low=1,
        high=3,
        unit="scales",
        group=_NETWORKS,
    )
    spectral_norm: bool = setting(False, "Apply spectral norm to the discriminator's layers.", group=_NETWORKS)
    conditional: bool = setting(True, "Give the discriminator the input too (cGAN).", group=_NETWORKS)
    gan_loss: str = setting(
        "bce",
        "The GAN loss: bce (cross-entropy, Isola et al. 2017), lsgan (least squares), hinge, wgan (Wasserstein), "
        "segmentation (of each pixel into the mask's classes and fake, Schönfeld et al. 2021, by a discriminator of "
        "its own), or none, which trains without a discriminator.",
        choices=("bce", "lsgan", "hinge", "wgan", "segmentation", "none"),
        group=_LOSSES,
    )
    lambda_gan: float = setting(1.0, "The weight of the GAN loss in the generator's loss.", low=0, group=_LOSSES)
    lambda_l1: float = setting(
        100.0, "The weight of the L1 distance of generated and real values.", low=0, group=_LOSSES
    )
    lambda_l2: float = setting(0.0, "The weight of the L2 distance of generated and real values.", low=0, group=_LOSSES)
    lambda_frequency: float = setting(
        0.0,
        "The weight of the focal frequency loss (Jiang et al. 2021): the distance of the spectra of generated and real "
        "values, in which frequencies that differ most weigh most.",
        low=0,
        group=_LOSSES,
    )
    lambda_ce: float = setting(
        100.0,
        "The weight of the cross-entropy of classes, which replaces L1 and L2 if the output is classes.",
        low=0,
        group=_LOSSES,
    )
    class_balanced: bool = setting(
        False,
        "Give every class of the mask the same weight in L1, L2 and the cross-entropy of classes.",
        group=_LOSSES,
    )
    lambda_features: float = setting(
        0.0, "The weight of feature matching (pix2pixHD) in the generator's loss.", low=0, group=_LOSSES
    )
    features: str = setting(
        "auto",
        "The pretrained network whose features losses compare: on (EfficientNet-Lite0, of a package), off, a FILE with "
        "other weights of it, or auto, which is on if a loss uses it, the package is installed and photos allow it.",
        group=_LOSSES,
        on_resume="auto",
    )
    lambda_perceptual: float = setting(
        0.0, "The weight of the perceptual loss: the distance of photos in these features.", low=0, group=_LOSSES
    )
    perceptual_stages: int = setting(
        5,
        "How many stages of the features the perceptual loss compares, the finest first.",
        low=1,
        high=5,
        unit="stages",
        group=_LOSSES,
    )
    perceptual_color: float = setting(
        1.0,
        "The share of the photos' colour that the perceptual loss sees; with 0 it compares them in grey.",
        low=0,
        high=1,
        unit="share",
        group=_LOSSES,
    )
    lambda_projected: float = setting(
        0.0, "The weight of the hinge loss of projected heads, which judge mixed features.", low=0, group=_LOSSES
    )
    projected_stages: int = setting(
        4,
        "The number of projected heads, one for each stage from a quarter of the resolution on.",
        low=1,
        high=4,
        unit="stages",
        group=_LOSSES,
    )
    lambda_segmentation: float = setting(
        10.0,
        "The weight, in the generator's loss, of the cross-entropy between the mask and the segmentation head's "
        "output for the generated photo.",
        low=0,
        group=_LOSSES,
    )
    lambda_labelmix: float = setting(
        10.0,
        "The weight, in the discriminator's loss with gan_loss=segmentation, of LabelMix: the output for a picture of "
        "real and generated classes should be the mixture of both outputs.",
        low=0,
        group=_LOSSES,
    )
    lambda_gp: float = setting(
        0.0, "The weight of the gradient penalty (WGAN-GP) in the discriminator's loss.", low=0, group=_LOSSES
    )
    lambda_r1: float = setting(
        0.0,
        "The weight of the R1 penalty in the discriminator's loss, multiplied by 1/2 as in its source.",
        low=0,
        group=_LOSSES,
    )
    lambda_lecam: float = setting(
        0.0,
        "The weight of LeCam regularisation (Tseng et al. 2021) in the discriminator's loss, useful with few pairs: "
        "its output for real pairs is drawn to the moving average of that for fake ones, and the reverse.",
        low=0,
        group=_LOSSES,
    )
    label_smoothing: float = setting(
        0.0,
        "By how much the discriminator's target for real pairs is below 1 (one-sided); 0 switches it off.",
        low=0,
        high=0.5,
        group=_LOSSES,
    )
    halve_discriminator_loss: bool = setting(
        True,
        "Halve the discriminator's loss, so that it learns more slowly than the generator (section 3.3).",
        group=_LOSSES,
    )
    update_order: str = setting(
        "alternating",
        "The order of updates: first the discriminator and then the generator, or both simultaneously from one "
        "forward pass.",
        choices=("alternating", "simultaneous"),
        group=_OPTIMISATION,
    )
    lambda_mode_seeking: float = setting(
        0.0,
        "The weight of the mode-seeking loss, by which different noise gives different outputs.",
        low=0,
        group=_LOSSES,
    )
    discriminator_augment: str = setting(
        "none",
        "Differentiable augmentation of the discriminator's input (DiffAugment), useful with few pairs.",
        choices=("none", "color", "geometry", "all"),
        group=_OPTIMISATION,
    )
    ema_half_life: float = setting(
        0.0,
        "The half-life, in images, of the exponential moving average (EMA) of the generator's weights, which then are "
        "the model; 0 switches it off.",
        low=0,
        unit="images",
        group=_OPTIMISATION,
    )
    learning_rate: float = setting(
        2e-4, "The learning rate of Adam for both networks; the paper uses 0.0002.", above=0, group=_OPTIMISATION
    )
    discriminator_learning_rate: float = setting(
        0.0,
        "The discriminator's own learning rate, which follows the same schedule (TTUR); same takes learning_rate.",
        above=0,
        words={"same": 0.0},
        group=_OPTIMISATION,
    )
    beta1: float = setting(0.5, "Adam's decay of the first moment.", low=0, below=1, group=_OPTIMISATION)
    beta2: float = setting(0.999, "Adam's decay of the second moment.", low=0, below=1, group=_OPTIMISATION)
    lr_schedule: str = setting(
        "constant",
        "The schedule of the learning rate: constant, or linear, which is constant for the first half and then falls "
        "to 0.",
        choices=("constant", "linear"),
        group=_OPTIMISATION,
    )
    device: str = setting(
        "auto",
        "The device: cpu, cuda, cuda*N for N GPUs, or mps, the GPU of a Mac (new, and not yet run on any); auto takes "
        "cuda if there is one.",
        group=_MACHINE,
        on_resume="auto",
    )
    precision: str = setting(
        "auto",
        "The numerical precision; auto takes the fastest that trains as well as float32 on this machine.",
        choices=("auto", "float32", "tf32", "bfloat16", "float16"),
        group=_MACHINE,
        on_resume="auto",
    )
    memory_format: str = setting(
        "auto",
        "The order in which pictures and weights lie in memory: by channels, or by pixels (channels_last); auto takes "
        "channels_last on GPUs, and on the CPU times updates in both for long runs and keeps the choice for this "
        "machine: contiguous where that is not clearly slower.",
        choices=("auto", "contiguous", "channels_last"),
        group=_MACHINE,
        on_resume="auto",
    )
    # Free: a graph replays the kernels of the update itself, and proves it.
    cuda_graph: str = setting(
        "auto",
        "Whether updates are replayed as a CUDA graph, which saves the launches of their many kernels: auto does so on "
        "one GPU if a trial gives the same result, on requires it (new, and not yet run on any GPU).",
        choices=("auto", "on", "off"),
        group=_MACHINE,
        on_resume="free",
    )
    threads: int = setting(
        0,
        "The number of CPU threads; auto takes OMP_NUM_THREADS where it is set, and else times updates with one to "
        "all cores and keeps the best number for this machine.",
        low=1,
        high=1024,
        words={"auto": 0},
        unit="threads",
        group=_MACHINE,
        on_resume="auto",
    )
    deterministic: bool = setting(False, "Make runs repeatable on CUDA too, which is somewhat slower.", group=_MACHINE)
    cache_gib: float = setting(
        4.0,
        "The largest amount of decoded pairs to keep in memory, in GiB; more than that are kept in a temporary file.",
        above=0,
        unit="GiB",
        group=_MACHINE,
        on_resume="free",
    )
    sync_batchnorm: bool = setting(
        True,
        "On several devices, compute the statistics of batch norm over the whole batch, not over each device's part.",
        group=_MACHINE,
    )
    restarts: int = setting(
        3,
        "On several devices, how many times training is restarted after a process was killed or lost.",
        low=0,
        unit="times",
        group=_MACHINE,
        on_resume="free",
    )
    log_every: int = setting(
        100, "Images between two lines in stats.jsonl.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    sample_every: int = setting(
        5_000, "Images between two grids of samples.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    checkpoint_every: int = setting(
        5_000, "Images between two checkpoints.", low=1, unit="images", group=_RECORD, on_resume="free"
    )
    checkpoint_minutes: float = setting(
        5.0,
        "Minutes after which a checkpoint is written in any case.",
        above=0,
        unit="minutes",
        group=_RECORD,
        on_resume="free",
    )
    keep_checkpoints: int = setting(
        2, "How many of the latest checkpoints are kept.", low=1, unit="checkpoints", group=_RECORD, on_resume="free"
    )
    validate_every: int = setting(
        5_000,
        "Images between two validations on the pairs of val/.",
        low=1,
        unit="images",
        group=_RECORD,
        on_resume="free",
    )
    # Not free: scores on different pairs cannot be compared.
    validate_pairs: int = setting(
        100, "The largest number of pairs of val/ that a validation uses.", low=1, unit="pairs", group=_RECORD
    )
    # Not free either: the best so far is a number of this score.
    best_by: str = setting(
        "auto",
        "The validation score that chooses the best model: auto is mean_iou for masks, else l1; colors is the overlap "
        "of Lab histograms, sharpness how near it is to that of the real pictures.",
        choices=_SCORES,
        group=_RECORD,
    )
    tensorboard: bool = setting(False, "Also write event files for TensorBoard.", group=_RECORD, on_resume="free")
    wandb: str = setting(
        "off",
        "Also record for Weights & Biases: offline writes to the run folder and sends nothing, online sends it too.",
        choices=("off", "offline", "online"),
        group=_RECORD,
        on_resume="free",
    )
    patience: int = setting(
        0,
        "The number of validations in a row without a better score after which a run stops; off never stops it.",
        low=1,
        words={"off": 0},
        unit="validations",
        group=_RUN,
        on_resume="free",
    )
    recover: bool = setting(
        False,
        "Return once to the last checkpoint, with half the learning rate, if a loss becomes infinite or NaN.",
        group=_RUN,
        on_resume="free",
    )

    @property
    def update_pairs(self) -> int:
        """The pairs of one update: those of all the batches whose gradients are accumulated."""
        return self.batch * self.accumulate

    def __post_init__(self) -> None:
        check_settings(self)
        refuse_conflicts(self)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `config_from_json` reads them back."""
        sizes = {"size": str(self.size or NATIVE), "crop": str(self.crop) if self.crop else None}
        return {**dataclasses.asdict(self), **sizes}

    @property
    def feature_stages(self) -> int:
        """How many stages of the features of a pretrained network the losses use, 0 if no loss uses any."""
        perceptual = self.perceptual_stages if self.lambda_perceptual else 0
        projected = self.projected_stages + 1 if self.lambda_projected else 0
        return 0 if self.features == "off" else max(perceptual, projected)

    @property
    def input_size(self) -> Size | None:
        """The size of the networks' input in training; None if it differs between pictures."""
        return self.crop or (self.size if self.fit != "keep" else None)

"""The config of a run: each setting with its default, meaning and range, and the checks of settings against each other.

Nothing here may change a setting; a config that cannot work is refused with the setting, the reason and a way out.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import OpenBound, check_settings, setting, settings_of
from p2p_gan.config.conflicts import refuse_conflicts
from p2p_gan.config.network_settings import NATIVE, NetworkSettings

_SCORES = ("auto", "l1", "psnr", "ssim", "colors", "sharpness", "accuracy", "mean_iou")
_LOSSES, _OPTIMISATION = "losses", "optimisation"
_RUN, _MACHINE, _RECORD = "run", "machine", "record"


@dataclass(frozen=True)
class Config(NetworkSettings):
    """A run's settings; the defaults are Isola et al. 2017 (section 3.3 and appendix), trained on facades.

    Raises UsageError naming the setting when a value cannot work.
    """

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
        20.0,
        "The weight, in the generator's loss, of the cross-entropy between the mask and the segmentation head's "
        "output for the generated photo.",
        low=0,
        group=_LOSSES,
    )
    segmentation_balanced: bool = setting(
        False,
        "Give every class of the mask the same weight in that cross-entropy; off gives it to every pixel, so that "
        "what lies beside a small class has to be told from it too.",
        group=_LOSSES,
    )
    segmentation_hinge: bool = setting(
        True,
        "Count of that cross-entropy only what is above that of the real photo in the same pixel, so that a generated "
        "photo gains nothing by false colours that show its classes more plainly than the real one does.",
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
        "The weight of the mode-seeking loss, by which different noise gives different outputs; auto is 0.5 with "
        "noise and 0 without.",
        low=0,
        words={"auto": -1.0},
        group=_LOSSES,
        on_resume="auto",
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
        2e-4,
        "The learning rate of Adam for both networks; the paper uses 0.0002, and auto takes twice that in runs of "
        "fewer than 1,000 images.",
        low=OpenBound(0),
        words={"auto": -1.0},
        group=_OPTIMISATION,
        on_resume="auto",
    )
    discriminator_learning_rate: float = setting(
        0.0,
        "The discriminator's own learning rate, which follows the same schedule (TTUR); same takes learning_rate.",
        low=OpenBound(0),
        words={"same": 0.0},
        group=_OPTIMISATION,
    )
    beta1: float = setting(0.5, "Adam's decay of the first moment.", low=0, high=OpenBound(1), group=_OPTIMISATION)
    beta2: float = setting(0.999, "Adam's decay of the second moment.", low=0, high=OpenBound(1), group=_OPTIMISATION)
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
        "channels_last on GPUs of NVIDIA but in float32, and on the CPU times updates in both for long runs and keeps "
        "the choice for this machine: contiguous where that is not clearly slower.",
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
        low=OpenBound(0),
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
        low=OpenBound(0),
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

    def as_typed(self) -> dict[str, str]:
        """The settings as a user would type them after `--set`."""
        return {name: declared.text(getattr(self, name)) for name, declared in settings_of(Config).items()}

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

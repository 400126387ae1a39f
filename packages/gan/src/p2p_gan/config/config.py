"""The config of a run: each setting with its default, meaning and range, and the checks of settings against each other.

Nothing here may change a setting; a config that cannot work is refused with the setting, the reason and a way out.
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import OpenBound, check_settings, setting, settings_of
from p2p_gan.config.conflicts import refuse_conflicts
from p2p_gan.config.network_settings import NATIVE, NetworkSettings

_SCORES = ("auto", "l1", "psnr", "ssim", "colors", "sharpness", "accuracy", "mean_iou")
_loss_setting, _optimiser_setting = partial(setting, group="losses"), partial(setting, group="optimisation")
_run_setting, _machine_setting = partial(setting, group="run"), partial(setting, group="machine")
_record_setting = partial(setting, group="record")


@dataclass(frozen=True)
class Config(NetworkSettings):
    """A run's settings; the defaults are Isola et al. 2017 (section 3.3 and appendix), trained on facades.

    Raises UsageError naming the setting when a value cannot work.
    """

    gan_loss: str = _loss_setting(
        "bce",
        "The GAN loss: bce (cross-entropy, Isola et al. 2017), lsgan (least squares), hinge, wgan (Wasserstein), "
        "segmentation (of each pixel into the mask's classes and fake, Schönfeld et al. 2021, by a discriminator of "
        "its own), or none, which trains without a discriminator.",
        choices=("bce", "lsgan", "hinge", "wgan", "segmentation", "none"),
    )
    lambda_gan: float = _loss_setting(1.0, "The weight of the GAN loss in the generator's loss.", low=0)
    lambda_l1: float = _loss_setting(100.0, "The weight of the L1 distance of generated and real values.", low=0)
    lambda_l2: float = _loss_setting(0.0, "The weight of the L2 distance of generated and real values.", low=0)
    lambda_frequency: float = _loss_setting(
        0.0,
        "The weight of the focal frequency loss (Jiang et al. 2021): the distance of the spectra of generated and real "
        "values, in which frequencies that differ most weigh most.",
        low=0,
    )
    lambda_ce: float = _loss_setting(
        100.0, "The weight of the cross-entropy of classes, which replaces L1 and L2 if the output is classes.", low=0
    )
    class_balanced: bool = _loss_setting(
        False, "Give every class of the mask the same weight in L1, L2 and the cross-entropy of classes."
    )
    lambda_features: float = _loss_setting(
        0.0, "The weight of feature matching (pix2pixHD) in the generator's loss.", low=0
    )
    features: str = _loss_setting(
        "auto",
        "The pretrained network whose features losses compare: on (EfficientNet-Lite0, of a package), off, a FILE with "
        "other weights of it, or auto, which is on if a loss uses it, the package is installed and photos allow it.",
        on_resume="auto",
    )
    lambda_perceptual: float = _loss_setting(
        0.0, "The weight of the perceptual loss: the distance of photos in these features.", low=0
    )
    perceptual_stages: int = _loss_setting(
        5,
        "How many stages of the features the perceptual loss compares, the finest first.",
        low=1,
        high=5,
        unit="stages",
    )
    perceptual_color: float = _loss_setting(
        1.0,
        "The share of the photos' colour that the perceptual loss sees; with 0 it compares them in grey.",
        low=0,
        high=1,
        unit="share",
    )
    lambda_projected: float = _loss_setting(
        0.0, "The weight of the hinge loss of projected heads, which judge mixed features.", low=0
    )
    projected_stages: int = _loss_setting(
        4,
        "The number of projected heads, one for each stage from a quarter of the resolution on.",
        low=1,
        high=4,
        unit="stages",
    )
    lambda_segmentation: float = _loss_setting(
        20.0,
        "The weight, in the generator's loss, of the cross-entropy between the mask and the segmentation head's "
        "output for the generated photo.",
        low=0,
    )
    segmentation_balanced: bool = _loss_setting(
        False,
        "Give every class of the mask the same weight in that cross-entropy; off gives it to every pixel, so that "
        "what lies beside a small class has to be told from it too.",
    )
    segmentation_hinge: bool = _loss_setting(
        True,
        "Count of that cross-entropy only what is above that of the real photo in the same pixel, so that a generated "
        "photo gains nothing by false colours that show its classes more plainly than the real one does.",
    )
    lambda_labelmix: float = _loss_setting(
        10.0,
        "The weight, in the discriminator's loss with gan_loss=segmentation, of LabelMix: the output for a picture of "
        "real and generated classes should be the mixture of both outputs.",
        low=0,
    )
    lambda_gp: float = _loss_setting(
        0.0, "The weight of the gradient penalty (WGAN-GP) in the discriminator's loss.", low=0
    )
    lambda_r1: float = _loss_setting(
        0.0, "The weight of the R1 penalty in the discriminator's loss, multiplied by 1/2 as in its source.", low=0
    )
    lambda_lecam: float = _loss_setting(
        0.0,
        "The weight of LeCam regularisation (Tseng et al. 2021) in the discriminator's loss, useful with few pairs: "
        "its output for real pairs is drawn to the moving average of that for fake ones, and the reverse.",
        low=0,
    )
    label_smoothing: float = _loss_setting(
        0.0,
        "By how much the discriminator's target for real pairs is below 1 (one-sided); 0 switches it off.",
        low=0,
        high=0.5,
    )
    halve_discriminator_loss: bool = _loss_setting(
        True, "Halve the discriminator's loss, so that it learns more slowly than the generator (section 3.3)."
    )
    update_order: str = _optimiser_setting(
        "alternating",
        "The order of updates: first the discriminator and then the generator, or both simultaneously from one "
        "forward pass.",
        choices=("alternating", "simultaneous"),
    )
    lambda_mode_seeking: float = _loss_setting(
        0.0,
        "The weight of the mode-seeking loss, by which different noise gives different outputs; auto is 0.5 with "
        "noise and 0 without.",
        low=0,
        words={"auto": -1.0},
        on_resume="auto",
    )
    discriminator_augment: str = _optimiser_setting(
        "none",
        "Differentiable augmentation of the discriminator's input (DiffAugment), useful with few pairs.",
        choices=("none", "color", "geometry", "all"),
    )
    ema_half_life: float = _optimiser_setting(
        0.0,
        "The half-life, in images, of the exponential moving average (EMA) of the generator's weights, which then are "
        "the model; 0 switches it off.",
        low=0,
        unit="images",
    )
    learning_rate: float = _optimiser_setting(
        2e-4,
        "The learning rate of Adam for both networks; the paper uses 0.0002, and auto takes twice that in runs of "
        "fewer than 1,000 images.",
        low=OpenBound(0),
        words={"auto": -1.0},
        on_resume="auto",
    )
    discriminator_learning_rate: float = _optimiser_setting(
        0.0,
        "The discriminator's own learning rate, which follows the same schedule (TTUR); same takes learning_rate.",
        low=OpenBound(0),
        words={"same": 0.0},
    )
    beta1: float = _optimiser_setting(0.5, "Adam's decay of the first moment.", low=0, high=OpenBound(1))
    beta2: float = _optimiser_setting(0.999, "Adam's decay of the second moment.", low=0, high=OpenBound(1))
    lr_schedule: str = _optimiser_setting(
        "constant",
        "The schedule of the learning rate: constant, or linear, which is constant for the first half and then falls "
        "to 0.",
        choices=("constant", "linear"),
    )
    device: str = _machine_setting(
        "auto",
        "The device: cpu, cuda, cuda*N for N GPUs, or mps, the GPU of a Mac (new, and not yet run on any); auto takes "
        "cuda if there is one.",
        on_resume="auto",
    )
    precision: str = _machine_setting(
        "auto",
        "The numerical precision; auto takes the fastest that trains as well as float32 on this machine.",
        choices=("auto", "float32", "tf32", "bfloat16", "float16"),
        on_resume="auto",
    )
    memory_format: str = _machine_setting(
        "auto",
        "The order in which pictures and weights lie in memory: by channels, or by pixels (channels_last); auto takes "
        "channels_last on GPUs of NVIDIA but in float32, and on the CPU times updates in both for long runs and keeps "
        "the choice for this machine: contiguous where that is not clearly slower.",
        choices=("auto", "contiguous", "channels_last"),
        on_resume="auto",
    )
    # Free: a graph replays the kernels of the update itself, and proves it.
    cuda_graph: str = _machine_setting(
        "auto",
        "Whether updates are replayed as a CUDA graph, which saves the launches of their many kernels: auto does so on "
        "one GPU if a trial gives the same result, on requires it (new, and not yet run on any GPU).",
        choices=("auto", "on", "off"),
        on_resume="free",
    )
    threads: int = _machine_setting(
        0,
        "The number of CPU threads; auto takes OMP_NUM_THREADS where it is set, and else times updates with one to "
        "all cores and keeps the best number for this machine.",
        low=1,
        high=1024,
        words={"auto": 0},
        unit="threads",
        on_resume="auto",
    )
    deterministic: bool = _machine_setting(False, "Make runs repeatable on CUDA too, which is somewhat slower.")
    cache_gib: float = _machine_setting(
        4.0,
        "The largest amount of decoded pairs to keep in memory, in GiB; more than that are kept in a temporary file.",
        low=OpenBound(0),
        unit="GiB",
        on_resume="free",
    )
    sync_batchnorm: bool = _machine_setting(
        True,
        "On several devices, compute the statistics of batch norm over the whole batch, not over each device's part.",
    )
    restarts: int = _machine_setting(
        3,
        "On several devices, how many times training is restarted after a process was killed or lost.",
        low=0,
        unit="times",
        on_resume="free",
    )
    log_every: int = _record_setting(
        100, "Images between two lines in stats.jsonl.", low=1, unit="images", on_resume="free"
    )
    sample_every: int = _record_setting(
        5_000, "Images between two grids of samples.", low=1, unit="images", on_resume="free"
    )
    checkpoint_every: int = _record_setting(
        5_000, "Images between two checkpoints.", low=1, unit="images", on_resume="free"
    )
    checkpoint_minutes: float = _record_setting(
        5.0,
        "Minutes after which a checkpoint is written in any case.",
        low=OpenBound(0),
        unit="minutes",
        on_resume="free",
    )
    keep_checkpoints: int = _record_setting(
        2, "How many of the latest checkpoints are kept.", low=1, unit="checkpoints", on_resume="free"
    )
    validate_every: int = _record_setting(
        5_000, "Images between two validations on the pairs of val/.", low=1, unit="images", on_resume="free"
    )
    # Not free: scores on different pairs cannot be compared.
    validate_pairs: int = _record_setting(
        100, "The largest number of pairs of val/ that a validation uses.", low=1, unit="pairs"
    )
    # Not free either: the best so far is a number of this score.
    best_by: str = _record_setting(
        "auto",
        "The validation score that chooses the best model: auto is mean_iou for masks, else l1; colors is the overlap "
        "of Lab histograms, sharpness how near it is to that of the real pictures.",
        choices=_SCORES,
    )
    tensorboard: bool = _record_setting(False, "Also write event files for TensorBoard.", on_resume="free")
    wandb: str = _record_setting(
        "off",
        "Also record for Weights & Biases: offline writes to the run folder and sends nothing, online sends it too.",
        choices=("off", "offline", "online"),
        on_resume="free",
    )
    patience: int = _run_setting(
        0,
        "The number of validations in a row without a better score after which a run stops; off never stops it.",
        low=1,
        words={"off": 0},
        unit="validations",
        on_resume="free",
    )
    recover: bool = _run_setting(
        False,
        "Return once to the last checkpoint, with half the learning rate, if a loss becomes infinite or NaN.",
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

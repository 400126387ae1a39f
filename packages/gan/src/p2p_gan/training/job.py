"""The job of a run: the pairs, the config with automatic settings resolved, the device, and the networks from the seed.

Nothing here may update a network or write a file.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pictures.nodata import nodata_word, parse_nodata
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.sides import deepest_unet, halvings_of
from p2p_gan.data.sizing import proportions_of
from p2p_gan.data.task import Task, refuse_unfit, task_of
from p2p_gan.machine.device import (
    Autocast,
    autocast_for,
    faster_precision,
    memory_format_of,
    prepare,
    resolve_device,
    resolve_memory_format,
    resolve_precision,
    why_unused,
)
from p2p_gan.machine.distributed import ALONE, Ranks
from p2p_gan.machine.graphs import refuse_graph
from p2p_gan.machine.threads import resolve_threads
from p2p_gan.models.card import ModelCard
from p2p_gan.networks.architecture import GENERATORS
from p2p_gan.training.build import architecture_of, build
from p2p_gan.training.features import load_features, settle_features
from p2p_gan.updates.recipe import Recipe, make_recipe
from p2p_gan.updates.step import Networks


@dataclass(frozen=True)
class Job:
    """Everything that the training loop needs besides the data."""

    folder: PairFolder
    task: Task
    config: Config
    device: torch.device
    autocast: Autocast
    nets: Networks
    card: ModelCard
    recipe: Recipe
    ranks: Ranks = ALONE
    notes: tuple[str, ...] = ()  # what the user should know of how automatic settings were resolved
    origin: dict[str, Any] | None = None  # the model that the run began with, as run.json describes it

    @property
    def memory_format(self) -> torch.memory_format:
        """The order in which weights and pictures lie in memory."""
        return memory_format_of(self.config.memory_format)


# Settings that only a segmentation head has.
_OF_HEAD = ("lambda_segmentation", "segmentation_balanced", "segmentation_hinge")
_AUTO = -1
_NOISE, _PIXEL_NOISE, _MODES = 8, 4, 0.5  # benchmarks/quality has their figures, and those of short runs
_RATE, _SHORT_RATE = 2e-4, 4e-4  # the higher one makes lines in longer runs
_SHORT = 1_000  # images: runs of fewer have the higher learning rate, and end before noise of pixels becomes texture
_DROPOUT = 0.5  # Isola et al. 2017, section 6.1


def images_of(config: Config, folder: PairFolder) -> int:
    """The number of images of a run in total: epochs are converted to images here and nowhere else."""
    return config.images or config.epochs * len(folder.of("train"))


def make_job(folder: PairFolder, config: Config, ranks: Ranks = ALONE) -> Job:
    """Resolve automatic settings, prepare the device, and initialise the networks from the seed.

    `ranks` says which of several processes this is. Raises UsageError if the batch cannot be divided among them evenly.
    """
    refuse_uneven(config.batch, ranks.world)
    asked, wanted = config.device, config.precision
    task, config, note = _settle_by_pairs(folder, config)
    config, device = _settle_by_machine(config, ranks)
    config = replace(
        config,
        images=images_of(config, folder),
        unet_depth=config.unet_depth or depth_of(config),
        segmentation_head=_segmentation_head(task, config),
        class_adaptive_norm=_class_adaptive_norm(task, config),
    )
    recipe = _recipe(task, config)
    prepare(
        device,
        config.precision,
        config.threads,
        config.seed,
        deterministic=config.deterministic,
        many_sizes=config.input_size is None,
    )
    card = _card(folder, task, config, ranks.world)
    nets = build(card.architecture, config, device, task.labels, load_features(config, device))
    autocast = autocast_for(device, config.precision)
    faster = faster_precision(wanted, device)
    notes = (*filter(None, (note, faster)), *_without_effect(config), *_without_gpu(asked, device))
    return Job(folder, task, config, device, autocast, nets, card, recipe, ranks, notes)


def _settle_by_pairs(folder: PairFolder, config: Config) -> tuple[Task, Config, str]:
    """(the task, the config with what `auto` means for these pairs, a line on what the run goes without).

    These are features, learning rate, noise and dropout. Raises UsageError for a setting that the pairs do not support.
    """
    task = task_of(folder, config.direction, config.a_encoding, config.b_encoding)
    refuse_unfit(task, config)
    config, note = settle_features(config, task, folder)
    randomness = settle_randomness(config, images_of(config, folder), masks=bool(task.labels))
    return task, replace(config, learning_rate=_learning_rate(config, folder), **randomness), note


def _settle_by_machine(config: Config, ranks: Ranks) -> tuple[Config, torch.device]:
    """The config with what `auto` means on this machine, and the device of this process."""
    kind = resolve_device(config.device)
    device = ranks.device(kind)
    refuse_graph(config.cuda_graph, device, ranks.world)
    precision = resolve_precision(config.precision, device)
    settled = replace(
        config,
        device=str(kind),
        precision=precision,
        memory_format=resolve_memory_format(config.memory_format, device, precision),
        threads=resolve_threads(config.threads, ranks.local_world),
    )
    return settled, device


def _card(folder: PairFolder, task: Task, config: Config, world: int) -> ModelCard:
    """The description of the model before its first update."""
    # With one pair in a batch norm, training used the statistics of single pictures, and so does inference; with more,
    # the running statistics are the nearest to those of training.
    norm_batch = config.batch if config.sync_batchnorm else config.batch // world
    return ModelCard(
        architecture=architecture_of(config, task),
        input=replace(task.input, nodata=_nodata_of(folder)),
        output=task.output,
        palette=folder.palette,
        size=config.size,
        fit=config.fit,
        statistics="picture" if norm_batch <= 1 else "running",
        averaged=config.ema_half_life > 0,
        images=0,
        data_hash=folder.data_hash,
        input_as=task.codings[0].kind,
        output_as=task.codings[1].kind,
        proportions=proportions_of(folder),
    )


def _nodata_of(folder: PairFolder) -> str:
    """What `--nodata` said when the pairs were made, as text; empty where the files' tags say what has no data."""
    said = folder.provenance.get("nodata")
    return nodata_word(parse_nodata(str(said))) or "" if said else ""


def refuse_uneven(batch: int, world: int) -> None:
    """Raise UsageError if the batch cannot be divided evenly among `world` processes."""
    if batch % world == 0:
        return
    lower = batch // world * world
    near = f"{lower} or {lower + world}, the nearest that work" if lower else f"{world}, the smallest that works"
    what = f"is the batch of all {world} devices together and cannot be divided evenly"
    raise UsageError(f"batch={batch}", what, f"Choose {near}.", code="uneven-batch")


def refuse_contradictions(folder: PairFolder, config: Config) -> Config:
    """Raise UsageError for the first setting that contradicts these pairs, as `make_job` would, without networks.

    Gives the config with features, noise and dropout as these pairs have them.
    """
    task, config, _ = _settle_by_pairs(folder, config)
    _recipe(task, config)
    return config


def _without_effect(config: Config) -> tuple[str, ...]:
    """A line on each setting that does nothing; it is no error, because presets and --from bring it for other runs."""
    reasons = dict[str, str]()
    if config.gan_loss == "segmentation":
        reasons["discriminator_layers"] = "with gan_loss=segmentation, whose discriminator is a U-Net of its own depth"
    if config.segmentation_head == "off":
        reasons |= dict.fromkeys(_OF_HEAD, "without a segmentation head")
    known, usual = settings_of(Config), Config()
    changed = {name: getattr(config, name) for name in reasons if getattr(config, name) != getattr(usual, name)}
    return tuple(f"{name}={known[name].text(value)} has no effect {reasons[name]}." for name, value in changed.items())


def _without_gpu(asked: str, device: torch.device) -> tuple[str, ...]:
    """A line if `auto` is the CPU although a GPU seems to be here."""
    why = why_unused(device) if asked == "auto" else None
    if why is None:
        return ()
    return (f"device=auto: the CPU, although the driver of a GPU is here: {why}. 'p2p doctor' says what to do.",)


def _recipe(task: Task, config: Config) -> Recipe:
    return make_recipe(
        config,
        classes=task.codings[1].kind == "classes",
        photos=(task.input.kind == "photo", task.output.kind == "photo"),
        has_mask=any(task.palette_of(half) for half in (task.input, task.output)),
    )


def learning_rate_at(config: Config, seen: int) -> float:
    """The learning rate after `seen` images."""
    total = config.images or 1
    if config.lr_schedule == "constant" or seen < total / 2:
        return config.learning_rate
    return config.learning_rate * max(0.0, 1 - (seen - total / 2) / (total / 2))


def learning_rate_jump(before: Config, now: Config, seen: int) -> list[str]:
    """A line if a changed length of the run makes the learning rate jump after `seen` images."""
    was, will = learning_rate_at(before, seen), learning_rate_at(now, seen)
    if was == will:
        return []
    return [
        f"lr_schedule={now.lr_schedule}: the schedule now ends at image {now.images}, not {before.images}, so the "
        f"learning rate jumps from {was:.3g} to {will:.3g}."
    ]


def _learning_rate(config: Config, folder: PairFolder) -> float:
    """The learning rate with auto resolved by the length of the run."""
    if config.learning_rate != _AUTO:
        return config.learning_rate
    return _SHORT_RATE if images_of(config, folder) < _SHORT else _RATE


def outgrown(before: Config, now: Config) -> list[str]:
    """A line if a run that began as a short one, with what auto chose for that, becomes a longer one."""
    was_short = before.images is not None and before.images < _SHORT <= (now.images or 0)
    if not was_short or before.learning_rate != _SHORT_RATE or not before.noise_channels or before.pixel_noise:
        return []
    return [
        f"The run began as a short one and keeps learning_rate={_SHORT_RATE:g} and pixel_noise=0; a new run of "
        f"{now.images:,} images with auto for both has {_RATE:g} and {_PIXEL_NOISE}, and fewer lines."
    ]


def depth_of(config: Config) -> int:
    """The depth for unet_depth=auto: the most that the size allows, or 5 for pictures of many shapes."""
    if config.input_size is None or GENERATORS[config.generator].halvings is not None:
        return halvings_of(config.generator)
    return deepest_unet(config.input_size)


def _class_adaptive_norm(task: Task, config: Config) -> str:
    """Whether the decoder's norms adapt to the mask's classes, with auto resolved."""
    if config.class_adaptive_norm != "auto":
        return config.class_adaptive_norm
    possible = config.generator != "resnet" and config.norm != "none"
    return "on" if possible and task.codings[0].kind == "classes" else "off"


def settle_randomness(config: Config, images: int, *, masks: bool) -> dict[str, Any]:
    """The channels of noise, the weight of the loss by which they count, and dropout, with auto resolved.

    `images` is the length of the run, and `masks` says that masks are translated into photos. Features draw the outputs
    of all seeds together, and noise draws them apart again, in place of dropout. Where there is one right output, as
    for a map, none is drawn.
    """
    channels, pixels, weight = config.noise_channels, config.pixel_noise, config.lambda_mode_seeking
    wanted = masks and config.feature_stages > 0
    if channels == _AUTO:
        channels = _NOISE if wanted else 0
    if pixels == _AUTO:
        pixels = _PIXEL_NOISE if wanted and channels and images >= _SHORT else 0
    return {
        "noise_channels": channels,
        "pixel_noise": pixels,
        "lambda_mode_seeking": _MODES * (channels > 0) if weight == _AUTO else weight,
        "dropout": config.dropout if config.dropout != _AUTO else 0.0 if channels or pixels else _DROPOUT,
    }


def _segmentation_head(task: Task, config: Config) -> str:
    """Whether there is a segmentation head, with auto resolved."""
    if config.segmentation_head != "auto":
        return config.segmentation_head
    return "on" if task.labels and config.gan_loss not in ("none", "segmentation") else "off"

"""What a run needs, made once: the pairs, the networks from their seed, the device.

Nothing here may update a network for good or write a file.
"""

from dataclasses import dataclass, replace

import torch

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_gan.config.config import Config
from p2p_gan.config.sides import deepest_unet, halvings_of
from p2p_gan.data.task import Task, refuse_unfit, task_of
from p2p_gan.machine.device import Autocast, autocast_for, prepare, resolve_device, resolve_precision, resolve_threads
from p2p_gan.machine.distributed import ALONE, Ranks
from p2p_gan.models.card import ModelCard
from p2p_gan.networks.architecture import GENERATORS
from p2p_gan.networks.base import Statistics
from p2p_gan.training.build import architecture_of, build
from p2p_gan.updates.recipe import Recipe, make_recipe
from p2p_gan.updates.step import Networks


@dataclass(frozen=True)
class Job:
    """What the loop needs, made once."""

    folder: PairFolder
    task: Task
    config: Config
    device: torch.device
    autocast: Autocast
    nets: Networks
    card: ModelCard
    recipe: Recipe
    ranks: Ranks = ALONE


def images_of(config: Config, folder: PairFolder) -> int:
    """How many images a run sees in all: epochs become images here, once."""
    return config.images or config.epochs * len(folder.of("train"))


def make_job(folder: PairFolder, config: Config, ranks: Ranks = ALONE) -> Job:
    """Resolve what is automatic, prepare the device, and draw the networks from the seed.

    `ranks` says which of several processes this is. Raises UsageError when they cannot share the batch alike.
    """
    refuse_uneven(config.batch, ranks.world)
    task = task_of(folder, config.direction, config.a_encoding, config.b_encoding)
    refuse_unfit(task, config)
    kind = resolve_device(config.device)
    device = ranks.device(kind)
    config = replace(
        config,
        images=images_of(config, folder),
        device=str(kind),
        precision=resolve_precision(config.precision, device),
        threads=resolve_threads(config.threads, ranks.local_world),
        unet_depth=config.unet_depth or _depth(config),
        segmentation_head=_segmentation_head(task, config),
    )
    recipe = _recipe(task, config)
    prepare(device, config.precision, config.threads, config.seed, deterministic=config.deterministic)
    architecture = architecture_of(config, task)
    # Trained alone, a picture has only its own statistics; trained in batches, the gathered ones are the nearest.
    together = config.batch if config.sync_batchnorm else config.batch // ranks.world
    statistics: Statistics = "picture" if together <= 1 else "running"
    card = ModelCard(
        architecture=architecture,
        input=task.input,
        output=task.output,
        palette=folder.palette,
        size=config.size,
        fit=config.fit,
        statistics=statistics,
        averaged=config.ema_half_life > 0,
        images=0,
        data_hash=folder.data_hash,
        input_as=task.codings[0].kind,
        output_as=task.codings[1].kind,
    )
    nets = build(architecture, config, device, task.labels)
    return Job(folder, task, config, device, autocast_for(device, config.precision), nets, card, recipe, ranks)


def refuse_uneven(batch: int, world: int) -> None:
    """Raise UsageError when not every process would have as many pairs of a batch as any other."""
    if batch % world == 0:
        return
    lower = batch // world * world
    near = f"{lower} or {lower + world}, the nearest that work" if lower else f"{world}, the smallest that works"
    raise UsageError(
        f"batch={batch}",
        f"is the batch of all {world} devices together and cannot be shared alike",
        f"Choose {near}.",
        code="uneven-batch",
    )


def refuse_contradictions(folder: PairFolder, config: Config) -> None:
    """Raise UsageError for the first setting that these pairs contradict, as `make_job` would, building nothing."""
    task = task_of(folder, config.direction, config.a_encoding, config.b_encoding)
    refuse_unfit(task, config)
    _recipe(task, config)


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
    """A line, if another length of the run makes a falling rate jump after `seen` images."""
    was, will = learning_rate_at(before, seen), learning_rate_at(now, seen)
    if was == will:
        return []
    return [
        f"lr_schedule={now.lr_schedule}: falls over {now.images} images now, not {before.images}: the learning rate "
        f"goes on at {will:.3g}, where it was {was:.3g}."
    ]


def _depth(config: Config) -> int:
    """The depth of a generator that was left to the size; pictures of many shapes are halved five times."""
    if config.input_size is None or GENERATORS[config.generator].halvings is not None:
        return halvings_of(config.generator)
    return deepest_unet(config.input_size)


def _segmentation_head(task: Task, config: Config) -> str:
    """Whether there is a segmentation head, where that was left to the pairs."""
    if config.segmentation_head != "auto":
        return config.segmentation_head
    return "on" if task.labels and config.gan_loss != "none" else "off"

"""What a run needs, made once: the pairs, the networks from their seed, the device; and what is known beforehand.

Nothing here may update a network for good or write a file.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from p2p_datatools.contract.manifest import PairFolder
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.sizes import Size
from p2p_gan.average import average_of
from p2p_gan.config import NATIVE, Config
from p2p_gan.data import (
    Task,
    identified,
    load_store,
    open_for_training,
    rare_crops_of,
    refuse_unfit,
    shapes_seen,
    task_of,
)
from p2p_gan.device import Autocast, autocast_for, prepare, resolve_device, resolve_precision, resolve_threads
from p2p_gan.model import ModelCard
from p2p_gan.networks.applying import Statistics
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.contract import Discriminator
from p2p_gan.networks.initial import count_parameters, initialise
from p2p_gan.networks.patchgan import MultiScale, PatchGAN, receptive_fields
from p2p_gan.recipe import Recipe, recipe_of
from p2p_gan.sides import DEFAULT_DEPTH, RESNET_DEPTH, deepest_unet
from p2p_gan.step import Networks, train_step


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


@dataclass(frozen=True)
class Plan:
    """What a run will do, known before its first update."""

    config: Config  # with everything automatic resolved
    pairs: int
    generator_parameters: int
    discriminator_parameters: int
    receptive_fields: tuple[int, ...]  # of the discriminator, at each scale, in pixels
    direction: str
    assumed: tuple[str, ...]
    shapes: tuple[tuple[Size, int], ...]  # that the networks see, and how many pairs have each


def images_of(config: Config, folder: PairFolder) -> int:
    """How many images a run sees in all: epochs become images here, once."""
    return config.images or config.epochs * len(folder.of("train"))


def make_job(folder: PairFolder, config: Config) -> Job:
    """Resolve what is automatic, prepare the device, and draw the networks from the seed."""
    task = task_of(folder, config.direction, config.a_as, config.b_as)
    refuse_unfit(task, config)
    device = resolve_device(config.device)
    config = replace(
        config,
        images=images_of(config, folder),
        device=str(device),
        precision=resolve_precision(config.precision, device),
        threads=resolve_threads(config.threads),
        depth=config.depth or _depth(config),
        rare_crops=rare_crops_of(task, config),
    )
    recipe = _recipe(task, config)
    prepare(device, config.precision, config.threads, config.seed, deterministic=config.deterministic)
    architecture = architecture_of(config, task)
    # Trained alone, a picture has only its own statistics; trained in batches, the gathered ones are the nearest.
    statistics: Statistics = "picture" if config.batch == 1 else "running"
    card = ModelCard(
        architecture=architecture,
        input=task.input,
        output=task.output,
        palette=folder.palette,
        size=config.size,
        fit=config.fit,
        statistics=statistics,
        averaged=config.average > 0,
        images=0,
        data_hash=folder.data_hash,
        input_as=task.codings[0].kind,
        output_as=task.codings[1].kind,
    )
    nets = build(architecture, config, device)
    return Job(folder, task, config, device, autocast_for(device, config.precision), nets, card, recipe)


def refuse_contradictions(folder: PairFolder, config: Config) -> None:
    """Raise UsageError for the first setting that these pairs contradict, as `make_job` would, building nothing."""
    task = task_of(folder, config.direction, config.a_as, config.b_as)
    refuse_unfit(task, config)
    _recipe(task, config)


def _depth(config: Config) -> int:
    """The depth of a generator that was left to the size; pictures of many shapes are halved five times."""
    if config.generator == "resnet":
        return RESNET_DEPTH
    return deepest_unet(config.seen) if config.seen else DEFAULT_DEPTH


def _recipe(task: Task, config: Config) -> Recipe:
    return recipe_of(
        config,
        task.codings[1].kind == "classes",
        colours=(task.input.kind == "photo", task.output.kind == "photo"),
        has_classes=any(task.palette_of(half) for half in (task.input, task.output)),
    )


def architecture_of(config: Config, task: Task) -> Architecture:
    """The generator's shape for this task, its depth resolved."""
    return Architecture(
        inputs=task.codings[0].channels,
        outputs=task.codings[1].channels,
        depth=config.depth,
        filters=config.filters,
        max_filters=config.max_filters,
        norm=config.norm,
        dropout=config.dropout,
        kind=config.generator,
        blocks=config.blocks,
        upsampling=config.upsampling,
        dropout_blocks=config.dropout_blocks,
        dropout_skip=config.dropout_skip,
        biases=config.biases,
        noise=config.noise,
        head="logits" if task.codings[1].kind == "classes" else "tanh",
    )


def discriminator_of(config: Config, inputs: int, outputs: int) -> Discriminator:
    """The discriminator for pictures of so many channels, its weights not yet drawn."""
    scales = [
        PatchGAN(
            inputs + outputs if config.conditional else outputs,
            filters=config.discriminator_filters,
            layers=config.discriminator_layers,
            norm=config.norm if config.discriminator_norm == "same" else config.discriminator_norm,
            spectral=config.spectral_norm,
            conditional=config.conditional,
        )
        for _ in range(config.discriminators)
    ]
    return MultiScale(scales) if len(scales) > 1 else scales[0]


def build(architecture: Architecture, config: Config, device: torch.device) -> Networks:
    """Networks and optimisers on the device, weights drawn from the seed on the CPU, the same for every device."""
    random = torch.Generator().manual_seed(config.seed)
    discriminator = discriminator_of(config, architecture.inputs, architecture.outputs)
    generator = architecture.build()
    for network in (generator, discriminator):
        initialise(network, random)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = average_of(generator) if config.average else None
    if config.game == "none":
        return Networks(generator, None, _adam(generator, config), None, averaged)
    return Networks(generator, discriminator, _adam(generator, config), _adam(discriminator, config), averaged)


def _adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=config.rate, betas=(config.beta1, config.beta2), fused=True)


def rate_at(config: Config, seen: int) -> float:
    """The learning rate after `seen` images."""
    total = config.images or 1
    if config.schedule == "constant" or seen < total / 2:
        return config.rate
    return config.rate * max(0.0, 1 - (seen - total / 2) / (total / 2))


def plan(pairs: Path, config: Config, *, report: Reporter = QUIET) -> Plan:
    """What `train` would do with these pairs and this config, without doing it."""
    return plan_of(make_job(identified(open_for_training(pairs), report=report), config))


def plan_of(job: Job) -> Plan:
    return Plan(
        config=job.config,
        pairs=len(job.folder.of("train")),
        generator_parameters=count_parameters(job.nets.generator),
        discriminator_parameters=count_parameters(job.nets.discriminator) if job.nets.discriminator else 0,
        receptive_fields=receptive_fields(job.config.discriminator_layers, job.config.discriminators),
        direction=job.card.direction,
        assumed=job.folder.assumed,
        shapes=shapes_seen(job.folder.of("train"), job.config),
    )


def described(job: Job) -> str:
    """One line: what is trained, where, and how."""
    config = job.config
    fields = receptive_fields(config.discriminator_layers, config.discriminators) if config.game != "none" else ()
    return (
        f"{job.card.direction} at {config.size or NATIVE}: {len(job.folder.of('train'))} training pairs, "
        f"{config.images} images in all; on {config.device} in {config.precision}, {config.threads} threads, "
        f"seed {config.seed}"
        + (f"; patches of {' and '.join(f'{field}x{field}' for field in fields)}" if fields else "")
    )


def seconds_per_image(pairs: Path, config: Config, *, updates: int = 10) -> float:
    """The time one image takes on this machine, from so many timed updates after three that are not timed."""
    job = make_job(identified(open_for_training(pairs)), config)
    store = load_store(job.folder, job.task, job.config)
    began, seen, untimed = 0.0, 0, 0
    for number in range(3 + updates):
        if number == 3:
            _wait_for(job.device)
            began, untimed = time.perf_counter(), seen
        positions = store.positions(seen, config.batch)
        train_step(job.nets, store.batch(positions, job.device), job.recipe, job.autocast)
        seen += len(positions)
    _wait_for(job.device)
    return (time.perf_counter() - began) / (seen - untimed)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

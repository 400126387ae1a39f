"""The model from which a run begins: its file, its settings, and how its weights come into the networks of the run.

Nothing here may write a file; a model that does not fit is refused before anything is written.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.config.sides import deepest_unet
from p2p_gan.evaluation.held_out import MAY_KNOW, TRAINING, may_have_learned
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import model_file
from p2p_gan.models.model import read_card, read_model, weights_of
from p2p_gan.models.reference import read_reference, reference_card
from p2p_gan.networks.architecture import GENERATORS, Architecture
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import RUN, RunFolder, read_run_config, read_run_record
from p2p_gan.training.job import Job
from p2p_gan.training.transfer import (
    ChannelMatch,
    SeenChannels,
    Transfer,
    discriminator_edges,
    discriminator_names,
    generator_edges,
    generator_names,
    match_channels,
    match_classes,
    match_numbers,
    name_some,
    pair_match,
    transfer_weights,
)

_LEAST = 0.1  # the share of the generator's values that must fit, below which it would begin anew but for a few
_REFERENCE = (".pth", ".pt")
_DEEPEST = 8  # that `unet_depth` allows
# The settings of a run that the next one on another machine, or of another length, does not take over.
_OWN = ("device", "precision", "memory_format", "threads", "cuda_graph", "restarts")


@dataclass(frozen=True)
class StartCard:
    """What a model to begin with says of itself: the path that was given, its file, and its card.

    `config` and `pairs` (the number of training pairs) are those of its run, if it lies in a run folder.
    """

    path: Path
    file: Path
    card: ModelCard
    config: Config | None = None
    pairs: int = 0


@dataclass(frozen=True, kw_only=True)
class StartModel(StartCard):
    """A model to begin with, the SHA-256 of its file, and its weights.

    `discriminator` holds those of the same moment, if it lies in a run folder and they are still there.
    """

    sha256: str
    generator: Mapping[str, Tensor]
    discriminator: Mapping[str, Tensor] | None = None


def describe_source(path: Path | str) -> StartCard:
    """What `open_source` gives but for the weights, which of a model file are not read; raises P2PError."""
    path = Path(path)
    if _is_reference(path):
        architecture, _, images = read_reference(path)
        return StartCard(path, path, reference_card(architecture, images))
    file = model_file(path)
    return _describe(path, file, read_card(file))


def open_source(path: Path | str) -> StartModel:
    """Read a run folder, a model file, or weights of the reference implementation (NAME.pth); raises P2PError."""
    path = Path(path)
    if _is_reference(path):
        architecture, generator, images = read_reference(path)
        card = reference_card(architecture, images)
        return StartModel(path, path, card, sha256=sha256_file(path), generator=generator.state_dict())
    file = model_file(path)
    model = read_model(file)
    found, weights = _describe(path, file, model.card), model.generator.state_dict()
    in_run = found.config is not None
    discriminator = checkpoint.read_network(file.parent, model.card.images, "discriminator") if in_run else None
    return StartModel(**vars(found), sha256=model.digest, generator=weights, discriminator=discriminator)


def _is_reference(path: Path) -> bool:
    return path.suffix.lower() in _REFERENCE and path.is_file()


def _describe(path: Path, file: Path, card: ModelCard) -> StartCard:
    run = file.parent
    if not (run / RUN).is_file():
        return StartCard(path, file, card)
    try:
        record = read_run_record(run)
    except P2PError as error:
        # Its file named, the model counts alone: so the weights of a run with a damaged record can be used.
        if path == run or error.code != "damaged-json":
            raise
        return StartCard(path, file, card)
    pairs = (record.get("splits") or {}).get("train", {}).get("pairs", 0)
    return StartCard(path, file, card, read_run_config(run, record), pairs)


def config_after(
    source: StartCard, start: Config | None, folder: PairFolder, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings with which a run on these pairs begins from a model; those that are `asked` for are as asked.

    The shape of the networks, size, fit and encodings are the model's. All others are those of `start`, or, if that is
    None, of the model's run, if it has one; then epochs count again.
    """
    base = Config() if start is None else start
    if start is None and source.config is not None:
        base = source.config
        if source.pairs and base.images == base.epochs * source.pairs:
            base = replace(base, images=None)
        own = Config()
        base = replace(base, **{name: getattr(own, name) for name in _OWN}, tensorboard=False, wandb="off")
    settings = {**vars(base), **_shape_of(source.card.architecture)}
    settings |= {"size": source.card.size, "fit": source.card.fit}
    direction = str(asked.get("direction") or _direction_of(source, folder))
    settings |= {"direction": direction} | _encodings(source.card, folder, direction)
    if settings["segmentation_head"] == "on":
        settings["segmentation_head"] = "auto"  # these pairs may have no masks
    if settings["features"] == "on":
        settings["features"] = "auto"  # nor photos that the features fit, and this machine may not have the package
    if settings["learning_rate"] < 0:
        settings["learning_rate"] = Config().learning_rate  # what is learned already needs no higher one
    if asked.get("noise_channels", 1) < 1 and settings["lambda_mode_seeking"]:
        settings["lambda_mode_seeking"] = "auto"  # there may be no noise whose effect it could ask for
    if "epochs" in asked:
        settings["images"] = None
    settings |= asked
    if settings["size"] is None and "fit" not in asked:
        settings["fit"] = "stretch"
    if "unet_depth" not in asked:
        settings["unet_depth"] = _depth(settings)
    return settings


def _depth(settings: Mapping[str, Any]) -> int:
    """The depth of the model's U-Net where the pictures can be halved so often, else auto."""
    kind = GENERATORS.get(settings["generator"])
    seen = settings["crop"] or (settings["size"] if settings["fit"] != "keep" else None)
    deepest = _DEEPEST if seen is None else deepest_unet(seen)
    fits = kind is not None and kind.halvings is None and settings["unet_depth"] <= deepest
    return int(settings["unet_depth"]) if fits else 0


def _shape_of(shape: Architecture) -> dict[str, Any]:
    """The settings that decide which tensors a generator has, and its dropout."""
    return {
        "generator": shape.kind,
        "generator_filters": shape.filters,
        "max_filters": shape.max_filters,
        "unet_depth": 0 if shape.kind == "resnet" else shape.depth,
        "resnet_blocks": shape.blocks,
        "upsampling": shape.upsampling,
        "norm": shape.norm,
        "bias_before_norm": shape.biases,
        "noise_channels": shape.noise,
        "pixel_noise": shape.pixel_noise,
        "dropout": shape.dropout,
        "dropout_blocks": min(shape.dropout_blocks, 8),
        "dropout_skip": min(shape.dropout_skip, 8),
        "class_adaptive_norm": "auto" if shape.class_adaptive else "off",
    }


def _direction_of(source: StartCard, folder: PairFolder) -> str:
    """The direction of these pairs that is the model's: by the names of the halves, else by what they are."""
    card, names = source.card, (folder.a.name, folder.b.name)
    if (card.input.name, card.output.name) == names:
        return "a-to-b"
    if (card.output.name, card.input.name) == names:
        return "b-to-a"
    kinds = (card.input.kind, card.output.kind)
    turned = kinds[0] != kinds[1] and kinds == (folder.b.kind, folder.a.kind)
    return "b-to-a" if turned else "a-to-b"


def _encodings(card: ModelCard, folder: PairFolder, direction: str) -> dict[str, str]:
    """How the halves are encoded; auto for classes, since these pairs may have no palette."""
    turned = direction in ("b-to-a", f"{folder.b.name}-to-{folder.a.name}") and folder.a.name != folder.b.name
    kinds = ["auto" if each == "classes" else "values" for each in (card.input_as, card.output_as)]
    a, b = reversed(kinds) if turned else kinds
    return {"a_encoding": a, "b_encoding": b}


@dataclass(frozen=True)
class StartWeights:
    """What a run takes from a model: the tensors of its networks, what run.json says of it, and lines for the user."""

    generator: Transfer
    discriminator: Transfer | None
    record: dict[str, Any]
    lines: tuple[str, ...]

    def load(self, job: Job) -> None:
        """Put the weights into the job's networks."""
        for network in (job.nets.generator, job.nets.ema):
            if network is not None:
                _load(network, self.generator)
        if job.nets.discriminator is not None and self.discriminator is not None:
            _load(job.nets.discriminator, self.discriminator)


def _load(network: nn.Module, transfer: Transfer) -> None:
    # In place: the optimiser and the memory layout stay those of the network.
    network.load_state_dict(transfer.tensors)


def _match_noise(new: Architecture, old: Architecture) -> ChannelMatch:
    return match_numbers(new.noise, old.noise) + match_numbers(new.pixel_noise, old.pixel_noise)


def begin_from(source: StartModel, job: Job) -> StartWeights:
    """Compare a model with the networks of a job; raises UsageError if hardly anything of the generator fits."""
    inputs, outputs = _matches(source, job)
    shape, old = job.card.architecture, source.card.architecture
    generator = transfer_weights(
        weights_of(job.nets.generator),
        source.generator,
        generator_edges(shape, inputs, outputs, _match_noise(shape, old)),
        generator_names(shape, old),
    )
    if generator.share < _LEAST:
        _refuse(source, job, generator)
    discriminator = _discriminator(source, job, inputs)
    known = _splits_known(source, job)
    lines = (
        *_lines(source, job, generator, discriminator, (*inputs.lines, *outputs.lines)),
        *((_warn_of_known(source, known),) if known else ()),
    )
    record = {
        "path": str(source.path),
        "file": source.file.name,
        "sha256": source.sha256,
        "images": source.card.images,
        "generator_share": round(generator.share, 6),
        "discriminator_share": None if discriminator is None else round(discriminator.share, 6),
        "notes": list(lines),
        MAY_KNOW: known,
    }
    return StartWeights(generator, discriminator, record, lines)


def _splits_known(source: StartModel, job: Job) -> list[str]:
    """The splits that are held out from this run, and from whose pairs the model may have learned."""
    held_out = (split for split in job.folder.splits if split != TRAINING)
    return [split for split in held_out if may_have_learned(source.file, source.card, job.folder, split)]


def _warn_of_known(source: StartModel, splits: Sequence[str]) -> str:
    return (
        f"{source.path} was trained on other pairs, or before these were split as they are now: where it learned from "
        f"pictures of {' and '.join(splits)}, the scores of this run on them will be too good"
    )


def _matches(source: StartModel, job: Job) -> tuple[ChannelMatch, ChannelMatch]:
    """How the channels of input and output match."""
    new, old = job.card, source.card
    inputs = match_channels(new.coded_input, old.coded_input)
    return inputs, match_channels(new.coded_output, old.coded_output, output=True)


def _discriminator(source: StartModel, job: Job, inputs: ChannelMatch) -> Transfer | None:
    network, old = job.nets.discriminator, source.discriminator
    if network is None or old is None or source.config is None:
        return None
    task, card = job.task, source.card
    seen = match_channels(job.card.coded_output, card.coded_output)
    conditional = (job.config.conditional, source.config.conditional)
    labels = match_classes(task.palette, card.palette) if task.palette and card.palette else None
    given = labels if task.labels and labels else inputs
    nothing = ChannelMatch((), 0)
    channels = SeenChannels(
        pair_match(inputs, seen, conditional), seen, labels, pair_match(given, nothing, conditional)
    )
    new = weights_of(network)
    return transfer_weights(new, old, discriminator_edges(new, old, channels), discriminator_names(new, old))


def _refuse(source: StartModel, job: Job, generator: Transfer) -> None:
    before, now = _shape_of(source.card.architecture), _shape_of(job.card.architecture)
    other = [f"{name} is {now[name]} here and {before[name]} there" for name in now if now[name] != before[name]]
    why = f": {'; '.join(other[:4])}" if other else ""
    what = f"hardly fits the networks of this run, {generator.share:.0%} of the generator's weights{why}"
    to_do = "Leave out the settings of the networks that differ, or begin without --from."
    raise UsageError(f"--from {source.path}", what, to_do, code="unfit-model")


def _lines(
    source: StartModel, job: Job, generator: Transfer, discriminator: Transfer | None, apart: tuple[str, ...]
) -> tuple[str, ...]:
    """What is taken and what is not, in words."""
    card = source.card
    moment = f" (after {plural(card.images, 'image')})" if card.images else ""
    lines = [f"begins with {source.path}{moment}: {_share_words('generator', generator)}"]
    if job.nets.discriminator is not None:
        if discriminator is not None:
            lines.append(f"begins with {source.path}: {_share_words('discriminator', discriminator)}")
        else:
            had = source.config is not None and source.config.gan_loss != "none"
            why = "the checkpoint of that model is gone" if had else f"{source.path} has none"
            lines.append(f"the discriminator begins anew: {why}")
    lines += dict.fromkeys(apart)
    kinds, own = (card.input.kind, card.output.kind), (job.card.input.kind, job.card.output.kind)
    if kinds != own and kinds == (own[1], own[0]):
        lines.append(f"that model translates {card.direction}, this run {job.card.direction}")
    return tuple(lines)


def _share_words(network: str, transfer: Transfer) -> str:
    if transfer.is_whole:
        return f"all weights of the {network}"
    anew = f"; anew: {name_some(transfer.anew)}" if transfer.anew else ""
    # Rounded down, so that a part is never called all.
    return f"{math.floor(transfer.share * 1000) / 10:g}% of the weights of the {network}{anew}"


def load_beginning(job: Job, run_folder: RunFolder, source: Path | None, report: Reporter) -> Job:
    """The job with what its run.json says of the model it began with; a new run's networks get its weights.

    Raises P2PError if that model is needed and gone.
    """
    origin = run_folder.read().get("from") if run_folder.exists else None
    if run_folder.exists and (origin is None or checkpoint.exists(run_folder.path)):
        return replace(job, origin=origin)
    if origin is not None and source is None:
        source = Path(str(origin.get("path")))
        if not source.exists():
            what = f"began with the weights of {source}, which is gone, and has no checkpoint yet"
            to_do = "Give the model with --from, or choose another run folder."
            raise P2PError(run_folder.path, what, to_do, code="missing-model")
    if source is None:
        return job
    beginning = begin_from(open_source(source), job)
    for line in beginning.lines:
        report.note(line)
    beginning.load(job)
    return replace(job, origin=beginning.record)


def refuse_other_source(run_folder: RunFolder, source: Path | None) -> None:
    """Raise UsageError if a run that exists began otherwise than with the model `source`.

    The same path is the same model, whatever has become of its file; at another one its content decides.
    """
    if source is None:
        return
    origin = run_folder.read().get("from")
    if origin is not None and str(source) == origin.get("path"):
        return
    if origin is not None and source.exists() and digest_of(source) == origin.get("sha256"):
        return
    began = "weights drawn from its seed" if origin is None else f"the weights of {origin.get('path')}"
    what = f"contradicts {run_folder.path}, which began with {began}"
    to_do = "Leave it out to continue the run as it is, or choose another run folder."
    raise UsageError(f"--from {source}", what, to_do, code="other-settings")


def digest_of(path: Path) -> str:
    """The SHA-256 of the model's file, as run.json has it."""
    return sha256_file(path if path.suffix.lower() in _REFERENCE else model_file(path))

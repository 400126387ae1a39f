"""Converts generators of the reference PyTorch implementation to model files, and back.

This is the only module that writes files of torch.save; reading them is left to one that never runs their code.
"""

import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.named_file import refuse_other_name
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import path_word, plural
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, describes_itself, model_bytes, read_model
from p2p_gan.models.output_file import write_once
from p2p_gan.models.reference_layout import (
    COUNTER,
    DROPOUT,
    TensorEntry,
    biases_to_fold,
    entries,
    find_generators,
    layout_of_export,
    leftover,
    program_of,
    reference_name,
    why_biases_stay,
    why_not,
)
from p2p_gan.models.state_file import printable_name, read_tables
from p2p_gan.networks.architecture import Architecture, Statistics
from p2p_gan.networks.base import Generator

_RESNET_SIZE = 256  # the default crop of the reference, for networks that do not determine a size
_CHECK_NETWORK = "Check that the file is from such a network."


@dataclass(frozen=True)
class ImportSummary:
    """The result of `import_model`: `name` is the reference's name of the generator, `assumed` are the assumptions.

    `written` is false if the same model file existed already.
    """

    dest: Path
    name: str
    card: ModelCard
    assumed: tuple[str, ...]
    written: bool


@dataclass(frozen=True)
class ExportSummary:
    """The result of `export_reference`: the reference's `options` for this generator, and notes for the user."""

    dest: Path
    options: str
    notes: tuple[str, ...]
    written: bool


def import_model(
    weights: Path | str,
    dest: Path | str,
    *,
    direction: str = "a-to-b",
    size: Size | None = None,
    settings: Mapping[str, str] | None = None,
) -> ImportSummary:
    """Read a state dict such as latest_net_G.pth and write the model file `dest` (NAME.safetensors).

    A state dict that lies in a safetensors file is read, too. `direction` names input and output, `size` is the size of
    the training pictures (by default the U-Net's own, 256 for a resnet), `settings` are dropout (off, on or a share),
    statistics (picture or running) and network, the name of one of several generators in a file. Raises P2PError for
    the first tensor that does not fit and for a file with several of which none is named, UsageError for an impossible
    setting or destination.
    """
    weights, dest = Path(weights), Path(dest)
    refuse_other_name(dest, ".safetensors")
    if weights.suffix.lower() == ".safetensors" and weights.is_file() and describes_itself(weights):
        to_do = "It needs no import: give it to 'p2p sample' directly."
        raise P2PError(weights, "is a model of p2p already", to_do, code="other-format")
    settings = dict(settings or {})
    place, architecture, generator, images = _read_one(weights, settings.pop("network", None))
    changed, statistics = _with_settings(architecture, settings)
    card = _card(changed, direction, size, statistics, images)
    written = write_once(dest, model_bytes(card, generator))
    assumed = _assumptions(architecture, direction, size, settings, images)
    assumed = (f"the generator is {place} of the file", *assumed) if place else assumed
    return ImportSummary(dest, reference_name(architecture), card, assumed, written)


def read_reference(weights: Path) -> tuple[Architecture, Generator, int]:
    """The generator in a state dict such as latest_net_G.pth, its architecture, and the batches it was trained on.

    It may lie deeper in the file, such as under state_dict. Raises P2PError if there is none, or if there are several,
    and for the first tensor that does not fit.
    """
    return _read_one(weights, None)[1:]


def _read_one(weights: Path, network: str | None) -> tuple[str, Architecture, Generator, int]:
    """The generator of this name, or the only one: where it lies in the file, then as `read_reference` gives it."""
    tables = read_tables(weights)
    found = find_generators(tables)
    if not found:
        raise _without_generator(weights, next(iter(tables.values())))
    if network is not None and network not in found:
        to_do = f"Choose from {', '.join(found)}." if any(found) else "Leave it out: the file is one generator."
        raise UsageError(f"network={network}", "is not a generator of the file", to_do, code="impossible-setting")
    if network is None and len(found) > 1:
        first = next(iter(found))
        to_do = f"Name one: p2p import-model {path_word(weights)} NAME.safetensors --set network={first}"
        what = f"contains {len(found)} generators: {', '.join(found)}"
        raise P2PError(weights, what, to_do, code="several-networks")
    place = next(iter(found)) if network is None else network
    architecture, tensors = found[place]
    generator = _fill(architecture, tensors, where=weights)
    counters = [value for name, value in tensors.items() if name.endswith(COUNTER)]
    images = max((int(each) for each in counters if not each.is_floating_point()), default=0)
    return place, architecture, generator, images


def _without_generator(weights: Path, tensors: Mapping[str, Tensor]) -> P2PError:
    program = program_of(tensors)
    if program:
        to_do = "Apply it with that program. Pictures that it makes can be halves of pairs here: 'p2p data pair'."
        return P2PError(
            weights, f"has the tensors of {program}, a network that p2p lacks", to_do, code="unknown-network"
        )
    networks = "which no generator of the reference implementation has (unet_*, resnet_*blocks)"
    first = f"the tensor {printable_name(next(iter(tensors)))}, {networks}" if tensors else "no tensors"
    to_do = "Give the generator, not the discriminator or a file of another program."
    return P2PError(weights, f"has {first}", to_do, code="unknown-network")


def reference_card(architecture: Architecture, images: int) -> ModelCard:
    """The card of a reference generator with what its file does not say as `import_model` assumes it."""
    return _card(architecture, "a-to-b", None, "picture", images)


def _fill(architecture: Architecture, tensors: Mapping[str, Tensor], *, where: Path) -> Generator:
    """Build the generator with these weights; raises P2PError for the first tensor that does not fit."""
    name, listed = reference_name(architecture), entries(architecture)
    with torch.device("meta"):  # shapes only: nothing is allocated for a file that does not fit
        wanted = {ours: value.shape for ours, value in architecture.build().state_dict().items()}
    for entry in listed:
        if entry.theirs in tensors:
            shape = wanted[entry.ours] if entry.ours else torch.Size()
            _refuse_unfit(entry, tensors[entry.theirs], shape, f"a {name} of {architecture.filters} filters", where)
        elif entry.ours is not None:  # the others are not in files of before PyTorch 0.4.1
            what = f"lacks the tensor {entry.theirs} of a {name}"
            to_do = "Use the complete file that the reference implementation wrote."
            raise P2PError(where, what, to_do, code="other-tensors")
    known = {entry.theirs for entry in listed}
    for theirs in tensors:
        if theirs not in known and not leftover(theirs, architecture):
            what = f"has a tensor {printable_name(theirs)} that a {name} does not have"
            raise P2PError(where, what, _CHECK_NETWORK, code="other-tensors")
    generator = architecture.build()
    ours = {entry.ours: _turn(entry, tensors[entry.theirs].float()) for entry in listed if entry.ours}
    generator.load_state_dict(ours)
    return generator.eval()


def _refuse_unfit(entry: TensorEntry, found: Tensor, shape: torch.Size, network: str, where: Path) -> None:
    """Raise P2PError for a tensor of another shape or type than the network has, or with values that are not finite."""
    # Who converts all tensors of a file to 16 bits converts the counters too, on which no output depends.
    is_of_type = found.is_floating_point() if entry.ours else not found.isnan().any()
    if found.shape != shape or not is_of_type or not _whole(found):
        form = f"shape {tuple(found.shape)} and type {found.dtype}"
        what = f"has a tensor {entry.theirs} of {form}, but {network} has {tuple(shape)}"
        raise P2PError(where, what, _CHECK_NETWORK, code="other-tensors")
    if entry.ours and not found.isfinite().all():
        what = f"has values that are not finite in {entry.theirs}"
        raise P2PError(where, what, "Import an earlier checkpoint with finite weights.", code="not-finite")


def _whole(value: Tensor) -> bool:
    """Whether the file contains every value of the tensor's shape."""
    plain = value.layout == torch.strided and value.device.type == "cpu"
    return plain and value.untyped_storage().nbytes() >= value.numel() * value.element_size()


def _turn(entry: TensorEntry, value: Tensor) -> Tensor:
    """A decoder's weight with the two halves of its input exchanged, its own inverse; other tensors unchanged."""
    return value.roll(value.shape[0] // 2, dims=0) if entry.joined else value


def _with_settings(architecture: Architecture, settings: Mapping[str, str]) -> tuple[Architecture, Statistics]:
    table = dict(settings)
    dropout = table.pop("dropout", None)
    statistics = table.pop("statistics", "picture")
    if table:
        raise UsageError(
            next(iter(table)), "cannot be set here", "Set dropout, statistics or network.", code="unknown-setting"
        )
    if statistics not in get_args(Statistics):
        to_do = f"Choose from {', '.join(get_args(Statistics))}."
        raise UsageError(f"statistics={statistics}", "is not possible", to_do, code="impossible-setting")
    if dropout is not None:
        architecture = replace(architecture, dropout=_share(dropout))
    return architecture, "running" if statistics == "running" else "picture"


def _share(text: str) -> float:
    words = {"off": 0.0, "on": DROPOUT}
    try:
        share = words[text] if text in words else float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        to_do = f"Give off, on ({DROPOUT}), or a share from 0 to below 1."
        raise UsageError(f"dropout={text}", "is not possible", to_do, code="impossible-setting")
    return share


def _card(
    architecture: Architecture, direction: str, size: Size | None, statistics: Statistics, images: int
) -> ModelCard:
    before, to, after = direction.partition("-to-")
    if not (before and to and after) or before == after:
        to_do = "Give a direction such as a-to-b, b-to-a or mask-to-photo."
        raise UsageError(f"direction={direction}", "does not have the form X-to-Y", to_do, code="impossible-setting")
    unit = 4 if architecture.kind == "resnet" else 2**architecture.depth
    size = size or (Size(_RESNET_SIZE, _RESNET_SIZE) if architecture.kind == "resnet" else Size(unit, unit))
    if any(side % unit for side in size):
        what = f"is not possible with a {reference_name(architecture)}"
        raise UsageError(f"size={size}", what, f"Give sides that are multiples of {unit}.", code="impossible-setting")
    return ModelCard(
        architecture=architecture,
        input=Half(before, "picture", channels=architecture.inputs),
        output=Half(after, "picture", channels=architecture.outputs),
        palette=None,
        size=size,
        fit="stretch",
        statistics=statistics,
        averaged=False,
        images=images,
        data_hash="",
    )


def _assumptions(
    architecture: Architecture, direction: str, size: Size | None, settings: Mapping[str, str], images: int
) -> tuple[str, ...]:
    """The assumptions for what the file does not say, as text."""
    assumed = [] if direction != "a-to-b" else ["the direction is a-to-b (otherwise: --direction b-to-a)"]
    if size is None:
        own = _RESNET_SIZE if architecture.kind == "resnet" else 2**architecture.depth
        assumed.append(f"training pictures were {own}x{own}, stretched (otherwise: --size)")
    if "dropout" not in settings and architecture.kind == "unet":
        count = architecture.dropout_blocks
        where = f"{architecture.dropout} in {plural(count, 'block')}" if architecture.dropout else "none"
        assumed.append(f"dropout: {where}, as in the reference (otherwise: --set dropout=off)")
    if "statistics" not in settings and architecture.norm == "batch":
        assumed.append(
            "batch norm uses the statistics of each picture, as in the reference's test (otherwise: --set "
            "statistics=running)"
        )
    if images:
        assumed.append(f"the batch size was 1, so that {images} batches are {images} images")
    return tuple(assumed)


def export_reference(source: Path | str, dest: Path | str) -> ExportSummary:
    """Write the generator of a model as a state dict that the reference implementation loads (NAME.pth).

    Names, order and shapes are those of the reference; biases before a batch norm, which it does not have, go into the
    norm's running mean, and it computes the same. Raises P2PError if the reference has no such generator.
    """
    dest = Path(dest)
    refuse_other_name(dest, ".pth")
    model = read_model(source)
    architecture = model.card.architecture
    others = biases_to_fold(architecture)[1]
    weights = model.generator.state_dict()
    needs_biases = any(weights[name].any() for name in others)
    reason = why_not(architecture) or (why_biases_stay(architecture) if needs_biases else None)
    if reason:
        what = f"cannot be loaded by the reference implementation: its {reason}"
        to_do = "Train with settings that the reference implementation has: --preset paper --set bias_before_norm=off."
        raise P2PError(source, what, to_do, code="not-in-reference")
    buffer = io.BytesIO()
    torch.save(_state_of(model), buffer)
    written = write_once(dest, buffer.getvalue())
    options = (
        f"--netG {reference_name(architecture)} --norm {architecture.norm} --ngf {architecture.filters} "
        f"--input_nc {architecture.inputs} --output_nc {architecture.outputs}"
    )
    return ExportSummary(dest, options, _notes(model), written)


def _state_of(model: Model) -> "OrderedDict[str, Tensor]":
    ours, architecture = dict(model.generator.state_dict()), model.card.architecture
    for bias, mean in biases_to_fold(architecture)[0].items():
        ours[mean] = ours[mean] - ours[bias]
    state: OrderedDict[str, Tensor] = OrderedDict()
    for entry in entries(layout_of_export(architecture)):
        if entry.ours is None:
            state[entry.theirs] = torch.tensor(model.card.images, dtype=torch.int64)
        elif entry.ours not in ours:  # a bias of the reference, with instance norm, that the model does without
            width = ours[f"{entry.ours.removesuffix('.bias')}.weight"].shape
            state[entry.theirs] = torch.zeros(width[1] if _is_transposed(entry, architecture) else width[0])
        else:
            state[entry.theirs] = _turn(entry, ours[entry.ours]).contiguous()
    return state


def _is_transposed(entry: TensorEntry, architecture: Architecture) -> bool:
    """Whether a bias is that of a transposed convolution, whose weight has its outputs second."""
    return (entry.ours or "").startswith("up.") and architecture.upsampling == "transposed"


def _notes(model: Model) -> tuple[str, ...]:
    architecture = model.card.architecture
    notes = []
    if biases_to_fold(architecture)[0]:
        notes.append("the biases before norms, which the reference does not have, went into the norms' running means")
    if not architecture.dropout:
        notes.append("the model has no dropout: add --no_dropout")
    elif architecture.dropout != DROPOUT or (
        architecture.kind == "unet"
        and (architecture.dropout_blocks, architecture.dropout_skip) != (architecture.depth - 5, 1)
    ):
        notes.append("the model's dropout differs from the reference's, and the file does not contain it")
    if model.card.statistics == "running" and architecture.norm == "batch":
        notes.append("the model uses running statistics: add --eval, which also switches dropout off")
    return tuple(notes)

"""Exports models: as ONNX or TorchScript, once that is shown to give what the model gives, or as a model file.

Nothing here may write a file that differs from its model by more than is said.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.named_file import refuse_other_name
from p2p_datatools.contract.packages import require_packages
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_gan.data.coding import Coding
from p2p_gan.evaluation.metrics import range_width, ssim
from p2p_gan.inference.apply import ApplyOptions, seed_of, translate
from p2p_gan.inference.input_pictures import InputPicture, list_inputs
from p2p_gan.inference.inputs import encode_classes
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.runtimes.layout import shapes_of, whole_bytes
from p2p_gan.inference.runtimes.onnx_runtime import OnnxTranslator, onnx_model_of
from p2p_gan.inference.runtimes.torch_runtime import torch_translator
from p2p_gan.inference.runtimes.torchscript_runtime import script_translator
from p2p_gan.inference.runtimes.translator import PassOptions, Translator, Values, probabilities
from p2p_gan.models.card import ModelCard
from p2p_gan.models.card_text import describe_randomness, describe_statistics
from p2p_gan.models.location import model_file, model_fingerprint, onnx_beside
from p2p_gan.models.model import Model, model_bytes, read_model
from p2p_gan.models.onnx_file import PRECISIONS, OnnxFile, read_onnx_file
from p2p_gan.models.onnx_graph import onnx_bytes
from p2p_gan.models.output_file import describe_other, write_once
from p2p_gan.models.torchscript import is_script_of, script_bytes, script_source
from p2p_gan.runs.runfolder import RUN, find_recorded, read_run_record

_MOST_DIFFERENT = 1e-3  # of -1 to 1, or of a probability: an eighth of a step of 8 bits
LEAST_SSIM = 0.95  # of a picture in 16 bits; one that is only rounded is above 0.99
_REAL = 8  # pictures that are compared
_DRAWN = ((1.0, 1.0, 0), (1.5, 1.0, 1), (0.9, 0.8, 2), (1.0, 1.0, None))  # height, width of the model's size, seed
_SIDE, _LARGEST_SIDE = 256, 512  # of random inputs where the model has no size, and of any
_AREA = 8  # sides of the areas of a random mask
_STEPS = 255
_IN_MODEL_FILE = ("float32", "float16")


@dataclass(frozen=True)
class Difference:
    """What a file gives beside what torch gives, for `count` inputs, at the network's own size.

    `largest` is the largest difference of any value of the network, -1 to 1, or the probability of a class. `steps` is
    that of any pixel, in 255ths of its range, and `ssim` the lowest structural similarity of a picture, 1 for equal
    ones; for classes instead `changed` is the largest share of pixels with another class.
    """

    count: int = 0
    largest: float = 0.0
    steps: float = 0.0
    ssim: float = 1.0
    changed: float = 0.0


@dataclass(frozen=True)
class ModelExport:
    """The result of an export: `written` is false if the same file existed already; `bytes` is its size.

    `random` and `real` are how far it differs for random inputs and for real ones, None where it cannot. `statistics`
    and `randomness` say in words what of norms and dropout is in the file, empty where it is the model file itself.
    """

    dest: Path
    format: str
    precision: str
    bytes: int
    written: bool
    random: Difference | None = None
    real: Difference | None = None
    statistics: str = ""
    randomness: str = ""


def export_onnx(
    source: Path | str,
    dest: Path | str | None = None,
    *,
    precision: str = "float32",
    inputs: Path | str | None = None,
    report: Reporter = QUIET,
) -> ModelExport:
    """Write the generator of a model as an ONNX file (NAME.onnx), by default beside the model.

    `precision` float16 or int8 stores the weights in 16 or 8 bits and computes in 32. `inputs` are real inputs, by
    default the held-out pairs of the run's own pair folder, of which some are translated by both. Raises P2PError if
    the outputs differ by more than 1e-3, in fewer bits if a picture's SSIM is below 0.95, or if onnx or onnxruntime is
    missing.
    """
    source = Path(source)
    path = onnx_beside(model_file(source)) if dest is None else Path(dest)
    refuse_other_name(path, ".onnx")
    made = compared_onnx(source, path, precision=precision, inputs=inputs, report=report)
    # Only the file beside the model, which nobody named, is an earlier export of it.
    wanted = made.model.digest, made.precision
    written = write_once(
        path,
        made.data,
        may_replace=None if dest else lambda there: _export_at(there) is not None,
        describe=lambda there: describe_other(_export_at(there), wanted),
    )
    texts = describe_statistics(made.model.card), describe_randomness(made.model.card)
    return ModelExport(path, "onnx", made.precision, len(made.data), written, made.random, made.real, *texts)


@dataclass(frozen=True)
class OnnxBytes:
    """The bytes of an ONNX file of `model`, and how far it differs from the model, for random and for real inputs."""

    model: Model
    data: bytes
    precision: str
    random: Difference
    real: Difference | None


def compared_onnx(
    source: Path, path: Path, *, precision: str | None, inputs: Path | str | None, report: Reporter
) -> OnnxBytes:
    """A model as ONNX for the file `path`, compared with the model in torch.

    A `precision` of None is float16, or where that loses too much float32, which is noted. Raises P2PError as
    `export_onnx` does.
    """
    _refuse_precision(precision or "float16", PRECISIONS)
    require_packages("--format onnx", "onnx>=1.16", "onnxruntime>=1.23")
    place = model_file(source)
    model, origin = read_model(place), model_fingerprint(place)
    real = _real_inputs(source, inputs, model.card, report)
    whole = _onnx_beside_torch(model, real, path, "float32", origin)
    _refuse_difference(path, whole.random, *([whole.real] if whole.real else []))
    if precision == "float32":
        return whole
    try:
        smaller = _onnx_beside_torch(model, real, path, precision or "float16", origin)
        _refuse_loss(smaller.real or smaller.random, path, smaller.precision)
    except P2PError as error:
        # A weight beyond 65504, the largest number of 16 bits, makes the output infinite.
        if precision is not None or error.code not in ("not-the-same", "not-finite"):
            raise
        report.note(f"float16 is not enough for this model, so that it is written in float32: {error.what}.")
        return whole
    return smaller


def _onnx_beside_torch(model: Model, real: Sequence[Array], path: Path, precision: str, origin: str) -> OnnxBytes:
    size = _bytes_per_pixel(model)
    data = onnx_bytes(model, precision=precision, bytes_per_pixel=size, origin=origin)
    file = OnnxFile(path, model.card, model.digest, origin, precision, size)
    other = OnnxTranslator(onnx_model_of(file, data))
    drawn, shown = _compare(model, other, real)
    return OnnxBytes(model, data, precision, drawn, shown if real else None)


def export_torchscript(
    source: Path | str, dest: Path | str, *, inputs: Path | str | None = None, report: Reporter = QUIET
) -> ModelExport:
    """Write the generator of a model as a TorchScript archive (NAME.pt), for torch in Python or C++ without p2p.

    `inputs` as for `export_onnx`. Raises P2PError if the outputs differ by more than 1e-3.
    """
    source, dest = Path(source), Path(dest)
    refuse_other_name(dest, ".pt")
    model = read_model(source)
    real = _real_inputs(source, inputs, model.card, report)
    data = script_bytes(model)
    drawn, shown = _compare(model, script_translator(model.card, data), real)
    _refuse_difference(dest, drawn, shown)
    written = not is_script_of(dest, model) and write_once(
        dest, data, describe=lambda there: describe_other(script_source(there), (model.digest, "float32"))
    )
    texts = describe_statistics(model.card), describe_randomness(model.card)
    return ModelExport(dest, "torchscript", "float32", len(data), written, drawn, shown if real else None, *texts)


def _refuse_difference(path: Path, *found: Difference) -> None:
    """Raise P2PError where an output differs by more than rounding explains."""
    largest = max(each.largest for each in found)
    if not largest <= _MOST_DIFFERENT:
        what = f"would differ from the model by {largest:.2g}, more than {_MOST_DIFFERENT:g}"
        to_do = "Look at its outputs with 'p2p sample': where they are not pictures, use an earlier model."
        raise P2PError(path, what, to_do, code="not-the-same")


def export_safetensors(
    source: Path | str,
    dest: Path | str,
    *,
    precision: str = "float32",
    inputs: Path | str | None = None,
    report: Reporter = QUIET,
) -> ModelExport:
    """Write a model as a model file of its own (NAME.safetensors), its weights in 32 or 16 bits.

    `inputs` as for `export_onnx`, for what 16 bits cost. Raises P2PError if that is too much.
    """
    source, dest = Path(source), Path(dest)
    refuse_other_name(dest, ".safetensors")
    _refuse_precision(precision, _IN_MODEL_FILE)
    model = read_model(source)
    if precision == "float32":
        data = model_bytes(model.card, model.generator)
        return ModelExport(dest, "safetensors", precision, len(data), write_once(dest, data))
    real = _real_inputs(source, inputs, model.card, report)
    drawn, shown = _compare(model, torch_translator(_round_weights(model)), real)
    _refuse_loss(shown if real else drawn, dest, precision)
    data = model_bytes(model.card, model.generator, float16=True)
    written = write_once(dest, data)
    return ModelExport(dest, "safetensors", precision, len(data), written, drawn, shown if real else None)


def _round_weights(model: Model) -> Model:
    """The model with the weights that its file of 16 bits has."""
    generator = deepcopy(model.generator)
    for value in generator.parameters():
        if value.ndim > 1:
            value.data = value.data.half().float()
    return replace(model, generator=generator)


def _refuse_precision(precision: str, choices: Sequence[str]) -> None:
    if precision not in choices:
        to_do = f"Choose {' or '.join(choices)}."
        raise UsageError(f"precision={precision}", "is not possible", to_do, code="unsupported-precision")


def _refuse_loss(found: Difference, dest: Path, precision: str) -> None:
    """Raise P2PError where weights of fewer bits change a picture visibly."""
    if not found.ssim >= LEAST_SSIM:
        what = f"would lose too much in {precision}: the SSIM of a picture is {found.ssim:.3f}"
        raise P2PError(dest, what, "Export it in float32.", code="not-the-same")


def _export_at(path: Path) -> tuple[str, str] | None:
    """The SHA-256 of the model and the precision of an ONNX file; None if p2p did not write it."""
    try:
        found = read_onnx_file(path)
    except P2PError:
        return None
    return found.source, found.precision


def _bytes_per_pixel(model: Model) -> int:
    """About the memory of a pass for each pixel of the input."""
    side, steps = model.card.unit * 4, model.generator.steps()
    shapes = shapes_of(steps, model.card.architecture.inputs, Size(side, side))
    return max(1, whole_bytes(steps, shapes) // side**2)


def _real_inputs(source: Path, inputs: Path | str | None, card: ModelCard, report: Reporter) -> list[Array]:
    """Some real inputs, spread over all: those given, or those of the pairs of the run, if they are still there."""
    if inputs is not None:
        return _read_some(list_inputs([Path(inputs)], report=report), card)
    pairs = find_recorded(source, read_run_record(source).get("pairs")) if (source / RUN).is_file() else None
    try:
        if pairs is not None:
            return _read_some(_list_pairs(pairs), card)
        report.note("Only random inputs are compared, for no real ones are known; --inputs names some.")
    except P2PError as error:  # the run's pairs are not those that they were
        report.note(f"Only random inputs are compared: {error}")
    return []


def _list_pairs(place: Path) -> list[InputPicture]:
    """The pairs of a run: those held out, or if there are none those of training."""
    folder = open_pairs(place)
    pairs = folder.of(folder.held_out or "train") or folder.pairs
    return [InputPicture(pair.name, place / pair.file, folder, pair) for pair in pairs]


def _read_some(found: Sequence[InputPicture], card: ModelCard) -> list[Array]:
    chosen = found[:: max(1, len(found) // _REAL)][:_REAL]
    for each in chosen:
        each.refuse(card)
    return [each.read(card, InputChanges())[0] for each in chosen]


def _compare(model: Model, other: Translator, real: Sequence[Array]) -> tuple[Difference, Difference]:
    """How far `other` differs from the model in torch for random inputs, and for real ones."""
    drawn, shown = (_Both(torch_translator(model), other) for _ in range(2))
    size = model.card.size or Size(_SIDE, _SIDE)
    size = Size(*(min(side, _LARGEST_SIDE) for side in size))
    for tall, wide, seed in _DRAWN:
        height, width = (
            max(1, round(side * share / model.card.unit)) * model.card.unit
            for side, share in ((size.height, tall), (size.width, wide))
        )
        valid = (1.0, 1.0) if max(tall, wide) >= 1 else (0.9, 0.85)
        picture = _random_picture(model.card, height, width)
        drawn.pixels(picture, PassOptions(model.card.statistics, valid, seed))
    for picture in real:
        translate(shown, model.card, picture, ApplyOptions(), seed_of(hash_pixels(picture), 0, 0))
    return drawn.difference, shown.difference


def _random_picture(card: ModelCard, height: int, width: int) -> Array:
    """A picture of noise, or where the model takes masks one of areas of random classes."""
    coding, random = card.input_coding, np.random.default_rng(height * width)
    if palette := card.input_palette:
        areas = random.integers(0, len(palette.classes), (-(-height // _AREA), -(-width // _AREA)), np.uint8)
        return encode_classes(areas.repeat(_AREA, axis=0).repeat(_AREA, axis=1)[:height, :width], card)
    shape = (height, width) if coding.channels == 1 else (height, width, coding.channels)
    return np.asarray(random.uniform(*coding.range, shape).astype(coding.dtype))


class _Both(Translator):
    """A translator that asks two, and keeps how far they differ."""

    def __init__(self, first: Translator, second: Translator) -> None:
        self._first, self._second = first, second
        self.difference = Difference()

    @property
    def output(self) -> Coding:
        return self._first.output

    def values(self, padded: Array, options: PassOptions) -> Values:
        first, second = (each.values(padded, options) for each in (self._first, self._second))
        coding, before = self.output, self.difference
        pixels = [coding.decode(each)[0] for each in (first, second)]
        if coding.kind == "classes":
            largest = np.abs(probabilities(first) - probabilities(second)).max()
            steps, similar, changed = 0.0, 1.0, float((pixels[0] != pixels[1]).mean())
        else:
            largest, changed = np.abs(first - second).max(), 0.0
            steps = float(np.abs(pixels[0].astype(np.float64) - pixels[1]).max()) / range_width(coding.range) * _STEPS
            similar = ssim(pixels[0], pixels[1], coding.range)
        self.difference = Difference(
            before.count + 1,
            max(before.largest, float(largest)),
            max(before.steps, steps),
            min(before.ssim, similar),
            max(before.changed, changed),
        )
        return first

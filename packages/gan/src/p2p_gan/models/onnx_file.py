"""Reads what an ONNX file that p2p exported says about itself, and refuses every other before a runtime sees it.

Nothing here may run the file, load torch or a runtime, or hold the weights in memory.
"""

import hashlib
import json
import mmap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import cannot_read
from p2p_datatools.contract.files.opening import open_file
from p2p_datatools.contract.foreign import ForeignPlace, catch_decoder
from p2p_gan.models.card import ModelCard, card_from_json
from p2p_gan.models.protobuf import each_field, encode_field
from p2p_gan.networks.architecture import Architecture

KEY, FORMAT, VERSION = "p2p", "p2p-onnx", 1
KEY_HASH, GRAPH_HASH = "p2p_sha256", "graph_sha256"  # of the description and of the graph with its weights, in hex
OPSET = 17  # of the operators; onnxruntime knows it since 1.12 (2022), and every later one
IMAGE, VALID, NOISE, OUTPUT = "image", "valid", "noise", "output"
PRECISIONS = ("float32", "float16", "int8")
_OPERATORS = frozenset(
    [
        "Add",
        "AveragePool",
        "Cast",
        "Concat",
        "Conv",
        "ConvTranspose",
        "DepthToSpace",
        "DequantizeLinear",
        "Div",
        "Expand",
        "Gather",
        "If",
        "InstanceNormalization",
        "LeakyRelu",
        "Less",
        "Mul",
        "Pad",
        "ReduceMax",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Resize",
        "Shape",
        "Slice",
        "Sqrt",
        "Sub",
        "Tanh",
    ]
)
"""All that an export consists of; a file with any other operator is of another program."""
_FLOATS = {1: "<f4", 10: "<f2"}  # TensorProto.DataType
_MOST_NODES, _MOST_TENSORS, _DEEPEST = 20_000, 20_000, 3
_LONGEST_TEXT = 2**20  # bytes of the description, in which a palette may have many names
_LONGEST_NAME = 200
_MOST_BYTES = 2**31 - 1  # of a protobuf message
_MOST_PER_PIXEL = 2**24
_AGAIN = "Export the model again, with 'p2p export RUN DEST.onnx --format onnx'."
_FOREIGN = "Give a file that 'p2p export --format onnx' wrote."
# Field numbers (onnx/onnx.proto3 of https://github.com/onnx/onnx).
_GRAPH, _OPSETS, _METADATA, _FUNCTIONS = 7, 8, 14, 25
_NODES, _WEIGHTS, _INPUTS, _SPARSE = 1, 5, 11, 15
_OPERATOR, _ATTRIBUTES, _DOMAIN = 4, 5, 7
_TENSOR_ATTRIBUTE, _GRAPH_ATTRIBUTE, _LISTS_OF_THEM = 5, 6, (10, 11, 22, 23)
_KIND, _NAME, _RAW, _EXTERNAL, _PLACE = 2, 8, 9, 13, 14


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file of p2p.

    `source` is the SHA-256 of the model file that it was exported from, `origin` its fingerprint (`model_fingerprint`).
    `bytes_per_pixel` is about what one pass needs for each pixel of the network's input.
    """

    path: Path
    card: ModelCard
    source: str
    origin: str
    precision: str
    bytes_per_pixel: int

    @property
    def digest(self) -> str:
        """The name of these weights: that of the model file, if they are those of it."""
        return self.source if self.precision == "float32" else f"{self.source}:{self.precision}"


def optional_inputs(architecture: Architecture, *, padded: bool) -> list[str]:
    """The graph's inputs beside `image`, in their order; each has a default, which stands for none."""
    dropouts = [dropout_input(number) for number, _ in enumerate(architecture.dropout_layers())]
    return [
        *([VALID] if padded else []),
        *([NOISE] if architecture.noise or architecture.pixel_noise else []),
        *dropouts,
    ]


def dropout_input(number: int) -> str:
    """The name of the input that takes what a layer with dropout multiplies its values by."""
    return f"dropout_{number}"


def takes_padding(card: ModelCard) -> bool:
    """Whether the graph has the input `valid`: whether any statistics are computed of a picture."""
    norm = card.architecture.norm
    return norm == "instance" or (norm == "batch" and card.statistics == "picture")


@dataclass
class _Content:
    """What is read of a file."""

    texts: dict[str, str] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)
    nodes: int = 0
    tensors: int = 0
    names: set[str] = field(default_factory=set)  # of the tensors, among which are the defaults of inputs
    graph_hash: str = ""
    outside: bool = False  # whether weights lie in another file
    not_finite: str | None = None  # the first weight with values that are not numbers


def read_onnx_file(path: Path) -> OnnxFile:
    """Check an ONNX file and read its description.

    Raises P2PError for a file that is cut, that another program wrote, whose operators or opset are not those of an
    export, whose weights lie elsewhere or have values that are not numbers, or that a newer p2p wrote.
    """
    try:
        with open_file(path) as file:
            size = file.seek(0, 2)
            if not 0 < size <= _MOST_BYTES:
                raise P2PError(path, "is not a model: it is empty or too large", _FOREIGN, code="damaged-file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
                content = _read(view, path)
    except FileNotFoundError as error:
        raise P2PError(path, "does not exist", _FOREIGN, code="missing-model") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    return _judge(content, path)


def with_texts(data: bytes, texts: Mapping[str, str]) -> bytes:
    """The bytes of an ONNX file with metadata, among them the description, and the hashes by which damage is known."""
    (graph,) = (_bytes(value) for number, value in each_field(memoryview(data)) if number == _GRAPH)
    hashes = {KEY_HASH: _hash(texts[KEY].encode()), GRAPH_HASH: _hash(graph)}
    entries = [
        encode_field(_METADATA, encode_field(1, key.encode()) + encode_field(2, text.encode()))
        for key, text in {**texts, **hashes}.items()
    ]
    return b"".join([data, *entries])


def _hash(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def without_defaults(data: bytes, inputs: Collection[str]) -> bytes:
    """The bytes of an ONNX file of p2p in which these inputs have no default, and so without the hash of its graph.

    Some programs take an input that has one for a constant.
    """
    parts = []
    for number, value in each_field(memoryview(data)):
        if number == _METADATA and _text(dict(each_field(_bytes(value))).get(1, b"")) == GRAPH_HASH:
            continue
        if number != _GRAPH:
            parts.append(encode_field(number, value))
            continue
        kept = [each for each in each_field(_bytes(value)) if not _is_default(*each, inputs)]
        parts.append(encode_field(number, b"".join(encode_field(*each) for each in kept)))
    return b"".join(parts)


def _is_default(number: int, value: int | memoryview, inputs: Collection[str]) -> bool:
    return number == _WEIGHTS and _text(dict(each_field(_bytes(value))).get(_NAME, b"")) in inputs


def _read(view: memoryview, path: Path) -> _Content:
    """What the file holds; no view of it may be left when it is closed, so errors come without their frames."""
    content = _Content()
    problem = ""
    try:
        _read_whole_model(view, content)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        problem = str(error) or type(error).__name__
    if problem:
        raise P2PError(path, f"is not a complete ONNX file ({problem})", _AGAIN, code="damaged-file")
    return content


def _read_whole_model(message: memoryview, content: _Content) -> None:
    graphs = 0
    for number, value in each_field(message):
        if number == _GRAPH:
            graphs += 1
            content.graph_hash = _hash(_bytes(value))
            _read_graph(_bytes(value), content, depth=0)
        elif number == _OPSETS:
            table = dict(each_field(_bytes(value)))
            content.opsets[_text(table.get(1, b""))] = _whole(table.get(2, 0))
        elif number == _METADATA:
            entry = dict(each_field(_bytes(value)))
            content.texts[_text(entry.get(1, b""))] = _text(entry.get(2, b""), most=_LONGEST_TEXT)
        elif number == _FUNCTIONS:
            content.operators.add("a function of its own")
    if graphs != 1:
        raise ValueError("it has no graph")


def _read_graph(message: memoryview, content: _Content, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("graphs lie too deep in one another")
    for number, value in each_field(message):
        if number == _NODES:
            _read_node(_bytes(value), content, depth=depth)
        elif number == _WEIGHTS:
            _read_tensor(_bytes(value), content)
        elif number == _INPUTS and depth == 0:
            content.inputs.append(_text(dict(each_field(_bytes(value))).get(1, b"")))
        elif number == _SPARSE:
            content.operators.add("sparse weights")
    if content.nodes > _MOST_NODES or content.tensors > _MOST_TENSORS:
        raise ValueError("it has more parts than any model")


def _read_node(message: memoryview, content: _Content, *, depth: int) -> None:
    content.nodes += 1
    operator, domain = "", ""
    for number, value in each_field(message):
        if number == _OPERATOR:
            operator = _text(value)
        elif number == _DOMAIN:
            domain = _text(value)
        elif number == _ATTRIBUTES:
            _read_attribute(_bytes(value), content, depth=depth)
    content.operators.add(f"{domain}.{operator}" if domain else operator)


def _read_attribute(message: memoryview, content: _Content, *, depth: int) -> None:
    for number, value in each_field(message):
        if number == _GRAPH_ATTRIBUTE:
            _read_graph(_bytes(value), content, depth=depth + 1)
        elif number == _TENSOR_ATTRIBUTE or number in _LISTS_OF_THEM:
            content.operators.add("attributes that hold tensors")


def _read_tensor(message: memoryview, content: _Content) -> None:
    content.tensors += 1
    table: dict[int, int | memoryview] = {}
    for number, value in each_field(message):
        table[number] = value
    content.names.add(_text(table.get(_NAME, b"")))
    content.outside |= _EXTERNAL in table or bool(table.get(_PLACE, 0))
    kind = _FLOATS.get(_whole(table.get(_KIND, 0)))
    raw = _bytes(table.get(_RAW, memoryview(b"")))
    if kind is None or content.not_finite is not None:
        return
    if len(raw) % np.dtype(kind).itemsize:
        raise ValueError("a weight has a part of a number")
    values = np.frombuffer(raw, kind)
    with np.errstate(all="ignore"):
        doubtful = not np.isfinite(values.sum())  # in a third of the time; a sum may also be too large
    if doubtful and not np.isfinite(values).all():
        content.not_finite = _text(table.get(_NAME, b"")) or "a weight"


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a message is a number")
    return value


def _whole(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise ValueError("a number is a message")
    return value


def _text(value: int | memoryview | bytes, most: int = _LONGEST_NAME) -> str:
    if isinstance(value, int) or len(value) > most:
        raise ValueError("a name is too long or a number")
    return bytes(value).decode()


def _judge(content: _Content, path: Path) -> OnnxFile:
    """The description, once nothing speaks against the file."""
    if KEY not in content.texts:
        what = "is an ONNX file without the description of a p2p model"
        raise P2PError(path, what, _FOREIGN, code="not-a-model")
    for reason in _strange_parts(content):
        raise P2PError(
            path, f"is none of the ONNX files that are exported here: it has {reason}", _AGAIN, code="other-graph"
        )
    with catch_decoder(path, "has a damaged description", _AGAIN):
        found = _description(json.loads(content.texts[KEY]), path)
    expected = [IMAGE, *optional_inputs(found.card.architecture, padded=takes_padding(found.card))]
    if content.inputs != expected:
        what = "has other inputs than the architecture in its description"
        raise P2PError(path, what, _AGAIN, code="other-graph")
    if not content.names.issuperset(expected[1:]):
        what = "is the model of a page in a browser, whose inputs have no defaults"
        raise P2PError(path, what, "Give the run folder or model file that it was made from.", code="other-format")
    _refuse_damage(content, path)
    if content.not_finite is not None:
        what = f"has values that are infinite or not numbers in {content.not_finite}: its training has failed"
        raise P2PError(path, what, "Export an earlier model, or train again.", code="not-finite")
    return found


def _refuse_damage(content: _Content, path: Path) -> None:
    """Raise P2PError if the description or the graph is not the one that was written; older files do not say it."""
    found = {KEY_HASH: _hash(content.texts[KEY].encode()), GRAPH_HASH: content.graph_hash}
    for key, part in ((KEY_HASH, "description"), (GRAPH_HASH, "network and weights")):
        if content.texts.get(key, found[key]) != found[key]:
            what = f"is damaged or was changed: the SHA-256 of its {part} is not the one that was written with it"
            to_do = f"Copy it again from where it was made. {_AGAIN} If you changed it yourself, take {key} out of its "
            raise P2PError(path, what, f"{to_do}metadata.", code="damaged-file")


def _strange_parts(content: _Content) -> Iterator[str]:
    if content.opsets != {"": OPSET}:
        listed = ", ".join(f"{domain or 'onnx'} {version}" for domain, version in content.opsets.items()) or "none"
        yield f"the opset {listed}, and not {OPSET}"
    if others := content.operators - _OPERATORS:
        yield f"the operator {min(others) or 'without a name'}"
    if content.outside:
        yield "weights in another file"


def _description(value: Any, path: Path) -> OnnxFile:
    place = ForeignPlace(path, _AGAIN)
    table = place.read_table(value, "its description")
    if table["format"] != FORMAT or place.read_whole(table["version"], "version") > VERSION:
        what = f"has the format {table['format']!r:.40} {table['version']}, which this version of p2p does not know"
        raise P2PError(path, what, "Update p2p.", code="unknown-version")
    if table["precision"] not in PRECISIONS:
        raise place.refuse(table["precision"], "precision", f"one of {', '.join(PRECISIONS)}")
    return OnnxFile(
        path,
        card_from_json(json.dumps(table["card"]), where=str(path)),
        place.read_text(table["source"], "source")[:_LONGEST_NAME],
        place.read_text(table["origin"], "origin")[:_LONGEST_NAME],
        table["precision"],
        place.read_whole(table["bytes_per_pixel"], "bytes_per_pixel", least=1, most=_MOST_PER_PIXEL),
    )

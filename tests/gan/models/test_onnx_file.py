"""An ONNX file is a model of p2p, whole, with finite weights and nothing but what an export has, or it is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pairs.manifest import Half
from p2p_gan.models.model import Model
from p2p_gan.models.onnx_file import GRAPH_HASH, KEY, KEY_HASH, read_onnx_file, without_defaults

if TYPE_CHECKING:
    from conftest import Refused
    from gan.conftest import ExportModel

PHOTO = Half("photo", "photo")


@pytest.fixture
def file(make_model: Callable[..., Model], export_model: "ExportModel") -> Path:
    """An exported model."""
    return export_model(make_model(PHOTO, PHOTO))


def change(path: Path, edit: Callable[[Any], object]) -> Path:
    """The file with its message edited."""
    import onnx

    model = onnx.load(str(path))
    edit(model)
    path.write_bytes(model.SerializeToString())
    return path


def without_hashes(path: Path) -> Path:
    """The file as versions before the hashes wrote it."""

    def edit(model: Any) -> None:
        kept = [each for each in model.metadata_props if each.key not in (KEY_HASH, GRAPH_HASH)]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)

    return change(path, edit)


def describe(path: Path, **fields: object) -> Path:
    """The file with fields of its description replaced."""

    def edit(model: Any) -> None:
        (entry,) = (each for each in model.metadata_props if each.key == KEY)
        entry.value = json.dumps(json.loads(entry.value) | fields)

    return change(path, edit)


def test_a_file_says_what_it_is(file: Path) -> None:
    found = read_onnx_file(file)
    assert (found.card.direction, found.precision, found.bytes_per_pixel) == ("photo-to-photo", "float32", 100)
    assert found.digest == found.source
    assert len(found.source) == 64


def test_weights_of_fewer_bits_are_another_model(make_model: Callable[..., Model], export_model: "ExportModel") -> None:
    model = make_model(PHOTO, PHOTO)
    found = [read_onnx_file(export_model(model, precision)) for precision in ("float32", "float16", "int8")]
    assert len({each.source for each in found}) == 1
    assert len({each.digest for each in found}) == 3


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\xff" * 64, b"\x08\x08"])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, data: bytes, refused: "Refused") -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(data)
    with refused("damaged-file", path):
        read_onnx_file(path)
    with refused("missing-model", tmp_path / "y.onnx"):
        read_onnx_file(tmp_path / "y.onnx")


def test_a_file_cut_anywhere_is_refused(file: Path) -> None:
    data = file.read_bytes()
    for length in (*range(1, 40, 3), *range(40, len(data), len(data) // 60), len(data) - 1):
        file.write_bytes(data[:length])
        with pytest.raises(P2PError) as caught:
            read_onnx_file(file)
        assert caught.value.code in ("damaged-file", "not-a-model"), length


def test_a_file_of_something_else_is_refused(file: Path, refused: "Refused") -> None:
    with refused("not-a-model", file):
        read_onnx_file(change(file, lambda model: model.ClearField("metadata_props")))


def test_another_opset_operator_or_place_of_weights_is_refused(file: Path, refused: "Refused") -> None:
    whole = file.read_bytes()

    def other_opset(model: Any) -> None:
        model.opset_import[0].version = 12

    def other_operator(model: Any) -> None:
        model.graph.node[3].op_type = "Loop"

    def other_domain(model: Any) -> None:
        model.graph.node[3].domain = "com.example"

    def weights_outside(model: Any) -> None:
        model.graph.initializer[2].data_location = 1

    def other_inputs(model: Any) -> None:
        model.graph.input[1].name = "x"

    def inner_operator(model: Any) -> None:
        branch = next(node for node in model.graph.node if node.op_type == "If").attribute[0].g
        branch.node[0].op_type = "Scan"

    for edit in (other_opset, other_operator, other_domain, weights_outside, other_inputs, inner_operator):
        file.write_bytes(whole)
        with refused("other-graph", file):
            read_onnx_file(change(file, edit))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(file: Path, value: float, refused: "Refused") -> None:
    def edit(model: Any) -> None:
        weight = max(model.graph.initializer, key=lambda each: len(each.raw_data))
        numbers = np.frombuffer(weight.raw_data, np.float32).copy()
        numbers[5] = value
        weight.raw_data = numbers.tobytes()

    with refused("not-finite", file):
        read_onnx_file(change(without_hashes(file), edit))


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_one_bit_of_a_weight_a_node_or_the_description_is_enough_to_refuse_a_file(
    precision: str, make_model: Callable[..., Model], export_model: "ExportModel", refused: "Refused"
) -> None:
    import onnx

    file = export_model(make_model(PHOTO, PHOTO), precision)
    whole, model = file.read_bytes(), onnx.load(str(file))
    weight = max(model.graph.initializer, key=lambda each: len(each.raw_data)).raw_data
    slope = next(each for each in model.graph.node if each.op_type == "LeakyRelu").SerializeToString()
    places = [whole.index(weight) + len(weight) // 2, whole.index(slope) + slope.index(b"alpha") + 8]
    for place, part in (*((each, "network and weights") for each in places), (whole.index(b"32, 32"), "description")):
        data = bytearray(whole)
        data[place] ^= 1
        file.write_bytes(data)
        with refused("damaged-file", file) as error:
            read_onnx_file(file)
        assert f"SHA-256 of its {part} is not" in error.value.what


def test_who_changed_the_graph_on_purpose_is_told_which_hash_to_take_out(file: Path, refused: "Refused") -> None:
    import onnx

    model, found = onnx.load(str(file)), read_onnx_file(file)
    onnx.save(model, str(file))
    assert read_onnx_file(file) == found, "another program wrote the same graph"
    model.graph.MergeFrom(onnx.GraphProto(doc_string="mine"))
    onnx.save(model, str(file))
    with refused("damaged-file", file) as error:
        read_onnx_file(file)
    assert "take graph_sha256 out of its metadata" in error.value.to_do
    (entry,) = (each for each in model.metadata_props if each.key == "graph_sha256")
    model.metadata_props.remove(entry)
    onnx.save(model, str(file))
    assert read_onnx_file(file) == found


def test_a_file_from_before_the_hashes_is_read_and_one_of_a_page_is_called_that(file: Path, refused: "Refused") -> None:
    found = read_onnx_file(file)
    assert read_onnx_file(without_hashes(file)) == found
    file.write_bytes(without_defaults(file.read_bytes(), ["valid"]))
    with refused("other-format", file):
        read_onnx_file(file)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"version": 99}, "unknown-version"),
        ({"format": "other"}, "unknown-version"),
        ({"precision": "int4"}, "damaged-file"),
        ({"bytes_per_pixel": 2**40}, "damaged-file"),
        ({"bytes_per_pixel": "x"}, "damaged-file"),
        ({"source": 5}, "damaged-file"),
        ({"card": {}}, "damaged-file"),
        ({"card": []}, "damaged-file"),
    ],
    ids=str,
)
def test_a_damaged_description_is_refused(file: Path, fields: dict[str, object], code: str, refused: "Refused") -> None:
    with refused(code, file):
        read_onnx_file(describe(file, **fields))

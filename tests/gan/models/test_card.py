"""A card is read back as it was written, and what no model can have is refused in one line before it costs anything."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.models.card import card_from_json
from p2p_gan.models.model import read_model

if TYPE_CHECKING:
    from conftest import Refused


@pytest.fixture(scope="module")
def value(run_folder: Path) -> dict[str, Any]:
    """The card of a trained model, as JSON values."""
    loaded: dict[str, Any] = json.loads(json.dumps(read_model(run_folder).card.to_json()))
    return loaded


def changed(value: dict[str, Any], place: str, new: object) -> str:
    """The card as text with another value at a place such as input.range."""
    copy = json.loads(json.dumps(value))
    *way, last = place.split(".")
    inner = copy
    for step in way:
        inner = inner[step]
    inner[last] = new
    return json.dumps(copy)


def test_a_card_is_read_back_as_it_was_written(run_folder: Path, value: dict[str, Any]) -> None:
    assert card_from_json(json.dumps(value), where="m") == read_model(run_folder).card


@pytest.mark.parametrize(
    ("name", "field", "new"),
    [
        ("dropout", "dropout", 0.9999),
        *(
            (name, field, settings_of(Config)[name].high)
            for name, field in (
                *(("resnet_blocks", "blocks"), ("generator_filters", "filters"), ("max_filters", "max_filters")),
                ("dropout_skip", "dropout_skip"),
            )
        ),
    ],
)
def test_whatever_a_config_may_ask_for_a_card_may_say(value: dict[str, Any], name: str, field: str, new: float) -> None:
    with_settings(Config(), {name: new})
    card = card_from_json(changed(value, f"architecture.{field}", new), where="m")
    assert getattr(card.architecture, field) == new


@pytest.mark.parametrize(
    ("fit", "size", "usual"),
    [
        *((fit, [128, 128], Size(165, 99)) for fit in ("stretch", "pad", "keep")),
        ("crop", [128, 128], Size(128, 128)),  # a square of a picture is what the network saw
        ("stretch", None, None),
    ],
)
def test_a_new_picture_has_the_proportions_of_training(
    value: dict[str, Any], fit: str, size: list[int] | None, usual: Size | None
) -> None:
    card = card_from_json(json.dumps(value | {"fit": fit, "size": size, "proportions": [1.5, 1.6667, 2]}), where="m")
    assert card.usual_size == usual


def test_a_card_without_proportions_as_earlier_versions_wrote_them_is_read(value: dict[str, Any]) -> None:
    old = {name: each for name, each in value.items() if name != "proportions"}
    card = card_from_json(json.dumps(old), where="m")
    assert (card.proportions, card.usual_size) == (None, card.size)


@pytest.mark.parametrize(
    ("place", "new"),
    [
        ("architecture", None),
        ("architecture.depth", 10**9),
        ("architecture.depth", None),
        ("architecture.filters", 0),
        ("architecture.filters", 2.5),
        ("architecture.norm", "layer"),
        ("architecture.upsampling", "bicubic"),
        ("architecture.dropout", 1.0),
        ("architecture.biases", "yes"),
        ("architecture.class_adaptive", True),  # of an input of values
        ("size", [0, 0]),
        ("size", ["a", "b"]),
        ("size", [10**6, 32]),
        ("statistics", "batch"),
        ("fit", "squeeze"),
        ("averaged", 1),
        ("images", "many"),
        ("proportions", [2, 1, 3]),
        ("proportions", [0, 1, 1]),
        ("proportions", [1, 1, float("inf")]),
        ("proportions", [1, 1]),
        ("proportions", ["a", 1, 1]),
        ("data_hash", None),
        ("output_as", "words"),
        ("input.range", [1, 0]),
        ("input.range", [0, float("nan")]),
        ("output.dtype", "complex64"),
        ("output.kind", "song"),
        ("output.channels", 0),
        ("version", "one"),
    ],
)
def test_what_no_model_can_have_is_refused_as_damage(
    value: dict[str, Any], place: str, new: object, refused: "Refused"
) -> None:
    with refused("damaged-file", "m") as error:
        card_from_json(changed(value, place, new), where="m")
    assert "has a damaged description" in error.value.what


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", '"x"', "null"])
def test_a_card_that_is_not_a_table_is_refused_as_damaged(text: str, refused: "Refused") -> None:
    with refused("damaged-file", "m") as error:
        card_from_json(text, where="m")
    assert "has a damaged description" in error.value.what


@pytest.mark.parametrize(
    ("palette", "code"),
    [
        ([], "bad-palette"),
        ({}, "bad-palette"),
        ({"name": "x", "classes": []}, "class-count"),
        ({"name": "x", "classes": [{"name": "a"}]}, "bad-palette"),
    ],
)
def test_a_broken_palette_is_refused_as_such(
    value: dict[str, Any], palette: object, code: str, refused: "Refused"
) -> None:
    with refused(code):
        card_from_json(changed(value, "palette", palette), where="m")


def test_a_card_of_a_newer_version_says_so(value: dict[str, Any], refused: "Refused") -> None:
    with refused("unknown-version", "m") as error:
        card_from_json(changed(value, "version", 2), where="m")
    assert "p2p-model 2" in error.value.what

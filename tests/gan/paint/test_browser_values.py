"""What the engine in the browser has to compute as p2p does; tests/web/browser.test.mjs compares it with this file.

After a change of the packages that is meant, P2P_WRITE_GOLDEN=1 writes tests/golden/browser.json anew.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import hash_pixels
from p2p_datatools.contract.pictures.resize import resize_photo
from p2p_datatools.contract.pictures.sizes import Size, TrainFit
from p2p_gan.data.coding import Coding
from p2p_gan.inference.apply import ApplyOptions, _labels, fit_picture, seed_of
from p2p_gan.inference.runtimes.graph_inputs import graph_inputs
from p2p_gan.inference.runtimes.random_draws import RandomSource
from p2p_gan.models.card import ModelCard
from p2p_gan.networks.architecture import Architecture, DropoutLayer
from p2p_gan.networks.pixel_noise import pixel_noise
from p2p_gan.paint.check_means import check_picture

GOLDEN = Path(__file__).parents[2] / "golden" / "browser.json"
SCRIPTS = Path(__file__).parents[3] / "packages" / "gan" / "src" / "p2p_gan" / "paint" / "browser"
SHAPE = Architecture(3, 3, 3, 4, 8, "instance", 0.5)
CARD = ModelCard(
    SHAPE, Half("photo", "photo"), Half("photo", "photo"), None, Size(24, 16), "stretch", "picture", False, 0, ""
)
MASK = replace(CARD, input=Half("mask", "mask"), palette=load_palette("cars"))
# The card's size, how pictures come to it, the picture's own size, and the size that is asked for.
FITS: tuple[tuple[Size | None, TrainFit, Size, Size | None], ...] = (
    (Size(24, 16), "stretch", Size(24, 16), None),
    (Size(24, 16), "stretch", Size(37, 21), None),
    (Size(24, 16), "crop", Size(37, 21), None),
    (Size(24, 16), "pad", Size(37, 21), None),
    (Size(24, 16), "pad", Size(5, 40), None),
    (Size(24, 16), "keep", Size(37, 21), None),
    (None, "stretch", Size(37, 21), None),
    (None, "stretch", Size(3, 2), None),
    (Size(24, 16), "pad", Size(37, 21), Size(16, 8)),
)


def picture(size: Size, channels: int) -> Array:
    y, x, channel = np.mgrid[: size.height, : size.width, :channels]
    values = ((x * 7 + y * 13 + channel * 5 + x * y) % 251).astype(np.uint8)
    return np.asarray(values[..., 0] if channels == 1 else values)


def a_list(values: Any) -> list[Any]:
    return [round(each, 6) if isinstance(each, float) else each for each in np.asarray(values).ravel().tolist()]


def each_fit() -> Iterator[dict[str, Any]]:
    for size, fit, own, wanted in FITS:
        card = replace(MASK, size=size, fit=fit)
        how = ApplyOptions(size=wanted)
        fitted = fit_picture(card, picture(own, 3), how, None)
        height, width = fitted.padded.shape[:2]
        valid = graph_inputs(card, height, width, fitted.options).get("valid")
        yield {
            **{"size": size, "fit": fit, "own": own, "wanted": wanted, "padded": [width, height]},
            "hash": hash_pixels(fitted.padded),
            "valid": None if valid is None else a_list(valid),
            "place": [fitted.place.left, fitted.place.top, *fitted.place.size],
        }


def every_value() -> dict[str, Any]:
    """All that is compared, from what a browser can make by itself."""
    hashes = [hash_pixels(picture(Size(5, 3), channels)) for channels in (1, 3)]
    layer = DropoutLayer(2, 4, 0.3)
    logits = (np.sin(np.arange(3 * 6 * 8) * 1.7) * 3).astype(np.float32).reshape(1, 3, 6, 8)
    byte, odd = Coding("values", 3, "uint8", (0.0, 255.0)), Coding("values", 1, "uint8", (10.0, 201.0))
    values = np.linspace(-1.1, 1.1, 3 * 4 * 5, dtype=np.float32).reshape(1, 3, 4, 5)
    return {
        "hashes": hashes,
        "seeds": [seed_of(hashes[0], seed, variant) % 2**32 for seed, variant in ((0, 1), (7, 3), (-1, 2))],
        "words": [
            [seed, RandomSource(seed).words(700)[[0, 1, 623, 624, 699]].tolist()] for seed in (0, 5489, 2**32 - 1)
        ],
        "dropout": a_list(RandomSource(3).dropout(layer, 3, 4) > 0),
        "normal": [a_list(RandomSource(11).normal(count)) for count in (1, 5, 16, 21)],
        "pixel_noise": [float(each) for each in pixel_noise(2**24 - 1, 2, range(3), 5).ravel()],
        "fits": list(each_fit()),
        "photos": [[own, size, a_list(resize_photo(picture(own, 3), size))] for own, size in PHOTOS],
        "labels": [[size, a_list(_labels(logits, size))] for size in (Size(13, 11), Size(5, 4))],
        "codes": [a_list(byte.encode(picture(Size(5, 4), 3)[None])), a_list(odd.encode(picture(Size(5, 4), 1)[None]))],
        "pixels": a_list(byte.decode(values)),
        "check": [hash_pixels(check_picture(card, Size(48, 32))) for card in (CARD, MASK, replace(MASK, palette=None))],
    }


PHOTOS = (
    (Size(16, 12), Size(7, 5)),
    (Size(7, 5), Size(16, 12)),
    (Size(16, 5), Size(9, 11)),
    (Size(3, 3), Size(11, 3)),
)


def test_the_values_that_a_browser_has_to_compute_are_those_of_the_golden_file() -> None:
    found = json.loads(json.dumps(every_value()))
    if "P2P_WRITE_GOLDEN" in os.environ:
        GOLDEN.write_text(json.dumps(found) + "\n")
    expected = json.loads(GOLDEN.read_text())
    assert found.keys() == expected.keys()
    for name in expected:
        if name in ("normal", "codes"):
            for one, other in zip(found[name], expected[name], strict=True):
                assert one == pytest.approx(other, abs=2e-6)
        else:
            assert found[name] == expected[name], name


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.mjs")), ids=lambda path: str(path.name))
def test_a_script_imports_what_it_takes_from_the_modules_beside_it(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    beside = "".join(each.read_text(encoding="utf-8") for each in script.parent.glob("*.mjs") if each != script)
    foreign = set(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", beside, re.MULTILINE))
    known = set(re.findall(r"\b(?:function|class|const|let) (\w+)", text))
    for names in re.findall(r"(?:import|const|let) \{([^}]*)\}", text):
        known |= set(re.findall(r"\w+", names))
    assert foreign & set(re.findall(r"(?<![.\w])(\w+)\(", text)) <= known

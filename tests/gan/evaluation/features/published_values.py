"""For a test, in a process of its own: FID, KID and LPIPS with drawn weights, against their definitions.

It gives torchvision the names of operators that it asks for where its compiled part does not fit the installed torch;
none of them is used.
"""

import re
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.linalg import sqrtm

from p2p_gan.evaluation.features.published import (
    ALEXNET,
    INCEPTION,
    InceptionFeatures,
    LpipsNetwork,
    WeightsFile,
    frechet_distance,
    why_not_published,
)


def name_operators() -> Any:
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    spec = find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).with_name("_meta_registrations.py").read_text()
    if re.search(r"operator torchvision::\w+ does not exist", why_not_published()):
        for name in re.findall(r'register_fake\("torchvision::(\w+)"', source):
            library.define(f"{name}(Tensor x) -> Tensor")
        for name in [name for name in sys.modules if name.split(".")[0] in ("torchvision", "torchmetrics")]:
            del sys.modules[name]
    assert why_not_published() == ""
    return library


def draw_photo(seed: int, side: int = 64) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def check_fid(folder: Path) -> None:
    random = np.random.default_rng(0)
    real, fake = (random.normal(shift, 1, (50, 6)).astype(np.float32) for shift in (0, 0.5))
    first, second = np.cov(real.T), np.cov(fake.T)
    expected = ((real.mean(0) - fake.mean(0)) ** 2).sum() + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert abs(frechet_distance(real, fake) - expected) < 1e-4 * expected

    import torch_fidelity.feature_extractor_inceptionv3 as module

    class Drawn(module.FeatureExtractorInceptionV3):  # type: ignore[misc]
        def load_state_dict(self, *args: object, **more: object) -> None:
            """Keep the drawn weights."""

    vars(module)["load_state_dict_from_url"] = lambda *args, **more: {}
    network = Drawn("drawn", ["2048"])
    torch.save(network.state_dict(), folder / INCEPTION.file)
    features = InceptionFeatures(WeightsFile(INCEPTION, folder / INCEPTION.file, "digest"), torch.device("cpu"))
    photo = draw_photo(1, 299)  # which is not resized, and so is the same for both
    (expected_features,) = network(torch.from_numpy(photo).permute(2, 0, 1)[None])
    assert np.allclose(features.extract(photo), expected_features[0], atol=1e-5)
    assert features.extract(draw_photo(1)).shape == (2048,)


def check_lpips(folder: Path) -> None:
    import torchmetrics.functional.image
    import torchvision

    torch.manual_seed(0)
    trunk = torchvision.models.alexnet(weights=None).features
    torch.save({f"features.{name}": value for name, value in trunk.state_dict().items()}, folder / ALEXNET.file)
    network = LpipsNetwork(WeightsFile(ALEXNET, folder / ALEXNET.file, "digest"), torch.device("cpu"))
    heads = Path(torchmetrics.functional.image.__file__).parent / "lpips_models" / "alex.pth"
    weights = torch.load(heads, map_location="cpu", weights_only=True)
    shift = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    levels = []
    for seed in (1, 2):
        x = (torch.from_numpy(draw_photo(seed)).permute(2, 0, 1).float() / 127.5 - 1 - shift) / scale
        found = []
        for number, layer in enumerate(trunk):
            x = layer(x)
            if number in (1, 4, 7, 9, 11):
                found.append(x / x.norm(dim=0, keepdim=True).clamp(min=1e-10))
        levels.append(found)
    expected = sum(
        (((one - other) ** 2) * weights[f"lin{number}.model.1.weight"][0]).sum(dim=0).mean()
        for number, (one, other) in enumerate(zip(*levels, strict=True))
    )
    found_value = network.compare(draw_photo(1), draw_photo(2))
    assert found_value is not None
    assert abs(found_value - float(expected)) < 1e-3 * float(expected), (found_value, expected)
    assert network.compare(draw_photo(1), draw_photo(1)) == 0
    assert network.compare(draw_photo(1, 31), draw_photo(2, 31)) is None
    assert network.compare(draw_photo(1, 32), draw_photo(2, 32)) is not None


def check_published(folder: Path) -> None:
    warnings.simplefilter("ignore")
    library = name_operators()
    # Nothing takes the classifiers of these networks, which have most of their weights, so none is drawn for them.
    setattr(torch.nn.Linear, "reset_parameters", lambda _: None)  # noqa: B010
    with torch.inference_mode():
        check_fid(folder)
        check_lpips(folder)
    del library

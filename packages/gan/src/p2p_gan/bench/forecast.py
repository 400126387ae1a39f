"""How long a preset will take here, from what 'p2p bench' has kept or from a plain formula, without torch.

Nothing here may load torch or measure anything: it answers while a data command ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from p2p_datatools.contract.machine import core_share
from p2p_gan.config.presets import PRESETS
from p2p_gan.machine.driver import cpu_name, may_have_gpu
from p2p_gan.machine.kept import keep, recall

_TODAY = 8 * 3600.0  # seconds: what begins in the morning has ended in the evening
# Of an image, by `count_operations` of the bench; a test compares them.
GFLOP_PER_IMAGE: Mapping[str, float] = {"paper": 86.9, "tiny": 2.44}
# What updates reach of it: two thirds of the textbook's 43 GFLOP/s a core of an AMD EPYC with AVX2 (86.9 GFLOP in 2.0 s
# of one core, n = 1), for machines are busy and older; on a GPU what a V100 reached with the paper's network (27 images
# a second, TensorFlow's tutorial), and at least the time of launching its kernels.
_CORE, _GPU, _LAUNCH = 29.0, 2_300.0, 0.01
_CHOICES = ("paper", "tiny")


@dataclass(frozen=True)
class Forecast:
    """The `seconds` that a preset will take for `images`, and whether 'p2p bench' has `measured` this machine."""

    preset: str
    images: int
    seconds: float
    measured: bool


def keep_preset_times(seconds_per_image: Mapping[str, float]) -> None:
    """Keep what was measured or computed of presets on this machine."""
    keep(_key(), {"seconds_per_image": dict(seconds_per_image)}, replace=True)


def forecast(preset: str, pairs: int) -> Forecast:
    """What a preset takes with so many training pairs, on this machine.

    Of presets that the formula does not know it is that of the paper's network.
    """
    config = PRESETS[preset]
    images = config.images or config.epochs * pairs
    known = (recall(_key()) or {}).get("seconds_per_image")
    if isinstance(known, dict) and isinstance(own := known.get(preset), float | int) and own > 0:
        return Forecast(preset, images, own * images, measured=True)
    gflop = GFLOP_PER_IMAGE.get(preset, GFLOP_PER_IMAGE["paper"])
    each = max(_LAUNCH, gflop / _GPU) if may_have_gpu() else gflop / (_CORE * core_share())
    return Forecast(preset, images, each * images, measured=False)


def choose_preset(pairs: int) -> tuple[Forecast, Forecast | None]:
    """(the first preset that ends today, or else the shortest; the default where that takes longer than today)."""
    default, *others = (forecast(name, pairs) for name in _CHOICES)
    if default.seconds <= _TODAY:
        return default, None
    shortest = min(others, key=lambda each: each.seconds)
    return (shortest, default) if shortest.seconds < default.seconds else (default, None)


def _key() -> dict[str, Any]:
    return {"what": "seconds per image of presets", "cpu": cpu_name(), "cores": core_share(), "gpu": may_have_gpu()}

"""Which kinds of pictures can be read and written on this machine.

Nothing here may read a picture of the user's.
"""

import importlib.util

from p2p_datatools.contract.health import HealthCheck

# Pillow's word: what people call it. Without the first two hardly any data set can be read.
_NEEDED = {"jpg": "JPEG", "zlib": "PNG"}
_MORE = {"webp": "WebP", "libtiff": "packed TIFF", "jpg_2000": "JPEG 2000", "avif": "AVIF"}


def check_codecs() -> HealthCheck:
    """Which formats Pillow was built with, and whether OpenCV encodes and decodes a PNG."""
    import cv2
    import numpy as np
    from PIL import features

    missing = [word for name, word in _NEEDED.items() if not features.check(name)]
    ok, data = cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))
    if missing or not ok or cv2.imdecode(data, cv2.IMREAD_COLOR) is None:
        what = f"cannot read {', '.join(missing)}" if missing else "OpenCV cannot write or read a PNG"
        return HealthCheck("codecs", "broken", what, "Install Pillow and opencv-python from PyPI again.")
    there = [word for name, word in _MORE.items() if features.check(name)]
    absent = [word for name, word in _MORE.items() if name and not features.check(name)]
    packed = "" if importlib.util.find_spec("imagecodecs") else "; TIFFs of rarer compressions need imagecodecs"
    what = f"{', '.join([*_NEEDED.values(), *there])}{packed}"
    if absent:
        return HealthCheck("codecs", "note", f"{what}; not {', '.join(absent)}", "Update Pillow to read these.")
    return HealthCheck("codecs", "ok", what)

"""Arrays of float32 as text in a JSON value, for what has too many digits to be a list.

Nothing here may know what the numbers are; a text of another length than that of its shape is an error.
"""

import base64

import numpy as np
from numpy.typing import NDArray


def floats_to_text(values: NDArray[np.float32]) -> str:
    """The bytes of the values, little endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")


def text_to_floats(text: str) -> NDArray[np.float32]:
    """The values, flat; raises ValueError for what is not such a text."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)

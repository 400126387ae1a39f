"""Trains and applies pix2pix; it knows pairs, not where they came from.

It may never print, import any room of datatools but `contract`, or load torch when it is itself imported.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door
from p2p_gan.machine.wait_policy import choose_waiting as _choose_waiting

__version__ = "0.1.0"

# OpenMP reads once how threads wait, when torch is loaded, which nothing of ours does before this line.
_choose_waiting()

if TYPE_CHECKING:
    from p2p_gan.config import PRESETS, Config
    from p2p_gan.evaluation import evaluate, export_onnx
    from p2p_gan.experiments import run_study
    from p2p_gan.inference import Predictor, load_model, sample, segment_photos
    from p2p_gan.models import export_reference, import_model
    from p2p_gan.training import plan, reproduce, train
else:
    __getattr__, __dir__ = open_door(
        __name__,
        config="PRESETS Config",
        evaluation="evaluate export_onnx",
        experiments="run_study",
        inference="Predictor load_model sample segment_photos",
        models="export_reference import_model",
        training="plan reproduce train",
    )

__all__ = [
    "PRESETS",
    "Config",
    "Predictor",
    "__version__",
    "evaluate",
    "export_onnx",
    "export_reference",
    "import_model",
    "load_model",
    "plan",
    "reproduce",
    "run_study",
    "sample",
    "segment_photos",
    "train",
]

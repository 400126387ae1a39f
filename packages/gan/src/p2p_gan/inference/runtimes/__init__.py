"""What computes a network: torch, onnxruntime or OpenVINO, each as one pass from pixels to pixels or values.

Nothing here may choose a runtime, resize or pad a picture, or read a picture file; a library is loaded when it is used.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.inference.runtimes.onnx_runtime import OnnxModel, load_onnx_model
else:
    __getattr__, __dir__ = open_door(__name__, onnx_runtime="OnnxModel load_onnx_model")

__all__ = ["OnnxModel", "load_onnx_model"]

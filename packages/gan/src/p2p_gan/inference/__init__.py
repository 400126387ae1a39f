"""Applies models: to one picture of any size, in strips if memory is short, and to folders of pictures.

Nothing here may change a model or score its output.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.inference.apply import ApplyOptions, apply_model
    from p2p_gan.inference.inputs import PictureBytes
    from p2p_gan.inference.photo_masks import MaskDoubt, PhotoMaskSummary, segment_photos
    from p2p_gan.inference.predictor import Predictor, load_model
    from p2p_gan.inference.runtime_choice import open_model
    from p2p_gan.inference.runtimes import OnnxModel, load_onnx_model
    from p2p_gan.inference.sampling import SampleOptions, SampleSummary, sample
    from p2p_gan.inference.streams import sample_bytes
    from p2p_gan.inference.video import VideoSummary, sample_video
else:
    __getattr__, __dir__ = open_door(
        __name__,
        apply="ApplyOptions apply_model",
        inputs="PictureBytes",
        photo_masks="MaskDoubt PhotoMaskSummary segment_photos",
        predictor="Predictor load_model",
        runtime_choice="open_model",
        runtimes="OnnxModel load_onnx_model",
        sampling="SampleSummary SampleOptions sample",
        streams="sample_bytes",
        video="VideoSummary sample_video",
    )

__all__ = [
    "ApplyOptions",
    "MaskDoubt",
    "OnnxModel",
    "PhotoMaskSummary",
    "PictureBytes",
    "Predictor",
    "SampleOptions",
    "SampleSummary",
    "VideoSummary",
    "apply_model",
    "load_model",
    "load_onnx_model",
    "open_model",
    "sample",
    "sample_bytes",
    "sample_video",
    "segment_photos",
]

"""Where models lie: the names of their files in a run folder, and the file that a path given by a person means.

Nothing here may read a model, or load torch.
"""

from pathlib import Path

from p2p_datatools.contract.errors import P2PError

MODEL_FILE, BEST = "model.safetensors", "best.safetensors"
ONNX_FILE = "model.onnx"  # the model once more, which a run folder has after 'p2p export RUN --format onnx'


def model_file(path: Path) -> Path:
    """The model file at `path`: the file itself, or that of a run folder; raises P2PError if there is none."""
    if path.is_dir():
        if not (path / MODEL_FILE).is_file():
            raise P2PError(
                path,
                f"has no {MODEL_FILE}",
                "Give a run folder in which training has reached its first checkpoint.",
                code="missing-model",
            )
        return path / MODEL_FILE
    if not path.is_file():
        raise P2PError(path, "does not exist", f"Give a run folder or a {MODEL_FILE}.", code="missing-model")
    return path


def is_onnx(path: Path) -> bool:
    """Whether a path is that of an ONNX file, by its name."""
    return path.suffix.lower() == ".onnx"


def onnx_beside(path: Path) -> Path:
    """The ONNX file that `p2p export` writes beside a model file: model.onnx beside model.safetensors."""
    return path.with_suffix(Path(ONNX_FILE).suffix)

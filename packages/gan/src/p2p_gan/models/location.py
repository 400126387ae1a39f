"""Where models lie: the names of their files in a run folder, and the file that a path given by a person means.

Nothing here may know what is in a model file, or load torch.
"""

import hashlib
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import cannot_read, refuse_special
from p2p_datatools.contract.files.listing import SUFFIXES
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.files.opening import is_special, open_file
from p2p_datatools.contract.words import path_word

MODEL_FILE, BEST = "model.safetensors", "best.safetensors"
_GIVE_RUN = "Give the folder that 'p2p train' wrote; 'p2p sample' and 'p2p evaluate' take it before the pictures."
_RECORD, _CHECKPOINTS = "run.json", "checkpoints"  # of a run, whose room knows this one
_RECORDS = (".json", ".jsonl")
_MOST_LISTED = 1000  # entries of a folder, among which runs are looked for
ONNX_FILE = "model.onnx"  # the model once more, which a run folder has after 'p2p export RUN --format onnx'


def model_file(path: Path) -> Path:
    """The model file at `path`: the file itself, or that of a run folder.

    Raises UsageError for what is neither, and P2PError for a pipe and for a run without a model yet.
    """
    if path.is_dir():
        if not (path / MODEL_FILE).is_file():
            what = f"has no {MODEL_FILE}"
            to_do = advise_lost(path / MODEL_FILE)
            if (path / BEST).is_file():
                to_do = f"{to_do} Or give {path_word(path / BEST)}, the best by its scores on val/."
            elif not (path / _RECORD).is_file():
                what = f"{what} and is not a run folder"
                raise UsageError(path, what, _advise_folder(path), code="missing-model")
            raise P2PError(path, what, to_do, code="missing-model")
        return path / MODEL_FILE
    refuse_special(path)
    if not path.is_file():
        to_do = advise_missing(path, otherwise=advise_lost(path))
        raise UsageError(path, "does not exist", to_do, code="missing-model")
    if path.suffix.lower() in SUFFIXES:
        raise UsageError(path, "is not a model: it has the name of a picture", _GIVE_RUN, code="missing-model")
    if (run := _run_around(path)) and (path.parent != run or path.suffix.lower() in _RECORDS):
        what = "is a checkpoint, from which training goes on" if path.parent != run else "is a record of a run"
        raise UsageError(path, f"{what}, and not a model", f"Give {path_word(run)}.", code="missing-model")
    return path


def advise_lost(file: Path) -> str:
    """What to do about a model file that is missing or damaged: its run, if it lies in one, can write it."""
    if file.name not in (MODEL_FILE, BEST) or not (file.parent / _RECORD).is_file():
        return f"Give a run folder or a {MODEL_FILE}."
    when = "again from a checkpoint" if any((file.parent / _CHECKPOINTS).glob("*.json")) else "at its first checkpoint"
    return f"Repeat the 'p2p train' command of this run, which writes it {when}."


def advise_damaged(file: Path) -> str:
    """What to do about a model file whose content was changed: its run writes it again, a copy is whole, or another."""
    in_run = (file.parent / _RECORD).is_file()
    to_do = advise_lost(file) if in_run else "Copy it again from where it was made."
    other, which = {MODEL_FILE: (BEST, "the best"), BEST: (MODEL_FILE, "the last")}.get(file.name, ("", ""))
    if other and (beside := file.with_name(other)).is_file():
        return f"{to_do} Or give {path_word(beside)}, {which} model of its run."
    return to_do


def _run_around(path: Path) -> Path | None:
    """The run folder in which a path lies, or in whose checkpoints it does; None for any other."""
    above = path.parent
    run = above.parent if above.name == _CHECKPOINTS else above
    return run if (run / _RECORD).is_file() else None


def _advise_folder(path: Path, otherwise: str = _GIVE_RUN) -> str:
    """What to give instead of a folder that is not a run: the one that it lies in, or one that lies in it."""
    if run := _run_around(path):
        return f"Give {path_word(run)}."
    try:
        runs = [each for each, _ in zip(path.iterdir(), range(_MOST_LISTED), strict=False)]
    except OSError:
        return otherwise
    runs = sorted(each for each in runs if (each / _RECORD).is_file() and (each / MODEL_FILE).is_file())
    if not runs and (weights := find_reference(path)):
        return f"Give {path_word(weights)} to 'p2p import-model' or 'p2p train --from'."
    return f"Give a run that lies in it, such as {path_word(runs[0])}." if runs else otherwise


def find_reference(folder: Path) -> Path | None:
    """The generator that the reference implementation left in a folder of checkpoints: the latest, else the last."""
    found = sorted(folder.glob("*_net_G*.pth"), key=lambda file: (file.name.startswith("latest"), len(file.name), file))
    return found[-1] if found else None


def refuse_no_run(path: Path, *, to_do: str) -> None:
    """Raise UsageError for what is no run folder, with the run that is meant where one lies around or in it."""
    if (path / _RECORD).is_file():
        return
    what = f"is not a run folder (no {_RECORD})" if path.exists() else "does not exist"
    what = "is a pipe, socket or device, not a run folder" if is_special(path) else what
    meant = advise_missing(path, otherwise=to_do) if not path.exists() else _advise_folder(path, otherwise=to_do)
    raise UsageError(path, what, meant, code="not-a-run")


def describe_choice(path: Path) -> str:
    """Which model a path means, in words: of a run folder the last, and where the best by its scores lies."""
    if not path.is_dir():
        return f"model    {path}"
    best = f"; {path / BEST} is the best by its scores on val/" if (path / BEST).is_file() else ""
    return f"model    {path / MODEL_FILE}, the last of the run{best}"


_BLOCKS, _BLOCK = 64, 2**16  # of a file that are hashed, and the bytes of each


def model_fingerprint(path: Path) -> str:
    """By which a model file is known again: the SHA-256 of its length and of blocks from all over it, in hex.

    Training changes every weight, so that no other state of a model has the same; of a small file all bytes count. The
    SHA-256 of 218 MB would take longer than a picture.
    """
    try:
        with open_file(path) as file:
            length = file.seek(0, 2)
            digest = hashlib.sha256(f"{length}".encode())
            for number in range(_BLOCKS):
                file.seek(max(0, length - _BLOCK) * number // (_BLOCKS - 1))
                digest.update(file.read(_BLOCK))
    except OSError as error:
        raise cannot_read(path, error) from error
    return digest.hexdigest()


def is_onnx(path: Path) -> bool:
    """Whether a path is that of an ONNX file, by its name."""
    return path.suffix.lower() == ".onnx"


def onnx_beside(path: Path) -> Path:
    """The ONNX file that `p2p export` writes beside a model file: model.onnx beside model.safetensors."""
    return path.with_suffix(Path(ONNX_FILE).suffix)

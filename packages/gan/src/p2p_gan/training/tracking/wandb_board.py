"""Writes a run's record for Weights & Biases if the config asks for it: kept on disk (offline), or sent (online).

Nothing here may send anything unless the setting says online, or record anything that stats.jsonl does not.
"""

import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files.atomic import read_text, write_bytes
from p2p_datatools.contract.packages import require_packages
from p2p_datatools.contract.pictures.images import Photo
from p2p_datatools.contract.words import first_line
from p2p_gan.training.tracking.tensorboard import Board, scalars_of

_FOLDER = "wandb"
_NAME = "run-id.txt"
_MOST_SCORES = 10_000  # logits of a histogram


class WandbBoard(Board):
    """A board that writes with the package wandb into the run folder, and with mode online to its server too.

    Neither code, packages, the git repository, the terminal nor figures of the machine are recorded.
    """

    def __init__(self, run: Path, config: dict[str, Any], mode: str) -> None:
        import wandb

        (run / _FOLDER).mkdir(parents=True, exist_ok=True)
        quiet: dict[str, Any] = {"silent": True, "console": "off", "disable_git": True, "disable_code": True}
        quiet |= {
            "x_disable_stats": True,
            "x_disable_meta": True,
            "x_disable_machine_info": True,
            "x_save_requirements": False,
        }
        continued: dict[str, Any] = {"resume": "allow"} if mode == "online" else {}
        try:
            self._run: Any = wandb.init(
                dir=str(run),
                id=_id_of(run),
                name=run.resolve().name,
                project="p2p",
                config=config,
                mode="online" if mode == "online" else "offline",
                settings=wandb.Settings(**quiet),
                **continued,
            )
        except wandb.Error as error:
            why = first_line(error)
            to_do = "Run 'wandb login', or set wandb=offline, which sends nothing."
            raise P2PError(f"wandb={mode}", f"wandb could not start: {why}", to_do, code="no-wandb") from error
        self._picture, self._histogram = wandb.Image, wandb.Histogram

    def scalars(self, line: dict[str, Any]) -> None:
        """Log each figure under its name; those of a validation are grouped."""
        self._run.log(scalars_of(line), step=line["images"])

    def grid(self, picture: Photo, images: int) -> None:
        """Log the grid under `samples`."""
        self._run.log({"samples": self._picture(picture)}, step=images)

    def scores(self, scores: tuple[NDArray[np.float32], NDArray[np.float32]], images: int) -> None:
        """Log two histograms."""
        named = zip(("real", "generated"), scores, strict=True)
        found = {
            f"discriminator/{name}": self._histogram(values[:_MOST_SCORES]) for name, values in named if len(values)
        }
        self._run.log(found, step=images)

    def close(self) -> None:
        """Finish the run; what is online is sent first."""
        self._run.finish()


def _id_of(run: Path) -> str:
    """The name of the run for wandb, the same when it is resumed."""
    place = run / _FOLDER / _NAME
    if not place.is_file():
        write_bytes(place, secrets.token_hex(4).encode())
    return read_text(place).strip()


def require_wandb(mode: str) -> None:
    """Raise UsageError if the package wandb is missing."""
    require_packages(f"wandb={mode}", "wandb>=0.18", instead="set wandb=off", error=UsageError)

"""Which boards a run writes beside its record: TensorBoard's files, those of Weights & Biases, both, or none.

Nothing here may load a library that the config does not ask for.
"""

from pathlib import Path

from p2p_gan.config.config import Config
from p2p_gan.training.tracking.tensorboard import EVENTS, Board, Boards, EventBoard, require_tensorboard


def require_boards(config: Config) -> None:
    """Raise UsageError if a package is missing that the config asks for."""
    if config.tensorboard:
        require_tensorboard()
    if config.wandb != "off":
        from p2p_gan.training.tracking.wandb_board import require_wandb

        require_wandb(config.wandb)


def open_boards(run: Path, config: Config, images: int) -> Board:
    """The boards of a run that continues after `images` images."""
    boards = list[Board]()
    if config.tensorboard:
        boards.append(EventBoard(run / EVENTS, images))
    if config.wandb != "off":
        from p2p_gan.training.tracking.wandb_board import WandbBoard

        boards.append(WandbBoard(run, config.to_json(), config.wandb))
    return Boards(boards)

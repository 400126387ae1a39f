"""What is recorded for Weights & Biases: the names, losses and pictures of the record, on disk alone unless asked."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_gan.config.config import Config
from p2p_gan.training.run import train
from p2p_gan.training.tracking import boards, wandb_board
from p2p_gan.training.tracking.boards import open_boards, require_boards
from p2p_gan.training.tracking.tensorboard import Board

if TYPE_CHECKING:
    from conftest import Refused

needs_wandb = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")


@needs_wandb
@pytest.mark.filterwarnings("ignore")
def test_offline_it_writes_names_losses_and_pictures_into_the_run_folder(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")  # which a user's shell may say for other programs
    monkeypatch.setitem(
        sys.modules, "wandb.sdk.launch.inputs.internal", None
    )  # for its cloud; its import takes seconds
    config = replace(tiny, wandb="offline", images=6)
    train(pair_folder, tmp_path / "run", config)
    train(pair_folder, tmp_path / "run", replace(config, images=12))
    folder = tmp_path / "run" / "wandb"
    runs = sorted(each for each in folder.iterdir() if each.name.startswith("offline-run"))
    assert len(runs) == 2
    name = (folder / "run-id.txt").read_text().strip()
    assert all(f"-{name}" in each.name for each in runs)  # of two in one second the other ends in -1
    written = b"".join(each.read_bytes() for each in folder.rglob("*.wandb"))
    for word in (b"g_l1", b"d_real", b"validation/l1", b"validation/ssim", b"discriminator/real", b"learning_rate"):
        assert word in written
    assert list(folder.rglob("samples*.png"))
    assert not list(folder.rglob("requirements.txt"))
    assert b"tests/gan" not in written


def test_a_missing_package_is_reported_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with refused("missing-package", "wandb=online", usage=True):
        require_boards(Config(wandb="online"))
    require_boards(Config())


def test_each_board_that_is_asked_for_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[str] = []

    class Heard(Board):
        def __init__(self, *_: object) -> None: ...

        def scalars(self, line: object) -> None:
            got.append("scalars")

        def close(self) -> None:
            got.append("close")

    monkeypatch.setattr(boards, "EventBoard", Heard)
    monkeypatch.setattr(wandb_board, "WandbBoard", Heard)
    board = open_boards(tmp_path, Config(tensorboard=True, wandb="offline"), 0)
    board.scalars({"images": 1})
    board.close()
    assert got == ["scalars", "scalars", "close", "close"]
    assert open_boards(tmp_path, Config(), 0).close() is None  # type: ignore[func-returns-value]

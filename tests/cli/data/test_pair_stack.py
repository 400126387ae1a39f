"""`p2p data pair A1 A2 B` from the command line."""

from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import write_png


def test_the_last_folder_is_b_and_one_alone_is_a_wrong_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, folder in enumerate(("edges", "depth", "my photos")):
        for name in range(3):
            picture = np.random.default_rng(10 * number + name).integers(0, 256, (8, 12, 3), np.uint8)
            write_png(Path(folder) / f"{name}.png", picture if folder == "my photos" else picture[..., 0])
    assert main(["data", "pair", "edges", "depth", "my photos", "my pairs"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "inputs: 2 x uint8" in said[1]
    assert said[-1] == "next  p2p data split 'my pairs'"
    assert main(["data", "split", "my pairs", "--val", "0", "--test", "0"]) == 0
    assert main(["data", "show", "my pairs", "sheet.png"]) == 0
    assert main(["data", "pair", "edges", "pairs"]) == 2
    assert "A, B, and the folder for the pairs" in capsys.readouterr().err

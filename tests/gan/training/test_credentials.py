"""A run tells nothing of the credentials that this machine has: no file and no message has one."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p2p_cli.app import main
from p2p_datatools.contract.errors import P2PError
from p2p_gan.config.config import Config
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Notes

SECRETS = {
    "KAGGLE_USERNAME": "someone-s3cret",
    "KAGGLE_KEY": "k3y-s3cret",
    "KAGGLE_API_TOKEN": "KGAT_s3cret",
    "https_proxy": "http://user:pr0xy-s3cret@proxy.invalid:3128",
}


def test_what_is_known_to_the_environment_is_in_no_file_of_a_run_and_in_nothing_that_is_said(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    notes: "Notes",
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    run = tmp_path / "run"
    train(pair_folder, run, replace(tiny, tensorboard=True, images=2), report=notes)
    with pytest.raises(P2PError) as error:  # and what is refused says nothing of it either
        train(pair_folder, run, replace(tiny, seed=7))
    assert main(["runs", str(run)]) == 0
    assert main(["sample", str(run), str(pair_folder), "--out", str(tmp_path / "pictures"), "--device", "cpu"]) == 0
    assert main(["evaluate", str(run), str(pair_folder), "--out", str(tmp_path / "scores"), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    texts = [
        str(notes.lines),
        str(error.value),
        said.out,
        said.err,
        *(path.read_bytes().decode("latin-1") for path in files),
    ]
    assert {"run.json", "stats.jsonl", "summary.json"} <= {path.name for path in files}
    assert [text for text in texts if "s3cret" in text] == []

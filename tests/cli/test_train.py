"""What `p2p train` says and answers when it was asked to end."""

from pathlib import Path

import pytest

from p2p_cli import app
from p2p_gan import loop
from p2p_gan.config import Config


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 0), ("SIGINT", 130)])
def test_ended_by_a_signal_it_says_what_to_type_and_only_ctrl_c_is_a_failure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: str,
    code: int,
) -> None:
    def train(pairs: Path, run: Path, config: Config, *, report: object) -> loop.TrainSummary:
        return loop.TrainSummary(run, 0, 0, True, 0.0, {}, None, number)

    monkeypatch.setattr(loop, "train", train)
    words = ["train", str(tmp_path / "my pairs"), str(tmp_path / "run"), "--preset", "tiny"]
    assert app.main(words) == code
    said = capsys.readouterr().out
    assert "To resume, type it again:" in said
    assert f"p2p train '{tmp_path}/my pairs' {tmp_path}/run --preset tiny" in said

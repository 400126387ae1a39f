"""What to run next: whole commands, quoted, that fit the machine; and how much is said."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_cli.text.hints import next_command, train_lines
from p2p_datatools.contract.pictures.images import write_png
from p2p_gan.bench import forecast


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of one core without a GPU, of which nothing was measured."""
    monkeypatch.setattr(forecast, "core_share", lambda: 1.0)
    monkeypatch.setattr(forecast, "may_have_gpu", lambda: False)


def test_a_path_with_a_space_is_one_word_of_the_next_command() -> None:
    assert next_command("train", Path("my pairs"), "RUN") == "next  p2p train 'my pairs' RUN"
    assert next_command("data", "pair", Path("$HOME/a"), "B").endswith("pair '$HOME/a' B")


@pytest.mark.usefixtures("slow")
def test_a_shell_that_is_given_the_whole_line_takes_the_command_alone() -> None:
    line = train_lines(Path("my pairs"), 20)[0].removeprefix("next  ")
    assert shlex.split(line, comments=True) == ["p2p", "train", "my pairs", "RUN"]


@pytest.mark.usefixtures("slow")
def test_many_pairs_get_a_preset_that_ends_today_and_the_time_of_the_default(tmp_path: Path) -> None:
    few = train_lines(Path("pairs"), 20)
    assert few == ["next  p2p train pairs RUN   # about 3 h 20 min here (a guess; p2p bench measures)"]
    many = train_lines(Path("pairs"), 5000)
    assert many[0].startswith("next  p2p train pairs RUN --preset tiny   # about ")
    assert "1,000,000 images" in many[1]
    assert "days" in many[1]


@pytest.mark.usefixtures("slow")
def test_what_the_bench_has_kept_is_taken_for_the_same_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    guess = forecast.forecast("paper", 400)
    forecast.keep_preset_times({"paper": 0.01, "tiny": 0.001})
    known = forecast.forecast("paper", 400)
    assert (known.measured, known.seconds, guess.measured) == (True, 800.0, False)
    assert "measured by p2p bench" in train_lines(Path("pairs"), 400)[0]
    monkeypatch.setattr(forecast, "core_share", lambda: 2.0)
    assert not forecast.forecast("paper", 400).measured


def test_the_formula_knows_the_preset_of_the_paper_and_a_small_one() -> None:
    assert forecast.GFLOP_PER_IMAGE.keys() == {"paper", "tiny"}


@pytest.mark.parametrize("name", ["tiny", pytest.param("paper", marks=pytest.mark.long)])
def test_the_formula_has_the_operations_that_the_bench_counts(name: str) -> None:
    from p2p_gan.bench.operations import count_operations
    from p2p_gan.config.presets import PRESETS

    counted = count_operations(PRESETS[name])
    assert forecast.GFLOP_PER_IMAGE[name] == pytest.approx(counted.flops / counted.batch / 1e9, rel=0.01)


def test_quiet_leaves_results_and_errors_wherever_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
        write_png(tmp_path / "photos" / f"{number}.png", picture)
    words = ["data", "derive", str(tmp_path / "photos"), str(tmp_path / "edges"), "--op", "edges"]
    assert main([*words, "--quiet"]) == 0
    said = capsys.readouterr()
    assert (said.err, said.out.count("\n"), "next" in said.out) == ("", 1, False)
    assert main(["--quiet", *words[:-1], "nothing"]) == 2
    assert capsys.readouterr().err
    assert main(words) == 0
    assert "next  p2p data pair" in capsys.readouterr().out


def test_the_version_names_torch_and_where_it_computes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("p2p_gan.machine.driver.may_have_gpu", lambda: False)
    assert main(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("p2p, version ")
    assert second.startswith("torch ")
    assert ", cpu (" in second


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_tab_completes_commands_options_and_choices(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def complete(line: str, last: str) -> str:
        monkeypatch.setenv("_P2P_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", f"{line} {last}" if shell != "fish" else line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split())) if shell != "fish" else last)
        with pytest.raises(SystemExit):
            main([])
        return capsys.readouterr().out

    assert "doctor" in complete("p2p", "do")
    assert "build-masks" in complete("p2p data", "build")
    assert "--keep-going" in complete("p2p data pair", "--keep")
    assert "stretch" in complete("p2p data pair --fit", "st")


def test_bash_itself_takes_the_completion(tmp_path: Path) -> None:
    (tmp_path / "p2p").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m p2p_cli "$@"\n')
    (tmp_path / "p2p").chmod(0o755)
    program = (
        'PATH="$1:$PATH"; eval "$(_P2P_COMPLETE=bash_source p2p)"; COMP_WORDS=(p2p data build); COMP_CWORD=2; '
        '_p2p_completion p2p; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", program, "bash", str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["build-masks"]

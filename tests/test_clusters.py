"""The page on clusters quotes what its program gives, and its commands are commands."""

import re
import subprocess
import sys
from pathlib import Path

from p2p_cli.train import command

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "clusters.md").read_text("utf-8")


def test_the_table_is_what_the_program_gives() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "scaling.py")]
    output = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert output in PAGE


def test_every_option_of_train_on_the_page_exists() -> None:
    known = {word for option in command.params for word in option.opts}
    calls = re.findall(r"(?:p2p|p2p_cli) train ([^\n|#]*)", PAGE)
    words = {word for call in calls for word in re.findall(r"--[a-z]+", call)}
    assert len(calls) >= 5
    assert words <= known

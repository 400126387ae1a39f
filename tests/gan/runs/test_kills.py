"""Kill -9 at any moment, also in the middle of a write, costs time and nothing else; `nox -s kills` has fifty.

`gan/training/test_replicas.py` has one in the middle of a write that is not long.
"""

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).with_name("kills.py")


@pytest.mark.long
def test_a_run_killed_three_times_ends_bit_for_bit_like_one_that_was_not() -> None:
    output = subprocess.run([sys.executable, str(KILLS), "--kills", "3"], capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    assert "in the middle of writing a checkpoint" in output.stdout
    assert int(output.stdout.split()[0]) >= 3

"""What `--fast` leaves out: tests that train, time updates, start a process, read real data, or kill their work."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_cli.app import main
from p2p_datatools.contract.pictures.images import write_png

if TYPE_CHECKING:
    from conftest import Forbidden

ROOT = Path(__file__).parents[1]
# Of datatools alone, for which torch is not loaded, and of what loads it.
LIGHT = {
    "tests/datatools/contract/test_words.py::test_bytes_that_are_no_text_here_reach_the_shell_as_they_are": (
        "starts a process"
    ),
    "tests/datatools/splits/test_apply.py::test_a_kill_at_any_moment_leaves_what_the_same_call_completes": (
        "kills its work at every moment"
    ),
    "tests/datatools/checks/test_folder.py::test_real_photos_and_pairs_are_sound": "reads real data",
}
HEAVY = {
    "tests/gan/models/test_model.py::test_a_model_knows_what_it_was_trained_for": "trains",
    "tests/gan/training/test_planning.py::test_timing_leaves_no_trace_in_the_run": "trains",
    "tests/test_clusters.py::test_the_table_is_what_the_program_gives": "starts a process",
}
RUN = "tests/datatools/contract/test_words.py::test_a_number_has_its_noun_in_the_right_form"
RUN_HEAVY = "tests/gan/updates/test_step.py::test_twenty_updates_give_the_losses_they_always_gave"


@pytest.mark.parametrize(
    ("skipped", "run"), [(LIGHT, RUN), pytest.param(HEAVY, RUN_HEAVY, marks=pytest.mark.long)], ids=["light", "heavy"]
)
def test_what_trains_starts_a_process_reads_real_data_or_kills_is_skipped_and_the_rest_runs(
    skipped: dict[str, str], run: str
) -> None:
    words = [sys.executable, "-m", "pytest", "--fast", "-v", "-m", "", "-p", "no:cacheprovider", *skipped, run]
    output = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stdout
    for test in skipped:
        assert f"{test} SKIPPED" in output.stdout
    for reason in skipped.values():
        assert f": {reason}\n" in output.stdout
    assert f"{run} PASSED" in output.stdout


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_run_and_the_updates_that_a_plan_times_count_as_training(
    words: tuple[str, ...], training_forbidden: "Forbidden", tmp_path: Path
) -> None:
    for split in ("train", "val"):
        write_png(tmp_path / "pairs" / split / "a.png", np.zeros((32, 64, 3), np.uint8))
    command = ["train", str(tmp_path / "pairs"), str(tmp_path / "run"), "--size", "32", "--device", "cpu", *words]
    with training_forbidden(), pytest.raises(pytest.skip.Exception, match="trains"):
        main(command)

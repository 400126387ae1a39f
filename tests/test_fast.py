"""What `--fast` leaves out: tests that train, time updates, start a process, read real data, or kill their work."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SKIPPED = {
    "tests/gan/models/test_model.py::test_a_model_knows_what_it_was_trained_for": "trains",
    "tests/gan/training/test_planning.py::test_timing_leaves_no_trace_in_the_run": "trains",
    "tests/test_clusters.py::test_the_table_is_what_the_program_gives": "starts a process",
    "tests/datatools/splits/test_apply.py::test_a_kill_at_any_moment_leaves_what_the_same_call_completes": (
        "kills its work at every moment"
    ),
    "tests/datatools/checks/test_folder.py::test_real_photos_and_pairs_are_sound": "reads real data",
}
RUN = "tests/gan/updates/test_step.py::test_twenty_updates_give_the_losses_they_always_gave"


def test_what_trains_starts_a_process_reads_real_data_or_kills_is_skipped_and_the_rest_runs() -> None:
    words = [sys.executable, "-m", "pytest", "--fast", "-v", "-p", "no:cacheprovider", *SKIPPED, RUN]
    output = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stdout
    for test in SKIPPED:
        assert f"{test} SKIPPED" in output.stdout
    for reason in SKIPPED.values():
        assert f": {reason}\n" in output.stdout
    assert f"{RUN} PASSED" in output.stdout

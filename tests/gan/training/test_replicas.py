"""Two processes train what one would: the scenes are played by `ranks.py`, once for all tests of this file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RANKS = Path(__file__).with_name("ranks.py")
EXACT = [
    *("instance norm", "synchronised statistics", "moving averages of both"),
    *("one pair left", "pretrained features", "accumulated, with synchronised statistics"),
]
MORE_EXACT = [
    "features and two scales",
    *("simultaneous updates", "a penalty at the real pairs", "spectral norm", "a focal frequency loss"),
    *("segmentation", "norms of classes", "labels of each pixel alike, above those of the real photo"),
    *("labels, each class alike", "no discriminator", "three pairs left"),
    *("accumulated", "accumulated, three pairs left"),
]


def play(folder: Path, *words: str) -> dict[str, Any]:
    """What came of the scenes."""
    output = subprocess.run([sys.executable, str(RANKS), str(folder), *words], capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    found: dict[str, Any] = json.loads(output.stdout)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of every scene but those of the long tests."""
    return play(tmp_path_factory.mktemp("ranks"))


@pytest.fixture(scope="module")
def played_more(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the scenes of the long tests."""
    return play(tmp_path_factory.mktemp("more"), "more")


def gave(processes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert all("gave" in each for each in processes), processes
    return [each["gave"] for each in processes]


@pytest.mark.parametrize("case", EXACT)
def test_gradients_and_statistics_of_two_processes_are_those_of_one(played: dict[str, Any], case: str) -> None:
    gradients, buffers, count = played["compared"]["gave"][case]
    assert count > 20
    assert gradients < 1e-4
    assert buffers < 1e-5


@pytest.mark.long
@pytest.mark.parametrize("case", MORE_EXACT)
def test_gradients_of_two_processes_are_those_of_one_whatever_is_learnt_from(
    played_more: dict[str, Any], case: str
) -> None:
    test_gradients_and_statistics_of_two_processes_are_those_of_one(played_more, case)


def test_gradients_of_two_processes_are_those_of_one_where_losses_are_balanced_and_in_bfloat16_but_for_rounding(
    played: dict[str, Any],
) -> None:
    assert played["compared"]["gave"]["balanced classes"][0] < 1e-3
    assert played["compared"]["gave"]["bfloat16"][0] < 0.2


def test_without_synchronised_statistics_each_device_has_its_own(played: dict[str, Any]) -> None:
    gradients, buffers, _ = played["compared"]["gave"]["statistics of each device"]
    assert gradients > 0.1
    assert buffers > 0.1


def test_two_processes_draw_disjoint_positions_that_together_are_the_order_of_one(played: dict[str, Any]) -> None:
    first, second = gave(played["whole"][0])
    together = [mine + theirs for mine, theirs in zip(first["drawn"], second["drawn"], strict=True)]
    assert together == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15], [16, 17, 18, 19], [20, 21]]


def test_one_process_writes_and_the_record_says_how_many_trained(played: dict[str, Any]) -> None:
    first, second = gave(played["whole"][0])
    assert {"model.safetensors", "best.safetensors", "run.json", "stats.jsonl"} <= set(first["files"])
    assert second["files"] == []
    state = played["whole state"]
    assert state["record"]["processes"] == 2
    assert state["record"]["config"]["device"] == "cpu"
    logged = [line["images"] for line in state["stats"] if "g_l1" in line]
    assert logged == [4, 8, 12, 16, 20, 22]


def test_a_signal_to_one_process_stops_both_after_the_same_update_and_resuming_is_exact(played: dict[str, Any]) -> None:
    stopped, resumed = (gave(call) for call in played["stopped"])
    assert [each["images"] for each in stopped] == [12, 12]
    assert all(each["interrupted"] for each in stopped)
    assert [each["before"] for each in resumed] == [12, 12]
    assert played["stopped state"]["state"] == played["whole state"]["state"]
    assert played["stopped state"]["stats"] == played["whole state"]["stats"]


def test_after_a_killed_process_the_run_resumes_and_ends_bit_for_bit_like_one_without(played: dict[str, Any]) -> None:
    (lost, dead), resumed = played["killed"][0], gave(played["killed"][1])
    assert dead == {"killed": 9}
    assert (lost["type"], lost["code"]) == ("LostError", "lost-process")
    assert lost["passing"]
    assert lost["seconds"] < 300  # and does not wait for a timeout of fifteen minutes
    assert resumed[0]["before"] == 12
    assert resumed[1]["drawn"] == [[14, 15], [18, 19], [21]]
    assert played["killed state"]["state"] == played["whole state"]["state"]
    assert played["killed state"]["model"] == played["whole state"]["model"]


def test_a_process_killed_in_the_middle_of_writing_a_checkpoint_ends_bit_for_bit_like_one_that_was_not(
    played: dict[str, Any],
) -> None:
    (dead,), (resumed,) = played["torn"][0], gave(played["torn"][1])
    assert dead == {"killed": 9}
    assert ".tmp" in played["left"]
    assert resumed["before"] == 8
    for what in ("state", "model", "stats"):
        assert played["torn state"][what] == played["alone state"][what]


def test_a_run_resumed_on_fewer_devices_keeps_images_and_order_and_says_what_differs(played: dict[str, Any]) -> None:
    (alone,) = gave(played["fewer"][0])
    assert alone["before"] == 12
    assert alone["drawn"] == [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21]]
    assert any("The run began on 2 devices and continues on 1 device" in line for line in alone["lines"])
    assert played["fewer state"]["record"]["processes"] == 1


@pytest.mark.long
def test_a_raising_process_gives_one_line_that_names_it_and_the_others_end(played_more: dict[str, Any]) -> None:
    first, second = played_more["failing"]
    assert second["code"] == "unexpected-error"
    assert second["error"].startswith("rank 1: ValueError: something is odd (ranks.py, line ")
    assert "\n" not in second["error"]
    assert second["elsewhere"] is False
    assert first["elsewhere"]
    assert first["seconds"] < 300  # and does not wait for a timeout of fifteen minutes


@pytest.mark.long
def test_all_processes_go_back_when_the_losses_of_one_are_nan(played_more: dict[str, Any]) -> None:
    first, second = gave(played_more["diverging"])
    assert first["drawn"] == [[0, 1], [4, 5], [8, 9], [12, 13], [12, 13], [16, 17], [20]]
    assert second["drawn"] == [[2, 3], [6, 7], [10, 11], [14, 15], [14, 15], [18, 19], [21]]
    assert any("returns to image 12 and continues with half the learning rate" in line for line in first["lines"])


@pytest.mark.long
def test_a_batch_that_cannot_be_shared_alike_is_refused_with_the_nearest_that_can(played_more: dict[str, Any]) -> None:
    first, second = played_more["uneven"][0]
    assert (first["type"], first["code"]) == ("UsageError", "uneven-batch")
    assert first["error"].startswith("rank 0: batch=3: ")
    assert "Choose 2 or 4, " in first["error"]
    assert second["elsewhere"]
    assert not second["passing"]


def test_other_pairs_on_another_machine_are_refused_there(played: dict[str, Any]) -> None:
    first, second = played["elsewhere"]
    assert second["code"] == "other-pairs"
    assert first["elsewhere"]

"""A run from start to end, and that no interruption changes what it ends with."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import read_lines
from p2p_datatools.contract.images import read_photo
from p2p_datatools.contract.progress import Reporter
from p2p_gan import checkpoint
from p2p_gan.config import Config
from p2p_gan.job import rate_at
from p2p_gan.loop import train
from p2p_gan.model import FILE
from p2p_gan.plan import plan

PROGRAM = """
import json, sys
from pathlib import Path
from p2p_gan.settings import config_from_json
from p2p_gan.loop import train
pairs, run, config = sys.argv[1:]
print("ready", flush=True)
summary = train(Path(pairs), Path(run), config_from_json(json.loads(config), where="test"))
print(summary.images, summary.interrupted)
"""


class Stop(Reporter):
    """Interrupts this process with a signal after so many images."""

    def __init__(self, after: int) -> None:
        self.after, self.training = after, False

    def start(self, what: str, total: int, done: int = 0, *, unit: str = "") -> None:
        self.training = what == "training"
        self.seen = done

    def advance(self, units: int = 1, **figures: float) -> None:
        self.seen += units
        if self.training and self.seen == self.after:
            os.kill(os.getpid(), signal.SIGINT)


def final_state(run: Path) -> tuple[bytes, bytes]:
    newest = max((run / checkpoint.FOLDER).glob("*.safetensors"))
    return (run / FILE).read_bytes(), newest.read_bytes()


def stats(run: Path) -> list[dict[str, float]]:
    timings = {"seconds", "images_per_s", "waited"}
    return [{k: v for k, v in line.items() if k not in timings} for line in read_lines(run / "stats.jsonl")]


def test_a_run_writes_everything_a_person_looks_for(run_folder: Path) -> None:
    record = json.loads((run_folder / "run.json").read_text())
    assert record["config"]["precision"] == "float32"
    assert record["config"]["depth"] == 5
    assert record["machine"]["torch"]
    assert [line["images"] for line in stats(run_folder) if "g_l1" in line] == [4, 8, 12]
    assert sorted(path.name for path in (run_folder / "samples").iterdir()) == ["0000000006.png", "0000000012.png"]
    assert read_photo(run_folder / "samples" / "0000000006.png").shape == (64, 96, 3)
    assert not list(run_folder.rglob("*.tmp"))


def test_two_runs_of_one_seed_are_alike_and_of_another_are_not(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train(pair_folder, tmp_path / name, replace(tiny, seed=seed))
    assert final_state(tmp_path / "one") == final_state(tmp_path / "two")
    assert final_state(tmp_path / "one") != final_state(tmp_path / "three")


@pytest.mark.parametrize("after", [3, 4, 7])
def test_a_run_interrupted_by_ctrl_c_ends_bit_for_bit_like_one_that_was_not(
    pair_folder: Path, tiny: Config, tmp_path: Path, after: int
) -> None:
    whole = train(pair_folder, tmp_path / "whole", tiny)
    assert not whole.interrupted
    stopped = train(pair_folder, tmp_path / "run", tiny, report=Stop(after))
    assert (stopped.interrupted, stopped.images) == (True, after)
    resumed = train(pair_folder, tmp_path / "run", tiny)
    assert (resumed.before, resumed.images) == (after, 12)
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")
    lines = stats(tmp_path / "run")
    assert {"resumed_at": after} in lines
    assert [line for line in lines if "images" in line] == stats(tmp_path / "whole")


def test_a_killed_run_ends_bit_for_bit_like_one_that_was_not(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    config = replace(tiny, images=80, checkpoint_every=10, log_every=20, sample_every=40)
    command = [sys.executable, "-c", PROGRAM, str(pair_folder), str(tmp_path / "run"), json.dumps(config.to_json())]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        wait_for_checkpoint(tmp_path / "run", 20)
        process.kill()
    resumed = train(pair_folder, tmp_path / "run", config)
    assert 20 <= resumed.before < resumed.images == 80
    train(pair_folder, tmp_path / "whole", config)
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")
    assert [line for line in stats(tmp_path / "run") if "images" in line] == stats(tmp_path / "whole")


def wait_for_checkpoint(run: Path, images: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if any(int(path.stem) >= images for path in (run / checkpoint.FOLDER).glob("*.json")):
            return
        time.sleep(0.005)
    raise AssertionError("no checkpoint was written")


def test_a_finished_run_is_left_alone_and_more_images_extend_it(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    steady = replace(tiny, schedule="constant")
    train(pair_folder, tmp_path / "run", steady)
    before = final_state(tmp_path / "run")
    again = train(pair_folder, tmp_path / "run", steady)
    assert (again.before, again.images, final_state(tmp_path / "run")) == (12, 12, before)
    assert again.plan is None
    longer = train(pair_folder, tmp_path / "run", replace(steady, images=20))
    assert (longer.before, longer.images) == (12, 20)
    train(pair_folder, tmp_path / "whole", replace(steady, images=20))
    assert final_state(tmp_path / "run") == final_state(tmp_path / "whole")


def test_a_finished_run_needs_no_device_to_be_left_alone(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    train(pair_folder, tmp_path / "run", tiny)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["config"]["device"] = "cuda:7"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    automatic = replace(tiny, device="auto")
    assert train(pair_folder, tmp_path / "run", automatic).plan is None
    with pytest.raises(UsageError, match="device=cuda:7"):
        train(pair_folder, tmp_path / "run", replace(automatic, images=20))


def test_a_changed_setting_is_refused_by_name_before_anything_is_written(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    train(pair_folder, tmp_path / "run", tiny)
    before = final_state(tmp_path / "run")
    with pytest.raises(UsageError, match=r"rate was 0.0004, now 0.001"):
        train(pair_folder, tmp_path / "run", replace(tiny, rate=0.001))
    assert final_state(tmp_path / "run") == before


def test_a_place_that_holds_something_else_is_refused_before_any_work(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        train(pair_folder, tmp_path / "mine", tiny)


def test_bad_pairs_leave_no_run_folder(pair_folder: Path, tiny: Config, tmp_path: Path) -> None:
    (pair_folder / "train" / "car-002.png").write_bytes(b"")
    with pytest.raises(P2PError, match=r"car-002.png: the file is empty"):
        train(pair_folder, tmp_path / "run", tiny)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_stops_the_run_in_one_line_with_the_last_checkpoint_whole(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=4))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(P2PError, match="No space left on device"):
        train(pair_folder, tmp_path / "run", tiny)
    monkeypatch.undo()
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert train(pair_folder, tmp_path / "run", tiny).before == 4


def test_linear_decay_falls_in_the_second_half_and_constant_does_not() -> None:
    linear = Config(images=100, schedule="linear", rate=1.0)
    assert [rate_at(linear, seen) for seen in (0, 49, 50, 75, 100)] == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert rate_at(Config(images=100, rate=1.0), 99) == 1.0


def test_epochs_become_images_once(pair_folder: Path, tiny: Config) -> None:
    planned = plan(pair_folder, replace(tiny, images=None, epochs=3))
    assert planned.config.images == 24
    assert planned.direction == "mask-to-photo"


def test_batches_larger_than_one_train_and_take_gathered_statistics(
    pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    from p2p_gan.model import load_model

    summary = train(pair_folder, tmp_path / "run", replace(tiny, batch=5))
    assert summary.images == 12
    assert load_model(tmp_path / "run").card.statistics == "running"

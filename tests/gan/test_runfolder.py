"""One writer at a time, no stranger's folder, no silent change of what a run depends on."""

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from p2p_datatools.contract.errors import P2PError, UsageError
from p2p_datatools.contract.files import append_lines, read_lines
from p2p_gan.config import Config
from p2p_gan.runfolder import STATS, RunFolder, refuse_changes

HOLDER = """
import sys, time, pathlib
from p2p_gan.runfolder import RunFolder
place = RunFolder(pathlib.Path(sys.argv[1]))
place.hold()
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(UsageError, match="holds something else"):
        RunFolder(tmp_path)
    with pytest.raises(UsageError, match="is a file, not a run folder"):
        RunFolder(tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(
            P2PError, match=rf"process {first.pid} on {socket.gethostname()} \(this machine\) since 20.* is training"
        ):
            RunFolder(tmp_path).hold()
        first.kill()
    second = RunFolder(tmp_path)
    second.hold()
    second.release()


def test_the_record_is_cut_at_the_checkpoint_and_says_where_it_was_resumed(tmp_path: Path) -> None:
    append_lines(tmp_path / STATS, [{"images": 4}, {"images": 8}, {"images": 12}])
    with (tmp_path / STATS).open("a") as file:
        file.write('{"images": 1')
    RunFolder(tmp_path / "none")
    place = object.__new__(RunFolder)
    place.path = tmp_path
    place.cut_log(8)
    assert read_lines(tmp_path / STATS) == [{"images": 4}, {"images": 8}, {"resumed_at": 8}]


def test_every_changed_setting_is_named(tmp_path: Path) -> None:
    old = Config(images=10, device="cpu", precision="float32", threads=2, depth=8)
    with pytest.raises(UsageError, match=r"seed was 0, now 1; rate was 0.0002, now 0.001"):
        refuse_changes(tmp_path, old, replace(old, rate=0.001, seed=1))


def test_a_run_may_be_extended_and_may_write_more_often(tmp_path: Path) -> None:
    old = Config(images=10, device="cpu", precision="float32", threads=2, depth=8)
    refuse_changes(tmp_path, old, replace(old, images=20, checkpoint_every=5, threads=0, device="auto"))


def test_a_run_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": "p2p-run", "version": 99}')
    with pytest.raises(P2PError, match="newer p2p"):
        RunFolder(tmp_path).read()

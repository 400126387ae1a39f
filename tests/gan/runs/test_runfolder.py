"""One writer at a time, no stranger's folder, no silent change of what a run depends on."""

import errno
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files import lock
from p2p_datatools.contract.files.atomic import append_lines, read_json, read_lines, write_json
from p2p_datatools.contract.files.lock import OWNER
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.runs import runfolder
from p2p_gan.runs.runfolder import STATS, RunFolder, changed_pairs, describe_splits, read_stats, refuse_changes

if TYPE_CHECKING:
    from conftest import Notes, Refused


HOLDER = """
import sys, time, pathlib
from p2p_gan.runs.runfolder import RunFolder
place = RunFolder(pathlib.Path(sys.argv[1]))
place.hold()
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with refused("destination-taken", tmp_path, usage=True):
        RunFolder(tmp_path)
    with refused("not-a-folder", tmp_path / "thesis.tex", usage=True):
        RunFolder(tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path, refused: "Refused") -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with refused("run-in-use", tmp_path) as error:
            RunFolder(tmp_path).hold()
        assert f"process {first.pid} on {socket.gethostname()} (this machine) since 20" in error.value.what
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


def test_lines_of_the_checkpoint_s_image_that_it_does_not_know_are_cut_too(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    known: list[dict[str, Any]] = [
        {"images": 4, "validation": {"l1": 0.5}},
        {"images": 4, "diverged": {}},
        {"images": 8, "d_real": 0.5},
    ]
    seen: list[dict[str, Any]] = [{"images": 8, "validation": {"l1": 0.4}}, {"images": 8, "stopped": {}}]
    slow: dict[str, Any] = {"images": 8, "recovered_from": {}}
    bad: dict[str, Any] = {"images": 8, "diverged": {}}
    for looked in (True, False):
        for slowed in (True, False):
            (tmp_path / STATS).unlink(missing_ok=True)
            for line in [*known, *seen, slow, bad]:
                run.log(line)
            run.cut_log(8, looked=looked, slowed=slowed)
            assert read_stats(tmp_path) == [*known, *seen * looked, *[slow] * slowed, {"resumed_at": 8}]


def test_a_process_killed_on_another_host_is_named_and_does_not_keep_others_out(tmp_path: Path, notes: "Notes") -> None:
    owner = {"pid": 7, "host": "node-12", "since": "2026-11-22T05:13:13+00:00"}
    write_json(tmp_path / OWNER, owner)
    place = RunFolder(tmp_path)
    place.hold(notes)
    (line,) = notes.lines
    assert "process 7 on node-12 has used this run folder since 2026-11-22T05:13:13+00:00" in line
    assert read_json(tmp_path / OWNER)["pid"] == os.getpid()
    place.release()
    assert not (tmp_path / OWNER).exists()
    notes.lines.clear()
    RunFolder(tmp_path).hold(notes)
    assert notes.lines == []


def test_a_run_that_another_process_began_meanwhile_is_not_begun_again(tmp_path: Path, refused: "Refused") -> None:
    late = RunFolder(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with refused("run-in-use", tmp_path):
        late.hold()
    late.release()


@pytest.mark.parametrize("moment", [FileNotFoundError(errno.ENOENT, "missing"), OSError(errno.ESTALE, "stale")])
def test_a_run_that_a_network_disk_misses_for_a_moment_was_not_moved(
    tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch, moment: OSError
) -> None:
    monkeypatch.setattr(runfolder, "_LOOK", 0.001)
    (tmp_path / "run.json").write_text("{}")
    place, missed, stat = RunFolder(tmp_path), list[object](), Path.stat

    def miss(path: Path, **named: bool) -> os.stat_result:
        if path.name == "run.json" and len(missed) < most:
            missed.append(path)
            raise moment
        return stat(path, **named)

    monkeypatch.setattr(Path, "stat", miss)
    most = 3
    place.require_in_place()
    assert len(missed) == most
    most = 1000
    with refused("run-moved" if moment.errno == errno.ENOENT else "unreadable-file"):
        place.require_in_place()


def test_an_owner_of_this_host_is_dead_when_the_lock_is_free(tmp_path: Path, notes: "Notes") -> None:
    write_json(tmp_path / OWNER, {"pid": 7, "host": socket.gethostname(), "since": "yesterday"})
    RunFolder(tmp_path).hold(notes)
    assert notes.lines == []


def test_a_holder_that_says_nothing_of_itself_is_refused_all_the_same(
    tmp_path: Path, refused: "Refused", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_LOOK", 0.001)
    first = RunFolder(tmp_path)
    first.hold()
    (tmp_path / OWNER).write_text("{")
    with refused("run-in-use", tmp_path) as error:
        RunFolder(tmp_path).hold()
    assert "another process " in error.value.what
    first.release()


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    for name in (".run.json.0a1b.tmp", "checkpoints/.0000000008.safetensors.0a1b.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "checkpoints").rename(tmp_path.parent / "aside")
    place = RunFolder(tmp_path)  # a kill before run.json does not make it a stranger's folder
    (tmp_path.parent / "aside").rename(tmp_path / "checkpoints")
    place.hold()
    assert not list(tmp_path.rglob("*.tmp"))
    place.release()


@pytest.mark.parametrize("place", ["", "checkpoints", "run.json"])
def test_a_folder_without_rights_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, refused: "Refused"
) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "run.json").write_text("{}")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / place)
    with refused("no-rights", tmp_path / place) as error:
        RunFolder(tmp_path)
    assert "permission denied" in error.value.what


def test_a_new_run_is_refused_where_no_folder_may_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with refused("no-rights", tmp_path):
        RunFolder(tmp_path / "new" / "run")


def test_a_place_at_which_no_folder_can_be_is_refused_before_any_work(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for place, why in (("link", str(tmp_path / "gone")), ("file/run", str(tmp_path / "file"))):
        with refused("not-a-folder", tmp_path / place) as error:
            RunFolder(tmp_path / place)
        assert why in error.value.what
    (tmp_path / "gone").mkdir()
    RunFolder(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_looked_into_is_refused(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "run").mkdir(mode=0)
    with refused("no-rights", tmp_path / "run"):
        RunFolder(tmp_path / "run")


@pytest.mark.parametrize(
    ("field", "code", "told"), [("warmth", "unknown-setting", "warmth"), ("game", "renamed-setting", "gan_loss")]
)
def test_a_field_of_another_version_is_named_with_who_wrote_it(
    tmp_path: Path, field: str, code: str, told: str, refused: "Refused"
) -> None:
    record = {"format": "p2p-run", "version": 1, "p2p": "0.7.0", "config": {**Config().to_json(), field: "hinge"}}
    write_json(tmp_path / "run.json", record)
    with refused(code, tmp_path / "run.json", usage=False) as caught:
        RunFolder(tmp_path).config()
    assert told in caught.value.what
    assert "p2p 0.7.0" in caught.value.to_do


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "damaged-json"),
        ("[]", "not-a-run"),
        ("{", "damaged-json"),
        ('{"format": "p2p-run"}', "unknown-version"),
        ('{"format": "other", "version": 1}', "not-a-run"),
    ],
)
def test_a_damaged_record_is_refused_in_one_line(tmp_path: Path, content: str, code: str, refused: "Refused") -> None:
    (tmp_path / "run.json").write_text(content)
    with refused(code, tmp_path / "run.json") as error:
        RunFolder(tmp_path).config()
    assert ("--from" in error.value.to_do) == (code == "damaged-json")  # its models can be used without it


@pytest.mark.parametrize(
    ("field", "value"),
    [("machine", None), ("machine", "a fast one"), ("splits", []), ("splits", {"train": 5}), ("pairs", 5)],
)
def test_a_field_of_the_record_that_was_not_so_written_is_named(
    tmp_path: Path, field: str, value: object, refused: "Refused"
) -> None:
    write_json(tmp_path / "run.json", {"format": "p2p-run", "version": 1, field: value})
    with refused("damaged-file", tmp_path / "run.json") as error:
        RunFolder(tmp_path).read()
    assert f"its field {field} " in error.value.what


@pytest.mark.parametrize("config", [None, [], {"seed": "inf"}, {"learning_rate": True}])
def test_a_config_that_was_not_so_written_is_a_problem_of_the_run(tmp_path: Path, config: object) -> None:
    write_json(tmp_path / "run.json", {"format": "p2p-run", "version": 1, "config": config})
    with pytest.raises(P2PError) as error:
        RunFolder(tmp_path).config()
    assert error.value.where == str(tmp_path / "run.json")
    assert error.value.to_do.startswith("If it was edited, ")
    assert error.value.exit_code == 1


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "5",
        "null",
        '{"images": "x"}',
        '{"seconds": []}',
        '{"validation": 1}',
        '{"g_l1": "x"}',
        '{"images": 8, "validation": {"l1": null}}',
        '{"validation": {"l1": 0.5, "best": true}}',
        f'{{"seconds": 1{"0" * 400}}}',
        f'{{"images": 1{"0" * 400}}}',
    ],
)
def test_a_line_that_does_not_belong_to_the_record_is_named(tmp_path: Path, line: str, refused: "Refused") -> None:
    (tmp_path / STATS).write_text('{"images": 4}\n' + line + "\n")
    with refused("damaged-file", tmp_path / STATS) as error:
        read_stats(tmp_path)
    assert "line 2 " in error.value.what
    assert error.value.to_do.startswith("Delete that line")


@pytest.mark.parametrize("line", [b'{"images": 1', b"\0\0\0\0\0\0", b""], ids=["cut", "zeros of a power cut", "empty"])
def test_a_line_that_is_no_json_is_deleted_since_no_run_can_be_fetched_again(
    tmp_path: Path, line: bytes, refused: "Refused"
) -> None:
    (tmp_path / STATS).write_bytes(b'{"images": 4}\n' + line + b'\n{"images": 8}\n')
    with refused("damaged-json", tmp_path / STATS) as error:
        read_stats(tmp_path)
    assert "line 2 " in error.value.what
    assert error.value.to_do.startswith("Delete that line")


def test_changes_of_the_pairs_are_reported_split_by_split(pair_folder: Path, other_pairs: Path) -> None:
    before, after = open_pairs(pair_folder), open_pairs(other_pairs)
    record = {"data_hash": before.data_hash, "splits": describe_splits(before)}
    assert changed_pairs(record, before) == []
    assert "train had 8 pairs, now 9" in changed_pairs(record, after)
    renamed = replace(before, pairs=tuple(replace(each, name=f"{each.name}x") for each in before.pairs))
    assert "test has 2 pairs as before, but not the same" in changed_pairs(record, renamed)
    assert changed_pairs({"data_hash": "x"}, before) == ["the pairs or their split are not the same"]


def test_every_changed_setting_is_named(tmp_path: Path, refused: "Refused") -> None:
    old = Config(images=10, device="cpu", precision="float32", threads=2, unet_depth=8)
    with refused("other-settings", tmp_path, usage=True) as error:
        refuse_changes(tmp_path, old, replace(old, learning_rate=0.001, seed=1))
    assert "seed was 0, now 1; learning_rate was 0.0002, now 0.001" in error.value.what


def test_a_crop_that_is_left_out_is_a_changed_setting_and_not_an_automatic_one(
    tmp_path: Path, refused: "Refused"
) -> None:
    with refused("other-settings", tmp_path, usage=True) as error:
        refuse_changes(tmp_path, Config(crop=Size(128, 128)), Config())
    assert "crop was 128x128, now none" in error.value.what


def test_a_run_is_scored_on_the_same_pairs_to_its_end_for_its_best_is_among_them(
    tmp_path: Path, refused: "Refused"
) -> None:
    with refused("other-settings", tmp_path, usage=True) as error:
        refuse_changes(tmp_path, Config(), Config(validate_pairs=5))
    assert "validate_pairs was 100, now 5" in error.value.what


def test_a_run_may_be_extended_and_may_write_more_often(tmp_path: Path) -> None:
    old = Config(images=10, device="cpu", precision="float32", threads=2, unet_depth=8)
    refuse_changes(tmp_path, old, replace(old, images=20, checkpoint_every=5, threads=0, device="auto"))


def test_a_run_of_a_newer_version_is_not_touched(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "run.json").write_text('{"format": "p2p-run", "version": 99}')
    with refused("unknown-version", tmp_path / "run.json"):
        RunFolder(tmp_path).read()

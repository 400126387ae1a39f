"""Mutated files are read or refused in one line, whoever reads them: a fixed portion of what `nox -s fuzz` tries."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz.mutate import mutate
from fuzz.run import Tally, find_targets, make_input, run_input, run_inputs, try_input
from fuzz.steer import SteeredRandom
from fuzz.targets import Target

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.read import FORMATS

TARGETS = find_targets()
FEW, MANY = 2, 10  # inputs: of targets that do a whole piece of work with each, and of the others
SLOW = ("-again", "build-masks", "evaluate", "split-plan", "mask-folder", "weights", "checkpoint", "model", "manifest")


@pytest.mark.parametrize("times", [(0, 1), pytest.param((1, 4), marks=pytest.mark.long)], ids=["few", "many"])
@pytest.mark.parametrize("name", TARGETS)
def test_mutated_files_are_read_or_refused_and_nothing_foreign_is_raised(
    name: str, times: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--fast"):
        pytest.skip("reads many mutated files")
    count = FEW if any(each in name for each in SLOW) else MANY
    inputs = range(*(count * each for each in times))
    tally = run_inputs(TARGETS[name], inputs, seed=1)
    assert not tally.kinds
    assert tally.inputs == len(inputs)


@pytest.mark.parametrize("name", TARGETS)
def test_the_files_that_mutations_begin_with_are_accepted(name: str, tmp_path: Path) -> None:
    ends = [try_input(TARGETS[name], tree, tmp_path / f"{n}" / "in") for n, tree in enumerate(TARGETS[name].seeds)]
    # A GIF of several frames, weights of another network, labels of the other kind of palette, and masks of single
    # classes unless they are named, are refused; so are rendered frames, whose photos are called otherwise than a.jpg.
    refused = {"pictures": 1, "weights": 1, "build-masks": 9}.get(name, 0)
    assert ends.count(("accepted", "")) >= len(ends) - refused
    assert not [kind for _, kind in ends if kind]


def test_every_label_format_is_among_the_targets() -> None:
    assert FORMATS.keys() <= TARGETS.keys()


def test_the_same_number_and_seed_give_the_same_input() -> None:
    one, again = (make_input(TARGETS["coco"], 7, 1) for _ in range(2))
    assert one == again
    assert make_input(TARGETS["coco"], 7, 2) != one


def broken(folder: Path) -> None:
    """A reader that does not expect a list."""
    text = (folder / "a.json").read_text("utf-8", "replace")
    if text.startswith("["):
        raise IndexError(text)
    if not text.startswith('{"'):
        raise P2PError(folder, "is no table", "Write one.", code="x")


def test_a_foreign_exception_is_found_counted_and_kept(tmp_path: Path) -> None:
    target = Target("x", lambda: [{"a.json": b"[1]"}, {"a.json": b'{"a": 1}'}], broken)
    tally = run_inputs(target, range(60), seed=0, keep=tmp_path)
    assert tally.foreign == sum(tally.kinds.values()) > 0
    assert tally.ends["accepted"] > 0
    assert tally.ends["refused"] > 0
    assert all("IndexError" in kind for kind in tally.kinds)
    assert len(list(tmp_path.glob("x-*/files/a.json"))) >= 1


def test_a_mutation_leaves_the_seed_as_it_is() -> None:
    from random import Random

    tree = {"a.json": b'{"a": [1, 2]}', "b.txt": b"x y"}
    before = dict(tree)
    assert [mutate(tree, Random(seed)) for seed in range(20)].count(before) < 20
    assert tree == before


def test_the_same_bytes_give_the_same_input_and_others_another() -> None:
    inputs = [make_input(TARGETS["coco"], bytes([each] * 60), 1) for each in (7, 7, 8)]
    assert inputs[0] == inputs[1] != inputs[2]
    assert make_input(TARGETS["coco"], bytes([7] * 60), 2) == inputs[0]  # the seed has no part in it


def test_bytes_decide_numbers_until_they_are_used_up() -> None:
    one, other = SteeredRandom(b"\x00\x80\x05abc"), SteeredRandom(b"\x00\x80\x05abd")
    assert one.random() == other.random() == 0.5
    assert one.getrandbits(4) == other.getrandbits(4) == 5
    assert one.choice(range(256)) == other.choice(range(256)) == ord("a")
    many = [[each.random() for _ in range(20)] for each in (one, other)]
    assert many[0] != many[1]
    assert len({*many[0]}) > 15


def test_an_input_that_bytes_lead_to_is_kept_with_them_and_repeated(tmp_path: Path) -> None:
    target, tally = Target("x", lambda: [{"a.json": b"[1]"}], broken), Tally()
    for each in range(60):
        run_input(target, bytes([each] * 40), tally, seed=0, place=tmp_path / "place", keep=tmp_path)
    assert tally.inputs == 60
    kept = sorted(tmp_path.glob("x-*/steps.bin"))
    assert len(kept) == len(tally.kinds) > 0
    for path in kept:
        assert f"--again {path}" in (path.parent / "kind.txt").read_text()
        tree = make_input(target, path.read_bytes(), 0)
        assert tree["a.json"] == (path.parent / "files/a.json").read_bytes()


def run_fuzz(*words: str) -> str:
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "fuzz.run", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=os.environ | {"PYTHONPATH": paths}
    )
    assert done.returncode == 0 or "--again" in words, done.stderr  # which raises what the input raised
    return done.stdout


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed; see CONTRIBUTING.md")
def test_atheris_steers_mutations_of_a_target_and_they_are_counted(tmp_path: Path) -> None:
    words = ("--engine", "atheris", "--only", "palette", "--inputs", "150", "--minutes", "2", "--keep", str(tmp_path))
    first = run_fuzz(*words)
    assert "palette                  150" in first
    assert "Nothing foreign." in first
    corpus = [*(tmp_path / "corpus/palette").iterdir()]
    assert len(corpus) > 5  # what led to lines that nothing had led to before
    # What is known from before is read again, and not counted again.
    assert "palette                  150" in run_fuzz(*words)
    again = run_fuzz("--only", "palette", "--again", str(corpus[0]))
    assert again.splitlines()[1].startswith(("accepted", "refused"))


def test_only_the_time_of_the_processor_is_limited_to_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("fuzz.run.SECONDS", 0.02)

    def wait(folder: Path) -> None:
        time.sleep(0.05)

    def compute(folder: Path) -> None:
        while folder.exists():
            pass

    made = [{"a.json": b"[1]"}]
    assert try_input(Target("x", lambda: made, wait), made[0], tmp_path / "wait") == ("accepted", "")
    ended, kind = try_input(Target("x", lambda: made, compute), made[0], tmp_path / "compute")
    assert ended == "foreign"
    assert kind.startswith("TooLongError: 0.02 s ")
    monkeypatch.setattr("fuzz.run.WAITED", 0.02)
    ended, kind = try_input(Target("x", lambda: made, wait), made[0], tmp_path / "again")
    assert "by the clock" in kind

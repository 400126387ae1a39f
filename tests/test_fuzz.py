"""Mutated files are read or refused in one line, whoever reads them: a fixed portion of what `nox -s fuzz` tries."""

from pathlib import Path

import pytest
from fuzz.mutate import mutate
from fuzz.run import find_targets, make_input, run_inputs, try_input
from fuzz.targets import Target

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.labels.read import FORMATS

TARGETS = find_targets()
FEW, MANY = 4, 40  # inputs: of targets that do a whole piece of work with each, and of the others
SLOW = ("-again", "build-masks", "evaluate", "split-plan", "mask-folder", "weights", "checkpoint", "model", "manifest")


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_files_are_read_or_refused_and_nothing_foreign_is_raised(
    name: str, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--fast"):
        pytest.skip("reads many mutated files")
    count = FEW if any(each in name for each in SLOW) else MANY
    tally = run_inputs(TARGETS[name], range(count), seed=1)
    assert not tally.kinds
    assert tally.inputs == count


@pytest.mark.parametrize("name", TARGETS)
def test_the_files_that_mutations_begin_with_are_accepted(name: str, tmp_path: Path) -> None:
    ends = [try_input(TARGETS[name], tree, tmp_path / f"{n}" / "in") for n, tree in enumerate(TARGETS[name].seeds)]
    # A GIF of several frames, weights of another network and labels of the other kind of palette are refused.
    refused = {"pictures": 1, "weights": 1, "build-masks": 6}.get(name, 0)
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

"""What a report says of the pairs of a run: their splits, their source, and pictures in two splits."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from p2p_datatools.contract.files.atomic import read_json
from p2p_gan.reports.data import Leak, data_facts


def test_the_splits_are_those_of_the_record_and_the_pairs_are_found_where_they_are(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(pairs="pairs")
    monkeypatch.chdir("/")  # training was started elsewhere
    facts = data_facts(read_json(run / "run.json"), run)
    assert facts.splits == {"train": 8, "val": 2, "test": 2}
    assert facts.scored == "test"
    assert facts.place == run.parent / "pairs"


def test_a_picture_in_two_splits_is_a_leak(make_run: Callable[..., Path], pair_folder: Path) -> None:
    lines = [json.loads(line) for line in (pair_folder / "pairs.jsonl").read_text().splitlines()]
    test, train = (next(line for line in lines if line["split"] == split) for split in ("test", "train"))
    for number, line in enumerate(lines):
        line["hash"] = f"{number:064x}"
    (pair_folder / "pairs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    without = make_run("without")
    assert data_facts(read_json(without / "run.json"), without).leaks == ()
    test["hash"] = train["hash"]
    (pair_folder / "pairs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = make_run()
    facts = data_facts(read_json(run / "run.json"), run)
    assert facts.leaks == (Leak(train["file"], test["file"], "the same pixels as"),)


def test_pairs_that_are_gone_changed_or_without_hashes_are_not_compared(
    make_run: Callable[..., Path], pair_folder: Path
) -> None:
    run = make_run(data_hash="of others")
    changed = data_facts(read_json(run / "run.json"), run)
    assert (changed.leaks, changed.folder) == (None, None)
    assert "not those of the run any more" in changed.why
    (pair_folder / "pairs.json").unlink()
    (pair_folder / "pairs.jsonl").unlink()
    plain = data_facts(read_json(run / "run.json"), run)
    assert plain.leaks is None
    assert "has no hashes" in plain.why
    shutil.rmtree(pair_folder)
    gone = data_facts(read_json(run / "run.json"), run)
    assert f"not at {pair_folder}" in gone.why
    assert gone.splits == describe_splits_of(run)


def describe_splits_of(run: Path) -> dict[str, int]:
    return {name: each["pairs"] for name, each in read_json(run / "run.json")["splits"].items()}


def test_the_source_of_fetched_pairs_is_told(make_run: Callable[..., Path], pair_folder: Path) -> None:
    said = {"title": "Cars", "citation": "Somebody 2020", "licence": "CC0", "files": {}}
    (pair_folder / "provenance.json").write_text(json.dumps(said))
    run = make_run()
    (source,) = data_facts(read_json(run / "run.json"), run).sources
    assert source == {"title": "Cars", "citation": "Somebody 2020", "licence": "CC0"}

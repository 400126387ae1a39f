"""A path that means a model, and one that nearly does; a model file is known again by parts of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from p2p_gan.models.location import MODEL_FILE, model_file, model_fingerprint, refuse_no_run

if TYPE_CHECKING:
    from conftest import Refused


@pytest.mark.parametrize("length", [0, 5, 2**16, 3 * 2**20])
def test_every_byte_of_a_small_file_counts(tmp_path: Path, length: int) -> None:
    data = bytearray(np.random.default_rng(0).bytes(length))
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    before = model_fingerprint(path)
    assert model_fingerprint(path) == before
    for place in (0, length // 3, length - 1) if length else ():
        data[place] ^= 1
        path.write_bytes(data)
        assert model_fingerprint(path) != before
        data[place] ^= 1
    path.write_bytes(data + b"x")
    assert model_fingerprint(path) != before


def test_of_a_large_file_both_ends_and_parts_all_over_it_count(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    values = np.zeros(20 * 2**20, np.uint8)
    values.tofile(path)
    before = model_fingerprint(path)
    for part in (slice(0, 1), slice(-1, None), slice(7 * 2**20, 8 * 2**20)):
        changed = values.copy()
        changed[part] = 1
        changed.tofile(path)
        assert model_fingerprint(path) != before


@pytest.mark.parametrize(
    "given", ["checkpoints", "checkpoints/0000000060.safetensors", "checkpoints/0000000060.json", "run.json", "."]
)
def test_the_run_is_offered_where_a_part_of_it_or_the_folder_of_runs_is_given(
    given: str, tmp_path: Path, refused: "Refused"
) -> None:
    run = tmp_path / "runs" / "a"
    (run / "checkpoints").mkdir(parents=True)
    for name in ("run.json", MODEL_FILE, "checkpoints/0000000060.safetensors", "checkpoints/0000000060.json"):
        (run / name).touch()
    path = run.parent if given == "." else run / given
    with refused("missing-model", path, usage=True) as error:
        model_file(path)
    assert f"{run}." in error.value.to_do
    assert model_file(run) == run / MODEL_FILE


def test_a_pipe_is_called_a_pipe(tmp_path: Path, refused: "Refused") -> None:
    os.mkfifo(tmp_path / "m.safetensors")
    with refused("special-file", tmp_path / "m.safetensors") as error:
        model_file(tmp_path / "m.safetensors")
    assert "does not exist" not in error.value.what


def test_what_is_no_run_names_the_run_that_is_meant(tmp_path: Path, refused: "Refused") -> None:
    run = tmp_path / "runs" / "car"
    (run / "samples").mkdir(parents=True)
    for name in ("run.json", MODEL_FILE):
        (run / name).write_text("{}")
    refuse_no_run(run, to_do="Train.")
    os.mkfifo(tmp_path / "pipe")
    for place, what, to_do in (
        (run / MODEL_FILE, "is not a run folder", f"Give {run}."),
        (run / "samples", "is not a run folder", f"Give {run}."),
        (run.parent, "is not a run folder", f"Give a run that lies in it, such as {run}."),
        (tmp_path / "pipe", "is a pipe", "Train."),
        (run.parent / "cat", "does not exist", ""),
    ):
        with refused("not-a-run", place, usage=True) as error:
            refuse_no_run(place, to_do="Train.")
        assert error.value.what.startswith(what)
        assert to_do in error.value.to_do

"""Checkpoints bring a state back bit for bit, or say what is wrong with them."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.torch
import torch

from p2p_gan.config.config import Config
from p2p_gan.data.dataset import Batch
from p2p_gan.models.location import BEST, MODEL_FILE
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.runs import checkpoint
from p2p_gan.runs.runfolder import TRAINED, RunFolder
from p2p_gan.training.build import build
from p2p_gan.updates.optimise import new_ema
from p2p_gan.updates.recipe import Recipe
from p2p_gan.updates.step import Networks, train_step

if TYPE_CHECKING:
    from conftest import Notes, Refused
    from gan.conftest import DrawModel, MakeNetworks

PROGRESS = checkpoint.Progress(4, [0.1, 0.2, 0.3, 0.4], 3, 1.5, 0.25, 2, False, {"scaler": {"scale": 0.1}})


def some_steps(nets: Networks, batch: Batch, count: int) -> list[float]:
    steps = [train_step(nets, batch, Recipe(), contextlib.nullcontext) for _ in range(count)]
    return [float(value) for value in torch.stack(steps).flatten()]


def saved(run: Path, nets: Networks, images: int, *, keep: int = 2, best_images: int | None = None) -> None:
    checkpoint.save(run, nets, replace(PROGRESS, images=images, best_images=best_images), keep=keep)


def a_weight(tensors: Mapping[str, torch.Tensor], part: str = "generator/") -> str:
    """The name of a convolution's weights, whatever the networks call them."""
    return min(name for name in tensors if name.startswith(part) and tensors[name].ndim == 4)


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / checkpoint.CHECKPOINTS).iterdir())


def rewritten(run: Path, images: int, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    """Change the tensors of a checkpoint and make the record's hashes right again, as no accident would."""
    file = run / checkpoint.CHECKPOINTS / f"{images:010d}.safetensors"
    tensors = safetensors.torch.load_file(file)
    change(tensors)
    file.write_bytes(safetensors.torch.save(tensors))
    sealed(file)
    return file


def sealed(file: Path) -> None:
    record: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
    record |= {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "bytes": file.stat().st_size}
    del record["record_sha256"]
    checkpoint.seal(file.parents[1], record, keep=9)


def test_a_state_goes_on_as_if_it_had_never_been_saved(
    tmp_path: Path, make_networks: "MakeNetworks", easy_batch: Batch
) -> None:
    nets = make_networks()
    some_steps(nets, easy_batch, 3)
    nets.generator_optimizer.param_groups[0]["lr"] = 1e-5
    checkpoint.save(tmp_path, nets, PROGRESS, keep=2)
    expected = some_steps(nets, easy_batch, 3), random.gauss(0, 1), np.random.normal(), torch.rand(())
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    resumed = make_networks()
    assert checkpoint.load_latest(tmp_path, resumed) == PROGRESS
    assert resumed.generator_optimizer.param_groups[0]["lr"] == 1e-5
    assert (some_steps(resumed, easy_batch, 3), random.gauss(0, 1), np.random.normal(), torch.rand(())) == expected


def test_half_a_pair_of_normal_numbers_is_kept_too(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    random.seed(1)  # what ran before may have left a half itself
    np.random.seed(1)
    random.gauss(0, 1)
    np.random.normal()
    checkpoint.save(tmp_path, make_networks(), PROGRESS, keep=2)
    expected = random.gauss(0, 1), np.random.normal()
    random.seed(99)
    np.random.seed(99)
    checkpoint.load_latest(tmp_path, make_networks())
    assert (random.gauss(0, 1), np.random.normal()) == expected


def test_the_ema_is_restored_as_the_networks_are(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    nets, other = (replace(made, ema=new_ema(made.generator)) for made in (make_networks(), make_networks()))
    for value in nets.inference_generator.state_dict().values():
        value.fill_(0.25)
    saved(tmp_path, nets, 3)
    checkpoint.load_latest(tmp_path, other)
    assert all(bool((value == 0.25).all()) for value in other.inference_generator.state_dict().values())
    assert not any(bool((value == 0.25).all()) for value in other.generator.parameters())


def test_a_run_without_a_discriminator_comes_back_too(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    made = make_networks()
    saved(tmp_path, Networks(made.generator, None, made.generator_optimizer, None), 3)
    again = make_networks()
    assert checkpoint.load_latest(tmp_path, Networks(again.generator, None, again.generator_optimizer, None))


def test_a_snapshot_does_not_change_as_training_continues(make_networks: "MakeNetworks", easy_batch: Batch) -> None:
    nets = make_networks()
    some_steps(nets, easy_batch, 1)
    memory: dict[str, torch.Tensor] = {}
    state = checkpoint.snapshot(nets, memory)
    before = {name: value.clone() for name, value in state.tensors.items()}
    some_steps(nets, easy_batch, 1)
    assert all(torch.equal(value, before[name]) for name, value in state.tensors.items())
    later = checkpoint.snapshot(nets, memory)
    weight = a_weight(later.tensors)
    assert not torch.equal(later.tensors[weight], before[weight])
    assert later.tensors[weight] is state.tensors[weight]  # the memory is used again


def test_a_checkpoint_before_the_first_update_brings_fresh_optimisers(
    tmp_path: Path, make_networks: "MakeNetworks", easy_batch: Batch
) -> None:
    checkpoint.save(tmp_path, make_networks(), PROGRESS, keep=2)
    nets = make_networks()
    some_steps(nets, easy_batch, 1)
    checkpoint.load_latest(tmp_path, nets)
    assert not nets.generator_optimizer.state


def test_the_last_checkpoints_and_the_best_are_kept(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    nets = make_networks()
    for images in (2, 4, 8, 12, 16):
        saved(tmp_path, nets, images, best_images=4 if images >= 4 else None)
    kept = [f"{images:010d}.{suffix}" for images in (4, 12, 16) for suffix in ("json", "safetensors")]
    assert names(tmp_path) == kept


def test_the_beginning_is_not_kept_as_the_best_of_a_run_that_has_none(
    tmp_path: Path, make_networks: "MakeNetworks"
) -> None:
    nets = make_networks()
    for images in (0, 2):  # a run that may recover begins with a checkpoint
        saved(tmp_path, nets, images, keep=1)
    assert names(tmp_path) == ["0000000002.json", "0000000002.safetensors"]


def test_tensors_without_their_record_do_not_count_and_go_with_the_next_save(
    tmp_path: Path, make_networks: "MakeNetworks"
) -> None:
    saved(tmp_path, make_networks(), 4)
    (tmp_path / checkpoint.CHECKPOINTS / "0000000004.json").unlink()
    assert checkpoint.load_latest(tmp_path, make_networks()) is None
    assert checkpoint.latest(tmp_path) == checkpoint.Progress(0, [], 0, 0.0)
    saved(tmp_path, make_networks(), 6)
    assert names(tmp_path) == ["0000000006.json", "0000000006.safetensors"]


def test_the_record_is_written_when_its_tensors_are_on_the_disk(
    tmp_path: Path, make_networks: "MakeNetworks", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut may not see in another order: flush, rename, flush the folder, then the same for the record."""
    events: list[str] = []
    flush, rename = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        events.append(f"flush {Path(f'/proc/self/fd/{handle}').resolve().name.split('.')[-1]}")
        flush(handle)

    def replace_(self: Path, target: Path) -> Path:
        events.append(f"rename {target.suffix}")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace_)
    saved(tmp_path, make_networks(), 4)
    folder = f"flush {checkpoint.CHECKPOINTS}"
    assert events == ["flush tmp", "rename .safetensors", folder, "flush tmp", "rename .json", folder]


@pytest.mark.parametrize("damage", ["flip a byte", "cut in half", "zero bytes", "no file", "1 TB by its header"])
def test_a_damaged_newest_checkpoint_is_reported_and_the_one_before_it_used(
    tmp_path: Path, make_networks: "MakeNetworks", damage: str, notes: "Notes"
) -> None:
    for images in (4, 8):
        saved(tmp_path, make_networks(), images)
    file = tmp_path / checkpoint.CHECKPOINTS / "0000000008.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    damaged = {
        "flip a byte": bytes(data),
        "cut in half": bytes(data[: len(data) // 2]),
        "zero bytes": b"",
        "1 TB by its header": struct.pack("<Q", 2**40) + data[8:],
    }
    file.write_bytes(damaged[damage]) if damage in damaged else file.unlink()
    progress = checkpoint.load_latest(tmp_path, make_networks(), notes)
    assert progress is not None
    assert progress.images == 4
    (line,) = notes.lines
    assert str(file) in line
    assert "continues from image 4" in line
    assert "\n" not in line
    assert "0000000008.json" not in names(tmp_path)
    assert "0000000008.damaged.json" in names(tmp_path)
    notes.lines.clear()
    assert checkpoint.load_latest(tmp_path, make_networks(), notes)
    assert notes.lines == []


def test_a_checkpoint_that_shows_a_terabyte_is_not_hashed(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    saved(tmp_path, make_networks(), 4)
    saved(tmp_path, make_networks(), 8)
    os.truncate(tmp_path / checkpoint.CHECKPOINTS / "0000000008.safetensors", 10**12)  # takes no place on the disk
    progress = checkpoint.load_latest(tmp_path, make_networks())
    assert progress is not None
    assert progress.images == 4


def test_a_damaged_checkpoint_does_not_push_a_whole_one_out(tmp_path: Path, make_networks: "MakeNetworks") -> None:
    for images in (4, 8):
        saved(tmp_path, make_networks(), images)
    (tmp_path / checkpoint.CHECKPOINTS / "0000000008.safetensors").write_bytes(b"")
    checkpoint.load_latest(tmp_path, make_networks())
    saved(tmp_path, make_networks(), 5, keep=1)
    last = checkpoint.latest(tmp_path)
    assert (last.images, last.looked) == (5, False)
    assert checkpoint.load_latest(tmp_path, make_networks())


@pytest.mark.parametrize("damage", ["cut off", "a digit"])
def test_a_record_that_is_not_what_was_written_is_damage_too(
    tmp_path: Path, make_networks: "MakeNetworks", damage: str, notes: "Notes"
) -> None:
    saved(tmp_path, make_networks(), 4)
    saved(tmp_path, make_networks(), 8)
    record = tmp_path / checkpoint.CHECKPOINTS / "0000000008.json"
    text = record.read_text()
    record.write_text(text[:20] if damage == "cut off" else text.replace('"tallied": 3', '"tallied": 2'))
    last = checkpoint.latest(tmp_path)
    assert (last.images, last.looked) == (4, False)
    progress = checkpoint.load_latest(tmp_path, make_networks(), notes)
    assert progress is not None
    assert progress.images == 4
    assert notes.lines[0].startswith(f"{record}: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("images", "8"), ("images", -1), ("tally", 5), ("tally", ["x"]), ("tallied", None), ("seconds", "x")),
        *(("best", []), ("best_images", "../x"), ("extra", 7), ("begun", 7), ("rates", {}), ("rates", [])),
        *(("bytes", "x"), ("sha256", None)),
    ],
)
def test_fields_that_no_training_has_written_are_damage_though_the_hash_is_right(
    tmp_path: Path, make_networks: "MakeNetworks", field: str, value: object, notes: "Notes"
) -> None:
    saved(tmp_path, make_networks(), 4)
    saved(tmp_path, make_networks(), 8)
    record = tmp_path / checkpoint.CHECKPOINTS / "0000000008.json"
    edited = {key: value for key, value in json.loads(record.read_text()).items() if key != "record_sha256"}
    edited[field] = value
    record.write_text(json.dumps({**edited, "record_sha256": checkpoint._digest(edited)}))
    progress = checkpoint.load_latest(tmp_path, make_networks(), notes)
    assert progress is not None
    assert progress.images == 4
    assert len(notes.lines) == 1


def test_checkpoints_that_a_kill_kept_beyond_what_was_asked_are_deleted(
    tmp_path: Path, make_networks: "MakeNetworks"
) -> None:
    for images in (2, 4, 8, 12):
        saved(tmp_path, make_networks(), images, keep=9, best_images=2)
    checkpoint.remove_old(tmp_path, keep=1)
    kept = [f"{images:010d}.{suffix}" for images in (2, 12) for suffix in ("json", "safetensors")]
    assert names(tmp_path) == kept


def test_where_all_are_damaged_the_error_says_what_to_do(
    tmp_path: Path, make_networks: "MakeNetworks", refused: "Refused"
) -> None:
    for images in (4, 8):
        saved(tmp_path, make_networks(), images)
        (tmp_path / checkpoint.CHECKPOINTS / f"{images:010d}.safetensors").write_bytes(b"")
    with refused("no-usable-checkpoint", tmp_path / checkpoint.CHECKPOINTS / "0000000008.safetensors") as error:
        checkpoint.load_latest(tmp_path, make_networks())
    assert "none of the 2 checkpoints " in error.value.what
    assert f"--from {tmp_path}" in error.value.to_do
    assert not any("damaged" in name for name in names(tmp_path))


def test_a_model_whose_checkpoints_are_gone_is_not_overwritten_by_a_run_that_begins_again(
    tmp_path: Path, draw_model: "DrawModel", refused: "Refused"
) -> None:
    model = draw_model()
    for images, name in ((0, MODEL_FILE), (8, BEST)):
        checkpoint.refuse_lost(tmp_path)  # nothing to lose
        save_model(tmp_path / name, replace(model.card, images=images), model.generator)
    with refused("lost-checkpoints", tmp_path) as error:
        checkpoint.refuse_lost(tmp_path)
    assert "8 images" in error.value.what
    assert f"--from {tmp_path}" in error.value.to_do


def test_a_kill_in_the_middle_of_the_first_save_loses_nothing_and_is_no_loss_of_checkpoints(
    tmp_path: Path, make_networks: "MakeNetworks", draw_model: "DrawModel", refused: "Refused"
) -> None:
    model = draw_model()
    checkpoint.write_state(tmp_path, checkpoint.snapshot(make_networks()), PROGRESS)
    save_model(tmp_path / MODEL_FILE, replace(model.card, images=PROGRESS.images), model.generator)
    checkpoint.refuse_lost(tmp_path)
    shutil.rmtree(tmp_path / checkpoint.CHECKPOINTS)
    with refused("lost-checkpoints", tmp_path):
        checkpoint.refuse_lost(tmp_path)


def test_kills_in_several_first_saves_lose_nothing_and_are_no_loss_of_checkpoints(
    tmp_path: Path, make_networks: "MakeNetworks", draw_model: "DrawModel", refused: "Refused"
) -> None:
    model, run = draw_model(), RunFolder(tmp_path)
    run.write({TRAINED: False})
    for images in (8, 4):  # the second time a signal or the clock came earlier
        checkpoint.write_state(tmp_path, checkpoint.snapshot(make_networks()), replace(PROGRESS, images=images))
        checkpoint.refuse_lost(tmp_path)
        save_model(tmp_path / BEST, replace(model.card, images=8), model.generator)
        checkpoint.refuse_lost(tmp_path)
    run.mark_trained()
    with refused("lost-checkpoints", tmp_path):
        checkpoint.refuse_lost(tmp_path)


@pytest.mark.parametrize(
    ("lost", "kept", "said"),
    [
        (".json", (8,), "lost their records (.json): 0000000008"),
        (".json", (4, 8), "lost their records (.json): 0000000004, 0000000008"),
        (".safetensors", (8,), "lost their tensors (.safetensors): 0000000008"),
        (".safetensors", (0, 8), "lost their tensors (.safetensors): 0000000008"),
    ],
)
def test_half_of_the_files_of_all_checkpoints_is_a_loss_and_no_reason_to_begin_again(
    tmp_path: Path, make_networks: "MakeNetworks", refused: "Refused", lost: str, kept: tuple[int, ...], said: str
) -> None:
    run = RunFolder(tmp_path)
    run.write({})
    for images in kept:
        saved(tmp_path, make_networks(), images)
    run.mark_trained()
    checkpoint.refuse_lost(tmp_path)
    for path in (tmp_path / checkpoint.CHECKPOINTS).glob(f"*{lost}"):
        path.unlink()
    with refused("lost-checkpoints", tmp_path) as error:
        checkpoint.refuse_lost(tmp_path)
    assert said in error.value.what
    assert "--from" not in error.value.to_do  # there is no model
    assert checkpoint.has_trained(tmp_path)


def test_a_run_that_has_trained_and_holds_neither_checkpoint_nor_model_is_told_from_one_that_failed_before(
    tmp_path: Path, refused: "Refused"
) -> None:
    run = RunFolder(tmp_path)
    run.write({"pairs": "pairs"})
    checkpoint.refuse_lost(tmp_path)
    run.mark_trained()
    assert run.read()["pairs"] == "pairs"
    with refused("lost-checkpoints", tmp_path):
        checkpoint.refuse_lost(tmp_path)


CHANGES: dict[str, tuple[Callable[[dict[str, torch.Tensor]], object], str]] = {
    "an extra tensor": (lambda t: t.update(evil=torch.zeros(2)), "tensor that these networks do not have, evil"),
    "a missing weight": (lambda t: t.pop(a_weight(t)), r"lacks the tensor generator/\S+weight"),
    "a missing random state": (lambda t: t.pop("random/cpu"), "lacks the tensor random/cpu"),
    "a missing moment": (
        lambda t: t.pop(a_weight(t, "generator_optimizer/exp_avg_sq/")),
        r"lacks the tensor generator_optimizer/exp_avg_sq/\S+weight",
    ),
    "another type": (lambda t: t.update({a_weight(t): t[a_weight(t)].half()}), "of type F16, not F32"),
    "another shape": (lambda t: t.update({a_weight(t): torch.zeros(1, 2)}), r"of shape 1x2, not (\d+x){3}\d+"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_tensors_that_do_not_fit_are_named_although_their_hash_is_right(
    tmp_path: Path, make_networks: "MakeNetworks", easy_batch: Batch, change: str, refused: "Refused"
) -> None:
    nets = make_networks()
    some_steps(nets, easy_batch, 1)
    saved(tmp_path, nets, 4)
    alter, words = CHANGES[change]
    file = rewritten(tmp_path, 4, alter)
    with refused("no-usable-checkpoint", file) as error:
        checkpoint.load_latest(tmp_path, make_networks())
    assert re.search(words, error.value.what)


def test_a_header_that_promises_a_terabyte_allocates_nothing(
    tmp_path: Path, make_networks: "MakeNetworks", refused: "Refused"
) -> None:
    saved(tmp_path, make_networks(), 4)
    file = tmp_path / checkpoint.CHECKPOINTS / "0000000004.safetensors"
    entry = {"dtype": "F32", "shape": [2**19, 2**19], "data_offsets": [0, 2**40]}
    header = json.dumps({"generator/huge": entry}).encode()
    for data in (struct.pack("<Q", len(header)) + header + bytes(64), struct.pack("<Q", 2**40) + header):
        file.write_bytes(data)
        sealed(file)
        with refused("no-usable-checkpoint", file) as error:
            checkpoint.load_latest(tmp_path, make_networks())
        assert "is not a complete safetensors file" in error.value.what


def test_a_checkpoint_of_another_architecture_changes_nothing(
    tmp_path: Path, make_networks: "MakeNetworks", tiny: Config, refused: "Refused"
) -> None:
    wider = build(Architecture(3, 3, 5, 6, 12, "batch", 0.5), tiny, torch.device("cpu"))
    checkpoint.save(tmp_path, wider, PROGRESS, keep=2)
    nets = make_networks()
    before = {name: value.clone() for name, value in nets.generator.state_dict().items()}
    with refused("no-usable-checkpoint") as error:
        checkpoint.load_latest(tmp_path, nets)
    assert re.search(r"has a tensor generator/\S+ of shape \S+, not ", error.value.what)
    assert all(torch.equal(value, before[name]) for name, value in nets.generator.state_dict().items())


def test_a_checkpoint_of_another_version_is_not_guessed_at(
    tmp_path: Path, make_networks: "MakeNetworks", refused: "Refused"
) -> None:
    saved(tmp_path, make_networks(), 4)
    record = tmp_path / checkpoint.CHECKPOINTS / "0000000004.json"
    record.write_text(record.read_text().replace('"version": 1', '"version": 2'))
    with refused("no-usable-checkpoint", record) as error:
        checkpoint.load_latest(tmp_path, make_networks())
    assert "is not a checkpoint of this version of p2p" in error.value.what

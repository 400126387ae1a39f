"""Checkpoints bring a state back bit for bit, or say what is wrong with them."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from p2p_datatools.contract.errors import P2PError
from p2p_gan import checkpoint
from p2p_gan.average import average_of
from p2p_gan.recipe import Recipe
from p2p_gan.step import Batch, Networks, train_step

MakeNetworks = Callable[[], Networks]


def some_steps(nets: Networks, batch: Batch, count: int) -> list[float]:
    steps = [train_step(nets, batch, Recipe(), contextlib.nullcontext) for _ in range(count)]
    return [float(value) for value in torch.stack(steps).flatten()]


def saved(run: Path, nets: Networks, images: int) -> None:
    checkpoint.save(run, nets, checkpoint.Progress(images, [0.1, 0.2, 0.3, 0.4], 3, 1.5), keep=2)


def test_a_state_goes_on_as_if_it_had_never_been_saved(
    tmp_path: Path, make_networks: MakeNetworks, easy_batch: Batch
) -> None:
    nets = make_networks()
    some_steps(nets, easy_batch, 3)
    saved(tmp_path, nets, 3)
    expected = some_steps(nets, easy_batch, 3)
    torch.manual_seed(99)
    resumed = make_networks()
    assert checkpoint.load_latest(tmp_path, resumed) == checkpoint.Progress(3, [0.1, 0.2, 0.3, 0.4], 3, 1.5)
    assert some_steps(resumed, easy_batch, 3) == expected


def test_the_average_comes_back_as_the_networks_do(tmp_path: Path, make_networks: MakeNetworks) -> None:
    nets, other = (replace(made, averaged=average_of(made.generator)) for made in (make_networks(), make_networks()))
    for value in nets.applied.state_dict().values():
        value.fill_(0.25)
    saved(tmp_path, nets, 3)
    checkpoint.load_latest(tmp_path, other)
    assert all(bool((value == 0.25).all()) for value in other.applied.state_dict().values())
    assert not any(bool((value == 0.25).all()) for value in other.generator.parameters())


def test_a_run_without_a_discriminator_comes_back_too(tmp_path: Path, make_networks: MakeNetworks) -> None:
    made = make_networks()
    saved(tmp_path, Networks(made.generator, None, made.generator_optimizer, None), 3)
    again = make_networks()
    assert checkpoint.load_latest(tmp_path, Networks(again.generator, None, again.generator_optimizer, None))


def test_only_the_last_checkpoints_are_kept(tmp_path: Path, make_networks: MakeNetworks) -> None:
    for images in (4, 8, 12):
        saved(tmp_path, make_networks(), images)
    names = sorted(path.name for path in (tmp_path / checkpoint.FOLDER).iterdir())
    assert names == ["0000000008.json", "0000000008.safetensors", "0000000012.json", "0000000012.safetensors"]


def test_tensors_without_their_record_do_not_count(tmp_path: Path, make_networks: MakeNetworks) -> None:
    saved(tmp_path, make_networks(), 4)
    (tmp_path / checkpoint.FOLDER / "0000000004.json").unlink()
    assert checkpoint.load_latest(tmp_path, make_networks()) is None


@pytest.mark.parametrize("damage", ["flip a byte", "cut in half", "empty"])
def test_a_damaged_checkpoint_says_what_to_delete_and_where_training_goes_on(
    tmp_path: Path, make_networks: MakeNetworks, damage: str
) -> None:
    saved(tmp_path, make_networks(), 4)
    saved(tmp_path, make_networks(), 8)
    file = tmp_path / checkpoint.FOLDER / "0000000008.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes({"flip a byte": bytes(data), "cut in half": bytes(data[: len(data) // 2]), "empty": b""}[damage])
    with pytest.raises(P2PError, match=r"its hash is not .* Delete .*0000000008.json .* continues from image 4"):
        checkpoint.load_latest(tmp_path, make_networks())


def test_a_record_cut_off_is_damage_too(tmp_path: Path, make_networks: MakeNetworks) -> None:
    saved(tmp_path, make_networks(), 4)
    record = tmp_path / checkpoint.FOLDER / "0000000004.json"
    record.write_text(record.read_text()[:20])
    with pytest.raises(P2PError, match="continues from the beginning"):
        checkpoint.load_latest(tmp_path, make_networks())

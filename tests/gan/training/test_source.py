"""A run that begins with a model: its weights, its settings, what run.json says of it, and what it refuses."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.manifest import Half, write_manifest
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import Palette, PaletteClass, load_palette
from p2p_gan.config.config import Config
from p2p_gan.config.parse import SettingRequest, read_asked, with_settings
from p2p_gan.models.model import Model, read_model
from p2p_gan.models.reference import export_reference
from p2p_gan.runs.checkpoint import read_network
from p2p_gan.training import source as source_module
from p2p_gan.training.job import Job, make_job, refuse_contradictions
from p2p_gan.training.run import train
from p2p_gan.training.source import begin_from, config_after, describe_source, open_source

if TYPE_CHECKING:
    from conftest import Notes, Refused


def job_after(source: Path, pairs: Path, tiny: Config, **asked: Any) -> Job:
    """The job of a run on these pairs that begins with the model."""
    machine = {"device": "cpu", "threads": 1, "precision": "float32"}
    folder = open_pairs(pairs)
    values = read_asked([SettingRequest(name, value, "") for name, value in (machine | asked).items()])
    return make_job(folder, with_settings(Config(), config_after(open_source(source), None, folder, values)))


def test_a_run_folder_gives_weights_of_both_networks_and_all_its_settings(
    run_folder: Path, pair_folder: Path, tiny: Config
) -> None:
    job = job_after(run_folder, pair_folder, tiny, images=4, ema_half_life=100.0)
    assert job.config.learning_rate == tiny.learning_rate
    assert job.config.size == tiny.size
    beginning = begin_from(open_source(run_folder), job)
    assert beginning.generator.is_whole
    assert beginning.discriminator is not None
    assert beginning.discriminator.is_whole
    beginning.load(job)
    before = read_model(run_folder)
    for network in (job.nets.generator, job.nets.ema):
        assert network is not None
        assert all(
            torch.equal(value, before.generator.state_dict()[name]) for name, value in network.state_dict().items()
        )
    old = read_network(run_folder, before.card.images, "discriminator")
    assert old is not None
    assert job.nets.discriminator is not None
    assert all(torch.equal(value, old[name]) for name, value in job.nets.discriminator.state_dict().items())


def test_held_out_pairs_that_the_model_may_have_learned_from_are_said_and_written_down(
    run_folder: Path, make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path
) -> None:
    again = make_pairs(tmp_path / "again", {"train": 8, "val": 2, "test": 2})
    found = begin_from(open_source(run_folder), job_after(run_folder, again, tiny))
    assert found.record["may_know"] == []
    other = make_pairs(tmp_path / "other", {"train": 6, "val": 4, "test": 2})
    found = begin_from(open_source(run_folder), job_after(run_folder, other, tiny))
    assert found.record["may_know"] == ["val"]
    assert "pictures of val" in found.lines[-1]


def test_a_model_file_alone_has_no_discriminator_and_says_so(
    run_folder: Path, pair_folder: Path, tiny: Config, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(run_folder / "model.safetensors", tmp_path / "alone.safetensors"))
    job = job_after(alone, pair_folder, tiny)
    assert job.config.generator_filters == tiny.generator_filters
    assert job.config.learning_rate == Config().learning_rate
    found = begin_from(open_source(alone), job)
    assert found.generator.is_whole
    assert found.discriminator is None
    assert any("discriminator begins anew" in line for line in found.lines)


def test_the_model_of_a_run_with_a_damaged_record_counts_alone_if_its_file_is_named(
    run_folder: Path, tmp_path: Path, refused: "Refused"
) -> None:
    run = Path(shutil.copytree(run_folder, tmp_path / "run"))
    (run / "run.json").write_text('{"format": "p2p-run"')
    with refused("damaged-json", run / "run.json"):
        describe_source(run)
    assert describe_source(run / "model.safetensors").config is None


def test_a_run_that_cannot_be_written_is_begun_from(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: not mode & os.W_OK)
    assert describe_source(run_folder).config is not None


def test_epochs_of_a_run_count_again_on_other_pairs(
    make_pairs: Callable[..., Path], tiny: Config, tmp_path: Path
) -> None:
    few, more = make_pairs(tmp_path / "few", {"train": 2}), make_pairs(tmp_path / "more", {"train": 5})
    train(few, tmp_path / "run", replace(tiny, images=None, epochs=1))
    after = config_after(open_source(tmp_path / "run"), None, open_pairs(more), {})
    assert (after["images"], after["epochs"]) == (None, 1)


def test_without_noise_the_loss_that_compares_two_draws_of_it_is_off_unless_it_is_asked_for(
    run_folder: Path, pair_folder: Path
) -> None:
    found, folder = describe_source(run_folder), open_pairs(pair_folder)
    assert found.config is not None
    shape = replace(found.card.architecture, noise=8)
    source = replace(
        found,
        card=replace(found.card, architecture=shape),
        config=replace(found.config, noise_channels=8, lambda_mode_seeking=0.25),
    )

    def config_of(asked: dict[str, Any]) -> Config:
        return refuse_contradictions(folder, with_settings(Config(), config_after(source, None, folder, asked)))

    assert [config_of(asked).lambda_mode_seeking for asked in ({}, {"noise_channels": 4})] == [0.25, 0.25]
    for none in (0, -1):
        assert config_of({"noise_channels": none}).lambda_mode_seeking == 0
        with pytest.raises(UsageError):
            config_of({"noise_channels": none, "lambda_mode_seeking": 1.0})


def test_a_model_says_what_it_is_without_its_weights_being_read(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_source(run_folder)
    monkeypatch.setattr(source_module, "read_model", None)
    found = describe_source(run_folder)
    assert vars(found) == {name: vars(whole)[name] for name in vars(found)}


def test_weights_of_the_reference_begin_a_run_as_they_are(
    run_folder: Path,
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    make_model: Callable[..., Model],
    write_model: Callable[[Model, Path], Path],
) -> None:
    model = make_model(Half("a", "picture"), Half("b", "picture"))
    shape = replace(model.card.architecture, max_filters=32, biases=False)
    generator = shape.build().eval()
    place = write_model(Model(replace(model.card, architecture=shape), generator, ""), tmp_path / "m.safetensors")
    export_reference(place, tmp_path / "net_G.pth")
    job = job_after(tmp_path / "net_G.pth", pair_folder, tiny)
    assert not job.config.bias_before_norm
    found = begin_from(open_source(tmp_path / "net_G.pth"), job)
    assert found.generator.is_whole
    assert torch.equal(found.generator.tensors["last.weight"], generator.state_dict()["last.weight"])


def test_a_smaller_picture_takes_the_outer_blocks_and_blames_no_setting(
    tmp_path: Path,
    make_pairs: Callable[..., Path],
    make_model: Callable[..., Model],
    write_model: Callable[[Model, Path], Path],
    tiny: Config,
) -> None:
    model = make_model(Half("mask", "mask"), Half("photo", "photo"))
    shape = replace(model.card.architecture, depth=6)
    place = write_model(Model(replace(model.card, architecture=shape), shape.build(), ""), tmp_path / "m.safetensors")
    job = job_after(place, make_pairs(tmp_path / "pairs", {"train": 1}), tiny, size="32x32")
    assert job.config.unet_depth == 5
    found = begin_from(open_source(place), job)
    assert 0.3 < found.generator.share < 1


def test_other_networks_are_refused_with_what_differs(
    run_folder: Path, pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    config = replace(tiny, generator_filters=8, max_filters=64)
    with refused("unfit-model", f"--from {run_folder}", usage=True) as error:
        train(pair_folder, tmp_path / "run", config, source=run_folder)
    assert f"generator_filters is 8 here and {tiny.generator_filters} there" in error.value.what
    assert not (tmp_path / "run" / "run.json").exists()


def test_classes_of_another_palette_are_kept_by_name(
    pair_folder: Path,
    tiny: Config,
    tmp_path: Path,
    make_model: Callable[..., Model],
    write_model: Callable[[Model, Path], Path],
) -> None:
    cars = load_palette("cars")
    model = make_model(Half("mask", "mask"), Half("photo", "photo"), palette=cars, input_as="classes")
    place = write_model(model, tmp_path / "cars.safetensors")
    turned = Palette("turned", (*reversed(cars.classes[1:]), PaletteClass("banana", (7, 7, 7))))
    folder = replace(open_pairs(pair_folder), palette=turned)
    write_manifest(folder)
    job = job_after(place, pair_folder, tiny)
    found = begin_from(open_source(place), job)
    old, new = model.generator.state_dict(), found.generator.tensors
    for number, name in enumerate(turned.names[:-1]):
        first = "down.0.conv.weight"
        assert torch.equal(new[first][:, number], old[first][:, cars.index(name)])
    assert "new classes: banana" in found.lines
    assert "classes of that model without use: background" in found.lines


def test_a_run_remembers_its_model_and_resumes_bit_for_bit_without_it(
    run_folder: Path, pair_folder: Path, tiny: Config, tmp_path: Path, notes: "Notes"
) -> None:
    gone = Path(shutil.copytree(run_folder, tmp_path / "gone"))
    config = replace(tiny, lr_schedule="constant", images=2)
    train(pair_folder, tmp_path / "whole", replace(config, images=4), source=run_folder)
    train(pair_folder, tmp_path / "run", config, source=gone, report=notes)
    assert any("all weights of the generator" in line for line in notes.lines)
    shutil.rmtree(gone)
    train(pair_folder, tmp_path / "run", replace(config, images=4))
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("run", "whole"))
    assert one == other
    record = json.loads((tmp_path / "run" / "run.json").read_text())["from"]
    assert (record["path"], record["images"]) == (str(gone), 12)
    assert record["sha256"] == open_source(run_folder).sha256


def test_a_run_is_not_continued_with_another_model(
    run_folder: Path, pair_folder: Path, tiny: Config, tmp_path: Path, refused: "Refused"
) -> None:
    train(pair_folder, tmp_path / "run", replace(tiny, images=1))
    with refused("other-settings", f"--from {run_folder}", usage=True):
        train(pair_folder, tmp_path / "run", replace(tiny, images=2), source=run_folder)


def test_fine_tuning_does_not_have_the_higher_learning_rate_of_a_short_run(run_folder: Path, pair_folder: Path) -> None:
    asked = config_after(
        describe_source(run_folder), replace(Config(), learning_rate=-1.0), open_pairs(pair_folder), {}
    )
    assert asked["learning_rate"] == Config().learning_rate

"""What a call that names only a part of a config means: a run knows the rest, and contradictions are named."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.config import Config
from p2p_gan.config.parse import SettingRequest
from p2p_gan.config.presets import PRESETS
from p2p_gan.runs.runfolder import RUN, RunFolder
from p2p_gan.training import run as run_module
from p2p_gan.training.continuation import config_of_call, has_begun
from p2p_gan.training.run import train

if TYPE_CHECKING:
    from conftest import Refused


@pytest.fixture
def run(tmp_path: Path, tiny: Config) -> Path:
    """The folder of a run that has trained, as far as a call looks at it."""
    place = tmp_path / "run"
    place.mkdir()
    write(place, tiny)
    (place / "checkpoints").mkdir()
    (place / "checkpoints" / "0000000012.safetensors").touch()
    return place


def write(place: Path, config: Config, **fields: object) -> None:
    values = {"config": config.to_json(), "direction": "mask-to-photo", **fields}
    RunFolder(place).write(values)


def begin(place: Path, config: Config) -> Path:
    """The folder of a run that has ended before its first checkpoint."""
    place.mkdir()
    write(place, config)
    return place


def test_more_images_alone_extend_a_run_and_all_else_is_its_own(run: Path, pair_folder: Path, tiny: Config) -> None:
    found = config_of_call(pair_folder, run, None, [SettingRequest("images", "20", "--images 20")])
    assert found == replace(tiny, images=20)


def test_epochs_asked_for_count_instead_of_the_images_that_were(run: Path, pair_folder: Path) -> None:
    found = config_of_call(pair_folder, run, None, [SettingRequest("epochs", 7, "--set epochs=7")])
    assert (found.images, found.epochs) == (None, 7)


def test_a_contradiction_names_the_option_what_the_run_has_and_never_a_setting_nobody_set(
    run: Path, pair_folder: Path, refused: "Refused"
) -> None:
    with refused("other-settings", "--size 64x64, --set lambda_l1=3", usage=True) as error:
        asked = [
            SettingRequest("size", Size(64, 64), "--size 64x64"),
            SettingRequest("lambda_l1", "3", "--set lambda_l1=3"),
        ]
        config_of_call(pair_folder, run, None, asked)
    assert f"contradict {run}, which was started with size=32x32, lambda_l1=100" in error.value.what
    assert "depth" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("lamda_l1", "50", "unknown-setting"),
        ("lambda_l1", "nan", "setting-range"),
        ("n_layers_D", "5", "unknown-setting"),
    ],
)
def test_a_setting_that_no_run_can_have_is_refused_as_for_a_new_run(
    name: str, value: str, code: str, run: Path, pair_folder: Path, tmp_path: Path
) -> None:
    request = SettingRequest(name, value, f"--set {name}={value}")
    with pytest.raises(UsageError) as of_new:
        config_of_call(pair_folder, tmp_path / "new", None, [request])
    with pytest.raises(UsageError) as of_old:
        config_of_call(pair_folder, run, None, [request])
    assert str(of_old.value) == str(of_new.value)
    assert of_old.value.code == code


def test_what_was_asked_at_the_beginning_may_be_repeated_in_any_words(
    run: Path, pair_folder: Path, tiny: Config
) -> None:
    again = {"size": "32", "direction": "mask-to-photo", "threads": "auto", "device": "auto", "learning_rate": "0.0004"}
    asked = [SettingRequest(name, value, f"--{name}") for name, value in again.items()]
    assert config_of_call(pair_folder, run, None, asked) == tiny


def test_a_preset_that_is_not_the_run_s_is_named(run: Path, pair_folder: Path, refused: "Refused") -> None:
    with refused("other-settings", "--preset paper", usage=True) as error:
        config_of_call(pair_folder, run, "paper", [])
    assert "the preset has size=256x256" in error.value.what


def test_the_preset_of_the_run_may_be_repeated_and_does_not_shorten_it(run: Path, pair_folder: Path) -> None:
    begun = replace(PRESETS["tiny"], images=9000, sample_every=5)
    write(run, begun)
    assert config_of_call(pair_folder, run, "tiny", []) == begun


def test_a_run_of_several_processes_goes_on_with_as_many(run: Path, pair_folder: Path, tiny: Config) -> None:
    write(run, tiny, processes=2)
    assert config_of_call(pair_folder, run, None, []).device == "cpu*2"
    asked = [SettingRequest("device", "cpu", "--device cpu")]
    assert config_of_call(pair_folder, run, None, asked).device == "cpu"


def test_a_run_that_failed_before_its_first_image_does_not_bind_the_next_call(
    pair_folder: Path, tiny: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "training_loop", fail)
        with pytest.raises(Exception, match="out of memory"):
            train(pair_folder, tmp_path / "run", replace(tiny, recover=True))
    assert (tmp_path / "run" / RUN).is_file()
    assert not has_begun(tmp_path / "run")
    again = config_of_call(pair_folder, tmp_path / "run", None, [SettingRequest("batch", "3", "--batch 3")])
    assert (again.generator_filters, again.batch) == (tiny.generator_filters, 3)
    assert config_of_call(pair_folder, tmp_path / "run", "paper", []) == PRESETS["paper"]
    right = replace(tiny, generator_filters=2, images=2)
    assert train(pair_folder, tmp_path / "run", right).images == 2
    assert json.loads((tmp_path / "run" / RUN).read_text())["config"]["generator_filters"] == 2
    assert has_begun(tmp_path / "run")


@pytest.mark.parametrize(
    ("asked", "left_to_auto"),
    [
        ({"size": "32"}, {"unet_depth": 0}),
        ({"generator": "resnet"}, {"unet_depth": 0}),
        ({"device": "cpu"}, {"precision": "auto", "memory_format": "auto", "threads": 0, "cuda_graph": "auto"}),
        ({"device": "cpu", "threads": "2"}, {"precision": "auto", "threads": 2}),
        ({"device": "cuda"}, {"precision": "float16", "memory_format": "channels_last", "threads": 4}),
        ({"batch": "1"}, {"precision": "float16", "device": "cuda"}),
    ],
)
def test_what_auto_chose_for_another_size_or_device_does_not_bind_a_run_that_begins_again(
    asked: dict[str, str], left_to_auto: dict[str, Any], tmp_path: Path, pair_folder: Path
) -> None:
    of_device: dict[str, Any] = {"memory_format": "channels_last", "precision": "float16", "cuda_graph": "on"}
    begun = replace(PRESETS["paper"], device="cuda", unet_depth=8, threads=4, **of_device)
    again = config_of_call(
        pair_folder,
        begin(tmp_path / "again", begun),
        None,
        [SettingRequest(*each, "as said") for each in asked.items()],
    )
    assert {name: getattr(again, name) for name in left_to_auto} == left_to_auto


def test_a_depth_that_was_asked_for_stays_where_a_run_begins_again(tmp_path: Path, pair_folder: Path) -> None:
    run = begin(tmp_path / "again", replace(PRESETS["paper"], unet_depth=5))
    assert config_of_call(pair_folder, run, None, [SettingRequest("size", "512", "--size 512")]).unet_depth == 5


def test_a_new_run_begins_with_the_paper_where_no_preset_is_named(
    pair_folder: Path, tmp_path: Path, make_pairs: Callable[..., Path]
) -> None:
    assert config_of_call(pair_folder, tmp_path / "new", None, []) == PRESETS["paper"]
    asked = [SettingRequest("epochs", 3, "--epochs 3")]
    assert config_of_call(pair_folder, tmp_path / "new", "tiny", asked) == replace(
        PRESETS["tiny"], images=None, epochs=3
    )

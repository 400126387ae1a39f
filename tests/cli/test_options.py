"""Words on the command line become settings, the later over the earlier."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from p2p_cli.app import main
from p2p_cli.options import (
    FOLDER,
    PLACE,
    PresetChoice,
    SettingsFile,
    ShareType,
    SizeType,
    WholeNumber,
    WordChoice,
    asked_settings,
    configure,
    how,
    parse_settings,
)
from p2p_cli.text.render import to_json
from p2p_datatools.contract.pictures.sizes import Size
from p2p_gan.config.presets import PRESETS

if TYPE_CHECKING:
    from conftest import Refused


def test_the_file_wins_over_the_preset_and_set_and_an_option_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("batch = 2\nseed = 2\nlearning_rate = 0.5\n")
    config = configure(PRESETS["paper"], file, ("seed=3",), {"learning_rate": 0.125, "epochs": None})
    assert (config.batch, config.seed, config.learning_rate, config.epochs) == (2, 3, 0.125, 200)


def test_of_two_values_on_one_command_line_none_is_lost_without_a_word(refused: "Refused") -> None:
    with refused("options-conflict", "--set size=64 and --size 32x32", usage=True):
        configure(PRESETS["paper"], None, ("size=64",), {"size": Size(32, 32)})
    config = configure(PRESETS["paper"], None, ("size=32", "seed=3"), {"size": Size(32, 32), "seed": 3})
    assert (config.size, config.seed) == (Size(32, 32), 3)


def test_of_two_values_of_one_setting_none_wins_without_a_word(refused: "Refused") -> None:
    with refused("options-conflict", "--set seed=1 and --set seed=2", usage=True):
        parse_settings(("seed=1", "batch=2", "seed=2"))
    assert parse_settings(("seed=1", "seed=1")) == {"seed": "1"}


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [(("epochs=3",), {"images": 40}), (("images=40",), {"epochs": 3}), (("images=40", "epochs=3"), {})],
)
def test_the_length_of_training_is_said_in_one_way(
    settings: tuple[str, ...], chosen: dict[str, int], refused: "Refused"
) -> None:
    with refused("options-conflict", usage=True):
        configure(PRESETS["paper"], None, settings, chosen)


def test_epochs_count_wherever_they_are_written_though_the_preset_has_images(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("epochs = 3\n")
    assert PRESETS["tiny"].images
    for config_file, settings, chosen in ((None, ("epochs=3",), {}), (file, (), {}), (None, (), {"epochs": 3})):
        config = configure(PRESETS["tiny"], config_file, settings, chosen)
        assert (config.images, config.epochs) == (None, 3)


def test_a_length_on_the_command_line_replaces_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("images = 40\n")
    assert configure(PRESETS["paper"], file, (), {"epochs": 3}).images is None
    file.write_text("epochs = 3\n")
    assert configure(PRESETS["paper"], file, (), {"images": 40}).images == 40


def test_a_file_that_says_two_lengths_is_refused_unless_the_command_line_says_a_third(
    tmp_path: Path, refused: "Refused"
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("epochs = 3\nimages = 40\n")
    with refused("options-conflict", f"images in {file} and epochs in {file}", usage=True):
        configure(PRESETS["paper"], file, (), {})
    assert configure(PRESETS["paper"], file, (), {"images": 50}).images == 50


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('images = "many"', "setting-type"),
        ("generator_filter = 4", "unknown-setting"),
        ('preset = "tiny"', "unknown-setting"),
        ("[data]\nsize = 32", "bad-toml"),
    ],
)
def test_what_is_wrong_in_a_file_of_settings_is_said_with_the_file(
    text: str, code: str, tmp_path: Path, refused: "Refused"
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"{text}\n")
    with refused(code, usage=True) as error:
        configure(PRESETS["paper"], file, (), {})
    assert str(file) in error.value.where
    if "preset" in text:
        assert "--preset" in error.value.to_do


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (PresetChoice(tuple(PRESETS)), "my.toml", "Give it with --config my.toml."),
        (PresetChoice(tuple(PRESETS)), "a b/My.TOML", "Give it with --config 'a b/My.TOML'."),
        (PresetChoice(tuple(PRESETS)), "papr", "Did you mean paper?"),
        (SettingsFile(exists=True), "best", "best is a preset: --preset best."),
        (SettingsFile(exists=True), "none.toml", "does not exist."),
    ],
)
def test_a_file_in_the_place_of_a_preset_and_a_preset_in_that_of_a_file_are_told_the_other_option(
    kind: "click.ParamType[object]", value: str, told: str
) -> None:
    with pytest.raises(click.BadParameter) as error:
        kind.convert(value, None, None)
    assert error.value.message.endswith(told)
    assert PresetChoice(tuple(PRESETS)).convert("Tiny", None, None) == "tiny"


def test_a_file_of_settings_that_is_not_there_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text("batch = 2\n")
    with pytest.raises(click.BadParameter) as error:
        SettingsFile(exists=True).convert(str(tmp_path / "small.tml"), None, None)
    assert error.value.message.endswith(f"does not exist. Did you mean {tmp_path / 'small.toml'}?")


def test_a_setting_without_an_equals_sign_is_refused(refused: "Refused") -> None:
    with refused("not-a-setting", "--set learning_rate", usage=True):
        parse_settings(("learning_rate",))
    with refused("not-a-setting", "--set x", usage=True) as error:
        parse_settings(("x",), example="width=2")
    assert "--set width=2." in error.value.to_do


def test_an_empty_path_is_not_the_current_folder(refused: "Refused") -> None:
    with refused("empty-path", usage=True):
        PLACE.convert("", None, None)


def test_a_home_in_quotes_becomes_no_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: "Refused"
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for text in ("~/runs/a", "~"):
        with refused("quoted-home", Path(text), usage=True) as error:
            PLACE.convert(text, None, None)
        assert str(tmp_path / "home" / text[2:]) in error.value.to_do
    assert PLACE.convert("~backup/run", None, None) == Path("~backup/run")
    (tmp_path / "~").mkdir()  # somebody has one, and means it
    assert PLACE.convert("~/runs/a", None, None) == Path("~/runs/a")


def test_a_file_for_a_folder_is_called_so_and_its_folder_is_offered(tmp_path: Path, refused: "Refused") -> None:
    (tmp_path / "a.png").touch()
    with refused("file-for-folder", tmp_path / "a.png", usage=True) as error:
        FOLDER.convert(str(tmp_path / "a.png"), None, None)
    assert str(tmp_path) in error.value.to_do


@pytest.mark.parametrize("text", ["10k", "10,000", "1e4", "50%", "1.5", "nan", "256px", "٣x", "9" * 5000])
def test_what_is_no_whole_number_is_called_so(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a whole number"):
        WholeNumber(1).convert(text, None, None)


def test_a_share_in_percent_or_with_a_comma_is_answered_with_how_it_is_written() -> None:
    assert ShareType().convert("0.1", None, None) == 0.1
    for text in ("10%", "0,1", "half"):
        with pytest.raises(click.BadParameter, match=r"such as 0\.1 for 10%"):
            ShareType().convert(text, None, None)


def test_sizes_are_read_and_native_only_where_it_means_something() -> None:
    assert SizeType().convert("384x256", None, None) == Size(384, 256)
    assert SizeType(native=True).convert("native", None, None) == "native"
    with pytest.raises(click.BadParameter, match="is not a size"):
        SizeType().convert("native", None, None)


def test_results_become_json_with_paths_as_text() -> None:
    assert to_json({"dest": Path("a/b"), "n": 1}) == '{\n  "dest": "a/b",\n  "n": 1\n}'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_result_is_json_where_a_number_is_none(number: float) -> None:
    told = to_json({"curves": {"d_real": [(5, number), (10, 0.5)]}, "psnr": number, "names": ("a",)})

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    found = json.loads(told, parse_constant=refuse)
    assert found == {"curves": {"d_real": [[5, None], [10, 0.5]]}, "psnr": None, "names": ["a"]}


def test_only_how_a_model_is_applied_can_be_set_when_sampling(refused: "Refused") -> None:
    assert how(()) == {"dropout": True, "tile": None}
    assert how(("dropout=off", "tile=512")) == {"dropout": False, "tile": 512}
    assert how(("tile=auto",)) == {"dropout": True, "tile": None}
    for word in ("tile=0", "tile=big", "tile=" + "9" * 5000, "dropout=0.5", "learning_rate=1"):
        with refused("impossible-setting", f"--set {word}", usage=True):
            how((word,))


def test_a_setting_of_applying_without_an_equals_sign_is_answered_with_one_that_it_has(refused: "Refused") -> None:
    with refused("not-a-setting", "--set dropout", usage=True) as error:
        how(("dropout",))
    assert "--set dropout=off." in error.value.to_do


def test_a_setting_under_its_old_name_is_taken_and_the_new_name_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    asked = asked_settings(None, ("filters=4", "game=least-squares"), {})
    assert [(each.name, each.value) for each in asked] == [("generator_filters", "4"), ("gan_loss", "lsgan")]
    assert "filters=4 is called generator_filters=4 now, and taken as that." in capsys.readouterr().err
    assert configure(PRESETS["paper"], None, ("filters=4",), {}).generator_filters == 4


def test_a_setting_under_both_its_names_is_refused(refused: "Refused") -> None:
    with refused("options-conflict", "filters=4", usage=True) as error:
        configure(PRESETS["paper"], None, ("filters=4", "generator_filters=8"), {})
    assert "generator_filters" in error.value.what


def test_a_word_may_be_written_in_capitals_and_in_british_and_a_wrong_one_is_told_the_nearest() -> None:
    choice = WordChoice(("gray", "colourise", "test"))
    for word, meant in (("grey", "gray"), ("Test", "test"), ("GRAY", "gray"), ("Colourise", "colourise")):
        assert choice.convert(word, None, None) == meant
    with pytest.raises(click.BadParameter, match=r"Did you mean gray\?"):
        choice.convert("graay", None, None)


@pytest.mark.parametrize("words", [["derive", "photos", "d"], ["export", "photos", "d"]])
def test_a_choice_that_is_missing_is_told_in_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    assert main(["data", *words]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Usage", "Try")) and line]
    assert "Choose from" in line

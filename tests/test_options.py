"""The options of every command are frozen here: to change one is to change this table, and to be seen."""

from collections.abc import Iterator

import click
import pytest

from p2p_cli.app import LazyGroup, cli, main

MOST = 10
# Shared by many commands, and not counted.
SHARED = {
    "--config",
    "--set",
    "--dry-run",
    "--json",
    "--help",
    "--keep-going",
    "--page",
    "--exif",
    "--match",
    "--photos",
}
FROZEN: dict[str, set[str]] = {
    "demo": {"--images", "--limit"},
    "data catalog": {"--catalog"},
    "data fetch": {"--from", "--limit", "--seed", "--style", "--catalog", "--unpack-limit"},
    "data palette": {"--picture", "--format"},
    "data build-masks": {
        "--palette",
        "--format",
        "--map",
        "--order",
        "--tolerance",
        "--snapped",
        "--strict",
        "--empty",
        "--model",
        "--min-confidence",
    },
    "data check": {"--palette", "--against", "--only", "--ignore", "--html"},
    "data halves": {"--halves"},
    "data repair": {"--palette", "--specks"},
    "data derive": {"--op", "--seed"},
    "data pair": {"--halves", "--size", "--fit", "--nodata", "--plain-numbers", "--jobs", "--shard"},
    "data merge": {"--move"},
    "data split": {"--val", "--test", "--seed", "--group-by", "--again", "--as-pairs"},
    "data export": {"--format"},
    "data stats": {"--palette", "--plots", "--force"},
    "data show": {"--limit", "--seed", "--names", "--overlay", "--findings", "--palette", "--force"},
    "paint": {"--port", "--host", "--name", "--no-browser"},
    "serve": {"--port", "--host", "--name"},
    "train": {
        "--preset",
        "--direction",
        "--size",
        "--fit",
        "--images",
        "--epochs",
        "--batch",
        "--seed",
        "--device",
        "--from",
    },
    "config": set(),
    "doctor": set(),
    "bench": {"--device"},
    "report": {"--scores", "--evaluate"},
    "runs": {"--curves"},
    "reproduce": {"--pairs"},
    "sample": {"--out", "--variants", "--seed", "--size", "--sheet", "--device", "--runtime"},
    "experiments": {
        "--tables",
        "--seeds",
        "--preset",
        "--direction",
        "--size",
        "--fit",
        "--images",
        "--batch",
        "--device",
    },
    "export": {"--format", "--precision", "--inputs", "--archive"},
    "import-model": {"--direction", "--size"},
    "evaluate": {"--split", "--out", "--segmenter", "--variants", "--against", "--weights", "--device"},
}


def commands(group: LazyGroup, prefix: str = "") -> Iterator[tuple[str, click.Command, str]]:
    for name, (_, line) in group.table.items():
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, LazyGroup):
            yield from commands(command, f"{prefix}{name} ")
        yield f"{prefix}{name}", command, line


ALL = {name: (command, line) for name, command, line in commands(cli)}
LEAVES = {name: command for name, (command, _) in ALL.items() if not isinstance(command, click.Group)}


def test_the_commands_and_their_options_are_those_of_the_table() -> None:
    found = {
        name: {word for option in command.params for word in option.opts if word.startswith("--")} - SHARED
        for name, command in LEAVES.items()
    }
    assert found == FROZEN
    assert all(len(options) <= MOST for options in found.values())


def test_no_option_switches_another_off() -> None:
    words = [word for command in LEAVES.values() for option in command.params for word in option.secondary_opts]
    assert words == []


@pytest.mark.parametrize("name", ALL)
def test_the_line_in_the_table_is_the_first_of_the_command_s_help(name: str) -> None:
    command, line = ALL[name]
    assert command.help
    assert command.help.replace("\n", " ").startswith(line)


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_says_what_it_does(name: str) -> None:
    for option in LEAVES[name].params:
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_an_option_that_may_be_repeated_says_so_and_a_default_is_shown() -> None:
    given = [option for command in LEAVES.values() for option in command.params if isinstance(option, click.Option)]
    assert not [option.opts for option in given if option.multiple and "may be repeated" not in (option.help or "")]
    assert not [option.opts for option in given if isinstance(option.default, str | int) and not option.is_flag
                and option.default != "" and not option.show_default]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_help_has_an_example_and_fits_80_columns_but_for_commands_to_copy(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*name.split(), "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if len(line) > 80 and not line.startswith(("  p2p ", "    p2p "))]
    assert [line for line in lines if line.strip().startswith("p2p ")]


def test_the_presets_on_the_command_line_are_those_of_the_library() -> None:
    from p2p_gan.config.presets import PRESETS

    for name in ("train", "experiments"):
        (option,) = (each for each in LEAVES[name].params if each.name == "preset")
        assert isinstance(option.type, click.Choice)
        assert tuple(option.type.choices) == tuple(PRESETS)

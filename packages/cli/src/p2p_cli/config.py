"""`p2p config`: its options, and the declarations of the settings as text.

Nothing here may know a setting; all of it is read from the declarations.
"""

import shutil
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render

if TYPE_CHECKING:
    from p2p_datatools.contract.settings import OnResume, Setting

_MOST_COLUMNS = 110
_ON_RESUME: dict["OnResume", str] = {
    "same": "keeps the value with which the run began",
    "auto": "keeps the value with which the run began; auto keeps what was chosen then",
    "free": "may change",
}


@click.command()
@click.argument("field", required=False)
@options.json_option
def command(field: str | None, as_json: bool) -> None:
    """List the settings of training, or explain one FIELD.

    Shows every field with its default, its meaning and the values that are allowed. Fields marked * may change when a
    run is resumed. Set a field with --set FIELD=VALUE, or in a TOML file with --config.

    \b
    Examples:
      p2p config
      p2p config lambda_l1
    """
    from p2p_datatools.contract.settings import settings_of
    from p2p_gan.config.config import Config
    from p2p_gan.config.parse import find_setting

    if field is not None:
        declared = find_setting(field)
        if as_json:
            render.say_json(declared.to_json())
        else:
            render.say_facts(_facts(declared))
        return
    known = settings_of(Config)
    if as_json:
        render.say_json({name: each.to_json() for name, each in known.items()})
    else:
        render.say(_list_settings(list(known.values())))


def _list_settings(known: "list[Setting]") -> str:
    """All settings by groups, as help is written."""
    formatter = click.HelpFormatter(width=min(shutil.get_terminal_size().columns, _MOST_COLUMNS))
    for group in dict.fromkeys(each.group for each in known):
        with formatter.section(group):
            formatter.write_dl([_row(each) for each in known if each.group == group])
    return f"{formatter.getvalue().strip()}\n\n* may change when a run is resumed. Details: p2p config FIELD"


def _row(each: "Setting") -> tuple[str, str]:
    star = "*" if each.on_resume == "free" else ""
    return f"{each.name}={each.text(each.default)}{star}", each.summary


def _facts(each: "Setting") -> list[tuple[str, str]]:
    from p2p_gan.config.presets import PRESETS

    values = {preset: getattr(config, each.name) for preset, config in PRESETS.items()}
    others = [f"{preset} {each.text(value)}" for preset, value in values.items() if value != each.default]
    return [
        ("field", each.name),
        ("meaning", each.doc),
        ("default", each.text(each.default)),
        ("unit", each.unit),
        ("allowed", each.allowed_text),
        ("group", each.group),
        ("on resume", _ON_RESUME[each.on_resume]),
        ("presets", ", ".join(others)),
        ("set it", f"p2p train PAIRS RUN --set {each.name}={each.text(each.default)}"),
    ]

"""`p2p doctor`: the checks of all rooms, a line each.

Nothing here may check anything; it asks the rooms that know.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render

if TYPE_CHECKING:
    from p2p_datatools.contract.health import HealthCheck

_WORDS = {"ok": "ok", "note": "note", "broken": "BROKEN"}


@click.command()
@options.json_option
def command(as_json: bool) -> int:
    """Check this machine and this installation, and say what to do.

    Versions, torch and its device, memory, disks, credentials, formats of pictures, packages that p2p can use, and
    whether cores are busy: a line each. The exit code is 1 if something is broken, else 0. 'p2p bench' measures how
    fast the machine is.

    \b
    Examples:
      p2p doctor
      p2p doctor --json
    """
    found = list(_checks())
    if as_json:
        render.say_json([vars(each) for each in found])
    else:
        for each in found:
            more = f". {each.to_do}" if each.to_do else ""
            render.say(f"{_WORDS[each.state]:<7} {each.name:<16} {each.what}{more}")
    return int(any(each.state == "broken" for each in found))


def _checks() -> "Iterator[HealthCheck]":
    from p2p_datatools.checks.codecs import check_codecs
    from p2p_datatools.sources.kaggle import check_credentials
    from p2p_gan.bench.health import check_machine

    yield from check_machine()
    yield check_codecs()
    yield check_credentials()

"""`p2p data catalog`: its options, and the catalogue as a table.

Nothing here may know a data set or reach the network.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.words import shell_word

if TYPE_CHECKING:
    from p2p_datatools.sources.catalog import CatalogEntry

_LICENCE = 17  # columns


@click.command()
@click.argument("name", required=False)
@options.catalog_option
@options.json_option
def command(name: str | None, catalog: Path | None, as_json: bool) -> int:
    """List known data sets: source, licence, size, classes.

    With NAME, everything that is known of that one. Entries of your own go into a TOML file, in the form that --json
    shows; name it with --catalog or P2P_CATALOG.

    \b
    Example:
      p2p data catalog maps
    """
    from p2p_datatools.sources.catalog import find_entry, load_catalog

    entries = [find_entry(name, catalog)] if name else list(load_catalog(catalog).values())
    if as_json:
        render.say_json(entries[0].as_table() if name else {each.name: each.as_table() for each in entries})
    elif name:
        render.say_facts(_facts(entries[0]))
    else:
        headings = ("name", "holds", "pictures", "classes", "preset", "licence")
        render.table(headings, (_row(each) for each in entries))
        render.say("Pixels, sources, the whole licence and the commands: p2p data catalog NAME")
    return 0


def _row(entry: "CatalogEntry") -> tuple[str, ...]:
    pictures = sum(count for folder, count in entry.counts if folder != "labels")
    numbers = (str(pictures or "-"), str(len(entry.classes) or "-"))
    holds = entry.holds.replace(" and ", ", ")
    return entry.name, holds, *numbers, entry.preset, _cut(entry.licence)


def _cut(licence: str) -> str:
    """The beginning of a licence: the whole stands on the page of its set, and the table in 80 columns."""
    first = licence.removeprefix("repository: ").partition(";")[0]
    return first if len(first) <= _LICENCE else f"{first[: _LICENCE - 3].rstrip()}..."


def _facts(entry: "CatalogEntry") -> list[tuple[str, str]]:
    places = [
        (word, f"{place.shown}{f', {place.bytes} bytes' if place.bytes else ''}")
        for word, place in (("mirror", entry.mirror), ("kaggle", entry.kaggle))
        if place
    ]
    return [
        ("name", entry.name),
        ("what", entry.title),
        ("holds", entry.holds),
        ("pictures", ", ".join(f"{count} in {folder}" for folder, count in entry.counts)),
        ("size", entry.pixels),
        ("classes", ", ".join(entry.classes)),
        ("palette", entry.palette),
        ("licence", entry.licence),
        ("terms", entry.terms),
        ("cite", entry.citation),
        ("page", entry.home),
        *places,
        ("unverified", entry.unverified),
        ("fetch", f"p2p data fetch {shell_word(entry.name)} {shell_word(entry.name)}"),
        ("then", entry.next_command(Path(entry.name))),
        ("preset", f"{entry.preset} {entry.settings}".strip()),  # the options in which the source differs from it
    ]

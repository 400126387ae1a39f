"""`p2p data derive`: its options, the call, and its result as text.

Nothing here may change a picture or know what an operation does.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.settings import describe_settings, settings_of
from p2p_datatools.contract.words import plural
from p2p_datatools.derivations.operations import OPERATIONS, operation


class _WithOperations(click.Command):
    """The command, whose help ends with every operation and its settings for --set, their defaults and meanings."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the operations."""
        with formatter.section("Operations, and their settings for --set"):
            for name, kind in OPERATIONS.items():
                formatter.write_text(f"{name}: {(kind.__doc__ or '').splitlines()[0]}")
                if settings := describe_settings(kind):
                    with formatter.indentation():
                        formatter.write_dl(settings)


def _example(name: str) -> str:
    """A setting of an operation with its default; of another operation if this one has none."""
    first = next(iter((settings_of(OPERATIONS[name]) or settings_of(OPERATIONS["edges"])).values()))
    return f"{first.name}={first.text(first.default)}"


@click.command(cls=_WithOperations)
@click.argument("photos", type=options.FOLDER)
@click.argument("dest", type=options.PLACE)
@click.option("--op", "name", type=options.WordChoice(tuple(OPERATIONS)), required=True, help="What to compute.")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Set a field of the operation; may be repeated."
)
@options.seed_option("Seed of the operations that draw at random.")
@options.page_option
@options.keep_going_option
@options.json_option
def command(
    photos: Path,
    dest: Path,
    name: str,
    settings: tuple[str, ...],
    seed: int,
    page: int | None,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Compute pictures from photos: A for pairs whose B are the photos.

    DEST receives a PNG for each photo, under the photo's name, and derive.json with all settings. With --op lab it
    receives L/ (lightness * 255 / 100) and ab/ (red = a + 128, green = b + 128, blue = 128), the numbers of OpenCV's
    8-bit Lab. With --op color it receives the photos, grey or not, in the colours (ab) that a model of L to ab
    generated, at the photos' own sizes.

    \b
    Examples:
      p2p data derive photos edges --op edges
      p2p data pair edges photos pairs --halves edges,photo
      p2p data derive photos holes --op holes --set kind=strokes --set share=0.3 --seed 1
      p2p data derive photos lab --op lab
      p2p data pair lab/L lab/ab pairs --halves L,ab
      p2p sample run lab/L --out generated
      p2p data derive photos coloured --op color --set ab=generated
    """
    from p2p_datatools.contract.pictures.pages import ReadOptions
    from p2p_datatools.derivations.build import derive

    chosen = operation(name, options.parse_settings(settings, example=_example(name)))
    summary = derive(
        photos, dest, chosen, seed=seed, read=ReadOptions(page), keep_going=keep_going, report=render.reporter()
    )
    if as_json:
        render.say_json(summary)
    else:
        folders = " and ".join(map(str, summary.folders))
        render.say(f"{name}: {plural(summary.made, 'picture')} written to {folders}, {summary.kept:,} kept.")
        if chosen.makes_a:
            a, b = summary.folders if len(summary.folders) > 1 else (dest, photos)
            words = f"{a.name},{b.name}" if len(summary.folders) > 1 else f"{name},photo"
            render.hint(next_command("data", "pair", a, b, "PAIRS", "--halves", words))
    return render.say_skipped(summary.skipped, dest)

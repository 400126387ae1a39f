"""`p2p data fetch`: its options, the call, and its result as text.

Nothing here may reach the network or write a file.
"""

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_datatools.contract.errors import lines_of


@click.command()
@click.argument("name")
@click.argument("dest", type=options.PLACE)
@click.option(
    "--from",
    "source",
    default="",
    metavar="kaggle|mirror|PATH",
    help="The source; PATH is an archive or folder. By default the mirror, or Kaggle for sets without a mirror.",
)
@click.option(
    "--limit", type=options.WholeNumber(1), metavar="N", help="Number of pictures; by default all (synth-cars: 240)."
)
@options.seed_option("Seed that decides which pictures are taken or drawn.")
@click.option(
    "--style",
    type=click.Choice(("studio", "street")),
    default="studio",
    show_default=True,
    help="synth-cars: plain ground, or varied colours and backgrounds.",
)
@options.catalog_option
@click.option(
    "--unpack-limit",
    type=options.WholeNumber(1),
    default=1,
    show_default=True,
    metavar="FACTOR",
    help="Multiply the limits on an archive's files, bytes and ratio, for an archive that you trust.",
)
@options.json_option
def command(as_json: bool, **asked: object) -> int:
    """Bring a known data set to DEST.

    'p2p data catalog' lists the names. Photos go to DEST/photos and labels to DEST/labels, or pairs to DEST/train and
    DEST/val; DEST/provenance.json records source, date, licence and the hash of each file. If DEST is complete, its
    files are compared with that record and nothing else is done. An interrupted download continues.

    Kaggle needs a token in KAGGLE_API_TOKEN or ~/.kaggle/access_token (https://www.kaggle.com/settings/api).

    \b
    Examples:
      p2p data fetch synth-cars cars --limit 200
      p2p data fetch car-parts cars
      p2p data fetch maps maps --from ~/Downloads/maps.tar.gz --limit 100
    """
    from p2p_datatools.sources.data_set import fetch

    summary = fetch(report=render.reporter(), **asked)  # type: ignore[arg-type]
    if as_json:
        render.say_json(summary)
        return 0
    for line in lines_of(summary.skipped[:20]):
        render.remark(f"note: {line}")
    if len(summary.skipped) > 20:
        render.remark(f"note: and {len(summary.skipped) - 20} more of these.")
    render.say(summary.outcome)
    render.say(f"licence  {summary.licence}")
    render.hint(f"next  {summary.next}")
    return 0

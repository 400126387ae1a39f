"""The group `p2p data`: the table of its commands, each a module beside this one.

Nothing here may import what a command needs.
"""

import click

from p2p_cli.app import LazyGroup

_COMMANDS = {
    "catalog": ("data.catalog", "List known data sets: source, licence, size, classes."),
    "fetch": ("data.fetch", "Bring a known data set to DEST."),
    "palette": ("data.palette", "Show and check a palette, or create one from labels."),
    "build-masks": ("data.build_masks", "Build colour-coded masks from labels."),
    "check": ("data.check", "Check masks, pairs or photos; exit code 1 on errors."),
    "repair": ("data.repair", "Repair masks with blended colours, specks or other sizes."),
    "pair": ("data.pair", "Join the pictures of A and B into A|B pairs."),
    "merge": ("data.merge", "Merge the parts of a pairing in shards."),
    "halves": ("data.halves", "Take A|B pairs apart into two folders."),
    "derive": ("data.derive", "Compute pictures from photos: A for pairs whose B are the photos."),
    "split": ("data.split", "Split pairs into train, val and test."),
    "export": ("data.export", "Export masks or pairs in the formats of other tools."),
    "stats": ("data.stats", "Show the figures of masks, pairs or photos: classes, sizes, colours."),
    "show": ("data.show", "Draw a contact sheet of masks, pairs, photos or samples."),
}

_EPILOG = """
\b
In this order, from photos and labels to pairs for 'p2p train':
  p2p data build-masks photos/annotations.json masks --palette cars --photos photos
  p2p data check masks --photos photos
  p2p data pair masks photos pairs
  p2p data split pairs
  p2p data stats pairs
  p2p data show pairs sheet.png
"""


@click.group(cls=LazyGroup, table=_COMMANDS, epilog=_EPILOG)
def command() -> None:
    """Fetch, build, check, pair and split data sets.

    A command works in DEST.partial until everything is done, and only then creates DEST. Run the same command again to
    continue, or to add what is new.
    """

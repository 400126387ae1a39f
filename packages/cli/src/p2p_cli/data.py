"""The group `p2p data`: the table of its commands, each a module beside this one.

Nothing here may import what a command needs.
"""

import click

from p2p_cli.app import LazyGroup

COMMANDS = {
    "fetch": ("data_fetch", "Bring a known data set to DEST."),
    "build-masks": ("data_build_masks", "Build colour-coded masks from labels."),
    "check": ("data_check", "Check masks, pairs or photos; exit code 1 on errors."),
    "pair": ("data_pair", "Join the pictures of A and B to A|B pairs."),
    "merge": ("data_merge", "Put the parts of a pairing in shards together."),
    "split": ("data_split", "Split pairs into train, val and test."),
    "show": ("data_show", "Draw a contact sheet of masks, pairs or photos."),
}

EPILOG = """
\b
In this order, from photos and labels to pairs for 'p2p train':
  p2p data build-masks photos/annotations.json masks --palette cars --photos photos
  p2p data check masks --photos photos
  p2p data pair masks photos pairs
  p2p data split pairs
  p2p data show pairs sheet.png
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=EPILOG)
def command() -> None:
    """Fetch, build, check, pair and split data sets.

    A command works in DEST.partial until everything is done, and only then is there a DEST; the same command again
    continues, or adds what is new.
    """

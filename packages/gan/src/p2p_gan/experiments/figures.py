"""The pictures of a study: the same held-out inputs through every arm, and one input several times through those of the
table on variety.

Nothing here may score; a figure is rows of picture files with a name for each column.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = "pictures"
INPUTS = 4  # held-out pairs in a figure
VARIANTS = 4  # outputs of one input in the figure on variety


@dataclass(frozen=True)
class Figure:
    """Rows of picture files, and what each column shows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Path, ...], ...]

"""Parses tables of labels in CSV, row by row, whose cells may be as long as an outline.

Nothing here may know what the columns mean.
"""

import csv
import io
from pathlib import Path
from typing import Any

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.atomic import read_text
from p2p_datatools.contract.files.text import find_delimiter

_LONGEST_CELL = 1 << 27  # characters; the library takes 131,072 by itself


def read_csv(path: Path) -> list[dict[str, Any]]:
    """The rows by their headings; raises P2PError for a file that is not valid CSV."""
    text = read_text(path).removeprefix("#")  # older VIA wrote its headings as a comment
    csv.field_size_limit(_LONGEST_CELL)
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=find_delimiter(text)))
    except csv.Error as error:
        raise P2PError(path, f"is not valid CSV ({error})", "Export it again.", code="bad-csv") from error

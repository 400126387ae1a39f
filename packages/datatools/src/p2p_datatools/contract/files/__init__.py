"""Files and folders that are whole or not there: atomic writing, journals, destinations, and the work that fills them.

Nothing here may know what is in a file.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.files.atomic import (
        read_json,
        read_lines,
        sha256_file,
        write_bytes,
        write_json,
        write_lines,
    )
    from p2p_datatools.contract.files.destination import Destination
    from p2p_datatools.contract.files.listing import find_pictures, picture_names
    from p2p_datatools.contract.files.work import FileRecord, Output, Summary, Work
else:
    __getattr__, __dir__ = open_door(
        __name__,
        atomic="read_json read_lines sha256_file write_bytes write_json write_lines",
        destination="Destination",
        listing="find_pictures picture_names",
        work="FileRecord Output Summary Work",
    )

__all__ = [
    "Destination",
    "FileRecord",
    "Output",
    "Summary",
    "Work",
    "find_pictures",
    "picture_names",
    "read_json",
    "read_lines",
    "sha256_file",
    "write_bytes",
    "write_json",
    "write_lines",
]

"""Serves models to those who draw: a page, and an API that paints a mask, on a local address.

Nothing here may train, reach the disk by a name that a request gives, or load starlette or uvicorn before it serves.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.paint.page_files import PageFile, read_page_files
else:
    __getattr__, __dir__ = open_door(__name__, page_files="PageFile read_page_files")

__all__ = ["PageFile", "read_page_files"]

"""Serves models to those who draw: a page, and an API that paints a mask, on a local address.

Nothing here may train, reach the disk by a name that a request gives, or load starlette or uvicorn before it serves.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.paint.find import find_models
    from p2p_gan.paint.page_files import PageFile, read_page_files
    from p2p_gan.paint.server import ServedAddress, serve_models
else:
    __getattr__, __dir__ = open_door(
        __name__,
        find="find_models",
        page_files="PageFile read_page_files",
        server="ServedAddress serve_models",
    )

__all__ = ["PageFile", "ServedAddress", "find_models", "read_page_files", "serve_models"]

"""Serves models to those who draw: a page with an API, on a local address, or a folder for any static host.

Nothing here may train, reach the disk by a name that a request gives, or load starlette or uvicorn before it serves.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.paint.find import find_models
    from p2p_gan.paint.page_files import PageFile, read_page_files
    from p2p_gan.paint.server import ServedAddress, ServerEnd, serve_models
    from p2p_gan.paint.static_site import WebExport, export_web
else:
    __getattr__, __dir__ = open_door(
        __name__,
        find="find_models",
        page_files="PageFile read_page_files",
        server="ServedAddress ServerEnd serve_models",
        static_site="WebExport export_web",
    )

__all__ = [
    "PageFile",
    "ServedAddress",
    "ServerEnd",
    "WebExport",
    "export_web",
    "find_models",
    "read_page_files",
    "serve_models",
]

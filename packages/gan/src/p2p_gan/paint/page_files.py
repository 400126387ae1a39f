"""The files of the page, which lie in the package: each with its name, its type and its bytes, read once.

Nothing here may read a file by a name that a request gives, or know what the page does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import PurePosixPath
from types import MappingProxyType

INDEX = "index.html"
_FOLDER = "page"
# A file of another type is none of the page's: it is left out here, and not guessed by a browser.
_TYPES = {
    **{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"},
    **{".mjs": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"},
    **{".json": "application/json", ".webmanifest": "application/manifest+json"},
}


@dataclass(frozen=True)
class PageFile:
    """One file of the page: its `name` without a folder, its `media_type` as HTTP says it, and its bytes."""

    name: str
    media_type: str
    data: bytes

    @cached_property
    def etag(self) -> str:
        """By which a browser knows that it has this very file: the SHA-256 of its bytes, in quotes."""
        return f'"{hashlib.sha256(self.data).hexdigest()[:32]}"'


@cache
def read_page_files() -> Mapping[str, PageFile]:
    """The files of the page by name; `index.html` is the page, which asks for the others as `page/NAME`.

    They are all that a server gives and that a folder for a static host needs, so that no name given by a request is
    ever looked for on the disk.
    """
    folder = resources.files("p2p_gan.paint").joinpath(_FOLDER)
    files = {
        each.name: PageFile(each.name, kind, each.read_bytes())
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if (kind := _TYPES.get(PurePosixPath(each.name).suffix)) and each.is_file()
    }
    assert INDEX in files, "the page lies in the package"
    return MappingProxyType(files)

"""Known data sets and what a page in a browser needs, brought to disk: the catalogue, downloads, archives, origins.

Nothing outside this room may use the network; nothing here may change a picture.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.sources.catalog import ArchivePlace, CatalogEntry, find_entry, load_catalog
    from p2p_datatools.sources.data_set import FetchSummary, fetch, fetch_synth
    from p2p_datatools.sources.web_runtime import WebRuntime, fetch_web_runtime
else:
    __getattr__, __dir__ = open_door(
        __name__,
        catalog="CatalogEntry ArchivePlace find_entry load_catalog",
        data_set="FetchSummary fetch fetch_synth",
        web_runtime="WebRuntime fetch_web_runtime",
    )

__all__ = [
    "ArchivePlace",
    "CatalogEntry",
    "FetchSummary",
    "WebRuntime",
    "fetch",
    "fetch_synth",
    "fetch_web_runtime",
    "find_entry",
    "load_catalog",
]

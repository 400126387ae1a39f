"""Known data sets brought to disk: the catalogue, downloads, archives, and the record of where each file came from.

Nothing outside this room may use the network; nothing here may change a picture.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.sources.catalog import ArchivePlace, CatalogEntry, find_entry, load_catalog
    from p2p_datatools.sources.data_set import FetchSummary, fetch, fetch_synth
else:
    __getattr__, __dir__ = open_door(
        __name__,
        catalog="CatalogEntry ArchivePlace find_entry load_catalog",
        data_set="FetchSummary fetch fetch_synth",
    )

__all__ = ["ArchivePlace", "CatalogEntry", "FetchSummary", "fetch", "fetch_synth", "find_entry", "load_catalog"]

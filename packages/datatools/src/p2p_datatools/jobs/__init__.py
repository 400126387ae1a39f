"""Resumable work on many files: threads, bounded memory, what is kept and what is made anew.

Nothing here may know what one piece of the work computes.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.jobs.convert import Converted, Line, Product, Source
else:
    __getattr__, __dir__ = open_door(
        __name__,
        convert="Converted Line Product Source",
    )

__all__ = ["Converted", "Line", "Product", "Source"]

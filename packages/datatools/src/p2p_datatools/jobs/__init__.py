"""Pictures are turned into other pictures, file by file: what deriving A and taking pairs apart have in common.

Nothing here may know how a picture is changed; the engine of such work is `contract.files.work`.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.jobs.conversion import ConversionLine, ConversionResult, Product, Source, convert
else:
    __getattr__, __dir__ = open_door(__name__, conversion="ConversionResult ConversionLine Product Source convert")

__all__ = ["ConversionLine", "ConversionResult", "Product", "Source", "convert"]

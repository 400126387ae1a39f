"""The room both sides know: errors, palettes, pictures, pairs and the manifest that lies between making and training.

Nothing here may know how a data set is made or what a network does with it; `p2p_gan` imports this room and no other.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.contract.errors import CheckResult, Finding, P2PError, Problem, Skip, UsageError
    from p2p_datatools.contract.machine import cores
    from p2p_datatools.contract.mask_folder import MaskLine, read_mask_lines
    from p2p_datatools.contract.palette import IGNORE, Palette, PaletteClass, load_palette, palette_of
    from p2p_datatools.contract.progress import Reporter
else:
    __getattr__, __dir__ = open_door(
        __name__,
        errors="CheckResult Finding P2PError Problem Skip UsageError",
        machine="cores",
        mask_folder="MaskLine read_mask_lines",
        palette="IGNORE Palette PaletteClass load_palette palette_of",
        progress="Reporter",
    )

__all__ = [
    "IGNORE",
    "CheckResult",
    "Finding",
    "MaskLine",
    "P2PError",
    "Palette",
    "PaletteClass",
    "Problem",
    "Reporter",
    "Skip",
    "UsageError",
    "cores",
    "load_palette",
    "palette_of",
    "read_mask_lines",
]

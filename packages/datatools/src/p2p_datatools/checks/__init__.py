"""What is wrong with masks, photos or pairs, as values, and how well two mask folders agree.

Nothing here may change a file.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.checks.agreement import ClassAgreement, Comparison, PictureAgreement, compare
    from p2p_datatools.checks.folder import check
    from p2p_datatools.checks.pairs import check_pairs
else:
    __getattr__, __dir__ = open_door(
        __name__,
        agreement="ClassAgreement Comparison PictureAgreement compare",
        folder="check",
        pairs="check_pairs",
    )

__all__ = ["ClassAgreement", "Comparison", "PictureAgreement", "check", "check_pairs", "compare"]

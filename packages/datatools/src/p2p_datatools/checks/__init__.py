"""What is wrong with masks, photos or pairs, as values, and how well two mask folders agree.

Nothing here may change a file.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.checks.agreement import ClassAgreement, Comparison, PictureAgreement, compare
    from p2p_datatools.checks.codes import FINDING_CODES, FindingCode, pick_findings
    from p2p_datatools.checks.folder import check
    from p2p_datatools.checks.page import FindingsPage
    from p2p_datatools.checks.pairs import check_pairs
else:
    __getattr__, __dir__ = open_door(
        __name__,
        agreement="ClassAgreement Comparison PictureAgreement compare",
        codes="FINDING_CODES FindingCode pick_findings",
        folder="check",
        page="FindingsPage",
        pairs="check_pairs",
    )

__all__ = [
    "FINDING_CODES",
    "ClassAgreement",
    "Comparison",
    "FindingCode",
    "FindingsPage",
    "PictureAgreement",
    "check",
    "check_pairs",
    "compare",
    "pick_findings",
]

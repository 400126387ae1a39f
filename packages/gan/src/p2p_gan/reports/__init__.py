"""The report of a run: everything that its folder, its pairs and its scores say, as one page.

Nothing here may train, apply a model or score; what is not recorded is said to be missing.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.reports.gather import RunReport, gather_report
    from p2p_gan.reports.page import report_page
else:
    __getattr__, __dir__ = open_door(__name__, gather="RunReport gather_report", page="report_page")

__all__ = ["RunReport", "gather_report", "report_page"]

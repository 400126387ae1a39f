"""The paper's ablations as a study on a user's own pairs: the arms, their runs and scores, and a page with the results.

Nothing here may have a training loop of its own; every arm of a study is an ordinary run.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.experiments.page import write_page
    from p2p_gan.experiments.study import Failure, Study, Trial, run_arms, run_study
    from p2p_gan.experiments.tables import TABLES, Table
else:
    __getattr__, __dir__ = open_door(
        __name__, page="write_page", study="Failure Study Trial run_arms run_study", tables="TABLES Table"
    )

__all__ = ["TABLES", "Failure", "Study", "Table", "Trial", "run_arms", "run_study", "write_page"]

"""Photos as the features of pretrained networks, and how far two photos or two sets of them lie apart by these.

Nothing here may train a network, download weights, or know which model the photos are from.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.evaluation.features.kid import KidEstimate, estimate_kid
else:
    __getattr__, __dir__ = open_door(__name__, kid="KidEstimate estimate_kid")

__all__ = ["KidEstimate", "estimate_kid"]

"""The variables of the environment with which p2p chooses how threads of OpenMP wait; see `waiting.py` for why.

Nothing here may import anything but `os`: it is set before torch is loaded, whatever is imported first.
"""

import os

SPIN, POLICY = "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"
_PASSIVE, _OWN_SPIN = "PASSIVE", "300000"  # 3 ms, libgomp's own number where nobody chooses


def choose_waiting() -> None:
    """Set both variables, unless the user set one of them."""
    if not os.environ.get(POLICY) and not os.environ.get(SPIN):
        os.environ[POLICY], os.environ[SPIN] = _PASSIVE, _OWN_SPIN


def chosen_here() -> bool:
    """Whether the variables are those that `choose_waiting` sets."""
    return (os.environ.get(POLICY), os.environ.get(SPIN)) == (_PASSIVE, _OWN_SPIN)

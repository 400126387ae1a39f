"""What every test may use: small pictures, tiny data sets, and the real data where it is present."""

import os
from pathlib import Path

import pytest

# Before any test loads torch: see p2p_gan/__init__.py, which is too late for tests that import torch first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

REAL_DATA = Path(os.environ.get("P2P_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; the test is skipped where it is missing."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {REAL_DATA}; set P2P_REAL_DATA to their folder")
    return REAL_DATA

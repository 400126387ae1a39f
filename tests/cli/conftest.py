"""What tests of the command line share."""

import pytest


@pytest.fixture
def timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan times the fewest updates that it can: how long they take is not asked."""
    monkeypatch.setattr("p2p_gan.training.trial._PATIENCE", 0.0)
    monkeypatch.setattr("p2p_gan.training.memory_format._BLOCK", 0.0)
    monkeypatch.setattr("p2p_gan.training.memory_format._LONG", 0.0)

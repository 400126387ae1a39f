"""What tests of data tools share: nothing is flushed to the disk."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk takes most of the time of small work, and shows only where the power fails."""
    monkeypatch.setattr(os, "fsync", lambda _: None)

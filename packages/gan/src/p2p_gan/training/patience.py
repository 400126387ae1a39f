"""Early stopping: when a run has waited long enough for a better validation score, and what a checkpoint keeps of that.

Nothing here may validate, save or end anything.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from p2p_gan.config.config import Config

_STALE, _STOPPED = "stale", "stopped"


@dataclass(frozen=True)
class EarlyStop:
    """A run that ended by itself after `images` of `total`: `score` was the best at `best_images`.

    Since then it has not become better in `waited` validations in a row.
    """

    images: int
    total: int
    score: str
    best_images: int
    waited: int

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    def holds_for(self, config: Config, total: int) -> bool:
        """Whether a call with this config, of `total` images, finds the run finished; more of either continues it."""
        return 0 < config.patience <= self.waited and total <= self.total


class Patience:
    """Counts the validations in a row without a better score, as the checkpoints of a run keep them."""

    def __init__(self, config: Config, extra: Mapping[str, Any]) -> None:
        """`extra` are the small states of the checkpoint from which the run continues."""
        before = stop_of(extra)
        # A longer run begins to wait anew; with more patience it goes on waiting.
        longer = before is not None and (config.images or 0) > before.total
        self.stale = 0 if longer else int(extra.get(_STALE, 0))
        self.stop: EarlyStop | None = None
        self._config = config

    def add(self, *, better: bool, images: int, score: str, best_images: int | None) -> bool:
        """Count a validation after `images`; whether the run has waited long enough."""
        total = self._config.images or 0
        self.stale = 0 if better else self.stale + 1
        if not self._config.patience or self.stale < self._config.patience or images >= total:
            return False
        self.stop = EarlyStop(images, total, score, best_images or 0, self.stale)
        return True

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps, by the names of its small states."""
        return {_STALE: self.stale, _STOPPED: self.stop.to_json() if self.stop else None}


def stop_of(extra: Mapping[str, Any]) -> EarlyStop | None:
    """Where the run of a checkpoint with these small states has stopped; None if it has not."""
    found = extra.get(_STOPPED)
    if not found:
        return None
    numbers = {name: int(found[name]) for name in ("images", "total", "best_images", "waited")}
    return EarlyStop(score=str(found["score"]), **numbers)

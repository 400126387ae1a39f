"""Which of the scored pairs are no evidence of their own: the slices of one patient, the frames of one walk.

Nothing here may decide which pairs belong together, which their manifest says, or look at a picture.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType

import numpy as np

from p2p_datatools.contract.pairs.lines import Pair


class PairGroups:
    """The groups that several pairs of a set have, by the pairs' names; a pair of no group stands for itself."""

    def __init__(self, of: Mapping[str, str] = MappingProxyType({})) -> None:
        self._of = of

    @classmethod
    def of_pairs(cls, pairs: Iterable[Pair]) -> "PairGroups":
        """The groups of a manifest, as `p2p data split` wrote them, of which `pairs` has several members."""
        grouped = [(pair.name, pair.group) for pair in pairs if pair.group is not None]
        members = Counter(group for _, group in grouped)
        return cls({name: group for name, group in grouped if members[group] > 1})

    def __bool__(self) -> bool:
        return bool(self._of)

    def get(self, name: str) -> str | None:
        """The group of a pair, None where it stands for itself."""
        return self._of.get(name)

    def unit(self, name: str) -> str:
        """What the pair is evidence of, together with those of the same unit."""
        group = self.get(name)
        return f"pair {name}" if group is None else f"group {group}"

    def random_of(self, name: str, common: np.random.Generator, seed: tuple[int, ...]) -> np.random.Generator:
        """What draws for a pair: for those of one group always the same numbers, else the next that are `common`."""
        group = self.get(name)
        if group is None:
            return common
        return np.random.default_rng([*seed, int.from_bytes(sha256(group.encode()).digest()[:8], "big")])


EACH_ALONE = PairGroups()

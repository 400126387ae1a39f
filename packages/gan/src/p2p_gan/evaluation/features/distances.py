"""The networks by which generated photos are compared with real ones: which can be had, and what they say of a pair.

Nothing here may know how a network works, or add up pairs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.pairs.halves import as_photo
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import Photo
from p2p_gan.evaluation.features.efficientnet import FEATURE_KID, INSTALL_FEATURES, load_photo_features
from p2p_gan.evaluation.features.published import (
    INCEPTION,
    INSTALL_PUBLISHED,
    InceptionFeatures,
    LpipsNetwork,
    WeightsFile,
    find_weights,
    how_to_have,
    require_published,
    why_not_published,
)
from p2p_gan.evaluation.metrics import PixelMask
from p2p_gan.evaluation.packed import floats_to_text
from p2p_gan.models.card import ModelCard
from p2p_gan.models.feature_file import find_features


class FeatureExtractor(Protocol):
    """A network that turns a photo into features: `key` names them in a record, `name` the distance of sets by them."""

    key: str
    name: str
    digest: str

    def extract(self, photo: Photo) -> NDArray[np.float32]:
        """The features of a photo, uint8 RGB (height, width, 3)."""
        ...


class DistanceNetworks:
    """The networks that score a model's photos, none for other outputs; `left_out` says how to have the others."""

    def __init__(self, card: ModelCard, weights: Sequence[Path], device: torch.device | None) -> None:
        self._card, device = card, device or torch.device("cpu")
        self.extractors: list[FeatureExtractor] = []
        self.pairwise: list[LpipsNetwork] = []
        self.left_out: dict[str, str] = {}
        found = find_weights(weights)
        if card.output.kind == "mask" or card.output.channels not in (1, 3):
            if weights:
                what = f"are of photos in grey or RGB, but the model generates {card.output.name}"
                raise UsageError("--weights", what, "Omit the option.", code="unfit-weights")
            return
        if find_features() is None:
            self.left_out[FEATURE_KID] = INSTALL_FEATURES
        else:
            self.extractors.append(load_photo_features(device))
        self.left_out |= how_to_have(found)
        if weights:
            require_published(weights[0])
        if found:
            self._add_published(found, device)

    def _add_published(self, found: Sequence[WeightsFile], device: torch.device) -> None:
        if reason := why_not_published():
            self.left_out |= {each.known.scores: f"{reason}. {INSTALL_PUBLISHED}" for each in found}
            return
        self.extractors += [InceptionFeatures(each, device) for each in found if each.known is INCEPTION]
        self.pairwise += [LpipsNetwork(each, device) for each in found if each.known is not INCEPTION]

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each network's weights, by the name of its distance."""
        features = {each.name: each.digest for each in self.extractors}
        return features | {each.name: each.digest for each in self.pairwise}

    def describe(self, fake: Array, real: Array, where: PixelMask | None) -> tuple[dict[str, float], dict[str, Any]]:
        """(distances of the two photos by name, their features as JSON values); pixels that do not count are alike."""
        if where is not None:
            fake = np.where(where.reshape(*where.shape, *(1,) * (fake.ndim - 2)), fake, real)
        photos = [as_photo(each, self._card.output) for each in (fake, real)]
        found = {each.name: each.compare(*photos) for each in self.pairwise}
        features = {each.key: [floats_to_text(each.extract(photo)) for photo in photos] for each in self.extractors}
        return {name: value for name, value in found.items() if value is not None}, features

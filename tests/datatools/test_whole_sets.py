"""Sets as they are downloaded, photos and labels in one folder: masks, then pairs of that folder as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from p2p_datatools.contract.palette import Palette, PaletteClass
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.masks import build_masks
from p2p_datatools.pairs import pair

if TYPE_CHECKING:
    from datatools.conftest import Noise

TWO = Palette("two", (PaletteClass("background", (0, 0, 0), 0), PaletteClass("road", (255, 255, 255), 255)))
DEEP_GLOBE = {f"train/{name}_sat.jpg": f"train/{name}_mask.png" for name in ("104", "105", "106")}
LAND_COVER = {f"output/N-33-60_{name}.jpg": f"output/N-33-60_{name}_m.png" for name in range(3)}
FLOOD_NET = {
    f"{split}/{split}-org-img/{name}.jpg": f"{split}/{split}-label-img/{name}_lab.png"
    for split, name in (("train", "6001"), ("train", "6002"), ("val", "6003"), ("test", "6004"))
}


@pytest.fixture
def whole_set(noise: "Noise", tmp_path: Path, labels_of: Mapping[str, str]) -> Path:
    """A folder with a photo for each label, as `labels_of` says."""
    for number, (photo, label) in enumerate(labels_of.items()):
        mask = np.zeros((24, 24), dtype=np.uint8)
        mask[4 : 12 + number, 3 + 2 * number : 20] = 255
        for file, pixels in ((photo, noise(number, Size(24, 24))), (label, mask)):
            (tmp_path / "set" / file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "set" / file)
    return tmp_path / "set"


@pytest.mark.parametrize(
    "labels_of", [DEEP_GLOBE, LAND_COVER, FLOOD_NET], ids=["DeepGlobe", "LandCover.ai", "FloodNet"]
)
def test_labels_among_the_photos_are_left_out_whatever_they_are_called(
    whole_set: Path, tmp_path: Path, labels_of: Mapping[str, str]
) -> None:
    masks = tmp_path / "masks"
    built = build_masks(whole_set, masks, palette=TWO, photos=whole_set)
    assert built.built == len(labels_of)
    assert pair(masks, whole_set, tmp_path / "pairs").built == len(labels_of)


@pytest.mark.parametrize("labels_of", [{f"benign ({n}).png": f"benign ({n})_mask.png" for n in range(1, 4)}])
def test_masks_of_objects_among_the_photos_are_left_out_too(whole_set: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    (whole_set / "benign (2)_mask_1.png").write_bytes((whole_set / "benign (3)_mask.png").read_bytes())
    build_masks(whole_set, masks, palette=TWO, photos=whole_set, format="class-masks", mapping={"mask": "road"})
    assert pair(masks, whole_set, tmp_path / "pairs").built == 3

"""The photos of the masks of a folder, for all that is given both: checks, repairs, sheets and exports.

Nothing here may join other pictures than 'p2p data pair' does, or judge a mask.
"""

from collections.abc import Sequence
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.files.listing import LeftOut
from p2p_datatools.contract.pairs.manifest import refuse_pairs_as_photos
from p2p_datatools.contract.partners.join import Join, join_pictures, same_name
from p2p_datatools.contract.partners.named import pictures_of
from p2p_datatools.contract.partners.split_keys import outside_of
from p2p_datatools.contract.progress import QUIET, Reporter

# What to do, by the codes of `join_pictures`, where no expression or list can be given.
_TO_DO = {
    "no-common-name": "Is it the right folder? Pictures that belong together have one name, or names that differ as "
    "in a data set, such as 1.jpg and 1_mask.png; 'p2p data pair' takes others with --match.",
    "shifted-names": "If so, rename those of one folder; if not, 'p2p data pair' takes them with --match '.+' "
    "--keep-going.",
    "tiles-of-one": "Cut the masks as the photos; if each photo shows the whole, list them for --match of 'p2p data "
    "pair'.",
    "several-labels": "Unite those of one photo with 'p2p data build-masks --format class-masks'; if each is a mask of "
    "its own, list them for --match of 'p2p data pair'.",
}

NAMES_DIFFER = frozenset(_TO_DO)
"""The codes of errors that names do not tell which pictures belong together."""


def join_masks(
    masks: Path, other: Path, strange: list[Skip], others: list[LeftOut], *, report: Reporter = QUIET
) -> Join:
    """Join masks with what another folder has of each, whose files that are not read are added as by `pictures_of`.

    Raises P2PError where there are no pictures, or no mask has a partner.
    """
    there = outside_of(other, pictures_of(other, strange, others), masks)
    files = outside_of(masks, pictures_of(masks, []), other), there
    try:
        return join_pictures((masks, other), files, keep_masks=True, report=report)
    except P2PError as error:
        raise P2PError(error.where, error.what, _TO_DO[error.code], code=error.code) from error


class MaskPhotos:
    """The photos in `folder` of each mask of another; `others` are its files that are not read.

    `lost` are masks without a photo and `free` photos without a mask; `twice` are photos of one name, of which none is
    taken; `skipped` are those with a name that no pair can have. Notes say in what names differ. Raises P2PError where
    there are no pictures or A|B pairs, or no mask has a photo, and UsageError where both are one folder.
    """

    def __init__(self, masks: Path, folder: Path, *, report: Reporter = QUIET) -> None:
        if masks.resolve() == folder.resolve():
            raise UsageError(folder, "is given as the masks and as their photos", "Give two.", code="same-folder")
        refuse_pairs_as_photos(folder)
        strange, others = list[Skip](), list[LeftOut]()
        matched, (of_masks, of_photos) = join_masks(masks, folder, strange, others, report=report)
        self.folder = folder
        self.others, self.skipped = others[0], [*strange, *of_photos.skipped]
        self.lost, self.free = set(of_masks.alone.values()), list(of_photos.alone.values())
        self.twice = list(of_photos.twice.values())
        self._unnamed = of_masks.skipped
        self._photos, self._masks = dict[Path, list[Path]](), dict[Path, Path]()
        for mask, photo in matched.values():
            self._photos.setdefault(mask, []).append(photo)
            self._masks.setdefault(photo, mask)

    def of(self, mask: Path) -> Sequence[Path]:
        """The photos of a mask: several where it has the name with which all of theirs begin, and often none."""
        return self._photos.get(mask, ())

    def skip_lost(self, to_do: str) -> list[Skip]:
        """Why masks have no photo: what to do where there is none, photos of one name, and masks of strange names."""
        lost = [Skip(str(mask), f"has no photo in {self.folder}", to_do, "no-photo") for mask in sorted(self.lost)]
        return [*lost, *map(same_name, self.twice), *self._unnamed]

    def mask_of(self, photo: Path) -> Path | None:
        """The first mask of a photo."""
        return self._masks.get(photo)

"""How many pixels of worn masks `p2p data repair` brings back, on masks of which each pixel is known.

Nothing here may change a file of DATA, or count a pixel as right that is not the class of the clean mask.

Usage: python benchmarks/repair.py DATA [--limit N] [--keep DIR]
DATA holds car-parts/trainingset (with annotations.json) and camvid/masks; cars are drawn.
"""

import argparse
import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.palette import Palette, load_palette
from p2p_datatools.contract.pictures.images import colorize, read_mask
from p2p_datatools.contract.pictures.worn.reading import index_rows, palette_snapper
from p2p_datatools.masks.build import build_masks
from p2p_datatools.repairs.build import repair
from p2p_datatools.sources.data_set import fetch_synth

if TYPE_CHECKING:
    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

Pixels = NDArray[np.uint8]
AIM = 0.995


def as_jpeg(picture: Pixels) -> Pixels:
    """What a JPEG of quality 75 leaves, with its colours halved in both directions (4:2:0), as most programs do."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=75)
    return np.asarray(Image.open(stream).convert("RGB"))


def soften(sigma: float) -> Callable[[Pixels], Pixels]:
    """Soft edges, of this standard deviation in pixels."""
    return lambda picture: np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma)))


def halve(picture: Pixels) -> Pixels:
    """Half the size, bicubic."""
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((width // 2, height // 2), Image.Resampling.BICUBIC))


WEARS: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG 75": as_jpeg,
    "soft brush, sigma 1": soften(1),
    "soft brush, sigma 2": soften(2),
    "bicubic x 0.5": halve,
}


def true_classes(mask: Pixels, *, halved: bool) -> Pixels:
    """Which classes a pixel may have, (h, w, 4): those of most of the four pixels of which one became, or its own."""
    if not halved:
        return mask[..., None]
    height, width = mask.shape[0] // 2 * 2, mask.shape[1] // 2 * 2
    four = np.stack([mask[y:height:2, x:width:2] for y in (0, 1) for x in (0, 1)], axis=2)
    votes = (four[..., None] == four[..., None, :]).sum(axis=3)
    best = np.take_along_axis(four, votes.argmax(axis=2)[..., None], axis=2)
    return np.where(votes == votes.max(axis=2, keepdims=True), four, best).astype(np.uint8)


class Score(NamedTuple):
    """Of one mask: the share of its pixels that are right, and the classes that vanished or appeared."""

    right: float
    lost: int
    new: int


def score(found: Pixels, mask: Pixels, *, halved: bool) -> Score:
    """Compare with the clean mask; a class that no pixel of the halved one has is not there to be lost."""
    true = true_classes(mask, halved=halved)
    right = (found[..., None] == true).any(axis=2).mean()
    seen, there, ever = (set(np.unique(each).tolist()) for each in (found, true, mask))
    return Score(float(right), len(there - seen), len(seen - ever))


def folders(data: Path, place: Path, limit: int) -> Iterator[tuple[str, Palette, Path]]:
    """The clean masks: drawn cars, car parts and street scenes."""
    cars, scenes = load_palette("cars"), load_palette("scenes")
    fetch_synth(place / "drawn", limit=limit)
    build_masks(place / "drawn" / "labels", place / "synth", palette=cars)
    yield "synth", cars, place / "synth"
    build_masks(data / "car-parts" / "trainingset" / "annotations.json", place / "car-parts", palette=cars)
    yield "car-parts", cars, place / "car-parts"
    build_masks(data / "camvid" / "masks", place / "camvid", palette=scenes, mapping={"11": "ignore"})
    yield "camvid", scenes, place / "camvid"


def wear(source: Path, dest: Path, palette: Palette, wear_out: Callable[[Pixels], Pixels], limit: int) -> list[str]:
    """Write worn copies as pictures of colours; the names of the masks, evenly chosen."""
    names = sorted(read_mask_lines(source))
    names = names[:: -(-len(names) // limit)]
    for name in names:
        path = dest / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(wear_out(colorize(read_mask(source / f"{name}.png", palette), palette))).save(path)
    return names


def measure_wear(name: str, palette: Palette, clean: Path, place: Path, limit: int) -> None:
    """Print a line for each kind of wear: by the nearest colour alone, and repaired."""
    nearest = palette_snapper(palette, 442)
    for number, (kind, wear_out) in enumerate(WEARS.items()):
        worn, halved = place / f"{name}-{number}", kind.startswith("bicubic")
        names = wear(clean, worn, palette, wear_out, limit)
        mended = place / f"{name}-{number}-repaired"
        summary = repair(worn, mended, palette=palette)
        before, after = list[Score](), list[Score]()
        for each in names:
            mask = read_mask(clean / f"{each}.png", palette)
            rows = nearest.snap(np.asarray(Image.open(worn / f"{each}.png").convert("RGB"))).rows
            before.append(score(index_rows(rows, palette), mask, halved=halved))
            after.append(score(read_mask(mended / f"{each}.png", palette), mask, halved=halved))
        print(
            f"{name}, {kind}, n={len(names)}: nearest colour {_text(before)}; repaired {_text(after)}; "
            f"{sum(each.right >= AIM for each in after)} of {len(names)} reach {AIM:.1%}; "
            f"{len(summary.undecided)} not mended",
            flush=True,
        )


def _text(scores: list[Score]) -> str:
    shares = [each.right for each in scores]
    lost, new = sum(each.lost for each in scores), sum(each.new for each in scores)
    return f"{np.mean(shares):.2%} (worst {min(shares):.2%}), {lost} classes lost, {new} new"


def main() -> None:
    """Print the lines of all sets."""
    parser = argparse.ArgumentParser(description="The share of pixels that repair brings back.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=40, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    print(measure.header(1, "p2p-datatools", "numpy", "opencv-python"))
    with contextlib.ExitStack() as stack:
        place = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place.mkdir(parents=True, exist_ok=True)
        for name, palette, clean in folders(arguments.data, place, arguments.limit):
            measure_wear(name, palette, clean, place, arguments.limit)


if __name__ == "__main__":
    main()

"""Says what a model sees of pictures whose size or proportions are not those of its training.

Nothing here may read a picture: headers have told the sizes.
"""

from collections.abc import Mapping

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.data.sizing import Proportions
from p2p_gan.inference.apply import ApplyOptions, size_seen
from p2p_gan.inference.runtimes.translator import AnyModel

_SHRUNK = 4  # times fewer pixels, from which small things are gone
_SQUEEZED = 1.5  # times as wide or as high as in training, from which round things are seen as flat


def note_sizes(
    model: AnyModel,
    sizes: Mapping[str, Size],
    how: ApplyOptions,
    report: Reporter,
    *,
    noun: str = "picture",
    may_choose: bool = True,
) -> None:
    """Note what the model sees of pictures, by name, that are much larger than what it sees, or of another shape.

    `noun` is what a name stands for, and `may_choose` whether there is a --size to choose.
    """
    if how.size is not None:
        return  # somebody chose
    _note_shrunk(model, sizes, how, report, noun, may_choose=may_choose)
    known = model.card.proportions
    if model.card.fit == "stretch" and model.card.size is not None and known is not None:
        _note_squeezed(model.card.size, known, sizes, report, noun, may_choose=may_choose)


def _note_shrunk(
    model: AnyModel, sizes: Mapping[str, Size], how: ApplyOptions, report: Reporter, noun: str, *, may_choose: bool
) -> None:
    """Note that the model sees pictures with a fraction of their pixels, as when it was trained on small ones."""
    shares: dict[str, float] = {}
    for name, own in sizes.items():
        seen = size_seen(model.card, own, how)
        if own.width * own.height >= _SHRUNK * seen.width * seen.height:
            shares[name] = own.width * own.height / (seen.width * seen.height)
    if shares:
        most = max(sorted(shares), key=lambda name: shares[name])
        seen = size_seen(model.card, sizes[most], how)
        pictures = plural(len(shares), f"{noun} is", f"{noun}s are")
        native = "try --size native, at a scale that the model has not learned, or " if may_choose else ""
        report.note(
            f"{pictures} shrunk to the size of training: the model sees {most}, {sizes[most]}, as {seen}. To keep "
            f"details, {native}train at a larger --size."
        )


def _note_squeezed(
    seen: Size, known: Proportions, sizes: Mapping[str, Size], report: Reporter, noun: str, *, may_choose: bool
) -> None:
    """Note that pictures of other proportions are stretched to the model's size, which distorts what is on them.

    Those of training may have been stretched before they came into a pair folder, which nothing there tells.
    """
    off = {name: factor for name, own in sizes.items() if (factor := _distortion_of(own, known)) > _SQUEEZED}
    if off:
        most = max(sorted(off), key=lambda name: off[name])
        pictures = plural(len(off), f"{noun} has", f"{noun}s have")
        native = ", or try --size native" if may_choose else ""
        report.note(
            f"{pictures} other proportions than those of training: {most}, {sizes[most]}, is "
            f"{_shape_of(sizes[most])}, and those were {_shapes_of(known)}. Stretched to {seen}, what it shows is "
            f"distorted {off[most]:.1f} times. Cut or pad such {noun}s{native}; unless those of training had been "
            "stretched from these proportions before they became pairs, which is then right here too."
        )


def _distortion_of(own: Size, known: Proportions) -> float:
    """How many times wider than the widest picture of training, or narrower than the narrowest."""
    ratio = own.width / own.height
    return max(ratio / known.widest, known.narrowest / ratio)


def _shape_of(own: Size) -> str:
    return f"{own.width / own.height:.2f} times as wide as high"


def _shapes_of(known: Proportions) -> str:
    ends = sorted({f"{each:.2f}" for each in (known.narrowest, known.widest)}, key=float)
    return " to ".join(ends)

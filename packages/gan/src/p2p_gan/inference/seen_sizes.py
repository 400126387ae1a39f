"""Says what a model sees of pictures whose size or proportions are not those of its training.

Nothing here may read a picture: headers have told the sizes.
"""

from collections.abc import Mapping
from math import prod

from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural
from p2p_gan.data.sizing import Proportions
from p2p_gan.inference.apply import ApplyOptions, size_seen
from p2p_gan.inference.runtimes.translator import AnyModel

_SHRUNK = 4  # times fewer pixels, from which small things are gone
_NATIVE = " Or try --size native, at a scale that the model has not learned."
_SQUEEZED = 1.5  # times as wide or as high as in training, from which round things are seen as flat


def note_sizes(
    model: AnyModel, sizes: Mapping[str, Size], how: ApplyOptions, report: Reporter, *, may_choose: bool = True
) -> None:
    """Note what the model sees of inputs, by name, that are much larger than what it sees, or of another shape.

    `may_choose` says whether there is a --size to choose.
    """
    if how.size is not None:
        return  # somebody chose
    for line in (_say_shrunk(model, sizes, how), _say_squeezed(model, sizes)):
        if line:
            report.note(f"{line}{_NATIVE if may_choose else ''}")


def _say_shrunk(model: AnyModel, sizes: Mapping[str, Size], how: ApplyOptions) -> str:
    """That the model sees inputs with a fraction of their pixels, as one trained on small ones does; else nothing."""
    factors = {name: prod(own) / prod(size_seen(model.card, own, how)) for name, own in sizes.items()}
    shrunk = {name: factor for name, factor in factors.items() if factor >= _SHRUNK}
    if not shrunk:
        return ""
    most = max(sorted(shrunk), key=shrunk.__getitem__)
    return (
        f"{plural(len(shrunk), 'input is', 'inputs are')} shrunk to the size of training: the model sees {most}, "
        f"{sizes[most]}, as {size_seen(model.card, sizes[most], how)}. To keep details, train at a larger --size."
    )


def _say_squeezed(model: AnyModel, sizes: Mapping[str, Size]) -> str:
    """That inputs of other proportions are stretched to the model's size, which distorts what they show; else nothing.

    Those of training may have been stretched before they came into a pair folder, which nothing there tells.
    """
    seen, known = model.card.size, model.card.proportions
    if model.card.fit != "stretch" or seen is None or known is None:
        return ""
    off = {name: factor for name, own in sizes.items() if (factor := _distortion_of(own, known)) > _SQUEEZED}
    if not off:
        return ""
    most = max(sorted(off), key=off.__getitem__)
    return (
        f"{plural(len(off), 'input has', 'inputs have')} other proportions than those of training: {most}, "
        f"{sizes[most]}, is {_shape_of(sizes[most])}, and those were {_shapes_of(known)}. Stretched to {seen}, what it "
        f"shows is distorted {off[most]:.1f} times. Cut or pad such inputs, unless those of training were stretched "
        "from these proportions before they became pairs, which is then right here too."
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

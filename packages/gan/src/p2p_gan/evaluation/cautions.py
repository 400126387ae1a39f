"""Where scores mean little, in sentences: too few pictures for a figure, or a model that a constant picture beats.

Nothing here may change a score or compute one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from p2p_datatools.contract.words import plural
from p2p_gan.evaluation.score_words import score_word

FEW = 20  # pictures, below which a bootstrap's intervals are plainly too narrow
# Of one distribution, 100 photos have a KID whose standard deviation is a good part of what models differ by; Heusel et
# al. (2017) advise 10,000 for FID, whose covariance has no full rank below 2,048.
FEW_FOR_KID, FEW_FOR_FID = 100, 10_000
_FOUND = 0.5  # the IoU from which on as much of a class is found as is missed and wrongly found together


@dataclass(frozen=True)
class Caution:
    """A sentence, and the code by which programs know its kind."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


def find_cautions(
    pictures: int,
    metrics: Mapping[str, float],
    mean_picture: Mapping[str, float],
    mean_of: str | None,
    distances: Mapping[str, int] = MappingProxyType({}),
    *,
    uncounted: int = 0,
    found_in_real: Mapping[str, float] = MappingProxyType({}),
    groups: int | None = None,
    real_sharpness: float | None = None,
) -> tuple[Caution, ...]:
    """What to know before these scores are quoted.

    `mean_of` is the split with the mean picture, `distances` has the number of photos in each distance by networks,
    `uncounted` pairs have no pixel that counts, `found_in_real` are the IoUs of what the segmenter finds in the real
    photos, by class, the pictures form so many `groups`, if any, and `real_sharpness` is that of photos that are real.
    """
    found = [*_say_uncounted(uncounted), *_say_blank(real_sharpness), *_say_few(pictures, groups)]
    found += [*_say_worse(metrics, mean_picture, mean_of), *_say_missed(found_in_real), *_say_scattered(distances)]
    return tuple(found)


def _say_uncounted(pairs: int) -> Iterator[Caution]:
    if pairs:
        of = plural(pairs, "pair has", "pairs have")
        yield Caution("pairs-uncounted", f"{of} no pixel that counts (ignored, or without data): in no score.")


def _say_blank(real_sharpness: float | None) -> Iterator[Caution]:
    """Real photos of one colour each, as other programs want beside an input of which there is no photo."""
    if real_sharpness == 0:
        text = "Every real picture is of one colour, as is put where there is none: scores that compare with it, and "
        yield Caution("blank-targets", f"{text}distances, say nothing. Score pairs whose outputs are known.")


def _say_few(pictures: int, groups: int | None) -> Iterator[Caution]:
    """Too few pictures, or groups of pictures, for intervals."""
    if (pictures if groups is None else groups) >= FEW:
        return
    if groups is None:
        what = f"{plural(pictures, 'picture')} are few" if pictures > 1 else "1 picture has no interval"
        code, which = "few-pictures", "pictures"
    else:
        of = f"{plural(pictures, 'picture')} are of {plural(groups, 'group')}"
        what = f"The {of}, which 'p2p data split' kept together{', and one group has no interval' * (groups == 1)}"
        code, which = "few-groups", "groups"
    rest = f"below {FEW} every score depends on which {which} they are, and intervals are too narrow."
    yield Caution(code, f"{what}: {rest}")


def _say_worse(
    metrics: Mapping[str, float], mean_picture: Mapping[str, float], mean_of: str | None
) -> Iterator[Caution]:
    """Scores in which a picture that knows nothing of the input beats the model."""
    worse = [
        f"{score_word(name).label} ({metrics[name]:.4g}, the mean picture {value:.4g})"
        for name, value in mean_picture.items()
        if is_better(name, value, metrics[name])
    ]
    if worse:
        text = f"The model is worse than the mean picture of {mean_of}, which ignores the input, in {', '.join(worse)}."
        yield Caution("worse-than-mean", text)


def _say_missed(found_in_real: Mapping[str, float]) -> Iterator[Caution]:
    """Classes that the segmenter does not know well enough to judge by."""
    if missed := [f"{name} ({iou:.2f})" for name, iou in found_in_real.items() if iou < _FOUND]:
        text = f"The segmenter misses much in the real photos, too: the IoU of {', '.join(missed)} is below {_FOUND} "
        text += "there, so that the same of generated photos says little of them. Train a better segmenter."
        yield Caution("weak-segmenter", text)


def _say_scattered(distances: Mapping[str, int]) -> Iterator[Caution]:
    """Distances by networks of too few photos."""
    for name, number in distances.items():
        of = f"{name} of {plural(number, 'picture')}"
        if name == "FID" and number < FEW_FOR_FID:
            text = f"{of} is too large, and more so with fewer pictures: below {FEW_FOR_FID:,} prefer KID."
            yield Caution("few-for-fid", text)
        elif name.startswith("KID") and number < FEW_FOR_KID:
            yield Caution("few-for-kid", f"{of} scatters: below {FEW_FOR_KID} quote it with its interval.")


def is_better(metric: str, value: float, other: float) -> bool:
    """Whether a value of a metric is better than another."""
    return (value > other) == score_word(metric).more and value != other

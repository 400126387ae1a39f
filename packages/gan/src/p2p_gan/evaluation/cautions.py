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
) -> tuple[Caution, ...]:
    """What to know before these scores are quoted.

    `mean_of` is the split with the mean picture, `distances` has the number of photos in each distance by networks, and
    `uncounted` pairs have no pixel that counts.
    """
    found = []
    if uncounted:
        of = plural(uncounted, "pair has", "pairs have")
        found.append(Caution("pairs-uncounted", f"{of} no pixel that counts (ignored, or without data): in no score."))
    if pictures < FEW:
        what = f"{plural(pictures, 'picture')} are few" if pictures > 1 else "1 picture has no interval"
        text = f"{what}: below {FEW} every score depends on which pictures they are, and intervals are too narrow."
        found.append(Caution("few-pictures", text))
    worse = [name for name, value in mean_picture.items() if is_better(name, value, metrics[name])]
    if worse:
        said = ", ".join(
            f"{score_word(name).label} ({metrics[name]:.4g}, the mean picture {mean_picture[name]:.4g})"
            for name in worse
        )
        text = f"The model is worse than the mean picture of {mean_of}, which ignores the input, in {said}."
        found.append(Caution("worse-than-mean", text))
    return (*found, *_find_few(distances))


def _find_few(distances: Mapping[str, int]) -> Iterator[Caution]:
    """Distances of fewer photos than their estimate needs."""
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

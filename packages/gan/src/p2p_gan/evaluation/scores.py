"""A model's scores on the pairs of a split, compared with those of the mean picture.

Nothing here may train, print or write files; `metrics` and `mask_agreement` define the scores, `pair_scores` those of
one pair, `tally` how they add up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import chain, tee
from pathlib import Path
from typing import Any

import torch

from p2p_datatools.contract.errors import P2PError, Skip, UsageError
from p2p_datatools.contract.pairs.halves import read_nodata
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import PairFolder
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.images import as_rgb, say_over_white
from p2p_datatools.contract.pictures.nodata import Gaps
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter, once
from p2p_datatools.contract.words import p2p_command, plural
from p2p_gan.data.read import load_fitted, skip_of_pair
from p2p_gan.data.task import Task
from p2p_gan.evaluation.bootstrap import Interval
from p2p_gan.evaluation.cautions import Caution, find_cautions
from p2p_gan.evaluation.feature_tally import PhotoDistance
from p2p_gan.evaluation.features.distances import DistanceNetworks
from p2p_gan.evaluation.groups import PairGroups
from p2p_gan.evaluation.held_out import TRAINING, find_seen
from p2p_gan.evaluation.mask_agreement import Agreement
from p2p_gan.evaluation.metrics import mean_picture
from p2p_gan.evaluation.pair_scores import PairScorer, PairScores, mean_key
from p2p_gan.evaluation.segmenter import Segmenter
from p2p_gan.evaluation.tally import BesideReal, Tally
from p2p_gan.inference.apply import ApplyOptions, refuse_few_variants
from p2p_gan.inference.inputs import read_model_pair, refuse_folder, task_for
from p2p_gan.machine.device import resolve_device
from p2p_gan.machine.threads import limit_threads
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import Model, read_model

_MEAN_SIZE = Size(256, 256)  # of the mean training picture, for models without a size


@dataclass(frozen=True)
class Diversity:
    """The difference of variants of one picture, as shares of the range, and the number of variants of each."""

    variants: int
    pairwise_l1: float
    pixel_std: float


@dataclass(frozen=True)
class Scores:
    """Means over the pictures: `metrics` of the model by name, such as l1, and `color_error` by class.

    Pixels that a mask of the pair marks as ignored, or where a half has no data, are excluded, except from `diversity`,
    which uses no real picture. `mean_picture` holds the same metrics of the mean picture of the split
    `mean_picture_of`: train, or the scored split where there is none. `histograms`: intersection with those of the real
    pictures in L, a and b, for photos. `agreement`: of generated masks with the real ones. `judged`: of a segmenter's
    masks of the generated photos with the true ones, and `judged_real` the same for the real photos. `diversity`: of
    variants. `sharpness` of photos, and `variety`, how much the photos of the set differ from each other, beside those
    of the real ones. `distances` of photos by networks, by name, and in `left_out` how to have those that are not
    there. Each of these is None if it does not apply or was not requested. `skipped` are pairs that could
    not be read, which are in none of the means.

    `intervals` are the 95% intervals of the scores (bootstrap over pictures), and `numbers` the pictures in each, both
    by the score's place in `to_json` with dots between, such as `judged.classes.body.iou`. `cautions` say where the
    scores mean little. `groups` is how many groups the pictures form that `p2p data split` kept together, which are
    what intervals resample; None where each picture stands for itself.
    """

    pictures: int
    metrics: dict[str, float]
    mean_picture: dict[str, float]
    color_error: dict[str, float]
    histograms: dict[str, float] | None = None
    agreement: Agreement | None = None
    judged: Agreement | None = None
    judged_real: Agreement | None = None
    diversity: Diversity | None = None
    skipped: tuple[Skip, ...] = ()
    mean_picture_of: str | None = None
    distances: dict[str, PhotoDistance] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    sharpness: BesideReal | None = None
    variety: BesideReal | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, Interval] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()
    groups: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON values: each metric under its name, and NAME_mean that of the mean picture."""
        rest = asdict(self) | {"skipped": [str(skip) for skip in self.skipped]}
        pictures, model, mean = (rest.pop(name) for name in ("pictures", "metrics", "mean_picture"))
        return {"pictures": pictures, **model, **{mean_key(name): mean.get(name) for name in model}, **rest}


@dataclass(frozen=True)
class EvaluationRequest:
    """What `evaluate` measures, and on which pairs.

    `split` is the split with the pairs, `how` says how the model is applied; 2 or more `variants` measure diversity;
    the model `segmenter` segments generated photos; `weights` are files of networks that published scores are of.
    """

    split: str = "test"
    how: ApplyOptions = field(default_factory=ApplyOptions)
    variants: int = 1
    segmenter: Path | None = None
    weights: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        refuse_few_variants(self.variants)


def evaluate(
    model_path: Path | str,
    pairs: Path | str,
    *,
    asked: EvaluationRequest = EvaluationRequest(),
    keep_going: bool = False,
    device: torch.device | str | None = None,
    report: Reporter = QUIET,
    each: Callable[[PairScores, ModelCard], None] = lambda scored, card: None,
) -> Scores:
    """Apply the model to the inputs of a split and compare its outputs with the real ones, at the pictures' own size.

    `each` is called with every picture and its scores, in the order of the names. Raises P2PError if the split is empty
    or the model does not take these pairs, and for the first pair that cannot be read, unless `keep_going`: then those
    are `skipped`. `device` is where torch computes, by default the CPU, "auto" is the first GPU; raises UsageError for
    one that is not there.
    """
    job = open_evaluation(model_path, pairs, asked, device, report)
    skipped: list[Skip] = []
    tally = job.tally()
    for scored in report.track(job.each_score(skipped if keep_going else None, report), "scoring", len(job.pairs)):
        if scored is not None:
            tally.add(scored.record)
            each(scored, job.model.card)
    job.say_changes(report)
    return job.conclude(tally, skipped)


@dataclass(frozen=True)
class Evaluation:
    """A model and the pairs of a split that it is scored on, in the order of their names."""

    model: Model
    folder: PairFolder
    task: Task
    pairs: Sequence[Pair]
    asked: EvaluationRequest
    judge: Segmenter | None
    networks: DistanceNetworks
    seen: tuple[Caution, ...] = ()  # where the pairs may not have been held out from training
    over_white: list[Path] = field(default_factory=list, compare=False)  # pairs that are not opaque, as they are read

    def say_changes(self, report: Reporter) -> None:
        """Note which pairs were not opaque."""
        say_over_white(sorted(set(self.over_white)), report)

    def read(self, pair: Pair) -> tuple[Array, Array]:
        """A pair as (input, real output) in the model's encoding; raises P2PError if it is not that of the manifest."""
        card, swapped = self.model.card, self.task.swapped
        return read_model_pair(self.folder, pair, card, swapped=swapped, over_white=self.over_white)

    def read_gaps(self, pair: Pair) -> Gaps | None:
        """Where a half of the pair has no data, (height, width), which no score counts; None if nowhere."""
        nodata = read_nodata(self.folder, pair)
        return None if nodata is None else nodata.either

    def each_score(self, skipped: list[Skip] | None, report: Reporter) -> Iterator[PairScores | None]:
        """The scores of each pair in turn; None for one that cannot be read, which is added to `skipped` if given."""
        scorer = self.scorer(skipped, report)
        for pair in self.pairs:
            try:
                picture, real = self.read(pair)
                gaps = self.read_gaps(pair)
            except UsageError:
                raise
            except P2PError as error:
                if skipped is None:
                    raise
                skipped.append(skip_of_pair(self.folder, pair, error))
                yield None
            else:
                yield scorer.score(pair.name, picture, real, gaps)

    def scorer(self, skipped: list[Skip] | None, report: Reporter) -> PairScorer:
        """What scores each pair, after the training pairs were read for their mean.

        A training pair that cannot be read is not in the mean and is added to `skipped` if given, else its error is
        raised.
        """
        mean = self._mean_picture(skipped)
        note, asked = once(report.note), self.asked
        return PairScorer(
            self.model,
            asked.how,
            variants=asked.variants,
            judge=self.judge,
            networks=self.networks,
            mean=mean,
            note=note,
        )

    def tally(self) -> Tally:
        """What adds up the records of its pairs."""
        return Tally(self.model.card, self.networks, self.groups)

    @cached_property
    def groups(self) -> PairGroups:
        """Which of its pairs belong together, such as the slices of a patient."""
        return PairGroups.of_pairs(self.pairs)

    @property
    def mean_picture_of(self) -> str:
        """The split whose mean picture is the baseline; that of the scored pairs themselves is harder to beat."""
        return TRAINING if self.folder.of(TRAINING) else self.asked.split

    def _mean_picture(self, skipped: list[Skip] | None) -> Array | None:
        """The mean of the outputs of the pairs of `mean_picture_of`; None if none of them can be read.

        Pairs that are scored are reported when they are.
        """
        card, split = self.model.card, self.mean_picture_of
        failed = [] if split == self.asked.split else skipped
        pairs = load_fitted(self.folder, self.folder.of(split), self.task, card.size or _MEAN_SIZE, failed)
        first = next(pairs, None)
        if first is None:
            return None
        pictures, others = tee(chain([first], pairs))
        counted = (None if gaps is None else ~gaps for _, _, gaps in others)
        mean = mean_picture((real for _, real, _ in pictures), counted)
        colored = card.output.channels == 3 or card.output_coding.kind == "classes"  # classes are compared as colours
        return as_rgb(mean) if colored else mean

    def conclude(self, tally: Tally, skipped: Sequence[Skip]) -> Scores:
        """The scores of the records that were added; raises P2PError if there are none."""
        left_out = tuple(dict.fromkeys(skipped))  # once, if a training pair is scored too
        if not tally.pictures:
            raise self._nothing_scored(tally.uncounted, left_out)
        spread, mean, agreements = tally.diversity(), tally.mean_picture(), tally.agreements()
        found = Scores(
            pictures=tally.pictures,
            metrics=tally.metrics(),
            mean_picture=mean,
            color_error=tally.color_error(),
            histograms=tally.histograms(),
            agreement=agreements.get("agreement"),
            judged=agreements.get("judged"),
            judged_real=agreements.get("judged_real"),
            diversity=None if spread is None else Diversity(self.asked.variants, *spread),
            skipped=left_out,
            mean_picture_of=self.mean_picture_of if mean else None,
            distances=tally.distances(),
            left_out=self.networks.left_out,
            sharpness=tally.sharpness(),
            variety=tally.variety(),
            numbers=tally.numbers(),
            intervals=tally.intervals(),
            groups=tally.groups,
        )
        return replace(found, cautions=(*self.seen, *_cautions_of(found, tally.uncounted)))

    def _nothing_scored(self, uncounted: int, failed: tuple[Skip, ...]) -> P2PError:
        """The error where no pair has scores: no pixel of theirs counts, or they could not be read."""
        split = self.asked.split
        if uncounted:
            what = f"no pixel of its {plural(uncounted, f'{split} pair')} counts"
            to_do = "All are ignored or have no data: look at the masks, or choose another --split."
            return P2PError(self.folder.path, what, to_do, code="nothing-counts")
        what = f"no {split} pair could be scored, because {plural(len(failed), 'picture')} failed"
        to_do = "Correct them and run the same command again."
        return P2PError(self.folder.path, what, to_do, code="pictures-failed", parts=failed)


def _cautions_of(found: Scores, uncounted: int) -> tuple[Caution, ...]:
    return find_cautions(
        found.pictures,
        found.metrics,
        found.mean_picture,
        found.mean_picture_of,
        {name: each.pictures for name, each in found.distances.items()},
        uncounted=uncounted,
        found_in_real={name: of.iou for name, of in found.judged_real.classes.items()} if found.judged_real else {},
        groups=found.groups,
        real_sharpness=found.sharpness.real if found.sharpness else None,
    )


def open_evaluation(
    model_path: Path | str,
    pairs: Path | str,
    asked: EvaluationRequest,
    where: torch.device | str | None,
    report: Reporter,
) -> Evaluation:
    """Load the model and list the pairs; raises P2PError if there are none, or the model does not take them."""
    limit_threads()
    device = None if where is None else resolve_device(where)
    model = read_model(model_path, device)
    folder = open_pairs(Path(pairs), needs_train=False)
    for line in folder.assumed:
        report.note(f"{pairs}: {line.removesuffix('.')}.")
    task = task_for(folder, model.card)
    chosen = folder.of(asked.split)
    if not chosen:
        raise P2PError(pairs, f"has no {asked.split} pairs", _where_pairs_are(folder), code="empty-split")
    refuse_folder(folder, (task.input, task.output), model.card)
    judge = Segmenter(asked.segmenter, model, device) if asked.segmenter else None
    networks = DistanceNetworks(model.card, asked.weights, device)
    seen = find_seen(Path(model_path), model.card, folder, asked.split)
    if asked.segmenter and judge and asked.split != TRAINING:
        seen += find_seen(asked.segmenter, judge.card, folder, asked.split, who="segmenter")
    return Evaluation(model, folder, task, chosen, asked, judge, networks, seen)


def _where_pairs_are(folder: PairFolder) -> str:
    """What to do where the split that is asked for is empty."""
    if folder.foreign and all("/" not in pair.file for pair in folder.pairs):  # it is likely a split itself
        return "Choose --split train, which then are all its pictures, or give the folder above, whose test/ it is."
    other = f"Choose --split {folder.held_out}, or run" if folder.held_out else "Run"
    return f"{other} {p2p_command('data split', folder.path)}."

"""The figures of a data set in words: the lines and tables of `p2p data stats`, and the panels of its plots.

Nothing here may print, or compute a figure.
"""

from collections.abc import Iterator, Mapping, Sequence

from p2p_cli.text.plan import count_text
from p2p_datatools.contract.words import duration_text, plural
from p2p_datatools.statistics.values import (
    ClassStatistics,
    DataStatistics,
    FormStatistics,
    HalfStatistics,
    NamedPicture,
    SizeStatistics,
    SplitStatistics,
)
from p2p_gan.bench.advice import TrainingAdvice

Rows = list[tuple[str, ...]]
_BAR = 30  # letters of the longest bar
_MOST_SIZES, _MOST_CLASSES, _MOST_CHANNELS, _MOST_SPLITS = 3, 16, 6, 4  # shown; --json has all
_PLOT_CLASSES = 24
_LONGEST_NAME = 40  # letters of a picture's name


def fact_lines(found: DataStatistics) -> Iterator[tuple[str, str]]:
    """Names and values: how many there are, the halves, the sizes."""
    counts = ", ".join(f"{each.name} {each.pictures}" for each in found.splits)
    rest = found.whole.pictures - sum(each.pictures for each in found.splits)
    unsplit = f"{', ' if counts else ''}{rest} without a split" if counts and rest else ""
    yield found.kind, f"{found.whole.pictures}{f': {counts}{unsplit}' if counts else ''}"
    if found.kind == "pairs":
        halves = " | ".join(f"{half.name} ({_half_text(half)})" for half in found.whole.halves)
        yield "halves", halves
    if found.palette:
        yield "palette", found.palette
    if found.sizes:
        yield from _size_lines(found.sizes)


def _half_text(half: HalfStatistics) -> str:
    forms = ", ".join(_form_text(form) for form in half.forms)
    return forms or plural(len(half.classes), "class", "classes")


def _size_lines(sizes: SizeStatistics) -> Iterator[tuple[str, str]]:
    first, *others = sizes.counts
    if not others:
        yield "size", f"{first.size}, all of them"
        return
    shown = ", ".join(f"{each.size} ({each.pictures})" for each in sizes.counts[:_MOST_SIZES])
    if (more := len(sizes.counts) - _MOST_SIZES) > 0:
        shown = f"{len(sizes.counts)} different" if first.pictures == 1 else f"{shown}, and {more} more"
    yield "sizes", f"{shown}; median {sizes.median}"
    areas, aspects = (sizes.smallest, sizes.largest), (sizes.tallest, sizes.widest)
    words = (f"{each.value / 1e6:.3g} megapixels ({_short(each.name)})" for each in areas)
    yield "smallest", next(words)
    yield "largest", next(words)
    if aspects[0].value != aspects[1].value:
        words = (f"{each.value:.2f} times as wide as high ({_short(each.name)})" for each in aspects)
        yield "tallest", next(words)
        yield "widest", next(words)


def shape_rows(sizes: SizeStatistics) -> Rows:
    """Shape, pictures, and a bar, for each shape that there is."""
    most = max(each.pictures for each in sizes.shapes)
    return [(each.shape, f"{each.pictures}", "#" * -(-_BAR * each.pictures // most)) for each in sizes.shapes]


def class_table(found: DataStatistics, place: int) -> tuple[tuple[str, ...], Rows]:
    """Headings and rows of the classes of a half: all of it, then share and pictures in each split.

    `class_line` explains the columns. Of many classes it has those with the most pixels, in the palette's order, and a
    row for the others.
    """
    half, splits = found.whole.halves[place], _splits_beside(found)
    headings = ("class", "pixels", "share", found.kind, "median", *(each.name for each in splits))
    by_name = [{each.name: each for each in split.halves[place].classes} for split in splits]
    shown, hidden = _largest(half.classes)
    rows = [_class_row(each, [names.get(each.name) for names in by_name]) for each in shown]
    if hidden:
        pixels, share = sum(each.pixels for each in hidden), sum(each.share for each in hidden)
        rows.append((plural(len(hidden), "other"), count_text(pixels), f"{share:.1%}", "", "", *("" for _ in splits)))
    return headings, rows


def class_line(found: DataStatistics, place: int) -> str:
    """What the columns of the classes are."""
    beside = f"; of each split share and {found.kind}" if _splits_beside(found) else ""
    return (
        f"{found.whole.halves[place].name}: pixels, their share of all, {found.kind} that have the class, and its "
        f"median area there in pixels{beside}"
    )


def _largest(classes: Sequence[ClassStatistics]) -> tuple[list[ClassStatistics], list[ClassStatistics]]:
    if len(classes) <= _MOST_CLASSES:
        return list(classes), []
    names = {each.name for each in sorted(classes, key=lambda each: -each.pixels)[: _MOST_CLASSES - 1]}
    return [each for each in classes if each.name in names], [each for each in classes if each.name not in names]


def _class_row(found: ClassStatistics, in_splits: Sequence[ClassStatistics | None]) -> tuple[str, ...]:
    if not found.pictures:
        return (found.name, "0", "none", "0", "", *("" for _ in in_splits))
    cells = [f"{each.share:.1%} {each.pictures}" if each and each.pictures else "none" for each in in_splits]
    area = f"{found.median_area:,.0f}"
    return (found.name, count_text(found.pixels), f"{found.share:.1%}", f"{found.pictures}", area, *cells)


def channel_table(found: DataStatistics, place: int) -> tuple[tuple[str, ...], Rows]:
    """Headings and rows of the channels of a half: mean and deviation of all, then the same of each split."""
    half, splits = found.whole.halves[place], _splits_beside(found)
    headings = (half.name, "channel", "mean", "deviation", *(each.name for each in splits))
    rows: Rows = []
    for form in half.forms:
        kept = form.channels[:_MOST_CHANNELS]
        for number, channel in enumerate(kept):
            name = f"{form.pictures} of {_form_text(form)}" if not number else ""
            cells = [_channel_text(split, place, form, number) for split in splits]
            rows.append((name, channel.name, f"{channel.mean:.4g}", f"{channel.deviation:.4g}", *cells))
        if more := len(form.channels) - len(kept):
            rows.append(("", plural(more, "other"), *("" for _ in headings[2:])))
    return headings, rows


def _form_text(form: FormStatistics) -> str:
    kinds = {"1 channel of uint8": "grey", "3 channels of uint8": "RGB"}
    if form.form in kinds:
        return kinds[form.form]
    least, most = min(each.least for each in form.channels), max(each.most for each in form.channels)
    return f"{form.form}, {least:.4g} to {most:.4g}"


def _splits_beside(found: DataStatistics) -> Sequence[SplitStatistics]:
    """The splits that stand beside the whole: none where there is one, which is the whole."""
    return found.splits[:_MOST_SPLITS] if len(found.splits) > 1 else ()


def _channel_text(split: SplitStatistics, place: int, form: FormStatistics, number: int) -> str:
    same = [each for each in split.halves[place].forms if each.form == form.form]
    if not same:
        return "none"
    channel = same[0].channels[number]
    return f"{channel.mean:.4g} ± {channel.deviation:.3g}"


def brightness_lines(half: HalfStatistics) -> Iterator[str]:
    """How bright the pictures of a half are, a line for each form."""
    for form in half.forms:
        bright = form.brightness
        of = f" of {_form_text(form)}" if len(half.forms) > 1 else ""
        gaps = f"; {plural(form.without_data, 'pixel')} without data left out" if form.without_data else ""
        yield (
            f"brightness{of}: median {bright.median:.4g}, 5% below {bright.low:.4g}, 5% above {bright.high:.4g}; "
            f"darkest {_value_of(bright.darkest)}, brightest {_value_of(bright.brightest)}{gaps}"
        )


def _value_of(picture: NamedPicture) -> str:
    return f"{_short(picture.name)} ({picture.value:.4g})"


def _short(name: str) -> str:
    """A name of at most so many letters, the middle left out."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}...{name[-half:]}"


def advice_rows(advice: TrainingAdvice) -> Rows:
    """The options that are suggested, and why."""
    by = "measured by p2p bench" if advice.measured else "a guess; p2p bench measures"
    reason = f"About {duration_text(advice.seconds)} here ({by}). {advice.preset_reason}"
    rows = [("--preset", advice.preset, reason), ("--size", str(advice.size), advice.size_reason)]
    return [*rows, ("--fit", advice.fit, advice.fit_reason)]


def plot_panels(found: DataStatistics) -> dict[str, Mapping[str, Sequence[tuple[str, float]]]]:
    """What `draw_bars` draws: {title: {split: [(name of a bar, its length), ...]}}."""
    splits = found.splits or (found.whole,)
    panels: dict[str, Mapping[str, Sequence[tuple[str, float]]]] = {}
    for place, half in enumerate(found.whole.halves):
        if half.classes:
            panels |= _class_panels(found, place, splits)
        for form in half.forms:
            # The bins of other forms lie between the ends of each split.
            shown = splits if form.form.endswith("uint8") else (found.whole,)
            panels[f"{half.name}, {_form_text(form)}: brightness, % of pictures"] = {
                _label(split): _histogram(form, split, place) for split in shown
            }
    if found.sizes and len(found.sizes.shapes) > 1:
        panels[f"width to height, {found.kind}"] = {
            _label(found.whole): [(s.shape, s.pictures) for s in found.sizes.shapes]
        }
    return panels


def _label(split: SplitStatistics) -> str:
    return f"{split.name or 'all'} ({split.pictures})"


def _class_panels(
    found: DataStatistics, place: int, splits: Sequence[SplitStatistics]
) -> dict[str, Mapping[str, Sequence[tuple[str, float]]]]:
    half = found.whole.halves[place]
    names = {each.name for each in sorted(half.classes, key=lambda each: -each.pixels)[:_PLOT_CLASSES]}
    of = f"{half.name}, {len(names)} of {len(half.classes)} classes" if len(names) < len(half.classes) else half.name
    kept = {_label(split): [each for each in split.halves[place].classes if each.name in names] for split in splits}
    totals = {_label(split): max(1, split.pictures) for split in splits}
    return {
        f"{of}: % of pixels": {
            split: [(each.name, 100 * each.share) for each in classes] for split, classes in kept.items()
        },
        f"{of}: % of the {found.kind} that have it": {
            split: [(each.name, 100 * each.pictures / totals[split]) for each in classes]
            for split, classes in kept.items()
        },
        f"{of}: median area where it is, % of picture": {
            split: [(each.name, 100 * each.median_share) for each in classes] for split, classes in kept.items()
        },
    }


def _histogram(form: FormStatistics, split: SplitStatistics, place: int) -> list[tuple[str, float]]:
    same = [each for each in split.halves[place].forms if each.form == form.form]
    if not same:
        return []
    bright = same[0].brightness
    width = (bright.end - bright.start) / len(bright.counts)
    return [
        (f"{bright.start + width * number:.{0 if width >= 1 else 4}f}", 100 * count / same[0].pictures)
        for number, count in enumerate(bright.counts)
    ]

"""Reads a release of Segments.ai: vectors in its JSON, or segments in PNG files that were downloaded beside it.

Nothing here may open a picture or fetch one; a segment's pixels are read when its mask is built.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.files.listing import find_files
from p2p_datatools.labels.parsing.outlines import box, polygon, unknown_shape
from p2p_datatools.labels.parsing.regions import RegionCollector, items_of, read_picture_name
from p2p_datatools.labels.region_store import RegionStore
from p2p_datatools.labels.values import VOID, LabelSet, Polygon, RegionLabels, SegmentLabels, uses_of

_MOST_ID = 1 << 24
_TRUE_LABELS = "ground-truth"  # what the tool calls the label set of a new data set
_FINISHED = ("LABELED", "REVIEWING_IN_PROGRESS", "REVIEWED", "VERIFIED")
_WITHOUT_AREA = ("polyline", "point")


class _Sample(NamedTuple):
    """A picture of the release with what is labelled in it; `where` names it in errors, `source` in records."""

    name: str
    attributes: Mapping[str, Any]
    annotations: list[Any]
    where: str
    source: str

    @property
    def bitmap(self) -> str | None:
        """The address of the picture of its segments; None where they are vectors."""
        given = self.attributes.get("segmentation_bitmap")
        address = given.get("url") if isinstance(given, dict) else None
        return address if isinstance(address, str) else None


def is_segments(value: Any) -> bool:
    """Whether a parsed JSON file is a release: a data set of samples that have labels."""
    dataset = value.get("dataset") if isinstance(value, dict) else None
    samples = dataset.get("samples") if isinstance(dataset, dict) else None
    return isinstance(samples, list) and any(isinstance(each, dict) and "labels" in each for each in samples)


def read_segments(value: Any, *, where: str, source: str) -> LabelSet:
    """The labels of a release at the path `where`.

    Raises P2PError when it names no categories, has several sets of labels, or has its segments in pictures of which
    none lies there; damage of one sample skips that one.
    """
    dataset = value["dataset"]
    labelset = _labelset(dataset["samples"], where)
    samples, skipped = _samples(dataset["samples"], labelset, where, source)
    files = _Files(Path(where).parent, labelset)
    bitmaps = [each for each in samples if each.bitmap]
    if bitmaps and not any(files.of(each) for each in bitmaps):
        what = (
            f"is a release of Segments.ai whose segments are pictures on its server; none of them is in {files.folder}"
        )
        to_do = f"Download them there, such as by its Python SDK; the first is called {files.names(bitmaps[0])[0]}."
        raise P2PError(where, what, to_do, code="missing-picture")
    categories = _categories(dataset.get("task_attributes"), where)
    vectors, segments, store = list[RegionLabels](), list[SegmentLabels](), RegionStore()
    for sample in samples:
        try:
            if sample.bitmap:
                segments.append(_segments(sample, categories, files))
            else:
                vectors.append(store.keep(_vectors(sample, categories)))
        except P2PError as error:
            skipped.append(skip_of(error, sample.where))
    uses = {**uses_of(vectors), **uses_of(segments)}
    return LabelSet("segments", (*vectors, *segments), uses, tuple(skipped), ignored=frozenset({VOID}))


def _labelset(samples: list[Any], where: str) -> str:
    """The set of labels that counts: the true ones, or the only one."""
    tables = [each["labels"] for each in samples if isinstance(each, dict) and isinstance(each.get("labels"), dict)]
    names = sorted({str(name) for table in tables for name in table})
    if _TRUE_LABELS in names or not names:
        return _TRUE_LABELS
    if len(names) > 1:
        what = f"has the label sets {', '.join(names)}, and none is called {_TRUE_LABELS}"
        raise P2PError(where, what, "Release the one that is meant alone.", code="several-labels")
    return names[0]


def _samples(values: list[Any], labelset: str, where: str, source: str) -> tuple[list[_Sample], list[Skip]]:
    samples, skipped = list[_Sample](), list[Skip]()
    for count, value in enumerate(values, start=1):
        name = value.get("name") if isinstance(value, dict) else None
        place = f"{where}: sample {name if isinstance(name, str) else count}"
        try:
            samples.append(_sample(value, labelset, place, f"{source}: {name}"))
        except P2PError as error:
            skipped.append(skip_of(error, place))
    return samples, skipped


def _sample(value: Any, labelset: str, where: str, source: str) -> _Sample:
    if not isinstance(value, dict):
        raise P2PError(where, "is not an object", "Download the release again.", code="damaged-labels")
    name = read_picture_name(value.get("name"), where)
    labels = value.get("labels")
    label = labels.get(labelset) if isinstance(labels, dict) else None
    if label is None:
        raise P2PError(where, "is not labelled", "Label it, or leave it out of the release.", code="unlabelled")
    attributes = label.get("attributes") if isinstance(label, dict) else None
    if not isinstance(attributes, dict):
        raise P2PError(where, "its label has no attributes", "Download the release again.", code="damaged-labels")
    status = label.get("label_status") or _FINISHED[0]
    if status not in _FINISHED:
        what = f"its label has the status {status}"
        raise P2PError(where, what, "Finish it, or leave it out of the release.", code="unlabelled")
    if "frames" in attributes or "point_annotations" in attributes:
        what = "is a sequence or a point cloud, not a picture"
        raise P2PError(where, what, "Release single pictures.", code="not-a-picture")
    annotations = items_of(attributes.get("annotations"), "annotations", where)
    return _Sample(name, attributes, annotations, where, source)


def _categories(attributes: Any, where: str) -> Mapping[Any, str]:
    given = attributes.get("categories") if isinstance(attributes, dict) else None
    names: dict[Any, str] = {}
    for each in items_of(given, "categories", where):
        number, name = (each.get("id"), each.get("name")) if isinstance(each, dict) else (None, None)
        if not isinstance(number, int) or not isinstance(name, str) or names.setdefault(number, name) != name:
            what = f"its category {each!r} has no id and name of its own"
            raise P2PError(where, what, "Correct it.", code="bad-class-names")
    if not names:
        raise P2PError(where, "names no categories", "Download the release again.", code="no-class-names")
    return names


def _category(annotation: Mapping[str, Any], categories: Mapping[Any, str], where: str) -> str:
    category = annotation.get("category_id")
    if not isinstance(category, int) or category not in categories:
        what = f"its category {category} is not in the file"
        raise P2PError(where, what, "Download the release again.", code="unknown-class")
    return categories[category]


def _vectors(sample: _Sample, categories: Mapping[Any, str]) -> RegionLabels:
    collector = RegionCollector()
    for place, each in collector.objects(sample.annotations, "annotation", sample.where):
        collector.add(partial(_shape, each, place), _category(each, categories, place), where=place)
    return collector.labels_of(sample.name, None, where=sample.where, source=sample.source)


def _shape(annotation: Mapping[str, Any], where: str) -> Polygon | str:
    kind = annotation.get("type")
    if kind in _WITHOUT_AREA:
        return str(kind)
    points = items_of(annotation.get("points"), "points", where)
    if kind == "bbox":
        return box(points, where, name="points")
    if kind == "polygon":
        return polygon(points, where, form="[[x, y], ...]", name="points")
    raise unknown_shape(where, f"its type {kind!r}", ("bbox", "polygon", *_WITHOUT_AREA))


def _segments(sample: _Sample, categories: Mapping[Any, str], files: "_Files") -> SegmentLabels:
    segments: dict[int, str] = {}
    for count, each in enumerate(sample.annotations, start=1):
        place = f"{sample.where}: annotation {count}"
        if not isinstance(each, dict):
            raise P2PError(place, "is not an object", "Download the release again.", code="damaged-labels")
        number = each.get("id")
        if not isinstance(number, int) or not 0 < number < _MOST_ID or number in segments:
            what = f"its id {number!r} is not a number of its own from 1 to {_MOST_ID - 1}"
            raise P2PError(place, what, "Download the release again.", code="bad-id")
        segments[number] = _category(each, categories, place)
    return SegmentLabels(sample.name, files.one_of(sample), segments=segments, said_by=sample.source)


class _Files:
    """The PNG files below a folder by what they are called: as the SDK does, or as in their address."""

    def __init__(self, folder: Path, labelset: str) -> None:
        self.folder, self._labelset = folder, labelset
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in find_files(folder, "*.png"):
            self._by_name[path.name].append(path)

    def names(self, sample: _Sample) -> list[str]:
        """What the picture of a sample's segments may be called."""
        stem = PurePosixPath(sample.name).stem
        address = (sample.bitmap or "").partition("?")[0]
        return [f"{stem}_label_{self._labelset}.png", PurePosixPath(address).name]

    def of(self, sample: _Sample) -> list[Path]:
        """The files that may be the picture of a sample's segments."""
        return next((found for name in self.names(sample) if (found := self._by_name.get(name))), [])

    def one_of(self, sample: _Sample) -> Path:
        """The picture of a sample's segments; raises P2PError when there is none, or when several may be it."""
        found, names = self.of(sample), " or ".join(self.names(sample))
        if not found:
            what = f"there is no file {names} in {self.folder}"
            raise P2PError(sample.where, what, "Download the picture of its segments there.", code="missing-picture")
        if len(found) > 1:
            both = " and ".join(path.relative_to(self.folder).as_posix() for path in found[:2])
            raise P2PError(sample.where, f"its segments may be in {both}", "Remove one of them.", code="ambiguous-name")
        return found[0]

"""The table of everything that reads files: small valid files of each kind, and the function that reads them.

Nothing here may catch an exception: what a reader raises is the result.
"""

import contextlib
import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from fuzz.label_seeds import HEIGHT, LABELS, WIDTH, picture
from fuzz.mutate import HERE, Tree
from p2p_datatools.checks.folder import check
from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.journal import Journal
from p2p_datatools.contract.folders.split_tables import read_split_table
from p2p_datatools.contract.mask_folder import read_mask_lines
from p2p_datatools.contract.pairs.opening import open_pairs
from p2p_datatools.contract.palette import PALETTE_FILE, load_palette
from p2p_datatools.contract.pictures.arrays import read_array
from p2p_datatools.contract.pictures.ground import encode_ground, ground_of
from p2p_datatools.contract.pictures.header import decoded_bytes, photo_size
from p2p_datatools.contract.pictures.images import read_photo
from p2p_datatools.contract.pictures.index import read_ids, read_index_picture, read_label_picture
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.derivations.build import derive
from p2p_datatools.derivations.operations import Gray
from p2p_datatools.exports.build import export_masks
from p2p_datatools.labels.read import FORMATS, read_labels
from p2p_datatools.labels.values import IndexLabels, PictureLabels, RegionLabels
from p2p_datatools.masks.build import build_masks
from p2p_datatools.pairs.build import pair
from p2p_datatools.pairs.disassemble import take_apart
from p2p_datatools.pairs.match import read_list
from p2p_datatools.pairs.shards import merge
from p2p_datatools.sources.catalog import load_catalog
from p2p_datatools.sources.data_set import fetch
from p2p_datatools.sources.unpack import contents_of
from p2p_datatools.splits.apply import split

_SIZE = Size(WIDTH, HEIGHT)
Read = Callable[[Path], object]
_PIXELS = (".png", ".jpg", ".tif", ".npy", ".mat")


@dataclass(frozen=True)
class Target:
    """One kind of input: `make` gives valid files, `read` reads them; pictures among records stay as they are."""

    name: str
    make: Callable[[], list[Tree]]
    read: Read
    only_records: bool = False

    @cached_property
    def seeds(self) -> list[Tree]:
        """The files that mutations begin with."""
        return self.make()

    def changes(self, name: str) -> bool:
        """Whether a file is mutated."""
        return not (self.only_records and (name.endswith(_PIXELS) or name.startswith("input/")))


def _array(seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def photo(seed: int = 0) -> bytes:
    """A photo of noise."""
    return _saved("PNG", Image.fromarray(_array(seed)))


def _saved(kind: str, image: Image.Image, **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def _pictures() -> list[Tree]:
    values = _array()
    image = Image.fromarray(values)
    kinds = {
        "PNG": "png",
        "JPEG": "jpg",
        "BMP": "bmp",
        "GIF": "gif",
        "WEBP": "webp",
        "TIFF": "tif",
        "PPM": "ppm",
        "TGA": "tga",
    }
    kinds |= {"AVIF": "avif", "JPEG2000": "jp2"}
    trees: list[Tree] = [{f"a.{suffix}": _saved(kind, image)} for kind, suffix in kinds.items()]
    trees += [
        {"a.png": _saved("PNG", each)} for each in (image.convert("P"), image.convert("RGBA"), image.convert("LA"))
    ]
    trees += [{"a.tif": _saved("TIFF", image, compression=each)} for each in ("tiff_lzw", "tiff_deflate")]
    trees.append({"a.jpg": _saved("JPEG", image, exif=_exif())})
    trees.append({"a.jpg": _saved("JPEG", image, progressive=True, restart_marker_blocks=2)})
    trees.append({"a.gif": _saved("GIF", image, save_all=True, append_images=[image.rotate(90)])})
    trees.append({"a.png": _saved("PNG", Image.fromarray(values[..., 0].astype(np.uint16) * 200))})
    return trees


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _arrays() -> list[Tree]:
    values, trees = _array(), []
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"compression": "zlib"},
        {"tile": (16, 16)},
        {"ome": True},
        {"imagej": True},
    )
    for each in (values.astype(np.float32), values.astype(np.uint16), np.stack([values[..., 0]] * 5).astype(np.uint16)):
        for how in ways:
            is_rgb, out = each.shape[2] == 3, io.BytesIO()
            if is_rgb and "imagej" in how:
                continue  # which ImageJ does not have
            tifffile.imwrite(out, each, photometric="rgb" if is_rgb else "minisblack", **how)
            trees.append({"a.tif": out.getvalue()})
    for each in (values, values.astype(np.float64), values[..., 0].astype(">i4")):
        out = io.BytesIO()
        np.save(out, each)
        trees.append({"a.npy": out.getvalue()})
    return trees


def _archives() -> list[Tree]:
    trees = []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr("a/b.png", b"x" * 300)
            archive.writestr("\u00fc.jpg", b"y" * 50)
        trees.append({"a.zip": out.getvalue()})
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive_:
            for name in ("a/b.png", "\u00fc" * 80 + "/c.png", "d" * 150 + ".jpg"):
                info = tarfile.TarInfo(name)
                info.size = 100
                vars_ = {"comment": "x", "mtime": "1.5"}
                info.pax_headers = vars_
                archive_.addfile(info, io.BytesIO(b"q" * 100))
        trees += [{"a.tar": out.getvalue()}, {"a.tar.gz": gzip.compress(out.getvalue(), mtime=0)}]
    return trees


def _file(folder: Path) -> Path:
    """The only file of an input, whatever it is called now."""
    return next(path for path in sorted(folder.rglob("*")) if path.is_file())


def _read_picture(folder: Path) -> None:
    path = _file(folder)
    readers: list[Callable[[Path], object]] = [photo_size, decoded_bytes, read_photo, read_array]
    readers += [read_label_picture, read_index_picture, read_ids]
    refused = [error for error in (_try(read, path) for read in readers) if error]
    if len(refused) == len(readers):
        raise refused[-1]


def _try(read: Callable[[Path], object], path: Path) -> P2PError | None:
    """Read; a refusal by one reader must not hide what another does."""
    try:
        read(path)
    except P2PError as error:
        return error
    return None


def _read_archive(folder: Path) -> None:
    with contents_of(_file(folder)) as contents:
        for member in contents.members:
            with member.open() as file:
                file.read(1 << 20)


def _place(folder: Path) -> Path:
    """A folder's only label file where there is one, as a user would name it, else the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    named = len(files) == 1 and files[0].suffix in (".json", ".xml", ".csv", ".ndjson", ".geojson")
    return files[0] if named and "_gt" not in files[0].name else folder


def _read_labels(name: str, folder: Path) -> None:
    for item in read_labels(_place(folder), name if name in FORMATS else "auto").items:
        if isinstance(item, RegionLabels):
            item.regions_in(item.size or item.size_in(_SIZE))
        elif isinstance(item, PictureLabels):
            item.signature, item.memory()
            item.numbers() if isinstance(item, IndexLabels) else item.picture()


def _build_masks(folder: Path) -> None:
    photos = folder.parent / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(picture(rgb=True))
    build_masks(
        _place(folder),
        folder.parent / "masks",
        palette=load_palette("cars"),
        photos=photos,
        mapping={"*": "body"},
        keep_going=True,
    )


class _Stop(Reporter):
    """Ctrl-C after so many units."""

    def __init__(self, units: int) -> None:
        self.left = units

    def advance(self, units: int = 1, **figures: float) -> None:
        self.left -= units
        if self.left < 0:
            raise KeyboardInterrupt


def tree_of(folder: Path) -> Tree:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


Make = Callable[[Path, Reporter], object]


def made(prepare: Callable[[Path], object], *makes: Make) -> Callable[[], list[Tree]]:
    """What calls leave in a folder: whole, and when they are interrupted after one picture."""

    def make() -> list[Tree]:
        trees = []
        for stop in (None, 1):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / "in"
                prepare(folder)
                for each in makes:
                    with contextlib.suppress(KeyboardInterrupt):
                        each(folder, _Stop(stop) if stop and each is makes[-1] else Reporter())
                here = str(folder).encode()
                trees.append({name: data.replace(here, HERE) for name, data in tree_of(folder).items()})
        return trees

    return make


def _inputs(folder: Path) -> None:
    """Three photos and their masks, a mask folder."""
    for name in "abc":
        for kind in ("photos", "index"):
            path = folder / "input" / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photo(ord(name)) if kind == "photos" else picture())


def _with_masks(folder: Path) -> None:
    _inputs(folder)
    _masks(folder, Reporter())


def with_pairs(folder: Path) -> None:
    _with_masks(folder)
    _pairs(folder, Reporter())


def _masks(folder: Path, report: Reporter) -> None:
    inputs = folder / "input"
    mapping = {"0": "background", "1": "body"}
    build_masks(
        inputs / "index",
        folder / "masks",
        palette=load_palette("cars"),
        photos=inputs / "photos",
        format="index",
        mapping=mapping,
        report=report,
    )


def _pairs(folder: Path, report: Reporter) -> None:
    pair(folder / "masks", folder / "input/photos", folder / "pairs", report=report)


def _derived(folder: Path, report: Reporter) -> None:
    derive(folder / "input/photos", folder / "gray", Gray(), report=report)


def _halves(folder: Path, report: Reporter) -> None:
    take_apart(folder / "pairs", folder / "halves", report=report)


def _split(folder: Path, report: Reporter) -> None:
    split(folder / "pairs", val=0.34, test=0.33, report=report)


def _merged(folder: Path, report: Reporter) -> None:
    merge([folder / "pairs"], folder / "merged", report=report)


def _exported(folder: Path, report: Reporter) -> None:
    export_masks(folder / "masks", folder / "labels", format="coco", report=report)


def _again(make: Make) -> Read:
    """The same call once more, on what is there."""
    return lambda folder: make(folder, Reporter())


def _read_manifest(folder: Path) -> None:
    found = open_pairs(folder / "pairs")
    for name in found.splits:
        for each in found.of(name):
            assert each.files
    assert found.data_hash
    list(found.pairs)
    check(folder / "pairs")


def _check_masks(folder: Path) -> None:
    read_mask_lines(folder / "masks")
    check(folder / "masks")


def _plan() -> list[Tree]:
    """A split that was interrupted before it moved anything."""
    (tree, _) = made(with_pairs, _pairs)()
    lines = [json.loads(line) for line in tree["pairs/pairs.jsonl"].splitlines()]
    planned = [each | {"split": "train", "file": each["file"].replace("all/", "train/")} for each in lines]
    return [tree | {"pairs/split-plan.json": json.dumps({"pairs": planned}).encode()}]


def _journal() -> list[Tree]:
    lines = [{"file": f"{name}.png", "record": {"name": name, "size": [1, 2], "n": 1.5}} for name in "abc"]
    text = b"".join(json.dumps(each).encode() + b"\n" for each in (*lines, {"file": "a.png", "record": None}))
    return [{".journal.jsonl": text, "a.png": b"", "b.png": b""}]


def _read_journal(folder: Path) -> None:
    journal = Journal(folder / ".journal.jsonl", lambda file: (folder / file).is_file())
    for name in journal:
        assert journal[name] is not None


_PALETTE = """name = "p"
ignored = ["void", "ego*"]
[[classes]]
name = "background"
id = 0
color = [0, 0, 0]
[[classes]]
name = "car"
id = 1
color = [200, 10, 10]
aliases = ["auto", "vehicle*"]
"""
_CATALOG = """[set]
title = "t"
holds = "pairs"
layout = [{from = "a/*.jpg", to = "train"}, {from = "b/x.jpg", to = "c/y.jpg"}]
classes = ["car", "wheel"]
counts = {train = 3, val = 1}
unsure = ["x"]
licence = "CC0"
next = "p2p data halves {dest} halves"
kaggle = {handle = "a/b", bytes = 10, sha256 = "%s"}
mirror = {url = "https://example.com/{name}.zip", bytes = 10}
""" % ("0" * 64)


def _grounds() -> list[Tree]:
    beside = b"<PAMDataset><SRS>EPSG:32633</SRS><GeoTransform>7.5, 2, 0, 9, 0, -2</GeoTransform></PAMDataset>"
    world = b"0.5\n0\n0\n-0.5\n10.25\n19.75\n"
    return [{"a.png": picture(), "a.png.aux.xml": beside}, {"a.png": picture(), "a.pgw": world}]


def _read_ground(folder: Path) -> None:
    if found := ground_of(folder / "a.png"):
        encode_ground(found)


def _read_palette(folder: Path) -> None:
    palette = load_palette(_file(folder))
    palette.to_toml(), palette.colors()
    for label in ("car", "Vehicle 1", "void", "[x"):
        palette.index_of_label(label), palette.ignores(label)


def _read_catalog(folder: Path) -> None:
    for entry in load_catalog(_file(folder)).values():
        json.dumps(entry.as_table())
        entry.next_command(folder)


_LISTS = (b"a,b\nx.png,y.png\ny.png,x.png\n", b"no;mask;photo\n1;a/x.png;b/y.png\n2;a/y.png;b/x.png\n")


def _match_list(folder: Path) -> None:
    photos = folder.parent / "photos"
    for side in "ab":
        (photos / side).mkdir(parents=True)
        for name in "xy":
            (photos / side / f"{name}.png").write_bytes(picture())
    read_list(_file(folder), photos / "a", photos / "b")


def _read_splits(folder: Path) -> None:
    for name in ("split.csv", "splits.json"):
        if (folder / name).is_file():
            read_split_table(folder / name)


def _split_tables() -> list[Tree]:
    return [
        {"split.csv": b"image;split\na.png;train\nb.png;test\n"},
        {"splits.json": b'{"train": ["a.png"], "val": ["b.png"]}'},
    ]


def _provenance() -> list[Tree]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _prepare_fetch(folder)
        return [tree_of(folder)]


_OWN_SET = '[set]\ntitle="t"\nholds="photos"\nlayout=[{from="*.png", to="photos"}]\n'


def _prepare_fetch(folder: Path) -> None:
    (folder / "input/set").mkdir(parents=True)
    (folder / "input/set/a.png").write_bytes(picture())
    (folder / "input/set/b.png").write_bytes(picture(rgb=True))
    (folder / "input/catalog.toml").write_text(_OWN_SET, "utf-8")
    _fetch(folder)


def _fetch(folder: Path) -> None:
    fetch("set", folder / "set", source=str(folder / "input/set"), catalog=folder / "input/catalog.toml")


def data_targets() -> Iterator[Target]:
    """The targets of p2p_datatools."""
    for name in LABELS:
        yield Target(name, partial(LABELS.__getitem__, name), partial(_read_labels, name))
    yield Target("build-masks", lambda: [tree for trees in LABELS.values() for tree in trees], _build_masks)
    yield Target("pictures", _pictures, _read_picture)
    yield Target("arrays", _arrays, _read_picture)
    yield Target("archives", _archives, _read_archive)
    yield Target("palette", lambda: [{PALETTE_FILE: _PALETTE.encode()}], _read_palette)
    yield Target("ground", _grounds, _read_ground, only_records=True)
    yield Target("catalogue", lambda: [{"catalog.toml": _CATALOG.encode()}], _read_catalog)
    yield Target("match-list", lambda: [{"list.csv": text} for text in _LISTS], _match_list)
    yield Target("split-tables", _split_tables, _read_splits)
    yield Target("journal", _journal, _read_journal)
    yield Target("provenance", _provenance, _fetch, only_records=True)
    pairs = made(with_pairs, _pairs)
    yield Target("manifest", pairs, _read_manifest, only_records=True)
    yield Target("mask-folder", made(_with_masks, _masks), _check_masks, only_records=True)
    yield Target("split-plan", _plan, _again(_split), only_records=True)
    for name, prepare, make in (
        ("masks-again", _inputs, _masks),
        ("pairs-again", _with_masks, _pairs),
        ("derive-again", _inputs, _derived),
        ("halves-again", with_pairs, _halves),
        ("merge-again", with_pairs, _merged),
        ("export-again", _with_masks, _exported),
    ):
        yield Target(name, made(prepare, make), _again(make), only_records=True)

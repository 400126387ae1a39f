"""Lists the picture files of a folder, which may hold millions, and tells which other files are left out.

Nothing here may open a file.
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from p2p_datatools.contract.errors import P2PError
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.files.opening import is_special
from p2p_datatools.contract.files.unread_kinds import (
    BROKEN_LINK,
    HIDDEN_PICTURE,
    LINK,
    NO_SUFFIX,
    SPECIAL,
    advise,
    advise_file,
    whole_suffix,
)
from p2p_datatools.contract.foreign import is_utf8
from p2p_datatools.contract.progress import Reporter
from p2p_datatools.contract.words import plural

# What Pillow reads exactly or as browsers show it.
SUFFIXES = frozenset(
    {
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".avif", ".tif", ".tiff"),
        *(".jp2", ".j2k", ".j2c", ".jpx", ".jpf", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga"),
    }
)
# What lies beside pictures and holds none: text, tables, labels, settings, programs, and what systems leave behind.
_BESIDE = frozenset(
    {
        *("txt", "text", "md", "rst", "pdf", "html", "htm", "css", "log", "csv", "tsv", "json", "jsonl", "ndjson"),
        *("manifest", "geojson", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf", "names", "data", "cache"),
        *("py", "ipynb", "m", "sh", "bat", "lock", "db", "lnk", "url", "part", "tmp", "bak", "md5", "sha1", "sha256"),
        "license",
        *("pgw", "jgw", "pngw", "jpgw", "tfw", "tifw", "bpw", "wld", "prj", "xmp", "thm", "ovr", "msk", "aux"),
    }
)
_BESIDE_NAMES = frozenset(
    {"readme", "license", "licence", "copying", "notice", "authors", "changelog", "citation", "makefile", "checksums"}
)
# What lies in a folder of masks that a model made: how sure it was, as a picture for each, and the list that says so.
CONFIDENCE, DOUBT = "confidence", "doubt.jsonl"
# What lies in a folder of repaired masks: what was changed, as a picture for each, and the list that says so.
CHANGES, REPAIRS = "changes", "repairs.jsonl"
# Folders that systems and programs leave among pictures: thumbnails, deleted files, resource forks.
_OF_SYSTEMS = frozenset(
    {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__pycache__"}
)
_FORK = "._"  # how macOS calls what belongs to a file on a disk of another system
_SEVERAL = {
    BROKEN_LINK: "broken links",
    LINK: "links to folders",
    HIDDEN_PICTURE: "hidden pictures",
    SPECIAL: "pipes, sockets or devices",
}  # what they are called
_OF_LABELME = "label.png and label_viz.png beside img.png"
_MOST_KINDS = 6  # that a line names


@dataclass
class LeftOut:
    """Files of a folder that are not read, by their suffix, and the first of them; what holds no picture is not among.

    Such are text, label files, settings and what systems leave behind: they belong beside pictures.
    """

    folder: Path
    kinds: dict[str, int] = field(default_factory=dict)
    first: str = ""
    beside: dict[str, int] = field(default_factory=dict)  # what belongs beside pictures

    def note(self, name: str) -> None:
        """Count a file, a path below the folder, unless it belongs beside pictures."""
        base = name[name.rfind("/") + 1 :].lower()
        suffix = whole_suffix(base)
        kind = f".{suffix}" if suffix else NO_SUFFIX
        if suffix in _BESIDE if suffix else base in _BESIDE_NAMES:
            self.beside[kind] = self.beside.get(kind, 0) + 1
        else:
            self.note_kind(name, kind)

    def note_kind(self, name: str, kind: str) -> None:
        """Count a file, or a link, pipe or device in its place, as of a kind that is not read."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.first = min(self.first or name, name)

    def note_labels(self, names: Iterable[str]) -> None:
        """Count the label pictures that LabelMe's json_to_dataset put beside a photo."""
        for name in names:
            self.note_kind(name, _OF_LABELME)

    def __str__(self) -> str:
        """In words, such as: 5 files of other kinds: 2 .heic, 1 .mp4, 2 .xyz (first: a/b.heic)."""
        common = sorted(self.kinds.items(), key=lambda each: (-each[1], each[0]))
        kinds = [
            plural(count, kind, _SEVERAL[kind]) if kind in _SEVERAL else f"{count} {kind}"
            for kind, count in common[:_MOST_KINDS]
        ]
        if (more := len(self.kinds) - len(kinds)) > 0:
            kinds.append(plural(more, "other kind"))
        number = plural(self.count, "file of another kind", "files of other kinds")
        return f"{number}: {', '.join(kinds)} (first: {self.first})"

    @property
    def count(self) -> int:
        """How many files there are."""
        return sum(self.kinds.values())

    def say(self, report: Reporter) -> None:
        """Note in one line what is left out, if anything is."""
        if self.kinds:
            verb = "is" if self.count == 1 else "are"
            number, _, rest = str(self).partition(":")
            report.note(f"{self.folder}: {number} {verb} left out:{rest}.")

    def no_pictures(self, suffixes: Set[str] = SUFFIXES) -> P2PError:
        """The error that the folder has no pictures, which names what it has instead."""
        if not self.kinds:
            if holds_nothing(self.folder):
                return P2PError(self.folder, "is empty", "Is it the right folder?", code="no-pictures")
            beside = ", ".join(f"{count} {kind}" for kind, count in sorted(self.beside.items())[:_MOST_KINDS])
            only = f", only {beside}" if beside else f" ({', '.join(sorted(suffixes))})"
            to_do = "Is it the right folder?"
            if ".pdf" in self.beside:
                to_do = f"{advise(['.pdf'])}; or is it another folder?"
            return P2PError(self.folder, f"has no pictures{only}", to_do, code="no-pictures")
        what = f"has no pictures that are read, only {self}"
        return P2PError(self.folder, what, f"{self.advice}; or is it another folder?", code="no-pictures")

    @property
    def advice(self) -> str:
        """What to do with the files, so that they are read: a sentence without its end."""
        return advise(self.kinds)


def folders_in(place: Path) -> list[Path]:
    """The folders in a folder, in the order of their names; none where it is closed to us."""
    try:
        with os.scandir(place) as entries:
            names = [each.name for each in entries if each.is_symlink() or each.is_dir()]
    except OSError:
        return []
    return [folder for name in sorted(names) if (folder := place / name).is_dir()]


def holds_nothing(folder: Path) -> bool:
    """Whether a folder has nothing in it, hidden files included."""
    return next(folder.iterdir(), None) is None


def refuse_missing_folder(folder: Path) -> None:
    """Raise P2PError where there is no such folder."""
    if folder.is_dir():
        return
    if is_special(folder):
        to_do = "Save what it gives to files, and give their folder."
        raise P2PError(folder, "is a pipe, socket or device, not a folder", to_do, code="missing-folder")
    if folder.exists():
        raise P2PError(folder, "is a file, not a folder", advise_file(folder), code="missing-folder")
    raise P2PError(folder, "there is no such folder", advise_missing(folder), code="missing-folder")


def find_pictures(
    folder: Path, suffixes: Set[str] = SUFFIXES, *, strange: list[P2PError] | None = None, others: LeftOut | None = None
) -> list[Path]:
    """All picture files below `folder`, hidden ones left out, in the order of their names.

    So are the pictures of confidence in a folder of masks that a model made, and those of changes in one of repaired
    masks: they belong to it, but are not masks. A manifest cannot hold a file name that is not UTF-8, and a folder may
    be closed to us: the error is added to `strange` if given, else raised. Files of other kinds are added to `others`,
    as are links that lead nowhere.
    """
    return [folder / name for name in picture_names(folder, suffixes, strange=strange, others=others)]


def picture_names(
    folder: Path, suffixes: Set[str] = SUFFIXES, *, strange: list[P2PError] | None = None, others: LeftOut | None = None
) -> list[str]:
    """What `find_pictures` finds, as paths below `folder` with forward slashes, in a tenth of the memory."""
    names, errors = [], list[P2PError]()
    for name in _files_below(folder, "", errors, others):
        if name[name.rfind(".") :].lower() in suffixes:
            names.append(name)
        elif others is not None:
            others.note(name)
    names.sort(key=_by_parts)
    if wrong := [name for name in names if not name.isascii() and not is_utf8(name)]:
        errors += [
            P2PError(folder, f"has a file whose name is not UTF-8: {name!a}", "Rename it.", code="name-not-utf8")
            for name in wrong
        ]
        names = sorted(set(names) - set(wrong), key=_by_parts)
    _hand_over(errors, strange)
    return names


def find_files(folder: Path, pattern: str, *, strange: list[P2PError] | None = None) -> list[Path]:
    """The files below `folder` whose name fits a pattern such as *.txt in any case, in their order, no hidden ones.

    The error of a folder that is closed to us is added to `strange` if given, else raised.
    """
    errors: list[P2PError] = []
    fits = re.compile(fnmatch.translate(pattern), re.IGNORECASE).match
    found = [folder / name for name in _files_below(folder, "", errors, None) if fits(name[name.rfind("/") + 1 :])]
    _hand_over(errors, strange)
    return sorted(found)


def _hand_over(errors: list[P2PError], strange: list[P2PError] | None) -> None:
    """Add the errors to those of the caller, or raise the first where the caller takes none."""
    if strange is not None:
        strange += errors
    elif errors:
        raise errors[0]


def _files_below(top: Path, below: str, errors: list[P2PError], others: LeftOut | None) -> Iterator[str]:
    """The files that are not hidden; folders that are links are not followed, since they may lead in a circle."""
    pictures_beside = ((CONFIDENCE, DOUBT), (CHANGES, REPAIRS))
    beside = () if below else tuple(name for name, listing in pictures_beside if (top / listing).is_file())
    try:
        with os.scandir(top / below) as entries:
            for entry in entries:
                name = below + entry.name
                if entry.name.startswith(".") or entry.name in beside or entry.name in _OF_SYSTEMS:
                    if others is not None and _is_hidden_picture(entry):
                        others.note_kind(name, HIDDEN_PICTURE)
                elif entry.is_dir(follow_symlinks=False):
                    yield from _files_below(top, f"{name}/", errors, others)
                elif _is_file(entry):
                    yield name
                elif others is not None:
                    others.note_kind(name, _kind_of(entry))
    except (FileNotFoundError, NotADirectoryError):
        return  # gone since it was listed
    except OSError as error:
        errors.append(closed_folder(top, below, error))


def closed_folder(top: Path, below: str, error: OSError) -> P2PError:
    """The error for a folder below `top`, or `top` itself, whose files cannot be listed."""
    what = f"has a folder that cannot be read: {below.rstrip('/')}" if below else "cannot be read"
    to_do = "Give yourself the right to read it (chmod u+rx), or move it elsewhere."
    return P2PError(top, f"{what} ({error.strerror or error})", to_do, code="unreadable-folder")


def _is_hidden_picture(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    is_picture = name[name.rfind(".") :].lower() in SUFFIXES and not name.startswith(_FORK)
    return is_picture and name.startswith(".") and _is_file(entry)


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link in a circle, or into a folder that is closed to us
        return False


def _kind_of(entry: "os.DirEntry[str]") -> str:
    """What an entry is that is neither a file nor a folder of its own."""
    try:
        if entry.is_dir():
            return LINK
        return SPECIAL if Path(entry.path).exists() else BROKEN_LINK
    except OSError:
        return BROKEN_LINK


def is_picture_name(name: str) -> bool:
    """Whether a file's name or path ends as a picture's."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _by_parts(name: str) -> str:
    """A sort key that keeps a folder's files together, before those of a folder with a longer name."""
    return name.replace("/", "\0")


class Resolver:
    """What paths are without links, each folder looked up once: of 100,000 files that takes a tenth of the time."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, path: Path) -> str:
        """The real path of a file."""
        if path.is_symlink() or not path.name:
            return os.path.realpath(path)
        folder = str(path.parent)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return f"{self._folders[folder].rstrip(os.sep)}{os.sep}{path.name}"


def links_out(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """Those of the files below a folder that are links to files elsewhere."""
    inside = folder.resolve()
    return [path for path in paths if path.is_symlink() and not path.resolve().is_relative_to(inside)]


def stem_of(path: Path, folder: Path) -> str:
    """A picture's name: its path below `folder` without suffix, with forward slashes."""
    return path.relative_to(folder).with_suffix("").as_posix()

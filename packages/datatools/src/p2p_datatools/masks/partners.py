"""Finds the photo of each label: by its name, by what --match says, or by a convention that all label pictures follow.

Nothing here may open a picture, or take a photo that another name would fit as well.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import replace
from pathlib import Path

from p2p_datatools.contract.errors import P2PError, Skip, skip_of
from p2p_datatools.contract.folders.given_splits import find_splits, join_path
from p2p_datatools.contract.matching import BY_STEM, explain_shift, find_convention, key_of, suggest_match
from p2p_datatools.contract.names import FoundPhoto, PhotoFolder, folders_of, without_suffix
from p2p_datatools.contract.partners.list_columns import choose_columns
from p2p_datatools.contract.partners.pair_lists import is_list, read_rows
from p2p_datatools.contract.progress import QUIET, Note, Reporter, once
from p2p_datatools.contract.words import plural, shell_word
from p2p_datatools.labels.values import LabelItem, PictureLabels, RegionLabels

CLASS_MASKS = "--format class-masks"

PhotosOfLabels = tuple[list[tuple[LabelItem, Path]], list[Skip]]
_OWN_NAME = "by the name of the label file, because there is no photo of the name in it"
_NO_NAME = "by the name of the label file, which does not name a photo"
_CORRECT_LINE = "Correct or remove the line."
_LIST_THEM = "If they are called otherwise, list each label with its photo in lines 'a,b' for --match FILE.csv. "
_LOST = ("no-photo", "other-folder")


def match_photos(
    items: Sequence[LabelItem], photos: PhotoFolder, match: str = BY_STEM, *, report: Reporter = QUIET
) -> PhotosOfLabels:
    """The photo of each label that has one, and what has none.

    `match` is "stem": the name in the labels, or the label file's own where there is no photo of that name; or a
    regular expression, whose first group is what the names of label and photo share; or a CSV file with the columns a,
    the label's name or file, and b, the photo's path below its folder, with its suffix or without, or a table that has
    these in other columns. Label pictures
    without a photo may all be called as their photos by one convention, such as `_mask` at the end. `report` is told of
    all photos that were not found by their name, by the ways in which their names differ. Labels of a split are
    compared with its photos, if folders say those.
    """
    if is_list(match):
        return _by_list(items, photos, Path(match), report)
    ways: list[tuple[LabelItem, FoundPhoto]] = []
    if not photos.splits or not any(item.split for item in items):
        partners, skipped = _match(items, photos, match, ways, report.note)
        _note_ways(ways, photos, report)
        return partners, skipped
    note = once(report.note)
    order = {id(item): place for place, item in enumerate(items)}
    partners, skipped = [], []
    for split in sorted({item.split for item in items}):
        some, view = [item for item in items if item.split == split], photos.of_split(split)
        spellings = {place.spelled for place in photos.splits.values() if place.split == split}
        spelt = [_respell(item, spellings) for item in some]
        own = {id(each): item for each, item in zip(spelt, some, strict=True)}
        found, lost = _match(spelt, view, match, ways, note)
        partners += [(own[id(item)], photo) for item, photo in found]
        skipped += lost
    _note_ways(ways, photos, report)
    return sorted(partners, key=lambda each: order[id(each[0])]), skipped


def _respell(item: LabelItem, spellings: Set[str]) -> LabelItem:
    """The labels with a picture name in which the folder of the split is called as that of the photos."""

    def respell(folder: str) -> str:
        place = find_splits([folder, "train", "val"]).get(folder)
        return join_path(place.before, *spellings, place.after) if place and len(spellings) == 1 else folder

    def rename(file: str) -> str:
        folder, _, own = file.rpartition("/")
        return join_path(respell(folder), own)

    if isinstance(item, RegionLabels):
        item = replace(item, label_file=rename(item.label_file))
    return replace(item, file_name=rename(item.file_name), below=respell(item.below))


def _match(
    items: Sequence[LabelItem], photos: PhotoFolder, match: str, ways: list[tuple[LabelItem, FoundPhoto]], note: Note
) -> PhotosOfLabels:
    """Partners and skips; the photos that were found by other names are added to `ways`."""
    if match != BY_STEM:
        return _by_expression(items, photos, match)
    _refuse_shift(items, photos)
    found: dict[int, FoundPhoto] = {}
    errors: dict[int, P2PError] = {}
    for place, item in enumerate(items):
        try:
            found[place] = _look_up(item, photos)
        except P2PError as error:
            errors[place] = error
    found |= _by_convention(items, photos, found, errors, note)
    ways += [(items[place], each) for place, each in sorted(found.items()) if each.way]
    lost = {place: error for place, error in errors.items() if place not in found}
    skipped = [skip_of(error, items[place].where) for place, error in lost.items()]
    return [(items[place], each.path) for place, each in sorted(found.items())], _advise(
        skipped, items, [items[place] for place in lost], photos
    )


def _refuse_shift(items: Sequence[LabelItem], photos: PhotoFolder) -> None:
    """Raise P2PError for label pictures that count from another number than photos; label files say what they mean."""
    if not all(isinstance(item, PictureLabels) for item in items):
        return
    names = [_plain(item.picture_name) for item in items]
    if shift := explain_shift(names, [_plain(name) for name in photos.names], photos.folder):
        to_do = (
            "If so, rename the labels or the photos, or list which belong together, in lines 'a,b' for --match "
            "FILE.csv; if the names are right, add --match '.+' --keep-going, which leaves out the one without photo."
        )
        where = Path(items[0].where).parent
        raise P2PError(where, shift, to_do, code="shifted-names")


def _own_photo(item: LabelItem, photos: PhotoFolder) -> Path | None:
    """The photo beside a label picture that is surely its own, if it lies in the folder of the photos."""
    own = item.own_photo if isinstance(item, PictureLabels) else None
    return own if own and own.resolve().is_relative_to(photos.folder.resolve()) else None


def _look_up(item: LabelItem, photos: PhotoFolder) -> FoundPhoto:
    """The photo that a label names, else that which is called as its file; P2PError where these are two photos."""
    if beside := _own_photo(item, photos):
        return FoundPhoto(beside, "")
    own = item.label_file if isinstance(item, RegionLabels) else ""
    folder = own.rpartition("/")[0]
    said = item.outside if isinstance(item, RegionLabels) and folders_of(f"{item.outside}/") else folder
    by_file = _try(photos, own, folder) if own else None
    if item.below and not own and (found := _try(photos, item.picture_name, item.below)):
        return found
    try:
        named = photos.look_up(item.picture_name, folder=said)
        if not item.file_name:
            return FoundPhoto(named.path, _NO_NAME)
    except P2PError as error:
        # What the file says of the folder holds for its own name, too, unless that has one.
        if by_file is None or error.code not in _LOST or (error.code == "other-folder" and by_file.way):
            raise
        return FoundPhoto(by_file.path, _OWN_NAME)
    if by_file and not by_file.way and by_file.path != named.path:
        one, other = (each.path.relative_to(photos.folder).as_posix() for each in (named, by_file))
        what = f"names the photo {one}, but has the name of {other} itself"
        to_do = "One of the two was renamed: correct the name in the label file, or rename the file."
        raise P2PError(item.where, what, to_do, code="two-photos")
    return named


def _try(photos: PhotoFolder, name: str, folder: str) -> FoundPhoto | None:
    try:
        return photos.look_up(name, folder=folder)
    except P2PError:
        return None


def _by_convention(
    items: Sequence[LabelItem],
    photos: PhotoFolder,
    found: dict[int, FoundPhoto],
    errors: dict[int, P2PError],
    note: Note,
) -> dict[int, FoundPhoto]:
    """The photos of label pictures that all differ from them by one convention; label files say what they mean."""
    alone = {place: items[place] for place, error in errors.items() if error.code in _LOST}
    if not alone or not all(isinstance(item, PictureLabels) for item in alone.values()):
        return {}
    taken = {each.path for each in found.values()}
    free = {name: path for name, path in photos.names.items() if path not in taken}
    names = {place: _plain(item.picture_name) for place, item in alone.items()}
    there = {_plain(name): path for name, path in free.items()}
    convention = find_convention(names.values(), there) if len(there) == len(free) else None
    if convention is None:
        return {}
    note(
        f"{convention.describe('names of labels', 'names of photos')}: matched without that, as by "
        f"--match {shell_word(convention.expression)}."
    )
    by_rest = {convention.other.remove(name): path for name, path in there.items()}
    return {place: FoundPhoto(by_rest[convention.one.remove(name)], "") for place, name in names.items()}


def _plain(file_name: str) -> str:
    """A name with no folders but those that tell pictures apart."""
    name = without_suffix(file_name)
    return "/".join((*folders_of(name), name.rpartition("/")[2]))


def _by_expression(items: Sequence[LabelItem], photos: PhotoFolder, expression: str) -> PhotosOfLabels:
    key = key_of(expression)
    there: dict[str, list[Path]] = defaultdict(list)
    for name, path in photos.names.items():
        if (found := key(name)) is not None:
            there[found].append(path)
    partners: list[tuple[LabelItem, Path]] = []
    skipped: list[Skip] = []
    for item in items:
        found = key(without_suffix(item.picture_name))
        fitting = [] if found is None else there.get(found, [])
        if len(fitting) == 1:
            partners.append((item, fitting[0]))
        else:
            what, code = _fault_of_match(item, found, fitting, photos.folder)
            skipped.append(Skip(item.where, what, "Correct the expression, or take it out of the labels.", code))
    return partners, skipped


def _fault_of_match(item: LabelItem, found: str | None, fitting: Sequence[Path], folder: Path) -> tuple[str, str]:
    """Why what an expression has `found` in a label's name does not give one photo, and the code of that."""
    if found is None:
        return f"the expression finds nothing in '{without_suffix(item.picture_name)}'", "no-match"
    if not fitting:
        return f"there is no photo in {folder} with '{found}'", "no-photo"
    both = " and ".join(path.relative_to(folder).as_posix() for path in fitting[:2])
    return f"the expression finds '{found}' in {both}", "ambiguous-name"


def _by_list(items: Sequence[LabelItem], photos: PhotoFolder, file: Path, report: Reporter) -> PhotosOfLabels:
    known: dict[str, list[LabelItem]] = defaultdict(list)
    for item in items:
        for name in {item.picture_name, without_suffix(item.picture_name), item.source}:
            known[name].append(item)
    paths = {path.relative_to(photos.folder).as_posix(): path for path in photos.names.values()}
    files = photos.names | paths
    here = ({name for item in items for name in (item.picture_name, item.source)}, paths)
    partners: list[tuple[LabelItem, Path]] = []
    skipped: list[Skip] = []
    listed = set()
    columns = choose_columns(list(read_rows(file)), (_folder_of(items), photos.folder), here, file)
    if columns.names:
        label, photo_column = columns.names
        report.note(f"{file}: labels are those of column {label}, photos those of column {photo_column}.")
    for number, row in columns.rows:
        cells = [cell.strip() for cell in row]
        # The keys of objects have no line; where columns were chosen, photos without a label have an empty cell.
        if not number or (columns.names and not cells[0]):
            continue
        labels = known.get(cells[0], []) if len(cells) == 2 else []
        photo = files.get(cells[1]) if len(cells) == 2 else None
        if len(labels) == 1 and photo and id(labels[0]) not in listed:
            partners.append((labels[0], photo))
            listed.add(id(labels[0]))
        else:
            what, code = _fault_of_line(cells, len(labels), photo, photos.folder)
            skipped.append(Skip(f"{file}: line {number}", what, _CORRECT_LINE, code))
    if left := len(items) - len(listed):
        report.note(f"{file} does not list {left} of {plural(len(items), 'label')}.")
    return partners, skipped


def _folder_of(items: Sequence[LabelItem]) -> Path:
    """The folder below which the labels are called as lists call them; the current one where they are in one file."""
    files = (item for item in items if item.where.endswith(item.source))
    return next((Path(item.where).parents[item.source.count("/")] for item in files), Path())


def _fault_of_line(cells: Sequence[str], labels: int, photo: Path | None, folder: Path) -> tuple[str, str]:
    """Why a line of a list, which names so many pictures of `labels`, gives no new pair, and the code of that."""
    if len(cells) != 2:
        return f"has {plural(len(cells), 'column')}, not two with a comma between", "line-without-two-paths"
    if labels != 1:
        return f"the labels have {'several pictures' if labels else 'no picture'} '{cells[0]}'", "missing-picture"
    if photo is None:
        return f"there is no picture '{cells[1]}' in {folder}", "missing-picture"
    return f"'{cells[0]}' is in another line already", "pair-listed-twice"


def _note_ways(found: Iterable[tuple[LabelItem, FoundPhoto]], photos: PhotoFolder, report: Reporter) -> None:
    ways: dict[str, list[tuple[LabelItem, Path]]] = defaultdict(list)
    for item, each in found:
        ways[each.way].append((item, each.path))
    for way, several in ways.items():
        item, path = several[0]
        took = plural(len(several), "label takes a photo", "labels take photos")
        report.note(f"{took} {way}; the first is {item.where}: {path.relative_to(photos.folder).as_posix()}.")


def _are_several(names: Collection[str], photos: PhotoFolder, *, whole: bool) -> bool:
    """Whether photos have several label pictures each, in whose paths a part is called as, or begins as their photo.

    Where not the `whole` of the labels is lost, those that are may be other forms of the rest.
    """
    there = {name.rpartition("/")[2] for name in photos.names}
    are_more = len(names) > len(there) or not whole
    return are_more and all(any(_begins(part, there) for part in name.split("/")) for name in names)


def _begins(part: str, names: Collection[str]) -> bool:
    words = part.split("_")
    return any("_".join(words[:count]) in names for count in range(1, len(words) + 1))


def _advise(
    skipped: list[Skip], items: Sequence[LabelItem], lost: Sequence[LabelItem], photos: PhotoFolder
) -> list[Skip]:
    """The same, with an option that would find the photos of all items, or what to do about other pictures."""
    if not skipped or not all(skip.code in _LOST for skip in skipped):
        return skipped
    whole = len(lost) == len(items)
    names = {without_suffix(item.picture_name) for item in lost}
    if all(isinstance(item, PictureLabels) for item in lost) and _are_several(names, photos, whole=whole):
        to_do = (
            f"If each is the mask of one class of its photo, add {CLASS_MASKS}; if they are one label in several "
            "forms, put those of one form into a folder of their own."
        )
        return [replace(skip, to_do=to_do) for skip in skipped]
    names = {without_suffix(item.picture_name) for item in items}
    if not whole and len(names) > len(photos.names):
        return skipped  # some have no photo by whatever name
    suggested = suggest_match(names, photos.names) or (_LIST_THEM if whole else "")
    return [
        replace(skip, to_do=f"{suggested}{skip.to_do}" if skip.code == "no-photo" else suggested or skip.to_do)
        for skip in skipped
    ]

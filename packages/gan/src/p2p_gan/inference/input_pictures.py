"""The pictures that a model is to be applied to: files, folders, held-out pairs, and one of each part.

Nothing here may apply a model or decode a picture before it is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from p2p_datatools.contract.errors import P2PError, Skip, UsageError, skip_of
from p2p_datatools.contract.files.atomic import refuse_special
from p2p_datatools.contract.files.destination import refuse_dest_inside
from p2p_datatools.contract.files.listing import LeftOut, find_pictures, stem_of
from p2p_datatools.contract.files.missing import advise_missing
from p2p_datatools.contract.folders.given_splits import splits_of_pair_folders
from p2p_datatools.contract.folders.listed_splits import read_listed_splits
from p2p_datatools.contract.pairs.lines import Pair
from p2p_datatools.contract.pairs.manifest import SPLITS, PairFolder, has_manifest, has_shards, part_name
from p2p_datatools.contract.pairs.opening import open_pairs, read_foreign, refuse_photos
from p2p_datatools.contract.pictures.arrays import ARRAYS, Array
from p2p_datatools.contract.pictures.ground import GroundPlace, ground_as_shown
from p2p_datatools.contract.pictures.header import PictureFile, any_header, open_picture
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import p2p_command, path_word, plural
from p2p_gan.inference.inputs import (
    PictureBytes,
    open_input,
    read_input,
    read_model_pair,
    refuse_file,
    refuse_folder,
    task_for,
)
from p2p_gan.inference.mask_inputs import InputChanges
from p2p_gan.inference.parts import read_parts, refuse_parts
from p2p_gan.models.card import ModelCard


@dataclass(frozen=True)
class InputPicture:
    """One picture to translate: a file, a pair of a pair folder, whose other half is the real output, or bytes."""

    name: str
    path: Path
    folder: PairFolder | None = None
    pair: Pair | None = None
    options: ReadOptions = AS_USUAL
    others: tuple[Path, ...] = ()  # the pictures of the other parts, where the model's input is of several
    memory: PictureBytes | None = None

    @property
    def source(self) -> Path | PictureBytes:
        """What is opened to read it, if it is not a pair."""
        return self.memory or self.path

    def refuse(self, card: ModelCard) -> Size | None:
        """Its size, if that can be read; raises P2PError, without decoding, if it is not an input of the model."""
        if self.folder is None:
            with open_input(self.source, self.options) as file:
                if self.others:
                    refuse_parts((self.path, *self.others), card, self.options)
                else:
                    refuse_file(file, card)
                return _size_of(file)
        task = task_for(self.folder, card)
        refuse_folder(self.folder, (task.input, task.output), card)
        return self.pair.size if self.pair else None

    def read(self, card: ModelCard, changes: InputChanges) -> "InputPixels":
        """Its pixels, and what is known with them; `changes` records what was changed on the way."""
        if self.others:
            pixels = read_parts((self.path, *self.others), card, self.options, changes)
            with open_picture(self.path, self.options) as file:
                return InputPixels(pixels, ground=ground_as_shown(file))
        if self.folder is None or self.pair is None:
            with open_input(self.source, self.options) as file:
                ground = None if self.memory else ground_as_shown(file)
                return InputPixels(read_input(file, card, changes), ground=ground)
        swapped = task_for(self.folder, card).swapped
        return InputPixels(
            *read_model_pair(self.folder, self.pair, card, swapped=swapped, over_white=changes.over_white)
        )


class InputPixels(NamedTuple):
    """What was read of an input: its pixels, the real output if it is known, and where on the ground a file lies."""

    pixels: Array
    real: Array | None = None
    ground: GroundPlace | None = None


class FittingInputs(NamedTuple):
    """The pictures that a model takes, their sizes by name where these are known, and why others are left out."""

    fitting: list[InputPicture]
    sizes: dict[str, Size]
    skipped: list[Skip]


def split_by_fit(
    pictures: Sequence[InputPicture],
    card: ModelCard,
    *,
    keep_going: bool,
    also: Callable[[InputPicture], None] = lambda picture: None,
) -> FittingInputs:
    """Tell by their headers which pictures the model takes; `also` raises P2PError for others that are left out."""
    found = FittingInputs([], {}, [])
    for each in pictures:
        try:
            also(each)
            size = each.refuse(card)
        except UsageError:
            raise
        except P2PError as error:
            if each.folder is not None and not keep_going:
                raise  # the error is about the folder, so it is raised once and not for every pair
            found.skipped.append(skip_of(error, str(each.path)))
            continue
        found.fitting.append(each)
        if size is not None and all(size):  # a foreign pair folder does not say them
            found.sizes[each.name] = size
    return found


def _size_of(file: PictureFile) -> Size | None:
    try:
        return any_header(file).size
    except P2PError:
        return None  # is reported where its pixels are read


def list_inputs(
    inputs: Sequence[Path | PictureBytes],
    options: ReadOptions = AS_USUAL,
    report: Reporter = QUIET,
    *,
    strange: list[Skip] | None = None,
) -> list[InputPicture]:
    """The pictures to translate: files, those in folders, the held-out pairs of pair folders, and `stdin` for bytes.

    Which files of folders are not read is noted. A folder below that is closed to us, a name that is not UTF-8, and
    pictures of one name are added to `strange` if given, else raised. Raises P2PError if there are no others.
    """
    found: dict[str, dict[Path, InputPicture]] = {}
    for each in inputs:
        for picture in _list_place(each, options, report, strange):
            found.setdefault(picture.name, {})[picture.path] = picture
    clashes = [_clash(name, list(same)) for name, same in found.items() if len(same) > 1]
    single = [picture for same in found.values() if len(same) == 1 for picture in same.values()]
    if clashes and (strange is None or not single):
        raise P2PError(clashes[0].where, clashes[0].what, clashes[0].to_do, code="same-name", parts=clashes[1:])
    if strange is not None:
        strange += clashes
    return single


def refuse_dest_among(dest: Path, inputs: Sequence[Path | PictureBytes]) -> None:
    """Raise UsageError where `dest` lies among the pictures of an input, of which its outputs would be the next time.

    Of a pair folder the pictures are those in its splits: it may have samples beside them.
    """
    for place in inputs:
        if isinstance(place, Path):
            refuse_dest_inside(dest, *((place / each for each in SPLITS) if _holds_pairs(place) else (place,)))


def _clash(name: str, paths: Sequence[Path]) -> Skip:
    """Several pictures whose output would have one name, of which none is meant more than the others."""
    where, what = " and ".join(map(str, paths)), f"have the same name, {name}"
    return Skip(where, what, "Rename or remove all but one, or sample them separately.", "same-name")


def list_stacks(
    given: Sequence[Path | PictureBytes], card: ModelCard, options: ReadOptions, report: Reporter
) -> list[InputPicture]:
    """The pictures of a model whose input is of several: one file or folder of each part, in the order of the parts.

    Raises UsageError for another number or order of inputs or bytes of a file, P2PError where a picture lacks its
    partner.
    """
    inputs, parts = [each for each in given if isinstance(each, Path)], card.input.parts
    if len(inputs) < len(given):
        what, to_do = "are the bytes of one file, but the model takes several pictures", "Write each to a file."
        raise UsageError("PictureBytes", what, to_do, code="other-number")
    if len(inputs) != len(parts):
        words = ", ".join(part.name for part in parts)
        what = f"{'is one input' if len(inputs) == 1 else 'are ' + plural(len(inputs), 'input')}, but the model takes "
        what += f"{plural(len(parts), 'picture')} for each output: {words}"
        to_do = "Give a file or folder of each, in this order, or a pair folder."
        raise UsageError(" ".join(map(str, inputs)), what, to_do, code="other-number")
    _refuse_other_order(inputs, [part.name for part in parts])
    listed = [{each.name: each for each in list_inputs([place], options, report)} for place in inputs]
    if all(place.is_file() for place in inputs):
        listed = [{inputs[0].stem: next(iter(each.values()))} for each in listed]
    if pairs := next((place for place, each in zip(inputs, listed, strict=True) if _has_pairs(each)), None):
        what, to_do = "is a pair folder, which has all parts", "Give it alone."
        raise UsageError(pairs, what, to_do, code="options-conflict")
    first, *more = listed
    for place, each in zip(inputs[1:], more, strict=True):
        for name in sorted(first.keys() ^ each.keys()):
            at, other = (first[name].path, place) if name in first else (each[name].path, inputs[0])
            to_do = f"Add '{name}' there, or remove this one."
            raise P2PError(at, f"has no partner in {other}", to_do, code="no-partner")
    return [
        InputPicture(name, own.path, options=options, others=tuple(each[name].path for each in more))
        for name, own in first.items()
    ]


def _refuse_other_order(inputs: Sequence[Path], parts: Sequence[str]) -> None:
    """Raise UsageError where the folders are called as the parts are, in another order.

    Of parts with as many channels nothing else would tell it.
    """
    folders = {part_name(place.parent if place.is_file() else place): place for place in inputs}
    if folders.keys() == {*parts} and [*folders] != [*parts]:
        order = " ".join(path_word(folders[part]) for part in parts)
        what = f"are by their names in another order than the model's {', '.join(parts)}"
        raise UsageError(" ".join(map(str, inputs)), what, f"Give them in this order: {order}.", code="other-order")


def _has_pairs(listed: Mapping[str, InputPicture]) -> bool:
    return any(each.folder is not None for each in listed.values())


def _holds_pairs(place: Path) -> bool:
    """Whether a folder is one of pairs, of which those that were held out are used."""
    return has_manifest(place) or has_shards(place) or (place / "train").is_dir()


def _list_place(
    place: Path | PictureBytes, options: ReadOptions, report: Reporter, strange: list[Skip] | None
) -> list[InputPicture]:
    if isinstance(place, PictureBytes):
        return [InputPicture("stdin", place.path, options=options, memory=place)]
    if not place.exists():
        raise P2PError(place, "does not exist", advise_missing(place, otherwise="Check the path."), code="missing-path")
    refuse_special(place, to_do="Write - for a picture on standard input, or save it to a file, and name that.")
    if place.is_file():
        return [InputPicture(place.stem, place, options=options)]
    if _holds_pairs(place):
        return _list_held_out(open_pairs(place, needs_train=False))
    others, errors = LeftOut(place), list[P2PError]()
    files = find_pictures(place, ARRAYS, strange=errors, others=others)
    if errors and (strange is None or not files):
        raise errors[0]
    if not files:
        raise others.no_pictures(ARRAYS)
    if folder := _find_split_pairs(place, files):
        for line in folder.assumed:
            report.note(f"{place}: {line.removesuffix('.')}.")
        return _list_held_out(folder)
    others.say(report)
    if strange is not None:
        strange += [skip_of(error, str(place)) for error in errors]
    return [InputPicture(stem_of(file, place), file, options=options) for file in files]


def _list_held_out(folder: PairFolder) -> list[InputPicture]:
    """The held-out pairs of a pair folder; raises P2PError if it has none."""
    if folder.held_out is None:
        to_do = f"Run {p2p_command('data split', folder.path)}, or give a folder of pictures."
        raise P2PError(folder.path, "has no held-out pairs", to_do, code="empty-split")
    pairs = folder.of(folder.held_out)
    return [InputPicture(pair.name, folder.path / pair.file, folder, pair) for pair in pairs]


def _find_split_pairs(place: Path, files: Sequence[Path]) -> PairFolder | None:
    """The folder of another tool that holds out some of its pictures, as Train/ and Test/, test/ alone or lists say.

    None where its pictures do not show that they are A|B: photos are split in the same way.
    """
    names = [file.relative_to(place).as_posix() for file in files]
    try:
        stems = [stem_of(file, place) for file in files]
        if not (splits_of_pair_folders(names) or read_listed_splits(place, stems).splits):
            return None
        folder = read_foreign(place, needs_train=False)
        refuse_photos(folder, sure=True)
    except P2PError:
        return None
    return folder if folder.held_out else None

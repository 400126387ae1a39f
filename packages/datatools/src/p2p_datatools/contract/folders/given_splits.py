"""Recognises paths that are named after a split: train/, valid/, trainA/, images/train2017/, instances_val2017.json.

Nothing here may open a file, or give a split to a path whose names do not say one.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

# English, Spanish, Portuguese, French, Italian, German, Dutch, Polish, Russian, Turkish, Chinese, Japanese, Korean.
_SPLIT_WORDS = {
    "train": """train training trn entrenamiento treinamento treino apprentissage entrainement addestramento allenamento
        trainingsdaten trainingsset treningowy trening обучение тренировка egitim
        训练 训练集 訓練 訓練集 学習 학습 훈련""",
    "val": """val valid validation validate vld dev eval evaluation validacion validacao validazione validierung
        validierungsdaten validatie walidacja валидация dogrulama
        验证 验证集 驗證 驗證集 検証 검증""",
    "test": """test testing tst holdout prueba pruebas teste testes testdaten testowy тест тестирование
        测试 测试集 測試 測試集 テスト 테스트""",
}


def _plain(text: str) -> str:
    """Letters without accents, however these are written: validación and a decomposed one are validacion."""
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


_SPLIT_OF_WORD = {_plain(word): split for split, words in _SPLIT_WORDS.items() for word in words.split()}
# Words beside the split's: those of halves, and those that say nothing. Any others may be anything's name.
_SIDE_OF_WORD = {
    **dict.fromkeys(("a", "label", "labels", "mask", "masks", "gt", "annot", "annotation", "annotations"), "a"),
    **dict.fromkeys(("b", "img", "imgs", "image", "images", "photo", "photos"), "b"),
}
_IDLE = frozenset({"data", "dataset", "set", "split", "obj", "instances", "list", "autosplit", "datos", "daten"})
_IDLE_OF_LISTS = frozenset(
    {"file", "files", "filename", "filenames", "filelist", "name", "names", "id", "ids", "pairs"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\da-zA-Z_]+")
_BETWEEN = re.compile(r"[\W_]*")
_GLUED = re.compile(rf"({'|'.join(_SPLIT_OF_WORD)})({'|'.join((*_SIDE_OF_WORD, *_IDLE))})")  # trainannot, testset
# imagesTr, DUTS-TE: without another word they may be anything, such as languages, unless three splits are called so and
# no other folder is beside them.
_SPLIT_OF_WORD |= {"tr": "train", "va": "val", "te": "test", "ts": "test"}
_SHORT = frozenset({"tr", "va", "te", "ts"})
_YEAR = re.compile(r"(19|20)\d\d")


class SplitPlace(NamedTuple):
    """A path of which one part says a `split`: the parts before and after it, and how it is spelled there.

    `side` is "a" or "b" where the path says so, too (trainA, labels/train), and `bare` the path without both.
    """

    split: str
    before: str
    spelled: str
    after: str
    side: str
    bare: str

    @property
    def family(self) -> str:
        """The path with an asterisk for the word of its split, which is the same for all splits of a data set."""
        words = ["*" if word in _SPLIT_OF_WORD or _YEAR.fullmatch(word) else word for word in _words_of(self.spelled)]
        return join_path(self.before, " ".join(words).replace("* *", "*"), self.after)

    @property
    def own_words(self) -> list[str]:
        """What else the part that says the split says, numbers but years included: easy of val_easy, 1 of test_01."""
        known = (*_SPLIT_OF_WORD, *_SIDE_OF_WORD, *_IDLE)
        words = [word for word in _words_of(self.spelled) if word not in known and not _YEAR.fullmatch(word)]
        return [word.lstrip("0") or "0" if word.isdecimal() else word for word in words]

    @property
    def folder(self) -> str:
        """The whole path."""
        return join_path(self.before, self.spelled, self.after)

    @property
    def common(self) -> str:
        """The path as all spellings and both sides have it: train/x for training/x, trainA/x and labels/train/x."""
        return join_path(self.split, self.bare)


class _Words(NamedTuple):
    """One part of a path that has the word of a split; it is `plain` when all its other words are known.

    It is `short` when it has no other word than one that may be anything.
    """

    split: str
    side: str
    family: str
    plain: bool
    short: bool


_Readings = list[tuple[int, _Words]]  # the parts of a path that have the word of a split, and their places in it


def find_splits(paths: Iterable[str]) -> dict[str, SplitPlace]:
    """Those of the paths (folders, or files without suffix, with forward slashes) that belong to a split.

    There are none unless all paths do, one of them to train, or several splits occur: one folder train/ among others
    may be full of railway trains. Words beside that of the split have to be known ones, or the same in two splits, or
    every path says a split, of which train/ itself is one (train, val_easy, val_hard). Numbers do not count.

    Of several parts that say one the first counts, unless it is the same split for all paths, below which each says its
    own: some tools put all labels into labels/train/, so that there are train/train and train/test.
    """
    read = _below_common_part({path: list(_readings(path)) for path in dict.fromkeys(paths)})
    counts = _make_rule(list(read.values()))
    places = {
        path: _place(path, index, reading)
        for path, found in read.items()
        for index, reading in found[::-1]  # the first part that says a split is the one that stays
        if counts(reading)
    }
    splits = {place.split for place in places.values()}
    if len(splits) > 1 or ("train" in splits and len(places) == len(read)):
        return places
    return {}


def _below_common_part(read: dict[str, _Readings]) -> dict[str, _Readings]:
    """What paths say below a part that is the same split for all of them; the same if that is not several splits."""
    common = {found[0][1].split for found in read.values() if found}
    inner = {path: found[1:] for path, found in read.items()}
    if len(common) == 1 and all(inner.values()) and {found[0][1].split for found in inner.values()} > common:
        return inner
    return read


def _make_rule(read: Sequence[_Readings]) -> Callable[[_Words], bool]:
    """The rule for which parts say a split, among those of all paths."""
    families: dict[str, set[str]] = defaultdict(set)
    readings = [reading for found in read for _, reading in found]
    for each in readings:
        families[each.family].add(each.split)
    any_word = _all_say_splits(read)
    short_counts = all(read) and len({each.split for each in readings if each.short}) > 2

    def counts(reading: _Words) -> bool:
        if reading.short:
            return short_counts
        return reading.plain or any_word or len(families[reading.family]) > 1

    return counts


def _all_say_splits(read: Sequence[_Readings]) -> bool:
    first = [found[0][1] for found in read if found]
    several = len({each.split for each in first}) > 1  # train and train_station are two kinds of pictures
    return several and len(first) == len(read) and any(each.split == "train" and each.plain for each in first)


def find_doubtful_splits(paths: Iterable[str]) -> list[str]:
    """Of paths of which `find_splits` finds none, a first one for each of several splits that words in them say.

    Or of one, if it is held out: eval15/ beside our485/ is that, and train/ beside others may be a folder of trains.
    """
    first, paths = dict[str, str](), set(paths)
    for path in sorted(paths):
        for _, reading in list(_readings(path))[:1]:
            first.setdefault(reading.split, path)
    told = len(first) > 1 or (first and "train" not in first and len(paths) > 1)
    return [first[split] for split in ("train", "val", "test") if split in first] if told else []


def split_in(name: str) -> str | None:
    """The split that the name of a folder says, whatever lies beside it."""
    reading = _read_part(name, "")
    return reading.split if reading and reading.plain and not reading.short else None


def split_of_list(name: str) -> str | None:
    """The split that the name of a list of files says, without suffix: as `split_in`, and filenames_train, val_ids."""
    return split_in(re.sub(rf"(?i)(?<![a-z])(?:{'|'.join(_IDLE_OF_LISTS)})(?![a-z])", "", name))


def splits_of_pair_folders(files: Iterable[str]) -> dict[str, str]:
    """The split whose pairs each folder at the top of some files holds, where its name or all of them say one."""
    tops = list(dict.fromkeys(file.partition("/")[0] for file in files if "/" in file))
    named = {top: split for top in tops if (split := split_of_pairs(top))}
    return {top: place.split for top, place in find_splits(tops).items() if not place.side} | named


def split_of_pairs(name: str) -> str | None:
    """The split that a folder of this name holds whole pairs of, rather than halves as trainA/ does."""
    reading = _read_part(name, "")
    return reading.split if reading and reading.plain and not (reading.side or reading.short) else None


def side_of_folder(name: str) -> str:
    """Whether a folder of this name holds halves A or B of pairs: "a", "b", or "" where it does not say."""
    sides = {_SIDE_OF_WORD.get(word.lower(), "") for word in _WORD.findall(name)}
    return sides.pop() if len(sides) == 1 else ""


def folder_of(path: str) -> str:
    """The folder of a file, given as a path with forward slashes; empty for one that lies in none."""
    return path.rpartition("/")[0]


def join_path(*parts: str) -> str:
    """A path of those of the parts that are not empty."""
    return "/".join(part for part in parts if part)


def _readings(path: str) -> Iterator[tuple[int, _Words]]:
    parts = path.split("/")
    for index, part in enumerate(parts):
        if reading := _read_part(part, "/".join(parts[:index])):
            yield index, reading


def _words_of(part: str) -> list[str]:
    part = _plain(part)
    glued = _GLUED.fullmatch(part.lower())
    return [glued[1], glued[2]] if glued else [word.lower() for word in _WORD.findall(part)]


def _read_part(part: str, before: str) -> _Words | None:
    words = _words_of(part)
    splits = [word for word in words if word in _SPLIT_OF_WORD]
    if len(splits) != 1 or not _BETWEEN.fullmatch(_WORD.sub("", _plain(part))):
        return None
    others = [word for word in words if word not in _SPLIT_OF_WORD]
    sides = {_SIDE_OF_WORD[word] for word in others if word in _SIDE_OF_WORD}
    known = all(word in _SIDE_OF_WORD or word in _IDLE or _YEAR.fullmatch(word) for word in others)
    side = sides.pop() if len(sides) == 1 else ""
    family = f"{before}/{' '.join('*' if word in splits else word for word in words if not word.isdecimal())}"
    return _Words(_SPLIT_OF_WORD[splits[0]], side, family, known, short=splits[0] in _SHORT and not others)


def _place(path: str, index: int, reading: _Words) -> SplitPlace:
    parts = path.split("/")
    before, after = parts[:index], parts[index + 1 :]
    side, bare = reading.side, (before, after)
    # The folder just above or just below may say the side: labels/train, train/labels.
    if not side and before and (side := side_of_folder(before[-1])):
        bare = before[:-1], after
    elif not side and after and (side := side_of_folder(after[0])):
        bare = before, after[1:]
    return SplitPlace(
        reading.split, "/".join(before), parts[index], "/".join(after), side, "/".join([*bare[0], *bare[1]])
    )

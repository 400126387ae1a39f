"""Reads ground truth in MATLAB's .mat files, one per picture: a matrix of class numbers, under any name or SBD's.

Nothing here may take the numbers of segments for those of classes, or give a number a name that its data set does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from p2p_datatools.contract.errors import P2PError, Skip
from p2p_datatools.contract.files.listing import find_pictures
from p2p_datatools.contract.pictures.index import IndexPicture, LabelPicture
from p2p_datatools.contract.pictures.limits import MOST_PIXELS
from p2p_datatools.labels.formats.pictures.voc import VOC_CLASSES
from p2p_datatools.labels.parsing.mat_tags import check_mat_tags
from p2p_datatools.labels.values import VOID, IndexLabels, LabelSet

_SUFFIXES = frozenset({".mat"})
_MOST_SHOWN = 3  # variables in a note: programs number them by picture
_NUMERIC = frozenset(
    {"logical", "double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
)
# Hariharan et al. 2011: the classes are Pascal VOC's; the other struct has the numbers of objects.
_SBD, _SBD_OBJECTS, _SEGMENTATION = "GTcls", "GTinst", "Segmentation"
_EXPANSION = 64  # how many times as large as its file what is packed in a struct may be, for the share of memory
VariableHeader = tuple[str, tuple[int, ...], str]  # a variable's name, shape and class


@dataclass(frozen=True, eq=False)
class MatrixLabels(IndexLabels):
    """Class numbers in the variable `variable` of a .mat file."""

    variable: VariableHeader = ("", (), "")

    def numbers(self) -> IndexPicture:
        """The matrix; raises P2PError when it cannot be read or holds other than whole numbers from 0."""
        name, _, kind = self.variable
        value = _load(self.path, name)
        return IndexPicture(
            _whole_numbers(_segmentation(value, self.path) if kind == "struct" else value, self.path), None
        )

    def picture(self) -> LabelPicture:
        """The same as a picture of labels."""
        return LabelPicture(self.numbers().values, None, None, None, exact=True)

    def memory(self) -> int:
        """The bytes that reading takes, or about as many."""
        _, shape, kind = self.variable
        return self.path.stat().st_size * _EXPANSION if kind == "struct" else int(np.prod(shape)) * 8


def is_matlab(path: Path) -> bool:
    """Whether a path is a .mat file, or a folder that has at least half as many of them as pictures."""
    if path.is_file():
        return path.suffix.lower() in _SUFFIXES
    found = len(find_pictures(path, _SUFFIXES, strange=[])) if path.is_dir() else 0
    return found > 0 and 2 * found >= len(find_pictures(path, strange=[]))


def read_matlab(place: Path) -> LabelSet:
    """The class numbers in a .mat file, or in all below a folder; each is called as its picture is."""
    folder = place.parent if place.is_file() else place
    strange: list[P2PError] = []
    files = [place] if place.is_file() else find_pictures(place, _SUFFIXES, strange=strange)
    if not files and not strange:
        raise P2PError(place, "has no .mat files", "Give the folder of the ground truth.", code="no-labels")
    items, skipped = [], [Skip(str(place), error.what, error.to_do, error.code) for error in strange]
    for file in files:
        try:
            variable = _variable(file)
        except P2PError as error:
            skipped.append(Skip(str(file), error.what, error.to_do, error.code))
            continue
        names = {**dict(enumerate(VOC_CLASSES)), 255: VOID} if variable[0] == _SBD else None
        name = file.relative_to(folder).with_suffix("").as_posix()
        items.append(MatrixLabels(name, file, names, variable))
    ignored = frozenset({VOID}) if any(item.names for item in items) else frozenset[str]()
    used = sorted({item.variable[0] for item in items})
    listed = " or ".join(used[:_MOST_SHOWN]) + (f" or {len(used) - _MOST_SHOWN} more" if used[_MOST_SHOWN:] else "")
    notes = (f"{place}: the class numbers are those of the variable {listed}.",) if used else ()
    return LabelSet("matlab", tuple(items), skipped=tuple(skipped), ignored=ignored, notes=notes)


def _variable(file: Path) -> VariableHeader:
    """The variable that holds class numbers; raises P2PError when there is none, or several could."""
    found = _list(file)
    kinds = {name: kind for name, _, kind in found}
    if kinds.get(_SBD) == "struct":
        return next(each for each in found if each[0] == _SBD)
    if _SBD_OBJECTS in kinds:
        what = f"has the numbers of objects ({_SBD_OBJECTS}), not of classes"
        raise P2PError(file, what, "Give the folder cls, whose files have the classes.", code="not-class-numbers")
    matrices = [each for each in found if each[2] in _NUMERIC and len(each[1]) == 2 and min(each[1]) > 1]
    if len(matrices) == 1:
        (matrix,) = matrices
        if int(np.prod(matrix[1])) > MOST_PIXELS:
            what = f"its matrix {matrix[0]} of {matrix[1][1]}x{matrix[1][0]} has too many pixels"
            raise P2PError(file, what, "Save a smaller one.", code="too-large")
        return matrix
    listed = ", ".join(f"{name} ({kind} {'x'.join(map(str, shape))})" for name, shape, kind in found) or "nothing"
    if matrices:
        what = f"has {len(matrices)} matrices that may be the class numbers: {listed}"
        raise P2PError(file, what, "Save each picture's class numbers alone.", code="several-arrays")
    what = f"has no matrix of class numbers, only {listed}"
    to_do = "Save the class numbers as a matrix; cells of segmentations, as of BSDS500, and objects name no classes."
    raise P2PError(file, what, to_do, code="not-class-numbers")


def _segmentation(value: Any, file: Path) -> Any:
    """The matrix in SBD's struct."""
    try:
        return value[_SEGMENTATION].item()
    except (IndexError, KeyError, ValueError, TypeError, AttributeError) as error:
        what = f"its {_SBD} has no {_SEGMENTATION}"
        raise P2PError(file, what, "Fetch the file again.", code="damaged-labels") from error


def _whole_numbers(value: Any, file: Path) -> NDArray[np.uint8 | np.uint16]:
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.dtype.kind not in "biuf" or not value.size:
        raise P2PError(file, "its class numbers are not a matrix", "Fetch the file again.", code="damaged-labels")
    with np.errstate(invalid="ignore"):
        numbers = value.astype(np.uint16)
    if (numbers != value).any():
        what = "holds values that are not whole numbers from 0 to 65535, so they are not class numbers"
        raise P2PError(file, what, "Save the class numbers as whole numbers.", code="not-class-numbers")
    return numbers.astype(np.uint8) if numbers.max() < 256 else numbers


def _list(file: Path) -> list[VariableHeader]:
    """The variables of a file."""
    import scipy.io  # which the help of the command line does not have to wait for

    with _explain_scipy(file):
        check_mat_tags(file, whole=False)
        found: list[VariableHeader] = scipy.io.whosmat(file, appendmat=False)
        return found


def _load(file: Path, name: str) -> Any:
    """The value of a variable."""
    import scipy.io

    with _explain_scipy(file):
        check_mat_tags(file)  # again: it may have been replaced since
        return scipy.io.loadmat(file, appendmat=False, variable_names=[name])[name]


@contextmanager
def _explain_scipy(file: Path) -> Iterator[None]:
    """What SciPy raises as P2PError; it knows all versions but the one that is HDF5."""
    try:
        yield
    except P2PError:
        raise
    except NotImplementedError as error:
        what = "is of MATLAB's version 7.3, which is HDF5"
        raise P2PError(file, what, "Save it with save(FILE, NAME, '-v7').", code="unknown-version") from error
    except Exception as error:  # SciPy has no common class for damage, which it meets anywhere in a file
        what = f"is not a valid .mat file ({error!s:.100})"
        raise P2PError(file, what, "Was it cut off? Fetch or save it again.", code="damaged-file") from error

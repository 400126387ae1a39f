"""Packages that need not be installed: whether one is, and the one error where one is missing.

Nothing here may import such a package, or know what it is for.
"""

import importlib.util
import re

from p2p_datatools.contract.errors import P2PError


def has_package(name: str) -> bool:
    """Whether a package can be imported, by the name of the import; it is not loaded."""
    return importlib.util.find_spec(name) is not None


def require_packages(where: object, *requirements: str, instead: str = "", error: type[P2PError] = P2PError) -> None:
    """Raise `error` where packages are missing of those with these requirements of pip, such as "onnx>=1.16".

    A package has to be imported by the name under which it is installed. `instead` is what else can be done.
    """
    missing = [each for each in requirements if not has_package(_name_of(each))]
    if not missing:
        return
    noun, verb = ("package", "is") if len(missing) == 1 else ("packages", "are")
    names = " and ".join(map(_name_of, missing))
    quoted = " ".join(f'"{each}"' for each in missing)
    to_do = f"Run 'pip install {quoted}'{f', or {instead}' if instead else ''}."
    raise error(where, f"needs the {noun} {names}, which {verb} not installed", to_do, code="missing-package")


def _name_of(requirement: str) -> str:
    return re.split(r"[^\w-]", requirement, maxsplit=1)[0]

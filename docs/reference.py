"""Builds the reference of the public API as HTML pages: `python docs/reference.py FOLDER`.

Nothing here may be needed to run p2p; the pages show the names in `__all__` with their docstrings, and nothing else.
"""

import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from pdoc import render
from pdoc.doc import Module, Variable
from pdoc.doc_ast import walk_tree

import p2p_gan

ROOT = Path(__file__).parents[1]


def public_packages() -> Iterator[str]:
    """The two packages of the library and those of their rooms that name something."""
    for source in (ROOT / "packages" / package / "src" for package in ("datatools", "gan")):
        for path in sorted(source.rglob("__init__.py")):
            name = ".".join(path.parent.relative_to(source).parts)
            if hasattr(import_module(name), "__all__"):
                yield name


def describe(name: str) -> Module:
    """A package as pdoc shows it, its public names loaded: pdoc knows what is in the package already, and no more."""
    package = import_module(name)
    for each in package.__all__:
        getattr(package, each)
    module = Module(package)
    for member in module.members.values():
        if isinstance(member, Variable):
            member.docstring = docstring_of_value(name, member.name)
    return module


def docstring_of_value(package: str, name: str) -> str:
    """The text below a value in the module that defines it."""
    beneath = [module for found, module in sys.modules.items() if found.startswith(f"{package}.")]
    return next((text for module in beneath if (text := walk_tree(module).var_docstrings.get(name))), "")


def write_pages(folder: Path) -> int:
    """Write a page for each package, the index, and what the search looks in; gives the number of packages."""
    render.configure(show_source=False, footer_text=f"p2p {p2p_gan.__version__}")
    modules = {name: describe(name) for name in public_packages()}
    pages = {f"{name.replace('.', '/')}.html": render.html_module(module, modules) for name, module in modules.items()}
    pages |= {"index.html": render.html_index(modules), "search.js": render.search_index(modules)}
    for file, text in pages.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
    return len(modules)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # pdoc's, such as of an annotation that leads nowhere
        count = write_pages(Path(sys.argv[1]))
    sys.stdout.write(f"{count} pages: {sys.argv[1]}/index.html\n")

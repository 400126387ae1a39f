"""The packages' source as trees, each file read and parsed once for all tests that look at code.

Nothing here may know what is right or wrong in them.
"""

import ast
from functools import cache
from pathlib import Path


@cache
def parse_source(path: Path) -> ast.Module:
    """The tree of a module; it is shared, so that nobody may change it."""
    return ast.parse(path.read_text("utf-8"))


@cache
def walk_source(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module, as `ast.walk` gives them."""
    return tuple(ast.walk(parse_source(path)))

"""Every error, skip and finding of the packages has a code that stands in the source, and says what to do.

Nothing here may raise an error; what each of them says is for the tests of the code that raises it.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from source_code import walk_source

PACKAGES = Path(__file__).parents[1] / "packages"
DEFINITIONS = "contract/errors.py"  # which makes a skip and a finding of any error
FIELDS = ("where", "what", "to_do", "code")
CLASSES = ("P2PError", "UsageError", "Skip", "Finding", "Problem")
# Functions that give an error of one advice, one of them also of one code; these stand, and are looked at, in them.
_ADVICE = {"to_do": ast.Constant("Stands there.")}
MAKERS = {"bad_labels": _ADVICE, "bad_shape": _ADVICE, "without_labels": _ADVICE | {"code": ast.Constant("unlabelled")}}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Of an error that is raised again with another place or other advice, and of the one function that raises for others,
# whose calls are looked at like raises.
HANDED_ON = ("error.code", "code")


class Told(NamedTuple):
    """Where the source makes an error, a skip or a finding, and the expression of each of its fields."""

    place: str
    fields: dict[str, ast.expr]

    def words(self, field: str) -> str | None:
        """The field, or the end of it that is not computed; None where all of it is."""
        value = self.fields.get(field)
        if isinstance(value, ast.JoinedStr):
            value = value.values[-1]
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


class Given(NamedTuple):
    """That a name is given a value: the line, the lines of the function around it, the name and the value."""

    line: int
    function: range
    name: str
    value: ast.expr


def given_in(path: Path) -> list[Given]:
    nodes, found = walk_source(path), []
    functions = [range(node.lineno, (node.end_lineno or 0) + 1) for node in nodes if isinstance(node, ast.FunctionDef)]
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names, values = (part.elts if isinstance(part, ast.Tuple) else [part] for part in (target, node.value))
            function = min((lines for lines in functions if node.lineno in lines), key=len, default=range(0))
            pairs = zip(names, values, strict=False)
            found += [Given(node.lineno, function, ast.unparse(name), value) for name, value in pairs]
    return found


def last_given(value: ast.expr, given: list[Given]) -> ast.expr:
    """What a name was given last in its function, which is likely what it has; any other expression itself."""
    if not isinstance(value, ast.Name):
        return value
    above = [each for each in given if each.name == value.id and value.lineno in each.function]
    above = [each for each in above if each.line <= value.lineno]
    return max(above, key=lambda each: each.line).value if above else value


def told_in(path: Path) -> list[Told]:
    found, given = [], given_in(path)
    for node in walk_source(path):
        if isinstance(node, ast.Call):
            named = {word.arg: word.value for word in node.keywords if word.arg}
            called = ast.unparse(node.func)
            if called in CLASSES or called in MAKERS or "code" in named:
                place = f"{path.relative_to(PACKAGES)}:{node.lineno}"
                fields = dict(zip(FIELDS, node.args, strict=False)) | named | MAKERS.get(called, {})
                if called in CLASSES or called in MAKERS:
                    fields |= {
                        field: last_given(fields[field], given) for field in ("what", "to_do") if field in fields
                    }
                found.append(Told(place, fields))
    return found


@cache
def told_in_all() -> list[Told]:
    """Those of all packages; not found where tests are only collected, which each process does."""
    paths = sorted(PACKAGES.glob("*/src/**/*.py"))
    return [told for path in paths if not path.as_posix().endswith(DEFINITIONS) for told in told_in(path)]


def test_the_errors_of_all_packages_are_found() -> None:
    assert {told.place.split("/")[0] for told in told_in_all()} == {"datatools", "gan", "cli"}
    assert len(told_in_all()) > 300


def test_every_error_has_a_code_in_lower_case_where_it_is_raised() -> None:
    wrong = []
    for told in told_in_all():
        code = told.fields.get("code")
        if code is None or (ast.unparse(code) not in HANDED_ON and not CODE.fullmatch(told.words("code") or "")):
            wrong.append(told.place)
    assert wrong == []


def test_every_error_says_what_to_do_in_sentences() -> None:
    wrong = []
    for told in told_in_all():
        words = told.words("to_do")
        if "to_do" not in told.fields or (words is not None and not words.rstrip("'\")").endswith((".", "?", "!"))):
            wrong.append(told.place)
    assert wrong == []


def test_what_is_wrong_is_a_clause_without_a_full_stop() -> None:
    said = {told.place: told.words("what") or "" for told in told_in_all()}
    assert [place for place, what in said.items() if what.endswith(".") and not what.endswith("...")] == []

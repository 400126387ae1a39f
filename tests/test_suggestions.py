"""What a text suggests to type can be pasted: names, places and labels in it are quoted for a shell.

Nothing here may run a command; it reads the source of the packages.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_code import parse_source

PACKAGES = Path(__file__).parents[1] / "packages"
# The end of a text in which a word of a command follows: `p2p data split `, `'p2p sample run `, `add --map `.
_COMMAND = re.compile(r"(?:^|[^\w-])p2p [a-z](?:[^.;'\n]|\{\})*$")
_OPTION = re.compile(r"--(?:photos|match|map|catalog|from|out|halves|palette|segmenter|pairs|group-by)[ =]'?$")
_QUOTES = {"shell_word", "path_word", "shell_line", "p2p_command"}
# What is no name out of a file or of a person, and what is quoted where it is made, by file.
_SAFE = {
    **{"cli/config.py": {"each.name", "each.text(each.default)"}, "cli/options.py": {"' '.join(settings)", "word"}},
    **{"data/derive.py": {"words"}, "data/pair.py": {"place", "dest", "draw", "' and '.join(missing)"}},
    **{"cli/export.py": {"', or '.join(offers)"}},  # settings with numbers
    **{"cli/demo.py": {"place"}, "cli/train.py": {"run", "pairs", "split", "held_out"}},
    **{"config/parse.py": {"NAMES[name]"}, "machine/distributed.py": {"device", "count"}},
    **{"masks/label_colors.py": {"hex_of(area.color)", "hex_of(color)"}},
    # Places in errors and notes, which repeat what was typed; and the name of a way, of which there are three.
    **{
        "masks/class_mapping.py": {"glob", "each"},
        "masks/questions.py": {"unused", "each"},
        "sources/obtain.py": {"word"},
    },
}


def words_of_commands(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the expression of each word that a text has in a command, or after an option that takes a name."""
    places = {
        id(node.args[0]) for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args
        and isinstance(node.func, ast.Name) and node.func.id in ("P2PError", "UsageError")
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.search(r"p2p [a-z][^\n]*\{\w+\}", node.value):
                yield node.lineno, node.value  # a template: what is put in is not seen here
            continue
        if not isinstance(node, ast.JoinedStr) or id(node) in places:
            continue
        text = ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if _COMMAND.search(text) or _OPTION.search(text):
                    yield node.lineno, ast.unparse(part.value)
                text += "{}"
            elif isinstance(part, ast.Constant):
                text += str(part.value)


def is_quoted(expression: str) -> bool:
    value = ast.parse(expression, mode="eval").body if "p2p " not in expression else None
    if isinstance(value, ast.Name):
        return value.id.isupper()
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in _QUOTES


def test_every_name_in_a_command_to_type_is_quoted_for_a_shell() -> None:
    bare = []
    for path in sorted(PACKAGES.glob("*/src/**/*.py")):
        safe = next((words for end, words in _SAFE.items() if path.as_posix().endswith(end)), set())
        for line, expression in words_of_commands(parse_source(path)):
            if not is_quoted(expression) and expression not in safe:
                bare.append(f"{path.relative_to(PACKAGES)}:{line}: {expression}")
    assert not bare


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("f'Run p2p data split {path} again.'", ["path"]),
        ("f\"Run 'p2p data split {path}'.\"", ["path"]),
        ("f'Add --map {label}=CLASS.'", ["label"]),
        ("'Make pairs: p2p data pair {path} PHOTOS'.format(path=path)", ["Make pairs: p2p data pair {path} PHOTOS"]),
        ("f'Run p2p data split. {path} has none.'", []),
        ("UsageError(f'--map {word}', 'is wrong')", []),
    ],
)
def test_a_bare_name_would_be_found(source: str, found: list[str]) -> None:
    assert [expression for _, expression in words_of_commands(ast.parse(source))] == found
    assert not any(map(is_quoted, found))

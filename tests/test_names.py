"""What things are called: a public name means one thing in all packages, functions are verbs, classes are nouns."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from source_code import parse_source

ROOT = Path(__file__).parents[1]
# Names that several modules may define, and why.
SHARED = {"command": "each module of p2p_cli is one command, and the group finds it by this name"}
# Participles that do not end in -ed or -ing.
IRREGULAR = (
    "begun bought brought built caught chosen done drawn driven fallen felt found given gone held hidden kept known "
    "laid lent lost made meant met paid said seen sent shown sold spoken stood stuck taken taught thought told torn "
    "understood won worn written"
)
# Words that only end like one: verbs, and nouns that name what a class is.
NO_PARTICIPLES = (
    "bring embed feed need ring seed speed string thing coding drawing finding mapping setting sizing spelling timing"
)
# Before one of these a participle stands for itself ("found by"); before a noun it is an adjective ("used memory").
PARTICLES = "above as at beside by down for from in into of off on once out over to up what with"
PROPERTIES = {"property", "cached_property", "functools.cached_property"}


def modules() -> dict[str, ast.Module]:
    """The modules of the packages by their names, but for the packages' own."""
    return {
        ".".join(path.relative_to(source).with_suffix("").parts): parse_source(path)
        for source in sorted(ROOT.glob("packages/*/src"))
        for path in sorted(source.rglob("*.py"))
        if path.name != "__init__.py"
    }


def assigned(node: ast.stmt) -> list[str]:
    """The names of constants, types and functions that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def homes(modules: dict[str, ast.Module]) -> dict[str, list[str]]:
    """The modules in which each public name is defined."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, tree in modules.items():
        for name in {name for node in tree.body for name in assigned(node) if not name.startswith("_")}:
            found[name].append(module)
    return found


def is_participle(word: str) -> bool:
    return word not in NO_PARTICIPLES.split() and (
        word in IRREGULAR.split() or bool(re.fullmatch(r"[a-z]{2,}(ed|ing)", word))
    )


def is_function_misnamed(name: str) -> bool:
    """Whether a function's name is a participle and not that of a deed, or of a thing with a participle before it."""
    first, *rest = name.strip("_").split("_")
    return is_participle(first) and (not rest or rest[0] in PARTICLES.split())


def is_type_misnamed(name: str) -> bool:
    words = re.findall(r"[A-Z][a-z0-9]*", name)
    return bool(words) and is_participle(words[-1].lower())


def misnamed(tree: ast.Module) -> list[str]:
    """Functions and methods but for properties, which say a state, and classes and types, that are participles."""
    found = [name for node in tree.body for name in assigned(node) if is_type_misnamed(name) and not name.isupper()]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {ast.unparse(each) for each in node.decorator_list}
            found += [node.name] if is_function_misnamed(node.name) and not decorators & PROPERTIES else []
    return found


def test_a_public_name_is_defined_in_one_module_of_all_packages() -> None:
    twice = {name: modules for name, modules in homes(modules()).items() if len(modules) > 1}
    assert set(twice) == set(SHARED), {name: twice[name] for name in twice.keys() - SHARED.keys()}


def test_functions_are_verbs_and_types_are_nouns_and_none_is_a_participle() -> None:
    assert not {module: found for module, tree in modules().items() if (found := misnamed(tree))}


def test_names_of_two_homes_and_participles_are_found() -> None:
    first = ast.parse("LIMIT: int = 3\nA, B = 1, 2\n_OWN = 4\ndef updated(): ...\nclass Made: ...\nTold = int")
    second = ast.parse("LIMIT = 4\ndef A(): ...\n_OWN = 5")
    assert {name for name, modules in homes({"one": first, "two": second}).items() if len(modules) > 1} == {
        "LIMIT",
        "A",
    }
    assert misnamed(first) == ["Made", "Told", "updated"]
    words = "_kept_by_an_update telling_what seen _looked_up brought"
    assert all(map(is_function_misnamed, words.split()))


def test_verbs_nouns_and_nouns_with_an_adjective_are_no_participles() -> None:
    words = "bring seed_all read_stored used_memory training_loop refuse_damaged is_finished feed _bounding_box"
    assert not any(map(is_function_misnamed, words.split()))
    assert not any(map(is_type_misnamed, ("Finding", "ClassMapping", "TrainingCallback", "UsageError", "Seed")))
    assert misnamed(ast.parse("class Run:\n    @property\n    def stopped(self): ...")) == []

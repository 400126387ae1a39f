"""The table of codes has all that can be found, and docs/checks.md has the table."""

import ast
import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from source_code import walk_source

from p2p_datatools.checks.codes import FINDING_CODES, parse_codes, pick_findings
from p2p_datatools.checks.summary import group_findings
from p2p_datatools.contract.errors import CheckResult, Finding

if TYPE_CHECKING:
    from conftest import Refused

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "packages/datatools/src/p2p_datatools"
PAGE = ROOT / "docs" / "checks.md"
BEGIN, END = "<!-- codes -->\n", "<!-- end of codes -->\n"
# Codes of the rooms that a check reads by, which it cannot meet: of video, writing, splitting, masks, pairs and halves.
ELSEWHERE = {
    *("cut-video", "no-frames", "not-a-video", "no-encoder", "no-pillow-mode", "wrong-file-name", "missing-folder"),
    *("class-count", "colours-not-classes", "not-class-numbers", "no-pictures", "impossible-setting"),
    *("photo-not-mask", "other-palette", "no-bar", "part-of-pairs", "other-place"),
}


def codes_in(folder: Path) -> set[str]:
    """The codes of findings, and of errors that become findings."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in walk_source(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Finding", "P2PError"):
                named = [word.value for word in node.keywords if word.arg == "code"] or node.args[3:4]
                found |= {each.value for each in named if isinstance(each, ast.Constant)}
    return {str(each) for each in found}


def test_every_code_that_a_check_can_report_is_in_the_table() -> None:
    found = codes_in(SOURCE / "checks") - {"no-common-name"}
    read = codes_in(SOURCE / "contract" / "pictures") | codes_in(SOURCE / "contract" / "pairs")
    assert (found | read) - ELSEWHERE - FINDING_CODES.keys() == set()


def table() -> str:
    """The tables of docs/checks.md, one a group."""
    lines = []
    for group, rows in groupby(FINDING_CODES.items(), key=lambda row: row[1].group):
        lines += [f"### {group}", "", "| code | as a rule | what it is |", "| --- | --- | --- |"]
        lines += [f"| `{code}` | {each.severity} | {each.meaning} |" for code, each in rows]
        lines.append("")
    return "\n".join(lines)


def test_the_page_on_checks_has_every_code_with_its_line() -> None:
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    if "P2P_WRITE_GOLDEN" in os.environ:
        PAGE.write_text(f"{before}{BEGIN}\n{table()}{END}{after}", "utf-8")
        return
    assert shown.strip() == table().strip(), "write it anew with P2P_WRITE_GOLDEN=1"


def test_an_unknown_code_is_refused_with_the_nearest(refused: "Refused") -> None:
    assert parse_codes("dark, blurred", "--only") == ("dark", "blurred")
    assert parse_codes(None, "--only") == ()
    with refused("unknown-code", "--ignore blurrred", usage=True) as error:
        parse_codes("dark,blurrred", "--ignore")
    assert "blurred" in error.value.to_do
    with refused("unknown-code", "--only", usage=True):
        parse_codes(" , ", "--only")


def finding(code: str, severity: str = "warning") -> Finding:
    return Finding("a.png", "is wrong", "Do it.", code, severity)  # type: ignore[arg-type]


def test_findings_are_picked_by_their_codes_and_what_is_ignored_is_no_error() -> None:
    result = CheckResult("photos", 3, (finding("dark"), finding("damaged-file", "error"), finding("light")))
    assert [each.code for each in pick_findings(result, only=("dark", "light")).findings] == ["dark", "light"]
    assert pick_findings(result, ignore=("damaged-file",)).ok
    assert pick_findings(result) == result


def test_groups_stand_from_the_worst_to_the_least() -> None:
    found = [finding("grey-photo", "hint"), finding("dark"), finding("depth", "error"), finding("dark")]
    groups = group_findings(found)
    assert [(each.code, len(each.findings)) for each in groups] == [("depth", 1), ("dark", 2), ("grey-photo", 1)]


def test_files_of_other_kinds_are_told_apart_by_what_is_to_be_done_about_them() -> None:
    heic, zipped = (
        Finding("a.jpg", f"is {kind}", to_do, "unread-kind", "error")
        for kind, to_do in (("a HEIC picture", "Convert it."), ("a ZIP archive", "Unpack it."))
    )
    groups = group_findings([heic, zipped, heic])
    assert [(each.code, each.findings) for each in groups] == [("unread-kind", [heic, heic]), ("unread-kind", [zipped])]


@pytest.mark.parametrize("code", FINDING_CODES)
def test_a_line_is_a_clause_without_a_full_stop(code: str) -> None:
    assert not FINDING_CODES[code].meaning.endswith(".")

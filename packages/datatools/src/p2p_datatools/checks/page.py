"""The page of what a check found: how much of each kind, and each picture with its faults, to filter and to sort.

Nothing here may check anything; a page shows findings that others made, and says what it leaves out.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from p2p_datatools.checks.codes import FINDING_CODES
from p2p_datatools.checks.looker import Looker
from p2p_datatools.checks.summary import SEVERITIES, count_severities, group_findings
from p2p_datatools.checks.thumbnails import Thumbnail, Thumbnails
from p2p_datatools.contract.errors import CheckResult, Finding
from p2p_datatools.contract.pages.elements import (
    Markup,
    Section,
    assemble_page,
    embed_picture,
    make_element,
    make_paragraph,
    make_table,
)
from p2p_datatools.contract.pages.place import write_page_file
from p2p_datatools.contract.palette import Palette
from p2p_datatools.contract.pictures.pages import AS_USUAL, ReadOptions
from p2p_datatools.contract.progress import QUIET, Reporter
from p2p_datatools.contract.words import plural

_MOST_FILES = 5000  # with findings; a page of more is slow to search
_BUDGET = 24 << 20  # bytes of pictures in a page
_SORTS = (("severity", "the worst first"), ("name", "by name"), ("code", "by code"), ("figure", "by figure"))


@dataclass(frozen=True)
class FindingsPage:
    """The page about the `result` of a check of `path`; the rest is what the check was given."""

    path: Path
    result: CheckResult
    photos: Path | None = None
    palette: Palette | None = None
    read: ReadOptions = AS_USUAL

    def write(self, dest: Path, *, report: Reporter = QUIET) -> None:
        """Write the page; raises UsageError where something else is."""
        write_page_file(dest, self.make(report=report))

    def make(self, *, report: Reporter = QUIET) -> bytes:
        """The page, in UTF-8."""
        files = self._files
        pictures = self._draw(list(files), report)
        cards = [self._card(where, files[where], pictures.get(where, [])) for where in files]
        head = [make_element("h1", f"Findings in {self.path}"), self._figures()]
        sections = [
            Section("kinds", "Kinds", [self._kinds()]),
            Section("findings", "Findings", [*self._cuts(len(pictures)), self._controls(), _list(cards)]),
        ]
        if not self.result.findings:
            sections = [Section("kinds", "Kinds", [make_paragraph("Nothing was found.")])]
        return assemble_page(
            f"Findings in {self.path}", head, sections, style=_beside("findings.css"), script=_beside("findings.mjs")
        )

    @cached_property
    def _files(self) -> dict[str, list[Finding]]:
        """The findings of each file or folder, those with the worst first, as many as a page has."""
        found: dict[str, list[Finding]] = {}
        for group in group_findings(self.result.findings):
            for each in group.findings:
                found.setdefault(each.where, []).append(each)
        return dict(list(found.items())[:_MOST_FILES])

    def _draw(self, files: Sequence[str], report: Reporter) -> dict[str, list[Thumbnail]]:
        """The pictures of as many files as there is room for, of each code some."""
        ranks: dict[str, int] = {}
        turns = []
        for where in files:
            code = self._files[where][0].code
            ranks[code] = ranks.get(code, -1) + 1
            turns.append((ranks[code], where))
        order = [where for _, where in sorted(turns, key=lambda turn: turn[0])]
        thumbnails = Thumbnails(self.path, self.result.kind, photos=self.photos, palette=self.palette, read=self.read)

        look = Looker("pictures of the page", len(order), report)

        def draw(where: str) -> list[Thumbnail]:
            marks, file = [(*each.place, each.severity) for each in self._files[where] if each.place], Path(where)
            if not file.is_file():
                return []
            with look.room(thumbnails.weight(file)):
                return thumbnails.draw(file, marks)

        drawn: dict[str, list[Thumbnail]] = {}
        left = _BUDGET
        with closing(look.at(draw, order)) as pictures:
            for where, found in zip(order, pictures, strict=False):
                left -= sum(len(each.data) for each in found)
                if left < 0:
                    break
                drawn[where] = found
        return drawn

    def _cuts(self, drawn: int) -> Iterator[Markup]:
        """What is left out of the page."""
        shown = len(self._files)
        all_files = len({each.where for each in self.result.findings})
        if shown < all_files:
            what = f"The page shows {plural(shown, 'file')} of {all_files}, the worst first; --json has all."
            yield make_paragraph(what, "trouble")
        if drawn < shown:
            what = f"{drawn} of these have pictures: more would make the page larger than {_BUDGET >> 20} MB."
            yield make_paragraph(what, "note")

    def _figures(self) -> Markup:
        counts = count_severities(self.result.findings)
        told = [(self.result.kind, self.result.checked), *((f"{name}s", count) for name, count in counts.items())]
        boxes = (
            make_element(
                "div", make_element("dt", name), make_element("dd", make_element("span", count, class_="value"))
            )
            for name, count in told
        )
        return make_element("dl", *boxes, class_="figures")

    def _kinds(self) -> Markup:
        lines = [
            (
                make_element("code", group.code),
                group.severity,
                str(len(group.findings)),
                FINDING_CODES[group.code].meaning if group.code in FINDING_CODES else group.findings[0].what,
                group.findings[0].to_do,
            )
            for group in group_findings(self.result.findings)
        ]
        table = make_table(
            ("code", "severity", "findings", "what it means", "what to do"), lines, caption="What was found"
        )
        return make_element("div", table, class_="words")

    def _controls(self) -> Markup:
        """The filters, which are hidden until the script has taken them over."""
        codes = dict.fromkeys(group.code for group in group_findings(self.result.findings))
        return make_element(
            "form",
            _select("severity", "Severity", [("", "all"), *((each, f"{each}s") for each in SEVERITIES)]),
            _select("code", "Code", [("", "all"), *((code, code) for code in codes)]),
            _select("sort", "Order", _SORTS),
            make_element("label", "Text ", Markup('<input name="text" type="search" autocomplete="off">')),
            make_element("output", role="status"),
            class_="filters",
            hidden=True,
        )

    def _card(self, where: str, findings: Sequence[Finding], pictures: Sequence[Thumbnail]) -> Markup:
        name = where.removeprefix(f"{self.path}{os.sep}")
        shown = [
            embed_picture(each.data, each.about, width=each.size.width, height=each.size.height, lazy=True)
            for each in pictures
        ]
        lines = (_line(each) for each in findings)
        return make_element(
            "article",
            make_element("div", *shown, class_="shown") if shown else "",
            make_element("div", make_element("h3", name), make_element("ul", *lines)),
            class_="card",
            data_name=name,
        )


def _line(finding: Finding) -> Markup:
    """One finding; the script reads its code, its severity and its figure."""
    kind = {"error": "badge bad", "warning": "badge"}.get(finding.severity, "badge soft")
    figure = None if finding.figure is None else f"{finding.figure:.6g}"
    return make_element(
        "li",
        make_element("span", finding.severity, class_=kind),
        " ",
        make_element("code", finding.code),
        f" {finding.what}. ",
        make_element("span", finding.to_do, class_="note"),
        data_code=finding.code,
        data_severity=finding.severity,
        data_figure=figure,
    )


def _list(cards: Sequence[Markup]) -> Markup:
    return make_element("div", *cards, class_="cards")


def _select(name: str, label: str, choices: Sequence[tuple[str, str]]) -> Markup:
    options = (make_element("option", words, value=value) for value, words in choices)
    return make_element("label", f"{label} ", make_element("select", *options, name=name))


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")

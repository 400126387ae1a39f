"""`p2p data check`: its options, the call, and its findings as a table.

Nothing here may look at a picture.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural, printable

if TYPE_CHECKING:
    from p2p_datatools.contract.errors import CheckResult, Finding
    from p2p_datatools.contract.pictures.pages import ReadOptions


_MOST_SHOWN = 10  # pictures; --json has them all
_MOST_CODES, _MOST_NAMES = 8, 3  # groups of findings with their advice, and names of files in each
_MORE = "--json lists every finding, --html shows them on a page, docs/checks.md says what each code means."


@click.command()
@click.argument("path", type=options.FOLDER)
@options.photos_option("For masks: the photos they belong to.")
@options.palette_option
@click.option(
    "--against", type=options.FOLDER, metavar="OTHER", help="Compare the masks with those of the same names in OTHER."
)
@click.option("--only", metavar="CODE[,CODE]", help="Report findings of these codes alone.")
@click.option("--ignore", metavar="CODE[,CODE]", help="Leave findings of these codes out.")
@click.option(
    "--html", "page_file", type=options.PLACE, metavar="FILE.html", help="Also write a page that shows the findings."
)
@options.read_options
@options.json_option
def command(
    path: Path,
    photos: Path | None,
    palette_name: str | None,
    against: Path | None,
    only: str | None,
    ignore: str | None,
    page_file: Path | None,
    read: "ReadOptions",
    as_json: bool,
) -> int:
    """Check masks, pairs or photos; exit code 1 on errors.

    Finds files that are cut off or not pictures, colours outside the palette, masks of another size than their photo,
    masks without a photo and photos without a mask, empty masks, classes that never occur; photos that are dark, light,
    blurred, almost flat, odd in size or shape, turned by EXIF, or there twice; and in pair folders pictures that are
    not those of the manifest, odd widths, swapped halves, and the same picture in two splits.

    What is found is an error, a warning, or a hint, which is right less often. Each kind has a code, such as blurred
    or mask-size, which --only and --ignore take; docs/checks.md lists them. Files that cannot be read are reported, and
    the rest is checked. The page of --html is one file, with pictures in which the place is marked.

    With --against nothing else is checked: it measures how much the masks of two folders agree, class by class and
    picture by picture, over all pixels and over those farther than a pixel from any outline.

    \b
    Examples:
      p2p data check masks --photos photos --html report.html
      p2p data check pairs --ignore low-information,odd-size
    """
    from p2p_datatools.checks.codes import parse_codes, pick_findings

    wanted, unwanted = parse_codes(only, "--only"), parse_codes(ignore, "--ignore")
    if against:
        _refuse_beside_against(photos, only, ignore, page_file)
        return _compare(path, against, palette_name, as_json)
    from p2p_datatools.checks.folder import check
    from p2p_datatools.checks.page import FindingsPage
    from p2p_datatools.contract.pages.place import refuse_page_place

    if page_file:
        refuse_page_place(page_file)
    palette = options.read_palette(palette_name)
    report = render.reporter()
    everything = check(path, photos=photos, palette=palette, read=read, report=report)
    result = pick_findings(everything, only=wanted, ignore=unwanted)
    if page_file:
        FindingsPage(path, result, photos=photos, palette=palette, read=read).write(page_file, report=report)
    if as_json:
        render.say_json(result)
        return 0 if result.ok else 1
    _show(result, path, left_out=len(everything.findings) - len(result.findings))
    if page_file:
        render.say(f"page   {page_file}")
    if result.ok and result.kind == "masks":
        render.hint(next_command("data", "pair", path, photos or "PHOTOS", "PAIRS"))
    return 0 if result.ok else 1


def _show(result: "CheckResult", path: Path, *, left_out: int) -> None:
    """The findings by their kinds, so that they fit a screen: of each the first, names of more, and what to do."""
    from p2p_datatools.checks.summary import count_severities, group_findings

    groups = group_findings(result.findings)
    for group in groups[:_MOST_CODES]:
        first, *others = group.findings
        count = f" ({len(group.findings)})" if others else ""
        render.say(
            printable(
                f"{group.severity} {group.code}{count}  {first.where}: {first.what}{_others(first, others, path)}"
            )
        )
        render.say(printable(f"    {first.to_do}"))
    if more := groups[_MOST_CODES:]:
        render.say(f"and {', '.join(f'{group.code} ({len(group.findings)})' for group in more)}")
    counts = count_severities(result.findings)
    numbers = ", ".join(plural(count, severity) for severity, count in counts.items())
    said = f"; {left_out} of other codes left out" if left_out else ""
    render.say(f"{plural(result.checked, result.kind.removesuffix('s'))} checked: {numbers}{said}")
    if more or any(len(group.findings) > 1 for group in groups):
        render.remark(_MORE)


def _others(first: "Finding", findings: "Sequence[Finding]", path: Path) -> str:
    """The names of some more files, and the number of the rest."""
    elsewhere = list(dict.fromkeys(each.where for each in findings if each.where != first.where))
    names = [each.removeprefix(f"{path}{os.sep}") for each in elsewhere[:_MOST_NAMES]]
    if not names:
        return f"; {len(findings)} more there" if findings else ""
    rest = len(elsewhere) - len(names)
    return f"; also {', '.join(names)}{f' and {rest} more' if rest else ''}"


def _refuse_beside_against(*others: object) -> None:
    """Raise UsageError for options of the check itself beside --against."""
    names = ("--photos", "--only", "--ignore", "--html")
    if given := [name for name, value in zip(names, others, strict=True) if value is not None]:
        what = "cannot be combined with --against, which compares masks only"
        raise UsageError(given[0], what, "Leave one of them out.", code="options-conflict")


def _compare(path: Path, other: Path, palette_name: str | None, as_json: bool) -> int:
    from p2p_datatools.checks.agreement import compare

    palette = options.read_palette(palette_name)
    result = compare(path, other, palette=palette, report=render.reporter())
    if as_json:
        render.say_json(result)
        return 0 if result.ok else 1
    for found in result.findings:
        render.say(f"{found.severity} {found.code}  {found}")
    rows = [(each.name, f"{each.here}", f"{each.there}", _share(each.iou)) for each in result.classes]
    render.table(("class", "pixels here", "pixels there", "IoU"), rows)
    worst = [each for each in result.pictures[:_MOST_SHOWN] if each.differing]
    shares = [(each.name, _share(each.differing), _share(each.differing_inside)) for each in worst]
    if shares:
        render.table(("picture", "differs", "away from outlines"), shares)
    render.say(
        f"{plural(result.compared, 'mask')} compared: {_share(result.differing)} of the pixels differ, "
        f"{_share(result.differing_inside)} of those away from outlines"
    )
    return 0 if result.ok else 1


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3%}"

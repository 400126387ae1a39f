"""`p2p data check`: its options, the call, and its findings as a table.

Nothing here may look at a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.hints import next_command
from p2p_datatools.contract.errors import UsageError
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_datatools.contract.errors import Finding
    from p2p_datatools.contract.pictures.pages import Exif


_MOST_SHOWN = 10  # pictures; --json has them all


@click.command()
@click.argument("path", type=options.FOLDER)
@options.photos_option("For masks: the photos they belong to.")
@click.option("--palette", "palette_name", metavar="NAME|FILE", help="For masks without a palette.toml: their palette.")
@click.option(
    "--against", type=options.FOLDER, metavar="OTHER", help="Compare the masks with those of the same names in OTHER."
)
@options.page_option
@options.exif_option
@options.json_option
def command(
    path: Path,
    photos: Path | None,
    palette_name: str | None,
    against: Path | None,
    page: int | None,
    exif: "Exif",
    as_json: bool,
) -> int:
    """Check masks, pairs or photos; exit code 1 on errors.

    Finds files that are cut off or not pictures, colours outside the palette, masks of another size than their photo,
    masks without a photo and photos without a mask, empty masks, classes that never occur; and in pair folders pictures
    that are not those of the manifest, odd widths, and the same picture in two splits.

    With --against nothing else is checked: it measures how much the masks of two folders agree, class by class and
    picture by picture, over all pixels and over those farther than a pixel from any outline.
    """
    if against:
        return _compare(path, against, photos, palette_name, as_json)
    from p2p_cli import render
    from p2p_datatools.checks.folder import check
    from p2p_datatools.contract.palette import load_palette
    from p2p_datatools.contract.pictures.pages import ReadOptions

    palette = load_palette(palette_name) if palette_name else None
    result = check(path, photos=photos, palette=palette, read=ReadOptions(page, exif), report=render.reporter())
    errors = sum(finding.severity == "error" for finding in result.findings)
    warnings = len(result.findings) - errors
    if as_json:
        render.say(options.to_json(result))
    else:
        _show(result.findings)
        render.say(
            f"{plural(result.checked, result.kind.removesuffix('s'))} checked: {plural(errors, 'error')}, "
            f"{plural(warnings, 'warning')}"
        )
        if result.ok and result.kind == "masks":
            render.hint(next_command("data", "pair", path, photos or "PHOTOS", "PAIRS"))
    return 0 if result.ok else 1


def _show(findings: "tuple[Finding, ...]") -> None:
    from p2p_cli import render

    if findings:
        rows = [(each.severity, each.where, each.what, each.to_do) for each in findings]
        render.table(("", "where", "what", "what to do"), rows)


def _compare(path: Path, other: Path, photos: Path | None, palette_name: str | None, as_json: bool) -> int:
    from p2p_cli import render
    from p2p_datatools.checks.agreement import compare
    from p2p_datatools.contract.palette import load_palette

    if photos:
        raise UsageError(
            "--photos",
            "cannot be combined with --against, which compares masks only",
            "Leave one of them out.",
            code="options-conflict",
        )
    palette = load_palette(palette_name) if palette_name else None
    result = compare(path, other, palette=palette, report=render.reporter())
    if as_json:
        render.say(options.to_json(result))
        return 0 if result.ok else 1
    _show(result.findings)
    rows = [(each.name, f"{each.here}", f"{each.there}", _share(each.iou)) for each in result.classes]
    render.table(("class", "pixels here", "pixels there", "IoU"), rows)
    worst = [each for each in result.pictures[:_MOST_SHOWN] if each.differing]
    shares = [(each.name, _share(each.differing), _share(each.differing_inside)) for each in worst]
    render.table(("picture", "differs", "away from outlines"), [*shares])
    render.say(
        f"{plural(result.compared, 'mask')} compared: {_share(result.differing)} of the pixels differ, "
        f"{_share(result.differing_inside)} of those away from outlines"
    )
    return 0 if result.ok else 1


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3%}"

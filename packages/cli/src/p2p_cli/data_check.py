"""`p2p data check`: its words, the call, and its findings as a table.

Nothing here may look at a picture.
"""

from pathlib import Path

import click

from p2p_cli import options


@click.command()
@click.argument("path", type=options.FOLDER)
@click.option("--photos", type=options.FOLDER, metavar="DIR", help="For masks: the photos they belong to.")
@click.option("--palette", "palette_name", metavar="NAME|FILE", help="For masks without a palette.toml: their palette.")
@options.json_option
def command(path: Path, photos: Path | None, palette_name: str | None, as_json: bool) -> int:
    """Check masks, pairs or photos; exit code 1 on errors.

    Finds files that are cut off or no pictures, colours outside the palette, masks of another size than their photo,
    masks without photo and photos without mask, empty masks, classes that never occur; and in pair folders pictures
    that are not those of the manifest, odd widths, and the same picture in two splits.
    """
    from p2p_cli import render
    from p2p_datatools.check import check
    from p2p_datatools.contract.palette import load_palette

    palette = load_palette(palette_name) if palette_name else None
    result = check(path, photos=photos, palette=palette, report=render.reporter())
    errors = sum(finding.severity == "error" for finding in result.findings)
    warnings = len(result.findings) - errors
    if as_json:
        render.say(options.to_json(result))
    else:
        if result.findings:
            rows = [(each.severity, each.where, each.what, each.to_do) for each in result.findings]
            render.table(("", "where", "what", "what to do"), rows)
        render.say(f"{result.checked} {result.kind} checked: {errors} errors, {warnings} warnings")
    return 0 if result.ok else 1

"""`p2p data palette`: its options, the call, and its result as a table.

Nothing here may look at labels or judge a colour.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.files.named_file import other_content, refuse_other_name

if TYPE_CHECKING:
    from p2p_datatools.contract.palette import Palette


@click.command()
@click.argument("source", metavar="SOURCE")
@click.argument("dest", required=False, type=options.PLACE, metavar="[DEST.toml]")
@click.option("--picture", type=options.PLACE, metavar="FILE.png", help="Also draw the palette.")
@options.label_format_option("The format of labels; 'p2p data build-masks --help' lists them.")
@options.page_option
@options.json_option
def command(
    source: str, dest: Path | None, picture: Path | None, label_format: str, page: int | None, as_json: bool
) -> int:
    """Show and check a palette, or create one from labels.

    SOURCE is a built-in palette (cars, scenes, facades), a TOML file, or what to create one from: a label file or
    folder of any format that build-masks reads, a mask folder, or one label picture. DEST.toml receives the palette:
    classes in painting order, large ones first, with colours far apart, and what is ignored: labels such as void and
    unnamed. It builds their masks at once; give the classes names and aliases of your own.

    The exit code is 1 if a name, colour or id occurs twice. Colours that JPEG would mix up are warnings.

    \b
    Examples:
      p2p data palette cars --picture cars.png
      p2p data palette photos/annotations.json mine.toml
      p2p data palette mine.toml
    """
    from p2p_datatools.contract.palette import BUILT_IN, load_palette
    from p2p_datatools.masks.palettes import judge

    for place, suffix in ((dest, ".toml"), (picture, ".png")):
        if place:
            refuse_other_name(place, suffix)
    is_palette = source in BUILT_IN or Path(source).suffix.lower() == ".toml"
    findings = judge(source) if is_palette else ()
    for finding in findings:
        render.remark(f"{finding.severity}: {finding}")
    if any(finding.severity == "error" for finding in findings):
        return 1
    palette = load_palette(source) if is_palette else _start(source, dest, label_format, page)
    _write(palette, dest, picture)
    if as_json:
        render.say_json(palette.to_json() | {"findings": [str(finding) for finding in findings]})
    else:
        _say(palette)
        if dest:
            read = [] if label_format == "auto" else ["--format", label_format]
            read += ["--page", str(page)] if page else []
            render.hint(next_command("data", "build-masks", source, "MASKS", "--palette", dest, *read))
    return 0


def _start(source: str, dest: Path | None, label_format: str, page: int | None) -> "Palette":
    from p2p_datatools.masks.new_palette import start_palette

    name = (dest or Path("mine")).stem
    return start_palette(Path(source), name, label_format, page=page, report=render.reporter())


def _write(palette: "Palette", dest: Path | None, picture: Path | None) -> None:
    """Write the palette as TOML and as a picture, where wanted; neither if one of the places holds something else.

    What a repeated command would write again may be there, of one that was cut off between the two.
    """
    from p2p_datatools.contract.files.atomic import holds, write_bytes
    from p2p_datatools.contract.pictures.images import shows, write_png
    from p2p_datatools.masks.palettes import draw_palette

    text, drawn = palette.to_toml().encode(), draw_palette(palette) if picture else None
    if dest and dest.exists() and not holds(dest, text):
        raise other_content(dest)
    if picture and drawn is not None and picture.exists() and not shows(picture, drawn):
        raise other_content(picture)
    if dest:
        write_bytes(dest, text)
    if picture and drawn is not None:
        write_png(picture, drawn, role="contact sheet")


def _say(palette: "Palette") -> None:
    from p2p_datatools.contract.palette import hex_of

    rows = [
        (each.name, hex_of(each.color), "" if each.id is None else str(each.id), ", ".join(each.aliases))
        for each in palette.classes
    ]
    render.table(("class", "colour", "id", "aliases"), rows)
    if palette.ignored:
        render.say(f"ignored: {', '.join(palette.ignored)}")

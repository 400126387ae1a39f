"""Writes CVAT for images 1.1: a polygon per patch, or a mask where it has holes, which CVAT knows since version 2.3.

Nothing here may rely on the order of shapes: they do not overlap.
"""

from xml.sax.saxutils import escape, quoteattr

from p2p_datatools.contract.palette import hex_of
from p2p_datatools.contract.words import printable
from p2p_datatools.exports.trace import Patch
from p2p_datatools.exports.values import ExportClasses, ExportPicture
from p2p_datatools.labels.parsing.rle import runs_of


def cvat_entry(picture: ExportPicture) -> str:
    """The picture's element, from its name on, for its id is not known here."""
    width, height = picture.size
    lines = [f'name={quoteattr(picture.file_name)} width="{width}" height="{height}">']
    lines += [_shape(patch, picture) for patch in picture.patches]
    return "\n".join([*lines, "  </image>"])


def _shape(patch: Patch, picture: ExportPicture) -> str:
    said = f'label={quoteattr(picture.classes.of(patch.index).label)} source="file" occluded="0"'
    if not patch.holes:
        points = ";".join(f"{x}.00,{y}.00" for x, y in patch.outer.tolist())
        return f'    <polygon {said} points="{points}" z_order="0">\n    </polygon>'
    left, top, right, bottom = patch.box
    rle = ", ".join(map(str, runs_of(patch.inside()).counts.tolist()))
    box = f'left="{left}" top="{top}" width="{right - left}" height="{bottom - top}"'
    return f'    <mask {said} rle="{rle}" {box} z_order="0">\n    </mask>'


class CvatJoiner:
    """Joins the elements of pictures to one file."""

    tail = "</annotations>\n"

    def add(self, number: int, entry: str) -> str:
        """The next picture."""
        return f'  <image id="{number}" {entry}\n'

    def head(self, classes: ExportClasses, count: int, *, ignored: bool) -> str:
        """What stands before the pictures: the labels that a task needs."""
        labels = "".join(
            f"        <label>\n          <name>{escape(row.label)}</name>\n"
            f"          <color>{hex_of(row.color)}</color>\n"
            "          <type>any</type>\n          <attributes>\n          </attributes>\n        </label>\n"
            for row in classes.rows(ignored=ignored)
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
            f"      <name>{escape(printable(classes.palette.name))}</name>\n      <size>{count}</size>\n"
            f"      <mode>annotation</mode>\n      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n"
        )

"""The painted shell: one curved sheet lit from above, mirroring sky over its shoulder and ground below.

Nothing random may happen here: every shade follows from the outline and the look.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from p2p_datatools.synth.bodies import Body
from p2p_datatools.synth.canvas import BODY, Box, Mask, View
from p2p_datatools.synth.curves import Floats, bump, smooth_outline, smoothstep
from p2p_datatools.synth.looks import CarColors, lit

# Height between sill (0) and shoulder (1) against how much light the sheet sends back: dark under the turn of the sill,
# the ground mirrored up to the crease, the sky above it, brightest where the shoulder faces upwards.
_HEIGHT = (-0.2, 0.0, 0.10, 0.24, 0.40, 0.46, 0.68, 0.86, 0.97, 1.06, 1.20, 2.00)
_LIGHT = (0.30, 0.34, 0.50, 0.68, 0.76, 0.86, 0.90, 0.96, 1.12, 1.02, 0.90, 1.12)


@dataclass(frozen=True)
class Shell:
    """The silhouette in one view: its mask, and for each pixel how far it is from the outline, in metres.

    `depth` is the way to the nearest edge, `under` down from the top edge, `inward` from the nearer end of the row;
    `rise` is the height between sill (0) and shoulder (1).
    """

    mask: Mask
    depth: Floats
    under: Floats
    inward: Floats
    rise: Floats

    def cut(self, box: Box) -> "Shell":
        """Return the part in `box` of the view that this was measured in."""
        return Shell(self.mask[box], self.depth[box], self.under[box], self.inward[box], self.rise[box])


def shell(view: View, body: Body) -> Shell:
    """Measure the silhouette of `body` in `view`."""
    mask = view.polygon(smooth_outline(body.corners))
    top = view.y[np.argmax(mask, axis=0)].T
    smooth = max(1, round(0.06 * view.density)) | 1
    top = cv2.blur(top.astype(np.float32), (smooth, 1), borderType=cv2.BORDER_REPLICATE)
    first = view.x[0, np.argmax(mask, axis=1)][:, None]
    last = view.x[0, ::-1][np.argmax(mask[:, ::-1], axis=1)][:, None]
    inward = np.minimum(np.abs(view.x - first), np.abs(last - view.x))
    shoulder = np.minimum(belt(body, view.x) - 0.03, top - 0.11)
    rise = (view.y - body.sill) / np.maximum(shoulder - body.sill, 0.1)
    return Shell(mask, view.depth(mask), top - view.y, inward, rise)


def belt(body: Body, x: Floats) -> Floats:
    """Height of the lower edge of the windows at `x`, in metres."""
    (front, rear), (low, high) = body.axles, body.belt
    line: Floats = low + (high - low) * (x - front) / (rear - front)
    return line


def paint_shell(view: View, body: Body, sheet: Shell, look: CarColors) -> None:
    """Paint and label the whole silhouette as bare coloured sheet."""
    light = np.interp(sheet.rise, _HEIGHT, _LIGHT).astype(np.float32)
    low = smoothstep(1.2, 0.9, sheet.rise)
    light *= 1 - 0.30 * low * smoothstep(0.45, 0.0, sheet.inward)
    light += 0.16 * bump(sheet.under, 0.0, 0.09)
    light *= 0.80 + 0.20 * smoothstep(0.0, 0.05, sheet.depth)
    view.paint(sheet.mask, lit(look.paint * look.light, light), BODY)
    _mirror_sky(view, sheet, look)
    _mirror_ground(view, sheet, look)


def _mirror_sky(view: View, sheet: Shell, look: CarColors) -> None:
    shoulder = bump(sheet.rise, 0.99, 0.055) * smoothstep(0.0, 0.5, sheet.inward)
    roof = bump(sheet.under, 0.035, 0.03)
    haze = 0.22 * smoothstep(0.42, 0.75, sheet.rise) * smoothstep(1.15, 0.95, sheet.rise)
    view.blend(np.clip(0.75 * shoulder + 0.55 * roof + haze, 0, 1) * look.gloss * sheet.mask, look.sky)


def _mirror_ground(view: View, sheet: Shell, look: CarColors) -> None:
    wave = 0.015 * np.sin(view.x * 2.2)
    band = smoothstep(0.46, 0.43, sheet.rise + wave) * smoothstep(0.05, 0.30, sheet.rise)
    view.blend(0.30 * band * look.gloss * sheet.mask, look.ground)

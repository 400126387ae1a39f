"""Makes docs/paint.webp, the short animated picture of a drawing session that README.md shows; run by hand.

`p2p demo DEMO`, then `PYTHONPATH=tests python tests/web/paint/film.py DEMO/run docs/paint.webp`. Nothing here may make
a picture otherwise than a hand at the page would: each frame is a picture of the screen.
"""

import io
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import sleep

from PIL import Image
from web.paint.driver import PaintPage, Place, start_browser
from web.paint.server import PaintServer

WIDTH, HEIGHT, SHOWN = 1280, 760, 456  # of the window, and how much of its height is in the film
SCALE = 0.6  # of the frames
FRAME, LAST = 100, 2500  # milliseconds

# Strokes for a drawing of 96x64, each a class, a tool, a width, and places.
Stroke = tuple[str, str, int, list[Place]]
CAR: list[Stroke] = [
    ("body", "brush", 22, [(14, 40), (30, 39), (50, 38), (70, 39), (83, 41)]),
    ("body", "brush", 20, [(39, 30), (46, 26), (56, 26), (63, 31)]),
    ("tyres", "ellipse", 4, [(18, 39), (22, 43), (26, 47), (32, 53)]),
    ("tyres", "ellipse", 4, [(64, 39), (68, 43), (72, 47), (78, 53)]),
    ("windows", "polygon", 4, [(38, 30), (43, 23.5), (49, 23.5), (49, 30), (38, 30)]),
    ("windows", "polygon", 4, [(52, 30), (52, 23.5), (58, 23.5), (64, 30), (52, 30)]),
    ("lights", "brush", 6, [(84, 36), (87, 37.5)]),
    ("lights", "brush", 6, [(10.5, 36), (12, 38)]),
]


class Film:
    """Frames of the screen."""

    def __init__(self, page: PaintPage) -> None:
        self.page = page
        self.frames: list[Image.Image] = []

    def shoot(self) -> None:
        image = (
            Image.open(io.BytesIO(self.page.browser.get_screenshot_as_png())).convert("RGB").crop((0, 0, WIDTH, SHOWN))
        )
        size = (round(image.width * SCALE), round(image.height * SCALE))
        self.frames.append(image.resize(size, Image.Resampling.LANCZOS))

    def wait(self, frames: int) -> None:
        for _ in range(frames):
            sleep(FRAME / 1000)
            self.shoot()

    def draw(self, stroke: Stroke) -> None:
        """A stroke with a picture at each step of it; a polygon is a touch for each corner."""
        name, tool, size, places = stroke
        page = self.page
        width, height, _ = page.mask()
        page.hold(tool)
        page.choose(name)
        page.widen(max(1, round(size * width / 160)))
        self.wait(1)
        scaled = [(x * width / 96, y * height / 64) for x, y in places]
        if tool == "polygon":
            for place in scaled:
                page.drag([place])
                self.wait(1)
        else:
            fine = [
                (one[0] + (other[0] - one[0]) * part / 3, one[1] + (other[1] - one[1]) * part / 3)
                for one, other in pairwise(scaled)
                for part in range(3)
            ]
            page.drag_slowly([*fine, scaled[-1]], lambda: self.wait(1))
        self.wait(2)

    def save(self, dest: Path) -> None:
        kept: list[Image.Image] = []
        times: list[int] = []
        for frame in self.frames:
            # A screen that did not change is one frame, and longer.
            if kept and kept[-1].tobytes() == frame.tobytes():
                times[-1] += FRAME
                continue
            kept.append(frame)
            times.append(FRAME)
        times[-1] = LAST
        kept[0].save(dest, save_all=True, append_images=kept[1:], duration=times, loop=0, quality=72, method=6)


def main(run: str, dest: str) -> None:
    """Serve a run, draw a car on the page, and write the film of it."""
    server = PaintServer([Path(run)])
    server.start()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = start_browser(profile)
            page = PaintPage(browser, server.address).open(WIDTH, HEIGHT, "light")
            page.rest()
            page.click("#clear")
            page.rest()
            film = Film(page)
            film.wait(3)
            for stroke in CAR:
                film.draw(stroke)
            film.wait(6)
            film.save(Path(dest))
            browser.quit()
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Draws on the painting page as a hand would, by selenium, and looks at what it shows; tests and the film use it.

Nothing here may reach into the page's modules: what it knows, a person could see.
"""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

Place = tuple[float, float]  # in pixels of the mask

# The colours of the mask's canvas as numbers, row by row, and a sum of the photo's pixels by which two are told apart.
_READ = """
const read = (canvas) => {
  const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height});
  const context = copy.getContext('2d', {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, copy.width, copy.height).data;
};
"""
_MASK = f"""{_READ}
const canvas = document.querySelector('#mask'), data = read(canvas);
const colors = [];
for (let at = 0; at < data.length; at += 4) colors.push((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
return [canvas.width, canvas.height, colors];
"""
_PHOTO = f"""{_READ}
let sum = 0;
const data = read(document.querySelectorAll('.photo canvas')[arguments[0]]);
for (const byte of data) sum = (Math.imul(sum, 31) + byte) | 0;
return sum;
"""
_LOOK = """
const box = document.querySelector('#window').getBoundingClientRect(), canvas = document.querySelector('#mask');
return [box.left, box.top, box.width, box.height, canvas.width, canvas.height];
"""


class PaintPage:
    """The page in a browser."""

    def __init__(self, browser: "Chrome", address: str) -> None:
        self.browser, self.address = browser, address

    def open(
        self, width: int = 1280, height: int = 860, theme: str = "light", *, fresh: bool = True, wait: bool = True
    ) -> "PaintPage":
        """Load the page, without what an earlier visit kept if `fresh`, and wait until it has begun."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": theme}, {"name": "prefers-reduced-motion", "value": ""}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        if fresh:
            self.browser.get("about:blank")
            everything = {"origin": self.address.rstrip("/"), "storageTypes": "all"}
            self.browser.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
            self.errors()  # of an earlier visit
        self.browser.get(self.address)
        if wait:
            self.until_ready()
        return self

    def until_ready(self) -> None:
        self.until(lambda: self.js("return document.documentElement.dataset.ready"), "ready")

    def js(self, script: str, *given: Any) -> Any:
        return self.browser.execute_script(script, *given)

    def one(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def click(self, selector: str) -> None:
        self.js("document.querySelector(arguments[0]).click()", selector)

    def until(self, met: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
        end = monotonic() + seconds
        while monotonic() < end:
            if met():
                return
            sleep(0.02)
        raise AssertionError(f"after {seconds} seconds still not: {what}")

    def errors(self) -> list[str]:
        """What the browser's console has to say, since it was asked last."""
        log: list[dict[str, Any]] = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(each["message"]) for each in log]

    def mask(self) -> tuple[int, int, list[int]]:
        """Width, height and colours of the drawing, as it is shown."""
        # What was drawn reaches the screen with its next picture.
        frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        self.browser.execute_async_script(frames)
        width, height, colors = self.js(_MASK)
        return width, height, colors

    def photo(self, panel: int = 0) -> int:
        """A number that another photo would not have."""
        return int(self.js(_PHOTO, panel))

    def shown(self) -> int:
        """How many photos there were so far."""
        return int(self.js("return document.querySelector('.photo').dataset.shown ?? 0"))

    def rest(self, seconds: float = 20.0) -> int:
        """Wait until no photo comes any more, and give the last."""
        before, since = (-1, -1), monotonic()
        end = monotonic() + seconds
        while monotonic() < end:
            now = (self.shown(), self.photo())
            if now != before:
                before, since = now, monotonic()
            elif monotonic() - since > 0.9:
                return now[1]
            sleep(0.1)
        raise AssertionError("photos never stop coming")

    def choose(self, name: str) -> None:
        """Take a class, by the name on its button."""
        self.click(f'#class-list label[title="{name}"] input')

    def hold(self, tool: str) -> None:
        self.click(f'#tool-list input[value="{tool}"]')

    def widen(self, size: int) -> None:
        script = "const input = document.querySelector('#size'); input.value = arguments[0];"
        self.js(f"{script} input.dispatchEvent(new Event('input'))", size)

    def on_screen(self, place: Place) -> tuple[int, int]:
        left, top, width, height, columns, rows = self.js(_LOOK)
        return round(left + place[0] / columns * width), round(top + place[1] / rows * height)

    def drag(self, path: Sequence[Place], kind: str = "mouse", pressure: Sequence[float] = (), step: int = 5) -> None:
        """Put the pointer down at the first place, move it to all others and lift it; `step` milliseconds each."""
        self.drag_all([(path, pressure)], kind, step)

    def drag_all(
        self, strokes: Iterable[tuple[Sequence[Place], Sequence[float]]], kind: str = "mouse", step: int = 5
    ) -> None:
        """Several strokes, one after the other, without a look between."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        builder = ActionBuilder(self.browser, mouse=_pointer(kind, kind), duration=step)
        hand: Any = builder.pointer_action
        for path, pressure in strokes:
            forces = [{"pressure": each} for each in pressure] or [{} for _ in path]
            hand.move_to_location(*self.on_screen(path[0]))
            hand.pointer_down(**forces[0])
            for place, force in zip(path[1:], forces[1:], strict=True):
                x, y = self.on_screen(place)
                hand.source.create_pointer_move(duration=step, x=x, y=y, origin="viewport", **force)
            hand.pointer_up()
        builder.perform()

    def drag_slowly(self, path: Sequence[Place], at_each: Callable[[], None]) -> None:
        """A stroke of the mouse that does something else at each place, with the button down."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        for number, place in enumerate(path):
            builder = ActionBuilder(self.browser, mouse=_pointer("mouse", "mouse"), duration=0)
            hand: Any = builder.pointer_action
            hand.move_to_location(*self.on_screen(place))
            if number == 0:
                hand.pointer_down()
            if number == len(path) - 1:
                hand.pointer_up()
            builder.perform()
            at_each()

    def pinch(self, middle: Place, apart: tuple[float, float]) -> None:
        """Two fingers around a place, which go from one distance to another, in pixels of the screen."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        x, y = self.on_screen(middle)
        builder = ActionBuilder(self.browser, mouse=_pointer("touch", "one"), duration=30)
        one: Any = builder.pointer_action.source
        other: Any = builder.add_pointer_input("touch", "two")
        for source, side in ((one, -1), (other, 1)):
            source.create_pointer_move(duration=0, x=round(x + side * apart[0] / 2), y=y, origin="viewport")
            source.create_pointer_down(button=0)
            for part in range(1, 6):
                wide = apart[0] + (apart[1] - apart[0]) * part / 5
                source.create_pointer_move(duration=20, x=round(x + side * wide / 2), y=y, origin="viewport")
            source.create_pointer_up(button=0)
        builder.perform()

    def press(self, *keys: str) -> None:
        """Keys for whatever has the focus: names of selenium such as ARROW_LEFT, or letters."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        chain: Any = ActionChains(self.browser, duration=0)
        for key in keys:
            if key.startswith("CTRL+"):
                chain.key_down(Keys.CONTROL).send_keys(key[5:]).key_up(Keys.CONTROL)
            else:
                chain.send_keys(getattr(Keys, key, key))
        chain.perform()

    def upload(self, file: str) -> None:
        self.one("#file").send_keys(file)

    def messages(self) -> list[str]:
        found: list[str] = self.js(
            "return [...document.querySelectorAll('.message p')].map((each) => each.textContent)"
        )
        return found


def start_browser(profile: str) -> "Chrome":
    """Debian's Chromium, headless, with a profile of its own."""
    import shutil

    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    for flag in (*flags.split(), "disable-component-update", "disable-sync", f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))


def _pointer(kind: str, name: str) -> Any:
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    make: Any = PointerInput  # it has no types
    return make(kind, name)


def draw_car(page: PaintPage, pause: Callable[[], None] = lambda: None) -> None:
    """A car from the side, in strokes, for the palette cars and a drawing of any size."""
    width, height, _ = page.mask()

    def stroke(*places: Place) -> None:
        page.drag([(x * width / 96, y * height / 64) for x, y in places])
        pause()

    page.click("#clear")
    page.choose("body")
    page.hold("polygon")
    for place in [(10, 45), (11, 34), (30, 31), (40, 21), (60, 21), (70, 31), (86, 35), (87, 45), (10, 45)]:
        stroke(place)
    page.choose("windows")
    for corners in ([(36, 30), (42, 24), (49, 24), (49, 30)], [(52, 30), (52, 24), (59, 24), (65, 30)]):
        for place in [*corners, corners[0]]:
            stroke(place)
    page.choose("tyres")
    page.hold("ellipse")
    for middle in (25, 71):
        stroke((middle - 7, 38), (middle, 45), (middle + 7, 52))
    page.choose("lights")
    page.hold("brush")
    page.widen(max(2, round(width / 32)))
    stroke((12.5, 36), (13.5, 38))
    stroke((83, 37), (85.5, 38.5))

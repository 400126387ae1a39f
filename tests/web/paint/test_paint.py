"""The painting page in a real Chromium with a real server: a car is drawn, and nothing that a hand does is lost."""

import base64
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from web.paint.driver import PaintPage, draw_car

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from web.paint.conftest import PaintRuns
    from web.paint.server import PaintServer

AXE = Path(os.environ.get("P2P_WEB", ".")) / "node_modules" / "axe-core" / "axe.min.js"
CARS = {0x000000: 0, 0xFF0000: 1, 0x00FF00: 2, 0x0000FF: 3, 0xFFFFFF: 4}
BODY = 0xFF0000


@pytest.fixture
def page(browser: "Chrome", paint_server: "PaintServer") -> PaintPage:
    return PaintPage(browser, paint_server.address).open()


@pytest.fixture
def saved(page: PaintPage, tmp_path: Path) -> Callable[..., Path]:
    """Save by the dialog, and give the file; `meanwhile` is done before it can be there."""
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def save(what: str, meanwhile: Callable[[], None] = lambda: None) -> Path:
        before = set(tmp_path.iterdir())
        page.click("#save")
        page.click(f'#save-dialog button[value="{what}"]')
        meanwhile()
        found: list[Path] = []

        def came() -> bool:
            found[:] = [each for each in set(tmp_path.iterdir()) - before if each.suffix == ".png"]
            return bool(found)

        page.until(came, f"{what} saved")
        return found[0]

    return save


def classes(page: PaintPage) -> np.ndarray[Any, Any]:
    width, height, colors = page.mask()
    return np.array([CARS[each] for each in colors], dtype=np.uint8).reshape(height, width)


def in_page(page: PaintPage, path: Path) -> None:
    """Open a file with the page's own button."""
    page.js("HTMLInputElement.prototype.click = () => {}")  # no dialog of the system, which nobody would answer
    page.click("#open")
    page.upload(str(path))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_has_no_errors_fits_every_width_and_no_serious_finding_of_accessibility(
    browser: "Chrome", paint_server: "PaintServer", width: int, theme: str
) -> None:
    page = PaintPage(browser, paint_server.address).open(width, 800, theme)
    page.rest()
    assert page.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    broken = "return [...document.images].filter((each) => each.src && each.complete && !each.naturalWidth).length"
    assert page.js(broken) == 0
    assert page.js("return document.title") != "broken"
    assert page.errors() == []
    page.click("#help")
    page.js(AXE.read_text("utf-8"))
    for _ in ("with a dialog", "without"):
        ask = "const done = arguments[0]; axe.run().then(done, (error) => done(`${error}`))"
        found = browser.execute_async_script(ask)
        bad = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        assert not bad, json.dumps([(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in bad])
        page.click("#keys-dialog .plain")


def test_a_car_is_drawn_the_photo_follows_and_undo_takes_all_of_it_back(page: PaintPage) -> None:
    first = page.rest()
    page.click("#clear")
    blank = page.rest()
    draw_car(page)
    car = page.rest()
    assert len({first, blank, car}) == 3
    drawn = classes(page)
    assert set(np.unique(drawn)) == {0, 1, 2, 3, 4}
    assert (drawn == 1).mean() > 0.15
    while page.one("#undo").is_enabled():
        page.press("CTRL+z")
    assert page.rest() == first
    while page.one("#redo").is_enabled():
        page.click("#redo")
    assert (classes(page) == drawn).all()
    assert page.rest() == car
    assert page.errors() == []


def test_one_who_is_new_and_draws_before_the_examples_are_there_keeps_all_strokes(page: PaintPage) -> None:
    late = """
    const ask = window.fetch;
    window.fetch = async (url, request) => {
      if (String(url).includes('/examples')) await new Promise((resolve) => setTimeout(resolve, 2000));
      return ask(url, request);
    };"""
    added = page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": late})
    try:
        page.open(wait=False)
        page.until(lambda: page.js("return document.querySelector('#mask').width") == 96, "a blank drawing")
        page.drag([(20, 20), (70, 40)])
        drawn = classes(page)
        assert not page.js("return document.documentElement.dataset.ready")
        page.until_ready()
    finally:
        page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    page.rest()
    assert (classes(page) == drawn).all()
    page.press("CTRL+z")
    assert not classes(page).any()


def test_variants_differ_and_one_that_is_chosen_is_the_photo(page: PaintPage) -> None:
    first = page.rest()
    tiles = "return document.querySelectorAll('#variant-list canvas.full').length"
    page.until(lambda: page.js(tiles) == 6, "six variants")
    page.click('#variant-list input[value="3"]')
    third = page.rest()
    page.click('#variant-list input[value="0"]')
    plain = page.rest()
    page.click("#more")
    other = page.rest()
    assert len({first, third, plain, other}) == 4
    page.click('#variant-list input[value="0"]')
    assert page.rest() == plain


def test_a_drawing_and_its_choices_survive_a_reload(page: PaintPage) -> None:
    draw_car(page)
    page.hold("rectangle")
    page.click('#variant-list input[value="2"]')
    drawn, photo = page.mask(), page.rest()
    page.open(fresh=False)
    assert page.mask() == drawn
    assert page.rest() == photo
    held = "return [...document.querySelectorAll('#tool-list input, #class-list input')].filter((each) => each.checked)"
    assert page.js(f"{held}.map((each) => each.value)") == ["3", "rectangle"]


def test_what_is_saved_is_exact_and_the_photo_is_that_of_sample(
    page: PaintPage, saved: Callable[..., Path], paint_runs: "PaintRuns"
) -> None:
    from p2p_datatools.contract.palette import load_palette
    from p2p_datatools.contract.pictures.images import read_mask, read_photo
    from p2p_gan.inference.predictor import load_model

    draw_car(page)
    page.rest()
    mask = read_mask(saved("mask"), load_palette("cars"))
    page.click("#save")
    page.press("ESCAPE")
    assert (mask == classes(page)).all()
    photo = read_photo(saved("photo"))
    assert (photo == load_model(paint_runs.first, runtime="torch")(mask)).all()
    pair = read_photo(saved("both"))
    assert (pair[:, 96:] == photo).all()
    assert (pair[:, :96] == load_palette("cars").colors()[mask]).all()


def test_a_drawing_that_is_drawn_on_while_it_is_saved_is_saved_with_its_own_photo(
    page: PaintPage, saved: Callable[..., Path], paint_runs: "PaintRuns"
) -> None:
    from p2p_datatools.contract.pictures.images import read_photo
    from p2p_gan.inference.predictor import load_model

    page.rest()
    drawn = classes(page)
    slow = """
    const ask = window.fetch, channels = (window.channels = new Set());
    window.fetch = async (url, request) => {
      if (String(url).includes('api/paint')) {
        channels.add(new URL(url).searchParams.get('client'));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      return ask(url, request);
    };"""
    page.js(slow)
    page.choose("windows")
    pair = read_photo(saved("both", lambda: page.drag([(10, 10), (80, 50)])))
    assert (classes(page) != drawn).any()
    colors = pair[:, :96].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    mask = np.vectorize(CARS.__getitem__)(colors).astype(np.uint8)
    assert (mask == drawn).all()
    assert (pair[:, 96:] == load_model(paint_runs.first, runtime="torch")(mask)).all()
    page.rest()
    assert page.js("return window.channels.size") == 2  # a file takes the place of no stroke that waits


def test_both_in_one_file_open_again(page: PaintPage, saved: Callable[..., Path]) -> None:
    draw_car(page)
    page.click('#variant-list input[value="4"]')
    drawn, photo = page.mask(), page.rest()
    file = saved("both")
    page.open()
    assert page.mask() != drawn
    in_page(page, file)
    page.until(lambda: page.mask() == drawn, "the drawing")
    assert page.rest() == photo
    page.press("CTRL+z")
    assert page.mask() != drawn


def test_what_is_no_mask_is_refused_with_a_reason_and_the_drawing_stays(
    page: PaintPage, tmp_path: Path, paint_runs: "PaintRuns"
) -> None:
    page.rest()
    drawn = page.mask()
    (tmp_path / "text.png").write_text("<script>document.title = 'broken'</script>")
    photo = next(each for each in sorted(paint_runs.photos.iterdir()) if each.suffix in (".png", ".jpg"))
    for path in (tmp_path / "text.png", photo):
        page.js("document.querySelectorAll('.message').forEach((each) => each.remove())")
        in_page(page, path)
        page.until(page.messages, f"a message about {path.name}")
    assert page.mask() == drawn
    page.js("Object.defineProperty(Blob.prototype, 'size', {get: () => 1e9})")
    in_page(page, photo)
    page.until(lambda: any("MiB" in each for each in page.messages()), "too large")
    assert page.js("return document.title") != "broken"


def test_a_photo_becomes_a_mask_where_a_model_finds_it_and_shines_through(
    page: PaintPage, paint_runs: "PaintRuns"
) -> None:
    page.rest()
    drawn = page.mask()
    page.js("HTMLInputElement.prototype.click = () => {}")
    page.js("document.querySelector('#from-photo').dispatchEvent(new MouseEvent('click'))")
    page.upload(str(next(each for each in sorted(paint_runs.photos.iterdir()) if each.suffix in (".png", ".jpg"))))
    page.until(lambda: page.mask() != drawn, "another mask")
    assert page.one("#reference").is_displayed()
    page.js("document.querySelector('#through').checked = true")
    page.js("document.querySelector('#through').dispatchEvent(new Event('change'))")
    assert page.one("#under").is_displayed()
    assert page.errors() == []


def test_two_models_paint_the_same_drawing_side_by_side(page: PaintPage) -> None:
    page.rest()
    page.click(".compare")
    page.until(lambda: len(page.browser.find_elements("css selector", ".photo")) == 2, "two photos")
    page.until(lambda: page.js("return document.querySelectorAll('.photo')[1].dataset.shown ?? 0"), "a second photo")
    page.choose("windows")
    page.drag([(20, 20), (70, 40)])
    page.rest()
    assert page.photo(0) != page.photo(1)
    assert page.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.click(".compare")
    assert len(page.browser.find_elements("css selector", ".photo")) == 1


def test_a_model_that_takes_photos_asks_for_one_and_paints_it(page: PaintPage, paint_runs: "PaintRuns") -> None:
    page.rest()
    drawn = page.mask()
    script = "const select = document.querySelector('.photo select'); select.value = 'm2';"
    page.js(f"{script} select.dispatchEvent(new Event('change'))")
    page.until(lambda: page.one("#drop").is_displayed(), "a place for a picture")
    before = page.shown()
    in_page(page, next(each for each in sorted(paint_runs.photos.iterdir()) if each.suffix in (".png", ".jpg")))
    page.until(lambda: page.shown() > before, "its mask")
    assert page.one("#under").is_displayed()
    page.drag([(0, 0), (1, 1)])  # where no mask is drawn, none is
    page.js(f"{script.replace('m2', 'm0')} select.dispatchEvent(new Event('change'))")
    page.until(lambda: page.mask() == drawn, "the drawing again")
    assert page.errors() == []


def test_a_model_of_photos_looked_at_in_the_middle_of_a_polygon_leaves_the_drawing_as_it_was(page: PaintPage) -> None:
    page.click("#clear")
    page.hold("polygon")
    for place in [(10, 10), (60, 10), (60, 40)]:
        page.drag([place])
    script = "const select = document.querySelector('.photo select'); select.value = arguments[0];"
    page.js(f"{script} select.dispatchEvent(new Event('change'))", "m2")
    page.until(lambda: page.one("#drop").is_displayed(), "a place for a picture")
    page.js(f"{script} select.dispatchEvent(new Event('change'))", "m0")
    page.until(lambda: not page.one("#drop").is_displayed(), "the drawing")
    page.hold("brush")
    page.drag([(20, 50), (60, 50)])
    assert classes(page)[12, 50] == classes(page)[50, 30] == 1
    assert page.errors() == []


def test_of_fifty_quick_strokes_the_last_is_shown_and_none_is_an_error(page: PaintPage) -> None:
    page.click("#clear")
    page.widen(3)
    asked = "performance.getEntriesByType('resource').filter((each) => each.name.includes('api/paint')).length"
    page.js("performance.setResourceTimingBufferSize(5000); performance.clearResourceTimings()")
    strokes = [([(2 + each, 2), (2 + each, 60)], ()) for each in range(50)]
    page.drag_all(strokes, step=1)
    photo = page.rest()
    assert (classes(page)[5:55, 3:50] == 1).all()
    assert page.errors() == []
    assert 0 < page.js(f"return {asked}") <= 120
    page.open(fresh=False)
    assert page.rest() == photo


def test_where_the_server_is_slow_strokes_are_followed_coarsely_and_the_last_is_refined(
    browser: "Chrome", paint_runs: "PaintRuns", serve: "Callable[..., PaintServer]"
) -> None:
    server = serve(paint_runs.first, delay=0.6)
    page = PaintPage(browser, server.address).open()
    page.rest()
    count = """
    const ask = window.fetch, seen = window.seen = {now: 0, most: 0, sizes: []};
    window.fetch = async (url, request) => {
      if (!String(url).includes('api/paint')) return ask(url, request);
      seen.most = Math.max(seen.most, ++seen.now);
      seen.sizes.push(new URL(url).searchParams.get('size'));
      return ask(url, request).finally(() => seen.now--);
    };
    const pace = document.querySelector('.pace');
    seen.paces = [];
    new MutationObserver(() => seen.paces.push(pace.textContent)).observe(
      pace, {childList: true, characterData: true, subtree: true});"""
    page.js(count)
    for each in range(12):
        page.drag([(8 + 6 * each, 8), (8 + 6 * each, 56)])
        sleep(0.08)
    photo = page.rest()
    # Not the words of one moment: where the browser lags behind the strokes, the last is refined before they are read.
    assert any(words.endswith("a second · coarse while you draw") for words in page.js("return window.seen.paces"))
    seen = page.js("return window.seen")
    assert seen["most"] == 1
    assert "64x32" in seen["sizes"]
    assert seen["sizes"][-1] is None
    page.open(fresh=False)
    assert page.rest() == photo


def test_a_server_that_was_killed_is_missed_and_found_again_and_the_drawing_is_kept(
    browser: "Chrome", paint_runs: "PaintRuns", serve: "Callable[..., PaintServer]"
) -> None:
    server = serve(paint_runs.first)
    page = PaintPage(browser, server.address).open()
    before = page.rest()
    server.stop(signal.SIGKILL)
    page.drag([(20, 20), (70, 40)])
    page.until(lambda: any("does not answer" in each for each in page.messages()), "the server is missed")
    page.drag([(20, 50), (70, 50)])
    drawn = page.mask()
    assert page.photo() == before
    server.start()
    page.until(lambda: any("is back" in each for each in page.messages()), "the server is found")
    page.until(lambda: page.photo() != before, "a new photo")
    assert page.mask() == drawn
    photo = page.rest()
    page.errors()
    page.open(fresh=False)
    assert page.mask() == drawn
    assert page.rest() == photo


def test_a_picture_that_was_sent_is_still_there_when_the_server_is_back(
    browser: "Chrome", paint_runs: "PaintRuns", serve: "Callable[..., PaintServer]"
) -> None:
    server = serve(paint_runs.segmenter)
    page = PaintPage(browser, server.address).open()
    in_page(page, next(each for each in sorted(paint_runs.photos.iterdir()) if each.suffix in (".png", ".jpg")))
    page.until(lambda: page.shown() == 1, "its mask")
    server.stop(signal.SIGKILL)
    page.press("v")
    page.until(lambda: any("does not answer" in each for each in page.messages()), "the server is missed")
    server.start()
    page.until(lambda: page.shown() > 1, "its mask again")
    assert not page.one("#drop").is_displayed()


def test_keys_alone_draw_choose_undo_zoom_and_save(page: PaintPage, saved: Callable[..., Path]) -> None:
    page.rest()
    page.press("DELETE")
    page.js("document.querySelector('#mask').focus()")
    page.press("3", "b", *["["] * 20, "]", "]")
    page.js("document.querySelector('#mask').focus()")
    page.press("SPACE", "ARROW_RIGHT", "ENTER", *["ARROW_RIGHT"] * 9, *["ARROW_DOWN"] * 9, "ENTER", *["ARROW_DOWN"] * 5)
    drawn = classes(page)
    assert 40 < (drawn == 2).sum() < 80
    assert page.one("#said").get_attribute("textContent").startswith("background at 58, ")
    page.press("r", "ENTER", *["ARROW_LEFT"] * 4, *["ARROW_UP"] * 3, "ENTER")
    assert (classes(page) == 2).sum() >= (drawn == 2).sum() + 20
    page.press("CTRL+z")
    assert (classes(page) == drawn).all()
    page.press("p", "ENTER")
    page.press("ESCAPE")
    assert (classes(page) == drawn).all()
    page.press("+", "+")
    assert page.one("#zoom-whole").text == "225%"
    page.press("w")
    assert page.one("#zoom-whole").text == "100%"
    page.press("?")
    assert page.one("#keys-dialog").is_displayed()
    page.press("ESCAPE")
    assert saved("mask").stat().st_size > 100
    assert page.errors() == []


def test_letters_are_no_keys_where_they_are_switched_off(page: PaintPage) -> None:
    page.click("#letters")
    page.press("e", "4")
    chosen = (
        "return [...document.querySelectorAll('#tool-list :checked, #class-list :checked')].map((each) => each.value)"
    )
    assert page.js(chosen) == ["1", "brush"]


def test_a_pen_paints_wider_under_pressure_and_fingers_draw_and_zoom(page: PaintPage) -> None:
    page.click("#clear")
    page.widen(16)
    page.drag([(20, 16), (40, 16), (60, 16), (80, 16)], "pen", [0.1, 0.1, 1.0, 1.0])
    drawn = classes(page)
    assert (drawn[:, 22] == 1).sum() < (drawn[:, 78] == 1).sum()
    sleep(0.9)  # a hand beside a pen is no finger
    page.drag([(20, 50), (40, 50)], "touch")
    drawn = classes(page)
    assert drawn[50, 30] == 1
    page.pinch((48, 32), (60, 180))
    assert int(page.one("#zoom-whole").text.rstrip("%")) > 150
    assert (classes(page) == drawn).all()
    assert page.errors() == []


def test_zoomed_in_a_pixel_is_hit_and_the_photo_shows_the_same_part(page: PaintPage) -> None:
    page.click("#clear")
    page.widen(1)
    for _ in range(6):
        page.click("#zoom-in")
    page.drag([(48, 32)])
    assert (classes(page) == 1).sum() == 1
    names = ["#mask", "#under", ".photo canvas"]
    transforms = "return arguments[0].map((each) => document.querySelector(each).style.transform)"
    mine, under, photos = page.js(transforms, names)
    assert mine == under == photos
    assert "scale(1)" not in mine


def test_many_classes_are_searched(page: PaintPage) -> None:
    script = """
    const done = arguments[0];
    import('/page/class_list.mjs').then(({ClassList}) => {
      const classes = Array.from({length: 40}, (_, place) => ({name: `class ${place} <b>`, color: [place, 99, 9]}));
      const list = new ClassList((value) => (window.chosen = value));
      list.show({name: 'many', classes});
      list.mark(39);
      done([...document.querySelectorAll('#class-list label')].length);
    });"""
    assert page.browser.execute_async_script(script) == 40
    page.one("#find").send_keys("27")
    rows = "[...document.querySelectorAll('#class-list label')].filter((each) => each.offsetHeight)"
    assert page.js(f"return {rows}.map((each) => each.title)") == ["class 27 <b>"]
    page.one("#find").send_keys("\n")
    assert page.js("return window.chosen") == 27
    assert page.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_photo_is_a_picture_of_the_size_of_the_mask(page: PaintPage) -> None:
    from PIL import Image

    page.rest()
    data = page.js("return document.querySelector('.photo canvas').toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
        assert image.size == (96, 64)

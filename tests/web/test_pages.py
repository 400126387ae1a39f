"""The pages in a real Chromium: nothing fails, nothing is broken or cut off, and everything can be used and read."""

import base64
import json
import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from web.conftest import Pages

NAMES = ("finished", "begun", "runs", "study", "findings")
WIDTHS = (360, 768, 1280)
PAPER = 688  # pixels of A4 between margins of 14 mm
THEMES = ("light", "dark")
AXE = Path(os.environ.get("P2P_WEB", ".")) / "node_modules" / "axe-core" / "axe.min.js"
# What a person sees at once: how far the page is wider than the window, its pictures that are broken, and its ground.
LOOK = """
const images = [...document.images];
const isThere = (each) => (each.complete ? each.naturalWidth : each.loading === "lazy");
return {
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  broken: images.filter((each) => !isThere(each)).map((each) => each.alt),
  images: images.length,
  title: document.title,
  ground: getComputedStyle(document.body).backgroundColor,
};
"""


def open_page(
    browser: "Chrome", page: Path, width: int = 1280, theme: str = "light", medium: str = "screen"
) -> dict[str, Any]:
    """Open a page from the disk at a width, in a theme and for a medium, and look at it."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"media": medium, "features": [{"name": "prefers-color-scheme", "value": theme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())
    found: dict[str, Any] = browser.execute_script(LOOK)
    return found


def press(browser: "Chrome", element: Any, *keys: str) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.execute_script("arguments[0].focus()", element)
    for key in keys:
        browser.switch_to.active_element.send_keys(getattr(Keys, key))


def one(browser: "Chrome", selector: str) -> Any:
    return browser.find_elements("css selector", selector)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_errors_no_broken_pictures_and_fits_every_width_in_both_themes(
    browser: "Chrome", pages: "Pages", name: str
) -> None:
    for width, theme in product(WIDTHS, THEMES):
        found = open_page(browser, getattr(pages, name), width, theme)
        assert found["broken"] == [], (width, theme)
        assert found["wide"] <= 0, (width, theme, found["wide"])
        assert found["title"] != "broken"
        assert found["ground"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 26)"}[theme]
        log: list[object] = browser.get_log("browser")  # type: ignore[no-untyped-call]
        assert log == [], (width, theme)
    assert found["images"] > 0 or name in ("begun", "runs")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", THEMES)
def test_the_check_of_accessibility_has_no_serious_finding(
    browser: "Chrome", pages: "Pages", name: str, theme: str
) -> None:
    open_page(browser, getattr(pages, name), 360, theme)
    browser.execute_script(AXE.read_text("utf-8"))
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then(done, (error) => done(`${error}`))")
    bad = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert not bad, json.dumps([(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in bad], indent=1)
    assert len(found["passes"]) > 15


def test_the_slider_runs_through_the_samples_by_the_keyboard(browser: "Chrome", pages: "Pages") -> None:
    open_page(browser, pages.finished)
    slider, words = one(browser, ".film input"), one(browser, ".film output")
    shown = "return [...document.querySelectorAll('.frames > *')].filter((each) => each.offsetHeight).length"
    seen = [words.text]
    for key in ("HOME", "RIGHT", "RIGHT", "END"):
        press(browser, slider, key)
        seen.append(words.text)
        assert browser.execute_script(shown) == 1
    assert seen == [f"{images} of 40 images" for images in (40, 10, 20, 30, 40)]
    assert slider.get_attribute("aria-valuetext") == "40 of 40 images"


def test_a_picture_is_enlarged_and_closed_by_keys_alone(browser: "Chrome", pages: "Pages") -> None:
    open_page(browser, pages.finished, 360)
    button = one(browser, "#scores button.zoom")
    press(browser, button, "ENTER")
    assert browser.execute_script("return document.querySelector('dialog').open")
    large = browser.execute_script("return document.querySelector('dialog img').getBoundingClientRect().width")
    assert 300 < large <= 360
    press(browser, one(browser, "dialog"), "ESCAPE")
    assert not browser.execute_script("return document.querySelector('dialog').open")


def test_the_values_of_a_curve_follow_the_keys_and_go_back(browser: "Chrome", pages: "Pages") -> None:
    open_page(browser, pages.finished)
    panel, value = one(browser, ".panels svg[data-area]"), one(browser, ".panels figure output")
    last = value.text
    press(browser, panel, "LEFT", "LEFT")
    assert value.text.endswith(" at 20")
    browser.execute_script("arguments[0].blur()", panel)
    assert value.text == last


def shown(browser: "Chrome") -> list[str]:
    """The names of the files that the page of findings shows, in their order."""
    visible = "[...document.querySelectorAll('article')].filter((each) => each.checkVisibility())"
    found: list[str] = browser.execute_script(f"return {visible}.map((each) => each.dataset.name)")
    return found


def test_findings_are_filtered_and_sorted_by_the_keyboard(browser: "Chrome", pages: "Pages") -> None:
    from selenium.webdriver.support.ui import Select, WebDriverWait

    open_page(browser, pages.findings, 360)
    words, everything = one(browser, ".filters output"), shown(browser)
    assert len(everything) > 5
    code, sort = (Select(one(browser, f"select[name={name}]")) for name in ("code", "sort"))
    code.select_by_value("dark")
    waiting = WebDriverWait(browser, 5)
    waiting.until(lambda _: words.text.startswith("3 findings in 3 of"))
    assert len(shown(browser)) == 3
    code.select_by_value("")
    sort.select_by_value("name")
    waiting.until(lambda _: set(shown(browser)) == set(everything) and shown(browser) != everything)
    cars = [name for name in shown(browser) if name.startswith("car-")]
    assert cars == sorted(cars)
    # Of thousands of pictures those are decoded that come into view.
    last = browser.find_elements("css selector", "article img")[-1]
    browser.execute_script("arguments[0].scrollIntoView()", last)
    waiting.until(lambda _: browser.execute_script("return arguments[0].naturalWidth", last) > 0)
    text = one(browser, "input[name=text]")
    text.send_keys("script>document")
    waiting.until(lambda _: 0 < len(shown(browser)) < 3)
    assert all("<script>" in name for name in shown(browser))
    press(browser, text, "ESCAPE")
    waiting.until(lambda _: len(shown(browser)) == len(everything))
    press(browser, one(browser, "article button.zoom"), "ENTER")
    assert browser.execute_script("return document.querySelector('dialog').open")
    press(browser, one(browser, "dialog"), "ESCAPE")


def test_without_its_script_the_page_of_findings_shows_all_and_no_filter(browser: "Chrome", pages: "Pages") -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages.findings.as_uri())
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert len(shown(browser)) > 5
    assert not one(browser, ".filters").is_displayed()


def test_the_whole_page_can_be_printed(browser: "Chrome", pages: "Pages") -> None:
    for page in (pages.finished, pages.study, pages.findings):
        found = open_page(browser, page, PAPER, "dark", "print")
        assert found["wide"] <= 0, page
        assert found["ground"] == "rgb(255, 255, 255)"
        printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
        assert printed[:5] == b"%PDF-"
        assert len(printed) > 20_000


def test_without_its_script_a_page_shows_the_last_samples_and_no_slider(browser: "Chrome", pages: "Pages") -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages.finished.as_uri())
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert [each.is_displayed() for each in browser.find_elements("css selector", ".frames > *")] == [False] * 3 + [
        True
    ]
    assert not one(browser, ".film input").is_displayed()

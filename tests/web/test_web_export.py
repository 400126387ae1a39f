"""A model exported as a page paints in a real Chromium, from a host that knows no headers, as it does in torch."""

import functools
import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.arrays import Array
from p2p_datatools.contract.pictures.sizes import Size, TrainFit
from p2p_datatools.sources.web_runtime import RELEASE
from p2p_gan.inference.predictor import load_model
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.paint.static_site import RuntimeFiles, export_web

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

MASK, PHOTO = Half("mask", "mask"), Half("photo", "photo")
PLACE = "demo/paint"  # a folder below the host's root, as pages of projects have it
SCRIPTS = ("ort.webgpu.bundle.min.mjs", "ort.wasm.bundle.min.mjs")
FILES = (*SCRIPTS, "ort-wasm-simd-threaded.asyncify.wasm", "ort-wasm-simd-threaded.wasm")
READY = "return document.documentElement.dataset.ready === 'yes' && crossOriginIsolated"
SHOWN = "return document.querySelector('#photos .photo').dataset.shown > 0"
# Paints a mask by the engine of the page, and gives the pixels.
PAINT = """
const [[width, height], options, done] = arguments;
(async () => {
  const { localEngine } = await import(new URL("browser/local_engine.mjs", location.href));
  const engine = (window.engineOfTest ??= localEngine(new URL("./", location.href)));
  const [model] = (await engine.models()).models;
  const shown = [];
  await engine.prepare(model.id, (words, part) => shown.push([words, part]));
  const classes = new Uint8Array(width * height);
  for (let i = 0; i < classes.length; i++) classes[i] = ((i % width >> 3) + (Math.floor(i / width) >> 2) * 2) % 5;
  const request = { model: model.id, mask: { width, height, classes }, palette: null, picture: null, size: null,
    dropout: true, channel: "test", stroke: 1, signal: new AbortController().signal, ...options };
  const { image } = await engine.paint(request);
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = Array.from(context.getImageData(0, 0, image.width, image.height).data.filter((_, i) => i % 4 < 3));
  done({ pixels, shape: [image.height, image.width, 3], runtime: model.runtime, shown });
})().catch((error) => done({ code: error.code, what: error.message, todo: error.todo }));
"""


def write_painter(path: Path, *, size: Size | None = Size(64, 64), fit: TrainFit = "stretch") -> Path:
    """A model with drawn weights, dropout and noise, that paints masks of cars."""
    import torch

    torch.manual_seed(0)
    shape = Architecture(5, 3, 4, 8, 32, "batch", 0.5, noise=2, pixel_noise=1)
    card = ModelCard(shape, MASK, PHOTO, load_palette("cars"), size, fit, "picture", False, 0, "", input_as="classes")
    generator = shape.build()
    for value in generator.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, 0, 0.1)
    save_model(path, card, generator)
    return path


def runtime() -> RuntimeFiles:
    folder = Path(os.environ["P2P_WEB"]) / "node_modules" / "onnxruntime-web" / "dist"
    return RELEASE.version, {name: (folder / name).read_bytes() for name in FILES}


@dataclass
class Site:
    """A folder on a host: its model, its address, and what stops the host."""

    folder: Path
    model: Path
    address: str
    server: http.server.ThreadingHTTPServer

    def stop(self) -> None:
        """No more answers, as if the network was gone."""
        self.server.shutdown()
        self.server.server_close()


class Host(http.server.SimpleHTTPRequestHandler):
    """A static host without a header of its own."""

    def log_message(self, *args: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator["Hosts"]:
    """Puts exports on hosts, each of an origin of its own."""
    made = Hosts(tmp_path)
    yield made
    for site in made.sites:
        site.stop()


class Hosts:
    """What the fixture `host` gives."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.sites: list[Site] = []

    def serve(self, **fields: Any) -> Site:
        """A new site with a model of these fields."""
        root = self._place / f"host{len(self.sites)}"
        model = write_painter(self._place / "car.safetensors", **fields)
        made = export_web(model, root / PLACE, runtime=runtime)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=root))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        site = Site(made.dest, model, f"http://127.0.0.1:{server.server_port}/{PLACE}/", server)
        self.sites.append(site)
        return site


def wait(browser: "Chrome", script: str, seconds: float = 60) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, seconds, poll_frequency=0.05).until(lambda driver: driver.execute_script(script))


def opened(browser: "Chrome", site: Site) -> "Chrome":
    """The page once it is isolated and ready."""
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # empties it
    browser.set_script_timeout(120)
    browser.get(site.address)
    wait(browser, READY)
    return browser


def painted(browser: "Chrome", size: tuple[int, int], **options: Any) -> tuple[Array, dict[str, Any]]:
    """What the engine in the browser gives for a mask of squares."""
    found = browser.execute_async_script(PAINT, size, {"seed": 0, "variant": 1, **options})
    assert "pixels" in found, found
    return np.array(found.pop("pixels"), np.uint8).reshape(found["shape"]), found


def squares(width: int, height: int) -> Array:
    y, x = np.mgrid[:height, :width]
    return np.asarray(((x >> 3) + (y >> 2) * 2) % 5).astype(np.uint8)


def steps(one: Array, other: Array) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize(
    ("size", "fit", "masks"),
    [
        (Size(64, 64), "stretch", [(64, 64), (64, 64), (90, 50), (30, 41)]),
        (Size(64, 48), "pad", [(64, 48), (90, 50)]),
        (None, "stretch", [(70, 33)]),
    ],
)
def test_a_picture_is_the_one_that_torch_gives_for_the_same_seed_and_variant(
    size: Size | None, fit: TrainFit, masks: list[tuple[int, int]], browser: "Chrome", host: Hosts
) -> None:
    site = host.serve(size=size, fit=fit)
    opened(browser, site)
    predict = load_model(site.model, runtime="torch")
    for number, (width, height) in enumerate(masks):
        found, _ = painted(browser, (width, height), seed=number, variant=number + 1)
        expected = predict(squares(width, height), seed=number, variant=number + 1)
        most = 2 if predict.card.size in (None, Size(width, height)) else 4  # as the page brings it back to its size
        assert steps(found, expected) <= most, f"{width}x{height}: {steps(found, expected)} of 255"
        assert steps(found, predict(squares(width, height), seed=number, variant=99)) > 20
        plain, _ = painted(browser, (width, height), dropout=False)
        assert steps(plain, predict(squares(width, height), dropout=False)) <= most
    told = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert not [line for line in told if line["level"] == "SEVERE"]


def photo_of(browser: "Chrome") -> str:
    return str(browser.execute_script("return document.querySelector('#photos canvas').toDataURL()"))


def draw(browser: "Chrome", length: int) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    canvas = browser.find_element(By.ID, "mask")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    moves = ActionChains(browser, duration=30).move_to_element_with_offset(canvas, -length // 2, 0).click_and_hold()
    moves.move_by_offset(length // 2, 20).move_by_offset(length // 2, -20).release().perform()


def test_a_person_draws_and_the_photo_follows_and_all_of_it_is_there_without_a_network(
    browser: "Chrome", host: Hosts
) -> None:
    site = host.serve()
    opened(browser, site)
    assert browser.execute_script("return navigator.serviceWorker.controller !== null")
    wait(browser, SHOWN)
    blank = photo_of(browser)
    draw(browser, 120)
    wait(browser, "return document.querySelector('#photos canvas').toDataURL() !== " + json.dumps(blank))
    _, told = painted(browser, (64, 64))
    assert told["runtime"].startswith("WebAssembly")
    assert told["shown"][0] == ["The model", 0]
    assert told["shown"][-1][0] == "Preparing"
    before, _ = painted(browser, (64, 64), seed=3)
    site.stop()
    browser.get(site.address)
    wait(browser, READY)
    assert steps(painted(browser, (64, 64), seed=3)[0], before) == 0
    wait(browser, SHOWN)
    kept = photo_of(browser)
    draw(browser, 60)
    wait(browser, "return document.querySelector('#photos canvas').toDataURL() !== " + json.dumps(kept))


def test_a_folder_that_was_copied_in_part_and_a_browser_that_computes_something_else_are_said(
    browser: "Chrome", host: Hosts
) -> None:
    site = host.serve()
    about = json.loads((site.folder / "model.json").read_text())
    about["engine"]["check"]["means"][0] += 0.5
    (site.folder / "model.json").write_text(json.dumps(about))
    opened(browser, site)
    found = browser.execute_async_script(PAINT, (64, 64), {"seed": 0, "variant": 1})
    assert found["code"] == "not-the-same", found
    cut = host.serve()
    (cut.folder / "model.onnx").unlink()
    opened(browser, cut)
    found = browser.execute_async_script(PAINT, (64, 64), {"seed": 0, "variant": 1})
    assert (found["code"], found["todo"]) == ("incomplete-site", "Copy the whole folder to the host.")
    assert "model.onnx" in browser.execute_script("return document.body.innerText")


def test_a_page_that_is_opened_from_the_disk_says_that_it_needs_a_server(browser: "Chrome", host: Hosts) -> None:
    browser.get((host.serve().folder / "index.html").as_uri())
    assert "python -m http.server" in browser.execute_script("return document.body.innerText")


def test_webgpu_gives_the_same_picture(host: Hosts) -> None:
    """SwiftShader computes what a graphics card would, slowly."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    flags = (
        "headless no-sandbox no-first-run enable-unsafe-webgpu use-webgpu-adapter=swiftshader use-vulkan=swiftshader"
    )
    for flag in (*flags.split(), "enable-features=Vulkan,WebGPU"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        site = host.serve(size=Size(32, 32))
        driver.set_script_timeout(120)
        driver.get(f"{site.address}site.json")  # of the same origin, where no page asks for pictures too
        found, told = painted(driver, (32, 32), seed=5)
        if told["runtime"] != "WebGPU":
            pytest.skip("this Chromium has no software for WebGPU")
        predict = load_model(site.model, runtime="torch")
        assert steps(found, predict(squares(32, 32), seed=5)) <= 2
    finally:
        driver.quit()

"""What a page of `p2p export --format web` does in headless Chromium: updates a second, and how far it is from torch.

Nothing here may measure a server, or judge pictures. It needs Chromium and its driver, and the archive of
onnxruntime-web, which is fetched as `p2p export` does.

Usage: python benchmarks/web_painting.py [--filters N ...] [--passes N] [--archive FILE]
"""

import argparse
import contextlib
import functools
import http.server
import os
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from p2p_datatools.contract.pairs.manifest import Half
from p2p_datatools.contract.palette import load_palette
from p2p_datatools.contract.pictures.sizes import Size
from p2p_datatools.sources.web_runtime import fetch_web_runtime
from p2p_gan.inference.predictor import load_model
from p2p_gan.machine.kept import kept_folder
from p2p_gan.models.card import ModelCard
from p2p_gan.models.model import save_model
from p2p_gan.networks.architecture import Architecture
from p2p_gan.networks.weights import initialise
from p2p_gan.paint.static_site import export_web

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

    from benchmarks import measure
else:  # run as a program, this folder is where Python looks
    import measure

SIDE = 256
PREPARE = """
const [done] = arguments;
(async () => {
  const { localEngine } = await import(new URL("browser/local_engine.mjs", location.href));
  window.engine = localEngine(new URL("./", location.href));
  [window.model] = (await engine.models()).models;
  await engine.prepare(model.id, () => {});
  done({ runtime: model.runtime });
})().catch((error) => done({ error: String(error) }));
"""
# A stroke that grows by a column each time, so that no two masks are alike.
PAINT = """
const [count, done] = arguments;
(async () => {
  const [width, height] = model.size;
  const times = [], classes = new Uint8Array(width * height);
  let image = null;
  for (let each = 0; each < count; each++) {
    for (let y = 60; y < 200; y++) classes.fill((y >> 5) % 5, y * width + 20, y * width + 41 + each);
    const begun = performance.now();
    const request = { model: model.id, mask: { width, height, classes: classes.slice() }, palette: null, picture: null,
      size: null, seed: 0, variant: 1, dropout: true, channel: "a", stroke: each,
      signal: new AbortController().signal };
    ({ image } = await engine.paint(request));
    times.push(performance.now() - begun);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = Array.from(context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 < 3));
  done({ times, pixels });
})().catch((error) => done({ error: String(error) }));
"""


def main() -> None:
    """Measure each model with one thread, then with as many as the machine has."""
    parser = argparse.ArgumentParser(description="What a page in the browser does.")
    parser.add_argument("--filters", type=int, nargs="+", default=[16, 32], metavar="N")
    parser.add_argument("--passes", type=int, default=20, metavar="N")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="onnxruntime-web's archive from npm")
    options = parser.parse_args()
    found = fetch_web_runtime(kept_folder(), archive=options.archive)
    print(measure.header(options.passes, "p2p-gan", "torch", "numpy", "onnxruntime"))
    print(f"onnxruntime-web {found.version} in headless Chromium, {SIDE}x{SIDE}")
    for filters in options.filters:
        with tempfile.TemporaryDirectory() as place:
            model = make_model(Path(place) / "car.safetensors", filters)
            made = export_web(model, Path(place) / "site", runtime=lambda: (found.version, found.files))
            print(f"\n{filters} filters: {made.model_bytes / 1e6:.1f} MB in {made.precision}")
            for isolated in (False, True):
                print(measure_page(model, made.dest, options.passes, isolated=isolated), flush=True)


def make_model(path: Path, filters: int) -> Path:
    """The paper's U-Net with drawn weights, for masks of cars, with at most 8 times its filters."""
    shape = Architecture(5, 3, 8, filters, 8 * filters, "batch", 0.5)
    halves = Half("mask", "mask"), Half("photo", "photo")
    palette, size = load_palette("cars"), Size(SIDE, SIDE)
    card = ModelCard(shape, *halves, palette, size, "stretch", "picture", False, 0, "", input_as="classes")
    generator = shape.build()
    initialise(generator, torch.Generator().manual_seed(0))
    save_model(path, card, generator)
    return path


def measure_page(model: Path, site: Path, passes: int, *, isolated: bool) -> str:
    """A line: updates a second with their range, processor time of one, and the largest difference from torch."""
    load = os.getloadavg()[0]
    with serve(site, isolated=isolated) as address, chromium() as (browser, process):
        browser.get(f"{address}site.json")  # of the same origin, without the page, which would paint too
        ready = run(browser, PREPARE)
        run(browser, PAINT, 1)
        before = processor_time(process)
        found = run(browser, PAINT, passes)
        used = (processor_time(process) - before) / passes
    rates = sorted(1000 / each for each in found["times"])
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for y in range(60, 200):
        mask[y, 20 : 40 + passes] = (y >> 5) % 5
    expected = load_model(model, runtime="torch")(mask)
    pixels = np.array(found["pixels"], np.uint8).reshape(SIDE, SIDE, 3)
    steps = np.abs(pixels.astype(int) - expected).max()
    rate = f"{statistics.median(rates):.1f} updates a second ({rates[0]:.1f} to {rates[-1]:.1f})"
    cost = f"{1000 * used:.0f} ms of processor time each"
    return f"  {ready['runtime']}: {rate}, {cost}, at most {steps} of 255 from torch; load {load:.1f} before"


def run(browser: "Chrome", script: str, *arguments: int) -> dict[str, Any]:
    """What a script in the page gives."""
    found: dict[str, Any] = browser.execute_async_script(script, *arguments)
    if "error" in found:
        raise SystemExit(found["error"])
    return found


def processor_time(process: int) -> float:
    """Seconds of processor time of a process and all below it, which other programs on the machine hardly change."""
    parents, ticks = {}, {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that has ended
            fields = place.read_text().rpartition(")")[2].split()
            parents[int(place.parent.name)], ticks[int(place.parent.name)] = (
                int(fields[1]),
                sum(map(int, fields[11:13])),
            )
    family = {process}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(each, 0) for each in family) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serve(folder: Path, *, isolated: bool) -> Iterator[str]:
    """The folder on a host, with or without the headers that isolate a page."""

    class Host(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            if isolated:
                self.send_header("Cross-Origin-Opener-Policy", "same-origin")
                self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            super().end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing: the figures are all that is printed."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def chromium() -> Iterator[tuple["Chrome", int]]:
    """Debian's Chromium, headless and without a graphics card, and the number of the process that has started it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    service = Service(str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(600)
    try:
        yield driver, service.process.pid
    finally:
        driver.quit()


if __name__ == "__main__":
    main()

"""Pages of real runs, and a real Chromium that opens them from the disk; without P2P_WEB these tests are skipped."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WHY = "these tests need Chromium and run with 'nox -s web'"
HOSTILE = "<script>document.title='broken'<"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what lies in this folder, unless the session asks for it."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "P2P_WEB" not in os.environ:
            item.add_marker(pytest.mark.skip(reason=WHY))


class Pages(NamedTuple):
    """The pages that are tested: of a run, of one that is just beginning, of runs, and of a study."""

    finished: Path
    begun: Path
    runs: Path
    study: Path


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """A drawn data set with a hostile class and hostile names, a run, a study, and all pages of them."""
    from p2p_cli import app
    from p2p_datatools.contract.palette import load_palette

    place = tmp_path_factory.mktemp("web")
    palette = load_palette("cars")
    first, *others = palette.classes
    named = replace(palette, classes=(first, replace(others[0], name=HOSTILE), *others[1:]))
    (place / "hostile.toml").write_text(named.to_toml())

    def run(*words: object) -> None:
        assert app.main([str(word) for word in words]) == 0

    run("data", "fetch", "synth-cars", place / "cars", "--limit", 20)
    run("data", "build-masks", place / "cars/labels", place / "masks", "--palette", place / "hostile.toml")
    run("data", "pair", place / "masks", place / "cars/photos", place / "pairs", "--size", 32)
    run("data", "split", place / "pairs", "--val", 0.2, "--test", 0.2)
    small = ["--preset", "tiny", "--size", 32, "--device", "cpu"]
    for setting in ("generator_filters=4", "max_filters=8", "discriminator_filters=4", "log_every=2", "threads=1"):
        small += ["--set", setting]
    often = ["--set", "sample_every=10", "--set", "validate_every=10"]
    trained = place / HOSTILE.replace("/", "")
    run("train", place / "pairs", trained, *small, *often, "--images", 40)
    run("train", place / "pairs", place / "begun", *small, "--images", 2)
    for file in ("stats.jsonl", "model.safetensors", "best.safetensors"):
        (place / "begun" / file).unlink(missing_ok=True)
    shutil.rmtree(place / "begun" / "samples")
    finished, begun, runs = (place / f"{name}.html" for name in ("finished", "begun", "runs"))
    found = Pages(finished, begun, runs, place / "study" / "index.html")
    run("report", trained, found.finished, "--evaluate")
    run("report", place / "begun", found.begun)
    run("runs", trained, place / "begun", "--curves", found.runs)
    run("experiments", place / "pairs", place / "study", *small, "--images", 4, "--tables", "collapse")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator["Chrome"]:
    """Debian's Chromium, headless, with a profile of its own, which is removed."""
    from web.paint.driver import start_browser

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start_browser(profile)
        yield driver
        driver.quit()

"""What SECURITY.md promises of the whole: commands write into their destinations, and do nothing else to the machine.

An audit hook of Python notes what is opened, started, connected and unpickled; libraries in C that do so by themselves
are not seen by it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
Seen = dict[str, list[Any]]


def note(seen: Seen, event: str, arguments: tuple[Any, ...]) -> None:
    """Keep what an audit event of Python says, if it is one of these."""
    if event == "open" and not isinstance(arguments[0], int):
        path, mode, flags = arguments
        if set(mode or "") & set("wax+") or (mode is None and flags & WRITES):
            seen["written"].append(os.fsdecode(path))
    elif event in ("os.rename", "os.link", "os.symlink"):
        seen["written"].append(os.fsdecode(arguments[1]))
    elif event in ("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree"):
        seen["written"].append(os.fsdecode(arguments[0]))
    elif event.startswith(("subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork")):
        seen["started"].append(f"{event} {arguments}")
    elif event.startswith(("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.")):
        seen["connected"].append(f"{event} {arguments}")
    elif event.startswith("pickle."):
        seen["unpickled"].append(f"{event} {arguments}")


def watch_commands(commands: str) -> Seen:
    """What commands do, one a line, and their exit codes."""
    seen: Seen = {"written": [], "started": [], "connected": [], "unpickled": []}
    watching = True  # the hook itself stays for as long as the process
    sys.addaudithook(lambda event, arguments: note(seen, event, arguments) if watching else None)
    from p2p_cli.app import main

    codes = [main(line.split()) for line in commands.strip().splitlines()]
    watching = False
    return {"codes": codes, **seen}


DESTINATIONS = "cars masks pairs pairs.png run curves.png compare scores edges coco again apart"
COMMANDS = """
data fetch synth-cars cars --limit 6
data build-masks cars/labels masks --palette cars --photos cars/photos
data check masks --photos cars/photos
data pair masks cars/photos pairs --size 32
data split pairs --val 0.2 --test 0.2
data show pairs pairs.png
train pairs run --preset tiny --size 32x32 --images 4 --device cpu --set log_every=2
runs run --curves curves.png
sample run pairs --out compare --sheet
evaluate run pairs --out scores
data derive cars/photos edges --op edges
data export masks coco --format coco --photos cars/photos
data build-masks coco/annotations.json again --palette masks/palette.toml --photos cars/photos
data halves pairs apart
"""


def watch_process() -> Seen:
    """The same in a process of its own, which loads its libraries meanwhile."""
    environment = dict(os.environ)
    environment.pop("TORCHINDUCTOR_CACHE_DIR", None)  # which torch has set where this process has loaded it
    done = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found: Seen = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module", params=["here", pytest.param("in a process", marks=pytest.mark.long)])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the commands did, in an empty folder, a home and a folder of temporary files of their own."""
    root = tmp_path_factory.mktemp("security").resolve()
    for name in ("HOME", "TMPDIR", "work"):
        (root / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR", "MPLCONFIGDIR"):
            patch.setenv(name, str(root / name))
        patch.setattr(tempfile, "tempdir", None)
        patch.chdir(root / "work")
        found = watch_commands(COMMANDS) if request.param == "here" else watch_process()
    assert set(found["codes"]) == {0}
    return found | {"root": root}


def test_every_file_that_is_written_lies_in_a_destination_or_is_temporary(seen: dict[str, Any]) -> None:
    root = seen["root"]
    paths = [os.path.normpath(root / "work" / path) for path in seen["written"]]
    tops = {Path(path).relative_to(root / "work").parts[:1] for path in paths if path.startswith(f"{root}/work/")}
    others = [path for path in paths if not path.startswith((f"{root}/work", f"{root}/TMPDIR", f"{root}/MPLCONFIGDIR"))]
    # Beside a destination stand its unfinished work and, for a moment, its hidden temporary files.
    names = {re.sub(r"^\.|\.partial$|\.[^.]*\.tmp$|\.lock$", "", part[0]) for part in tops if part}
    assert others == [os.devnull] * len(others)
    assert len(paths) > 100
    assert names - set(DESTINATIONS.split()) == set()


def test_no_program_is_started_but_the_one_that_lists_fonts_for_curves(seen: dict[str, Any]) -> None:
    assert [program for program in seen["started"] if not program.startswith("subprocess.Popen ('fc-list'")] == []


@pytest.mark.parametrize("what", ["connected", "unpickled"])
def test_no_connection_is_made_and_nothing_unpickled(seen: dict[str, Any], what: str) -> None:
    assert seen[what] == []


@pytest.mark.parametrize("page", ["SECURITY.md", "CONTRIBUTING.md"])
def test_every_test_that_a_page_names_for_its_promises_exists(page: str) -> None:
    root = Path(__file__).parents[1]
    named = re.findall(r"`(tests/[\w/]+\.py)`", (root / page).read_text("utf-8"))
    assert len(named) > 10
    assert [name for name in named if not (root / name).is_file()] == []


def test_only_the_server_of_paint_listens_and_only_downloads_connect() -> None:
    root = Path(__file__).parents[1]
    opens = re.compile(r"socket\.(socket|create_\w+)\(|uvicorn\.\w+\(|HTTPServer|urlopen|OpenerDirector\(|TCPStore\(")
    found = {
        path.relative_to(root / "packages").as_posix().split("/src/")[1]
        for path in root.glob("packages/*/src/**/*.py")
        if opens.search(path.read_text("utf-8"))
    }
    assert found == {"p2p_gan/paint/server.py", "p2p_datatools/sources/download.py"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(watch_commands(COMMANDS)))

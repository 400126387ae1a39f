"""The project's checks: `nox` runs lint, types, wheels, docs and tests with what `requirements.txt` installed.

Nothing here may install anything that requirements.txt lacks.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "wheels", "docs", "tests"]
# The README's command has installed everything already; a second environment would only cost minutes.
nox.options.default_venv_backend = "none"

PYTHON = sys.executable
CODE = ["packages", "tests", "benchmarks", "docs", "noxfile.py"]
PROSE = ["notebooks", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "pyproject.toml"]
PACKAGES = ["datatools", "gan", "cli"]
# A test process for each core, but no more than pay for loading torch once in each.
PROCESSES = min(4, os.cpu_count() or 1)
# Each of the processes that sessions start would compile our packages anew, and pytest every test, each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
MEMORY = Path("/dev/shm")  # a file system in memory, on Linux
ROOM = 4 << 30  # bytes free there that the tests' files may need; a container often has 64 MiB


def run_in_memory() -> dict[str, str]:
    """Where tests shall have their files: in memory where it has room, for they make and delete 50,000 of them."""
    roomy = "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return {"TMPDIR": str(MEMORY)} if roomy else {}


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and formatting; vulture: dead code; codespell: spelling."""
    session.run(PYTHON, "-m", "ruff", "check", *CODE)
    session.run(PYTHON, "-m", "ruff", "format", "--check", *CODE)
    session.run(PYTHON, "-m", "vulture", "packages")  # by itself, for what only tests use is dead too
    session.run(PYTHON, "-m", "vulture", *CODE)
    session.run(PYTHON, "-m", "codespell_lib", *CODE, *PROSE)


@nox.session(name="format")
def format_code(session: nox.Session) -> None:
    """Sort the imports, mend what ruff can, and format."""
    session.run(PYTHON, "-m", "ruff", "check", "--fix-only", *CODE)
    session.run(PYTHON, "-m", "ruff", "format", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over the packages, the tests and this file."""
    sources = [f"packages/{name}/src" for name in PACKAGES]
    session.run(PYTHON, "-m", "mypy", *sources, "tests", "benchmarks", "docs", "noxfile.py")


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the three wheels, install them into an empty folder, and start the command from there."""
    place = Path(session.create_tmp()).resolve()
    for folder in ("wheels", "site"):
        shutil.rmtree(place / folder, ignore_errors=True)
    for name in PACKAGES:
        build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place / "wheels")]
        session.run(PYTHON, "-m", "pip", *build, f"packages/{name}")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--find-links", str(place / "wheels")]
    session.run(PYTHON, "-m", "pip", *install, "--target", str(place / "site"), *(f"p2p-{name}" for name in PACKAGES))
    # Palettes and other data files must be in the wheels; -I keeps the editable installation out.
    program = (
        f"import sys; sys.path.insert(0, {str(place / 'site')!r})\n"
        "import p2p_cli.app, p2p_datatools.contract.palette as palette\n"
        f"assert palette.__file__.startswith({str(place / 'site')!r}), palette.__file__\n"
        "assert [palette.load_palette(name).name for name in palette.BUILT_IN] == list(palette.BUILT_IN)\n"
        "import p2p_datatools.contract.pages\n"
        "assert b'<script' in p2p_datatools.contract.pages.assemble_page('a page', [], [])\n"
        "import p2p_gan.paint.page_files as paint\n"
        "assert {'index.html', 'paint.css', 'start.mjs'} <= set(paint.read_page_files())\n"
        "sys.exit(p2p_cli.app.main(['--version']))"
    )
    session.run(PYTHON, "-I", "-c", program)


@nox.session
def docs(session: nox.Session) -> None:
    """The reference of the public API, from the docstrings, in build/docs."""
    session.run(PYTHON, "docs/reference.py", "build/docs")


@nox.session
def fast(session: nox.Session) -> None:
    """The tests that neither train nor start a process nor read real data, in two processes.

    With arguments, such as a folder of tests, pytest gets these, in one process.
    """
    command = [PYTHON, "-m", "pytest", "-q", "--no-header", "-r", "fE", "--fast"]
    place = run_in_memory()
    if session.posargs:
        session.run(*command, *session.posargs, env=place)
        return
    # Two shares of the folders, each about half of the time: with pytest-xdist both processes would load all the tests.
    datatools, moved = "tests/datatools", ("tests/datatools/sheets",)
    mine = [str(each) for each in sorted(Path("tests").glob("[!_]*")) if each.is_dir() or each.name.startswith("test_")]
    mine = [*(each for each in mine if each != datatools), *moved]
    other = [datatools, *(f"--ignore={each}" for each in moved)]
    with subprocess.Popen([*command, *other], stdout=subprocess.PIPE, text=True, env=os.environ | place) as second:
        try:
            session.run(*command, *mine, env=place)
        finally:
            sys.stdout.write(second.communicate()[0])
    if second.returncode:
        session.error("a test of the second process failed, see above")


def run_tests(session: nox.Session, *words: str) -> None:
    """Run pytest in a process per core, with the session's arguments, such as -n 0 for one process."""
    # Each process begins with a share of neighbours, and what these share is made, or loaded, in one of them alone.
    shared = ["-n", str(PROCESSES), "--dist", "worksteal"]
    session.run(PYTHON, "-m", "pytest", *shared, *words, *session.posargs, env=run_in_memory())


@nox.session
def tests(session: nox.Session) -> None:
    """The default test suite, in a process per core; arguments after -- go to pytest, such as -n 0 for one process."""
    run_tests(session)


@nox.session(name="long")
def run_long(session: nox.Session) -> None:
    """The tests that the default suite leaves out: what shorter ones prove once, they repeat at length."""
    run_tests(session, "-m", "long")


@nox.session
def web(session: nox.Session) -> None:
    """The pages in a real Chromium, the types of their script, its functions in node; arguments go to pytest."""
    needed = ("chromium", "chromedriver", "node", "npm")
    if missing := [name for name in needed if not shutil.which(name)]:
        session.error(f"{', '.join(missing)} missing: README.md has the line that installs what this session needs")
    # What package-lock.json pins, with its hashes; npm keeps it, so that a second call needs no network.
    place = Path("build/web").resolve()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path("tests/web") / name, place / name)
    # No package runs a script of its own here.
    quietly = ("--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
    session.run("npm", "ci", "--prefix", str(place), *quietly, external=True)
    strictly = "--noEmit --allowJs --checkJs --strict --target es2022 --module esnext --lib es2022,dom,dom.iterable"
    scripts = sorted(str(path) for path in Path("packages").glob("*/src/**/*.mjs"))
    session.run(str(place / "node_modules" / ".bin" / "tsc"), *strictly.split(), *scripts, external=True)
    session.run("node", "--test", "tests/web/", external=True)
    session.run(PYTHON, "-m", "pytest", "tests/web", *session.posargs, env={"P2P_WEB": str(place), **run_in_memory()})


@nox.session
def kills(session: nox.Session) -> None:
    """Fifty kills of training at random moments; of each command that writes twenty, and full and read-only disks."""
    session.run(PYTHON, "tests/gan/runs/kills.py", *(session.posargs or ["--kills", "50"]))
    session.run(PYTHON, "tests/faults/kills.py", *(session.posargs or ["--kills", "20"]))


@nox.session
def distributed(session: nox.Session) -> None:
    """Training in several processes as a person starts it: launched, killed, restarted, stopped and failing."""
    session.run(PYTHON, "tests/cli/launches.py")


@nox.session
def gpu(session: nox.Session) -> None:
    """What needs a GPU: the tests marked so, updates a second with and without graphs, and runs on two GPUs."""
    found = "import torch; print(torch.cuda.device_count())"
    count = int(str(session.run(PYTHON, "-c", found, silent=True)).split()[-1])
    if not count:
        session.error("no CUDA device that torch can use; p2p doctor says why")
    # A warning of CUDA's libraries is to be read, and is no failure.
    session.run(PYTHON, "-m", "pytest", "-m", "gpu", "-W", "default", "tests/gan", *session.posargs)
    for preset in ("paper", "best"):
        session.run(PYTHON, "benchmarks/gpu.py", "--preset", preset, "--blocks", "3")
    if count > 1:
        session.run(PYTHON, "tests/cli/launches.py", "--device", "cuda")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Mutated files for every reader, ten minutes long; arguments after --, such as --minutes 1 --only coco."""
    session.run(PYTHON, "-m", "fuzz.run", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def endurance(session: nox.Session) -> None:
    """20,000 small updates with flat memory and processor time, and a run resumed fifty times, bit for bit."""
    session.run(PYTHON, "tests/gan/runs/endurance.py", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Look up the versions of constraints.txt among the advisories of PyPI; this one needs the network."""
    # Strict: a version that cannot be looked up is a failure, and not left out.
    strictly = ["--strict", "--progress-spinner", "off", "--disable-pip", "--no-deps"]
    session.run(PYTHON, "-m", "pip_audit", *strictly, "-r", "constraints.txt", *session.posargs)

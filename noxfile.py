"""The project's checks. `nox` runs lint, types, wheels and tests with what `requirements.txt` installed."""

import nox

nox.options.sessions = ["lint", "types", "wheels", "tests"]
# The README's command has installed everything already; a second environment would only cost minutes.
nox.options.default_venv_backend = "none"

CODE = ["packages", "tests", "benchmarks", "noxfile.py"]
PACKAGES = ["datatools", "gan", "cli"]


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and formatting."""
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over the packages, the tests and this file."""
    session.run("mypy", *(f"packages/{name}/src" for name in PACKAGES), "tests", "benchmarks", "noxfile.py")


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the three wheels, install them into an empty folder, and start the command from there."""
    place = session.create_tmp()
    session.run("rm", "-rf", f"{place}/wheels", f"{place}/site", external=True)
    for name in PACKAGES:
        session.run(
            *("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", f"{place}/wheels", f"packages/{name}"),
        )
    wheels = [str(path) for path in sorted(session.posargs)] or [f"{place}/wheels"]
    session.run(
        *("python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--find-links", wheels[0]),
        *("--target", f"{place}/site", *(f"p2p-{name}" for name in PACKAGES)),
    )
    session.run("python", "-m", "p2p_cli", "--version", env={"PYTHONPATH": f"{place}/site"})


@nox.session
def tests(session: nox.Session) -> None:
    """The default test suite; arguments after -- go to pytest."""
    session.run("pytest", *session.posargs)

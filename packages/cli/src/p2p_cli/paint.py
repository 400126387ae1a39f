"""`p2p paint`: its options, the call, and the browser that is opened.

Nothing here may know how a picture is painted or a request answered.
"""

import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from p2p_cli import launch, options
from p2p_cli.text import render
from p2p_datatools.contract.words import plural

if TYPE_CHECKING:
    from p2p_gan.paint.server import ServedAddress


@click.command()
@click.argument("models", metavar="[MODEL]...", type=options.PLACE, nargs=-1)
@options.server_options
@click.option("--no-browser", is_flag=True, help="Say the address, and open no browser.")
def command(models: tuple[Path, ...], port: int, host: str, names: tuple[str, ...], no_browser: bool) -> int:
    """Draw a mask on a page and watch the photo appear.

    MODEL is a run folder, a model file or an ONNX file whose input is masks; two are painted with side by side. Without
    one, those that lie in the current folder are offered, and that of 'p2p demo'. A model from photo to mask beside it,
    or named too, makes masks of photos.

    The page is for this machine alone, unless --host says otherwise. Ctrl-C ends it.

    \b
    Examples:
      p2p paint
      p2p paint run
      p2p paint run other-run --port 9000 --no-browser
    """
    from p2p_gan.paint.find import find_models
    from p2p_gan.paint.server import require_server

    require_server()
    found = list(models) or find_models([Path()], render.reporter())
    return serve(found, host, port, names, page=True, browser=not no_browser)


def serve(
    models: list[Path], host: str, port: int, names: tuple[str, ...] = (), *, page: bool, browser: bool = False
) -> int:
    """Serve the models until a signal, and give the exit code: 130 for Ctrl-C, 0 for SIGTERM."""
    import signal

    from p2p_gan.paint.server import serve_models

    def say(address: "ServedAddress") -> None:
        if address.moved:
            render.remark(f"Port {port} is taken; this is another.")
        what = "paint at" if page else "serving"
        render.say(f"{what:<9} {address.url}{'' if page else 'api/openapi.json'}   (Ctrl-C ends it)")
        if browser and _has_display():
            threading.Thread(target=webbrowser.open, args=(address.url,), daemon=True).start()
        elif browser:
            render.remark("No browser is at hand; open the address in one.")

    number = plural(len(models), "model")
    render.remark(f"{number}: {', '.join(map(str, models))}")
    try:
        ended = serve_models(models, host=host, port=port, page=page, names=names, ready=say, report=render.reporter())
    except KeyboardInterrupt:  # while it loads: nothing has begun that the same command would continue
        render.remark("Stopped.")
        return launch.INTERRUPTED
    code = launch.INTERRUPTED if ended.signal == signal.SIGINT else 0
    if ended.computes:
        render.remark("Stopped, without the picture that was being painted.")
        _leave(code)
    render.remark("Stopped.")
    return code


def _leave(code: int) -> NoReturn:
    """End the process where a thread is inside of a library, which ends an orderly end of Python with SIGABRT."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _has_display() -> bool:
    """Whether a browser with windows can be opened; one of a terminal would take the terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

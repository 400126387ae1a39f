"""`p2p serve`: its options and the call; all else is as for `p2p paint`.

Nothing here may add a page to the API.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.paint import serve


@click.command()
@click.argument("models", metavar="MODEL...", type=options.PLACE, nargs=-1, required=True)
@options.server_options
def command(models: tuple[Path, ...], port: int, host: str, names: tuple[str, ...]) -> int:
    """Serve models to other programs by the API of 'p2p paint'.

    There is no page. MODEL is a run folder, a model file or an ONNX file, and may be given several times. POST
    /api/paint takes a picture and answers with the one that 'p2p sample' writes; the address that is said describes all
    of it (OpenAPI 3.1).

    \b
    Examples:
      p2p serve run
      p2p serve run other-run --port 9000
      p2p serve run --name p2p.example.org
    """
    return serve(list(models), host, port, names, page=False)

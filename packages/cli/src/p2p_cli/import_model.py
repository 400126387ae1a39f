"""`p2p import-model`: its options, the call, and its result as text.

Nothing here may know how another program names its tensors.
"""

from pathlib import Path

import click

from p2p_cli import options
from p2p_cli.text import render
from p2p_cli.text.hints import next_command
from p2p_datatools.contract.pictures.sizes import Size


@click.command()
@click.argument("weights", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option(
    "--direction",
    default="a-to-b",
    show_default=True,
    metavar="X-to-Y",
    help="Which half is the input, and which the output.",
)
@click.option("--size", type=options.SizeType(), metavar="N|WxH", help="The size that it was trained with.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="dropout=off|on|SHARE, statistics=picture|running, network=NAME; may be repeated.",
)
@options.json_option
def command(
    weights: Path, dest: Path, direction: str, size: Size | None, settings: tuple[str, ...], as_json: bool
) -> None:
    """Convert weights of the reference implementation to a model.

    WEIGHTS is a generator's state dict such as latest_net_G.pth, of unet_128, unet_256, resnet_6blocks or
    resnet_9blocks (or deeper, shallower, longer ones), with batch or instance norm, of any number of filters and
    channels; it is recognised by the names and shapes of its tensors, also deeper in a file (state_dict, a module of
    Lightning); of several generators --set network=NAME takes one. No code in it is run. DEST is the model file to
    write, NAME.safetensors. What the file does not say is assumed, and printed.

    \b
    Examples:
      p2p import-model checkpoints/facades/latest_net_G.pth facades.safetensors --direction b-to-a
      p2p sample facades.safetensors labels --out pictures
    """
    from p2p_gan.models.reference import import_model

    made = import_model(
        weights, dest, direction=direction, size=size, settings=options.parse_settings(settings, example="dropout=off")
    )
    if as_json:
        render.say_json(made)
        return
    card = made.card
    render.say(
        f"{made.name} with {card.architecture.norm} norm, {card.architecture.filters} filters, {card.direction} at "
        f"{card.size}: {dest if made.written else f'{dest} exists already'}"
    )
    for each in made.assumed:
        render.say(f"assumed: {each}")
    render.hint(next_command("sample", dest, "PICTURES", "--out", "DEST"))

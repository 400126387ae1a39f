"""`p2p export`: its options, the call, and its result as text.

Nothing here may know the file format of another program.
"""

from pathlib import Path

import click

from p2p_cli import options

_FORMATS = ("reference",)


@click.command()
@click.argument("model", type=options.PLACE)
@click.argument("dest", type=options.PLACE)
@click.option("--format", "kind", type=click.Choice(_FORMATS), required=True, help="The program that will read DEST.")
@options.json_option
def command(model: Path, dest: Path, kind: str, as_json: bool) -> None:
    """Write a model in the format of another program.

    MODEL is a run folder or a model file. The format 'reference' is the state dict of a generator of the reference
    PyTorch implementation (pytorch-CycleGAN-and-pix2pix), DEST a file such as latest_net_G.pth. It can hold the
    models that this program can build: those imported from it, and those trained here with its architecture. Biases
    before a batch norm go into the norm; a U-Net needs --set bias_before_norm=off in training, because its first and
    its innermost layer have no norm.

    \b
    Example:
      p2p export run checkpoints/cars/latest_net_G.pth --format reference
    """
    from p2p_cli import render
    from p2p_gan.models.reference import export_reference

    made = export_reference(model, dest)
    if as_json:
        render.say(options.to_json(made))
        return
    render.say(f"{dest}{'' if made.written else ' exists already'}; load it with {made.options}")
    for each in made.notes:
        render.say(f"note: {each}")

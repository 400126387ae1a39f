"""What an exported network takes, gives and does, in sentences for people and other programs.

Nothing here may read or write a file, or say what the card does not.
"""

import json

from p2p_datatools.contract.words import plural
from p2p_gan.models.card import ModelCard


def describe_values(card: ModelCard, side: str) -> str:
    """How pixels become a network's values (`side` input), or values pixels (output), in a sentence."""
    half, coding = (card.input, card.input_coding) if side == "input" else (card.output, card.output_coding)
    if coding.kind == "classes":
        given = "1 for the class of the pixel and 0 for the others" if side == "input" else "the largest is the class"
        return f"{half.name}: a channel for each class of the palette, in its order; {given}"
    low, high = coding.range
    order = "RGB, " if half.channels == 3 else ""
    return f"{half.name}: {order}{low:g} to {high:g} ({coding.dtype}) as -1 to 1"


def describe_statistics(card: ModelCard) -> str:
    """By which statistics the exported network normalises, in a sentence."""
    if card.architecture.norm == "none":
        return "no norms"
    if card.architecture.norm == "batch" and card.statistics == "running":
        return "those of training, which are in the weights"
    return "each picture's own, which the network computes"


def describe_randomness(card: ModelCard) -> str:
    """What is random in the exported network, in a sentence."""
    shape = card.architecture
    layers = shape.dropout_layers()
    parts = [f"dropout of {layers[0].share:g} in {plural(len(layers), 'layer')}"] if layers else []
    parts += [plural(shape.noise, "channel of noise", "channels of noise")] if shape.noise else []
    parts += [f"{shape.pixel_noise} of noise of each pixel"] if shape.pixel_noise else []
    if not parts:
        return "none"
    return f"{' and '.join(parts)}: inputs of the network, off by default"


def card_texts(card: ModelCard) -> dict[str, str]:
    """All of it by name, with the palette as JSON, for the metadata of other formats."""
    texts = {
        "direction": card.direction,
        "input": describe_values(card, "input"),
        "output": describe_values(card, "output"),
        "size": f"{card.size or 'any'}, fit {card.fit}; sides are multiples of {card.architecture.unit}",
        "statistics": describe_statistics(card),
        "randomness": describe_randomness(card),
    }
    if card.palette is not None:
        classes = [{"name": each.name, "color": list(each.color)} for each in card.palette.classes]
        texts["palette"] = json.dumps(classes)
    return texts

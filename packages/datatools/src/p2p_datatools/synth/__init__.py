"""Procedural cars: side views drawn as small pictures together with their exact label maps, from a number alone.

Nothing here may read or write a file, keep state between drawings, or know what a network will make of them.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_datatools.synth.bodies import BODY_TYPES
    from p2p_datatools.synth.drawing import DEFAULT_SIZE, STYLES, CarDrawing, draw_car_picture
else:
    __getattr__, __dir__ = open_door(
        __name__, bodies="BODY_TYPES", drawing="DEFAULT_SIZE STYLES CarDrawing draw_car_picture"
    )

__all__ = ["BODY_TYPES", "DEFAULT_SIZE", "STYLES", "CarDrawing", "draw_car_picture"]

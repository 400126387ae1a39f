"""The machine: devices, precision and threads, several processes and their communication, and free memory.

Nothing here may know pairs, losses or runs.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.machine.device import describe_machine, resolve_device, resolve_precision
else:
    __getattr__, __dir__ = open_door(__name__, device="describe_machine resolve_device resolve_precision")

__all__ = ["describe_machine", "resolve_device", "resolve_precision"]

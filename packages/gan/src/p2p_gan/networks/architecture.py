"""A generator's shape as a value that a model file can hold, and the network that it means.

Nothing here may draw weights or read files.
"""

from dataclasses import dataclass

from p2p_datatools.contract.errors import P2PError
from p2p_gan.networks.contract import Generator
from p2p_gan.networks.unet import UNet


@dataclass(frozen=True)
class Architecture:
    """The generator's shape."""

    inputs: int
    outputs: int
    depth: int
    filters: int
    max_filters: int
    norm: str
    dropout: float
    kind: str = "unet"

    def build(self) -> Generator:
        """A generator of this shape, its weights not yet drawn."""
        if self.kind != "unet":
            raise P2PError(f"the generator '{self.kind}' is unknown. Update p2p.")
        return UNet(
            self.inputs,
            self.outputs,
            depth=self.depth,
            filters=self.filters,
            max_filters=self.max_filters,
            norm=self.norm,
            dropout=self.dropout,
        )

"""The presets: named configs as one table that a person can compare by eye.

Nothing here may compute; a preset states its fields, where they come from, and what we changed.
"""

from p2p_datatools.contract.sizes import Size
from p2p_gan.config import Config

PRESETS: dict[str, Config] = {
    # Isola et al. 2017, facades: batch 1, 200 epochs, every default above.
    "paper": Config(),
    # For laptops and tests: what two cores can learn from a few hundred small pictures in two minutes. A tenth of the
    # weights, patches of 34x34, a higher rate that falls in the second half, and no jitter.
    "tiny": Config(
        size=Size(128, 128),
        jitter=1.0,
        images=2_800,
        filters=32,
        max_filters=128,
        dropout=0.0,
        discriminator_filters=16,
        discriminator_layers=2,
        rate=4e-4,
        schedule="linear",
        log_every=50,
        sample_every=700,
        checkpoint_every=700,
    ),
}

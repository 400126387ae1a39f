"""The settings of a run: the config and its fields, the presets, reading settings from text, and allowed picture sizes.

Nothing here may import torch or know how a setting is used.
"""

from typing import TYPE_CHECKING

from p2p_datatools.contract.door import open_door

if TYPE_CHECKING:
    from p2p_gan.config.config import Config
    from p2p_gan.config.parse import config_from_json, settings_from_toml, with_settings
    from p2p_gan.config.presets import PRESETS
else:
    __getattr__, __dir__ = open_door(
        __name__, config="Config", parse="config_from_json settings_from_toml with_settings", presets="PRESETS"
    )

__all__ = ["PRESETS", "Config", "config_from_json", "settings_from_toml", "with_settings"]

"""Everything that can be asked of a run: the config, its presets, words that become settings, sides that fit.

Nothing here may import torch or know how a setting is carried out.
"""

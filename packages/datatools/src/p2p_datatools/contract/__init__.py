"""The room both sides know: errors, palettes, pictures, pairs and the manifest that lies between making and training.

Nothing here may know how a data set is made or what a network does with it; `p2p_gan` imports this room and no other.
"""

"""The networks of pix2pix as modules: generators, discriminators, and the blocks that they share.

Nothing here may know losses, optimisers or data; a network keeps no state beside its weights and statistics.
"""

"""What can be computed from a photo: each operation a small function, uint8 RGB in, uint8 RGB or grey out.

Nothing here may read or write a file, or draw a random number that it was not given.
"""

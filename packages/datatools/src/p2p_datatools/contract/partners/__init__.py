"""Which pictures of two folders belong together, by their names: one rule for pairing, checking, mending and showing.

Nothing here may write a file, or know what is made of pictures that belong together.
"""

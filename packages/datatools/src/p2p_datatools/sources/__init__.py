"""Known data sets brought to disk: the catalogue, downloads, archives, and the note of where a file came from.

Nothing outside this room may use the network; nothing here may change a picture.
"""

"""One update of the networks as a function: losses, penalties, augmentation, averaging, and the recipe that names them.

Nothing here may read a file, know a pair folder, or keep time.
"""

"""Which pair goes where: exact shares drawn from a seed, groups undivided, carried out durably.

Nothing here may read or change a pixel but to compare pictures.
"""

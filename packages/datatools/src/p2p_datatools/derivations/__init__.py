"""A computed from B: edges, grey, holes and more, each operation a frozen value of its settings.

Nothing here may draw a random number that does not follow from the seed and a picture's name.
"""

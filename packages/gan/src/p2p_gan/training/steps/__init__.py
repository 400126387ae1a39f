"""How one update after another is made: as a function of a batch, and as a graph that is proved to compute the same.

Nothing here may draw a batch, record a value, or decide what an update computes, which `updates` does.
"""

"""Whether the halves of pairs belong together: each to its partner, in its place, the way round and in its colours.

Nothing here may change a pair, or refuse one: what is doubtful is told.
"""

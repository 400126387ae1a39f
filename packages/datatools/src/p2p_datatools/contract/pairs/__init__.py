"""The pair folder between making and training: its manifest, its lines, and the halves of one pair.

Nothing here may choose which pictures become a pair.
"""

"""The commands of `p2p data`: one module a command, its options, the call, and its result as text.

Nothing here may make a pixel.
"""

"""The commands of `p2p data`: one module a command, words to calls and results to words.

Nothing here may make a pixel.
"""

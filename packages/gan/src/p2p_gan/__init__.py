"""Trains and applies pix2pix; it knows pairs, not where they came from.

It may never print, import any room of datatools but `contract`, or load torch when it is itself imported.
"""

__version__ = "0.1.0"

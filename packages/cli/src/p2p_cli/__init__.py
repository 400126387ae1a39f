"""Words to calls, results to words: the command `p2p` and all printing.

Nothing here may make a pixel or a tensor, and importing it may not load torch, kaggle or OpenCV.
"""

__version__ = "0.1.0"

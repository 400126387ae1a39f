"""Trains and applies pix2pix; it knows pairs, not where they came from.

It may never print, import any room of datatools but `contract`, or load torch when it is itself imported.
"""

import os

__version__ = "0.1.0"

# Threads of OpenMP that spin while they wait stop each other as soon as the machine does anything else: beside one busy
# process, two threads made 0.4 to 0.7 updates a second of the tiny networks, and with passive waiting 15. The library
# reads this once, when torch is loaded, which nothing of ours does before this line.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

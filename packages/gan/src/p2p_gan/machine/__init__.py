"""What the machine is: devices and precision, processes and their meeting, and how much memory a network needs.

Nothing here may know pairs, losses or runs.
"""

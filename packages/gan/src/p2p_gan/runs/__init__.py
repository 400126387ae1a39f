"""What a run leaves on disk: its folder and lock, checkpoints, the stored state, and the list of runs.

Nothing here may decide when something is saved, and nothing half-written may ever look whole.
"""

"""What a run tells while it trains: its record, samples and checkpoints on disk, and the boards that show them.

Nothing here may change what is trained, or let a board hold what the record does not.
"""

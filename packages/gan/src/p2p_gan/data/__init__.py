"""A pair folder becomes batches: tasks say what is asked of it, the store keeps it, draws say what is seen when.

Nothing here may know networks or losses, and both halves of a pair always get the same draw.
"""

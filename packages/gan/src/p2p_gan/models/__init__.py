"""The self-describing model file: its card, its tensors, and the way from and to the reference implementation.

Nothing here may train, apply a model or run pickled code.
"""

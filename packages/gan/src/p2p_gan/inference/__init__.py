"""A model meets pictures: one picture at any size, in strips where memory is short, and whole folders.

Nothing here may change a model or judge its output.
"""

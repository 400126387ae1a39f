"""Scores of generated pictures against real ones, and of masks against masks.

Nothing here may train, or choose which model is the better.
"""

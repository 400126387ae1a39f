"""Mutated files for everything that reads files: seeds, mutations, a table of readers, and the program that runs them.

Nothing here is collected as a test; tests/test_fuzz.py runs a short, fixed portion, `nox -s fuzz` the rest.
"""

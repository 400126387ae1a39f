"""Resumable work on many files: threads, bounded memory, what is kept and what is made anew.

Nothing here may know what one piece of the work computes.
"""

"""One reader for each format whose labels are pictures, of numbers, colours or segments, and for their class lists.

Nothing here may decide which format a file has, or paint.
"""

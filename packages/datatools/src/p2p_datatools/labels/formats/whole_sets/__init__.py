"""One reader for each format of which one file holds the labels of a whole set, or of a split of it.

Nothing here may decide which format a file has, or paint.
"""

"""One reader for each label format; all yield the values of `labels.values`, those in `pictures` of label pictures.

Nothing here may decide which format a file has, or paint.
"""

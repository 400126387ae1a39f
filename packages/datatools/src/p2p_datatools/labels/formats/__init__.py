"""One reader for each label format; all yield the values of `labels.values`.

Those in `pictures` read label pictures, those in `whole_sets` one file of many pictures.

Nothing here may decide which format a file has, or paint.
"""

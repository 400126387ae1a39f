"""One reader per label format, all of which yield the values of `annotations.values`.

Nothing here may know a palette, paint a mask or write a file; what a label means is decided elsewhere.
"""

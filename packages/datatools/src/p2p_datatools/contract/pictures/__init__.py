"""Pictures as arrays and back: the only place that knows channel order, bit depth, EXIF and colour profiles.

Nothing here may know what a picture is for.
"""

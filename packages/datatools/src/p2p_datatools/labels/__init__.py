"""Label files become values: regions of a picture, or a picture of class numbers; one file a format.

Nothing here may paint a mask or know a palette's colours.
"""

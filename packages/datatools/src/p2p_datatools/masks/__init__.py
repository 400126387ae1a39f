"""Labels become a mask folder: which class claims a label, painting, snapping of colours, palettes.

Nothing here may read a label file itself or know what a pair is.
"""

"""A and B become a pair folder: matching, sizes, assembling, sharding and merging, and taking pairs apart.

Nothing here may change what a picture shows, or choose splits.
"""

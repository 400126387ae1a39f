"""What several label formats share: outlines, run lengths, embedded pictures, XML, regions put together.

Nothing here may know one format by name.
"""

"""What several label formats share: outlines, run lengths, embedded pictures, XML, collecting regions.

Nothing here may know one format by name.
"""

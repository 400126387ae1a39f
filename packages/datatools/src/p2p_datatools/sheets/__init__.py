"""Contact sheets, layouts and plots: pictures for people to look at.

Nothing here may be read back as data.
"""

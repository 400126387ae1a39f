"""What is wrong with masks: their colours, their shapes, their place on the photo, and what differs from their set.

Nothing here may list a folder, or judge a photo by itself.
"""

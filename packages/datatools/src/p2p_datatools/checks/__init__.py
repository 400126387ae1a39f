"""What is wrong with masks, photos or pairs, told as values, and how well two mask folders agree.

Nothing here may change a file.
"""

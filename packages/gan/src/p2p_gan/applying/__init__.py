"""A model meets pictures: samples at any size, scores against the wanted halves, and the judges behind the scores.

Nothing here may train or change a model, but for the segmenter that judges and is told how by its caller.
"""

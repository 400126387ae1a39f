"""The paper's ablations as one study on a user's own pairs: what is compared, the runs, and the page at the end.

Nothing here may train by itself; every arm of a study is an ordinary run of the loop.
"""

"""Folders as others lay them out: what one holds, which hold labels or photos, and which split a picture belongs to.

Nothing here may judge a picture, or give a role or a split that neither names nor lists say.
"""

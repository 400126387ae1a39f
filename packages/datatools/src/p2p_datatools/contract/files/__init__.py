"""Files and folders that are whole or not there: atomic writing, journals, destinations, listings.

Nothing here may know what is in a file.
"""

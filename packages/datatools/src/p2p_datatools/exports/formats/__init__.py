"""The formats that masks are exported to, one module each.

Nothing here may read a file or know another format.
"""

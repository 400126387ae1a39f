"""What single formats of files need of their own: PNG, JPEG, videos, and which kinds keep every value and bit.

Nothing here may know what a picture means, or decide which format a file has; `contract.pictures.header` does.
"""

"""Makes and checks data sets of pictures and masks for pix2pix.

It may never know what a network is, print, or import anything when it is itself imported.
"""

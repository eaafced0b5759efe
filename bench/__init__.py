"""Measurements, each as a ratio to a limit of the same machine in the same run: `make bench`.

They are printed, never asserted: a machine shared with others is no judge. What holds on every machine is the ratio.
"""

"""A whole town in one process, under a virtual clock and a seed: real units, real centre, real journals and sync.

Only the world below them is simulated, through the same ports that the real drivers fill: clock, dice, disk, keys,
reader, cards, sound. The road between unit and centre loses, repeats and delays. The same seed gives the same day.
"""

"""Everything that touches the world, behind small ports; nothing here knows of points, coins or residents.

One folder per kind of device. Its `__init__.py` is the port: a Protocol and its errors. Every further file is one
make, named as the unit's configuration names it, and holds a class `Driver`. One make is always `sim`: it ships, it
is chosen by the same line of configuration as the real one, and it can be told to fail.
"""

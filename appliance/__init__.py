"""The daemon in a unit, and the only writer of its journal.

It decides on the spot from what it holds, writes a signed entry, and only then beeps. It has no network: nothing here
but `uplink/`, a process of its own, can even import one.
"""

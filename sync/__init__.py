"""What both ends must agree on: the entry, the chain, the segment, and the messages that carry them.

A unit and the centre share these words and nothing else. Nothing here knows a reader, a screen or a database.
"""

"""A till's day, at the unit and at the office: what it has taken, its closings, its drawer.

`facts` is what is written, `fold` what it adds up to at a unit, `acts` what is done behind a counter without a card,
and `books` the office's list of closings, each held against the entries that it covers.
"""

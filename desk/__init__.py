"""The small program on a clerk's own PC: it has the card reader there, and answers the town's console and nobody else.

It stands beside the technician's laptop (`device/`), and on no unit: a unit's drivers can open no port. `door` decides
who is answered, `cards` reads one card at a time by the very functions of `machi card`, `words` says what came of it,
`app` puts these together. It listens on this machine's loopback alone, calls nobody, and keeps nothing of a person.
"""

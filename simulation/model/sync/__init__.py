"""Sync, epochs and copied disks: the real code of unit and centre, driven through every order of events up to a bound.

A state is made of moments: one of every box, one of the centre, and the messages that were ever sent. What a box or the
centre does at a moment is run once, with the real journal, hatch, outbox and inbox on a simulated disk, and the real
enrolment, intake and streams over SQLite in memory; then it is remembered. So a search costs little more than the
product of what differs, and each order is still that of real bytes with real signatures.

No message is lost for good, repeated or held up by a step of its own: whatever was sent may arrive at any later time,
as often as it likes, or never, and a unit believes whatever its own rules let it believe.

Read `world` first: what may happen. `laws` and `liveness` say what must hold, `wrong` has planted mistakes. `box` and
`centre` are what is there at a moment, `boxes` and `centres` remember all moments; `messages` are what is on its way,
and `canonical` tells what makes two states one.
"""

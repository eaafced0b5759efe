"""The virtual card: a My Number Card as a program, the office that issues it, and a table of readers to lay it on.

    from drivers.card.sim.issue import make
    from drivers.card.sim.pki import TestPki
    from drivers.card.sim.plan import Fault, Plan

    pki = TestPki(Path("var/pki"))
    card = make(Plan(faults=frozenset({Fault.EXPIRED})), pki)

`iso.py` is any chip card, `mynumber.py` what is on this one, `issue.py` the office, `others.py` cards of other kinds.
`vpcd.py` carries a card to a virtual reader, `table.py` has several, `pcscd.py` a real pcscd to go with them.

It ships with the product. Its keys and authorities are its own, marked as tests, and refused by a unit in production.
"""

"""INSURED: where the town cannot be asked, a fund stands in for a card that has money elsewhere. Off by default.

A shop is paid all the same, out of the fund, and the card owes the fund so much until it is recovered. What a unit may
promise is a right like any other, dealt out of what the fund has, so all units together never promise more than that.
"""

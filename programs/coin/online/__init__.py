"""Payments from the resident's page: decided and written by the centre, in the journal of the unit that has to hear.

So one entry both moves the money and tells the shop, and a centre that was put back from a backup gets it again from
the unit.
"""

"""Deliberate bugs, planted one at a time into a copy of the house: whoever looks for bugs has to find every one."""

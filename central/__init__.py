"""The small reconciliation server and the office.

It receives, verifies and stores what units wrote, tells them what it knows, and adds everything up. It decides nothing
at a counter.
"""

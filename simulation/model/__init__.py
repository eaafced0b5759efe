"""Model checking: every order in which things can go wrong, up to a stated bound, instead of a few drawn from a seed.

`sync` drives the real handlers of unit and centre; `rights` is a specification in plain Python. Both are searched
breadth first, so what is found wrong is told in as few steps as there can be.
"""

"""A process of a unit that keeps the twins of its neighbours' journals: sealed, so that it can read none of them."""

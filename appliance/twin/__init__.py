"""The third process of a unit: it writes the journal a second time, sealed, on another medium."""

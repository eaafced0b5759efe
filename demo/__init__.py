"""A whole town on this machine, as separate processes: readers, four units, the centre, and residents to hold cards.

make demo            with a page on which a card is picked and held to a reader
make demo ONCE=1     the same by itself, with every kind of trouble, and a verdict at the end
"""
